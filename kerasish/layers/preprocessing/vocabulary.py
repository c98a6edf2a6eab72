"""Vocabularies: tokens with their numbers, counted from data or read from a file."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["Counts", "Vocabulary", "given_tokens", "read_tokens", "write_tokens"]

ASSET = "vocabulary.txt"


class Vocabulary:
    """Tokens, the special ones left out, with their numbers; plain data of a layer.

    Args:
        tokens: in the order of their numbers.
        first: number of the first.
        weights: inverse document frequency of each, if known.
    """

    def __init__(
        self, tokens: Sequence[Any], first: int, weights: Sequence[float] | None = None
    ) -> None:
        self.tokens = list(tokens)
        self.numbers = {token: first + i for i, token in enumerate(self.tokens)}
        self.weights = None if weights is None else [float(x) for x in weights]


class Counts:
    """How often tokens occur, and in how many documents."""

    def __init__(self) -> None:
        self.tokens: Counter[Any] = Counter()
        self.documents: Counter[Any] = Counter()
        self.total = 0

    def add(self, documents: Iterable[list[Any]]) -> None:
        """Count the tokens of some documents."""
        for tokens in documents:
            self.tokens.update(tokens)
            self.documents.update(set(tokens))
            self.total += 1

    def most(self, count: int | None, without: Sequence[Any]) -> list[Any]:
        """Return the most frequent tokens; of equal ones the last by the alphabet."""
        kept = [(n, token) for token, n in self.tokens.items() if token not in without]
        return [token for _, token in sorted(kept, reverse=True)[:count]]

    def weights(self, tokens: Sequence[Any]) -> list[float]:
        """Return log(1 + documents / (1 + documents with the token)) of each."""
        found = np.array([self.documents[token] for token in tokens], float)
        return np.log(1 + self.total / (1 + found)).astype("float32").tolist()


def given_tokens(vocabulary: Any, kind: type, layer: str) -> list[Any]:
    """Return the tokens that a user gives: an array, a list, or the path of a file.

    Raises:
        ValueError: for an empty vocabulary, and tokens of another kind.
    """
    if isinstance(vocabulary, (str, os.PathLike)):
        tokens = read_tokens(vocabulary, kind)
    else:
        tokens = np.asarray(vocabulary).ravel().tolist() if kind is int else []
        tokens = tokens or list(np.asarray(vocabulary, object).ravel())
    if not tokens:
        raise ValueError(f"The vocabulary of layer `{layer}` is empty.")
    tokens = [x.decode("utf-8") if isinstance(x, bytes) else x for x in tokens]
    kinds = (int, np.integer) if kind is int else str
    for token in tokens:
        if not isinstance(token, kinds) or isinstance(token, bool):
            raise ValueError(
                f"The vocabulary of layer `{layer}` must hold values of type "
                f"`{kind.__name__}`, but there is {token!r}."
            )
    return [kind(token) for token in tokens]


def read_tokens(path: Any, kind: type, encoding: str = "utf-8") -> list[Any]:
    """Read a file with one token in each line."""
    with open(path, encoding=encoding, newline="\n") as file:
        lines = file.read().split("\n")
    if lines and not lines[-1]:
        lines.pop()
    try:
        return [kind(line) for line in lines]
    except ValueError as error:
        raise ValueError(
            f"{os.fspath(path)!r} should have an integer in each line: {error}."
        ) from None


def write_tokens(folder: Any, tokens: Sequence[Any], encoding: str = "utf-8") -> None:
    """Write tokens to `vocabulary.txt` in a folder, one in each line.

    Raises:
        ValueError: for a token of several lines.
    """
    lines = [str(token) for token in tokens]
    for line in lines:
        if "\n" in line:
            raise ValueError(
                f"The token {line[:200]!r} has several lines, so a file with one token "
                "in each line cannot hold it. Replace line ends before `adapt`."
            )
    if lines and not lines[-1]:
        lines.append("")  # an empty last token needs an end of its own
    path = os.path.join(folder, ASSET)
    with open(path, "w", encoding=encoding, newline="\n") as file:
        file.write("\n".join(lines))
