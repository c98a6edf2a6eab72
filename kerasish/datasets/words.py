"""Texts as lists of ranks of words: which words are kept, and by which numbers."""

from collections.abc import Sequence

import numpy as np

__all__ = ["Sequences", "as_objects", "cut_long", "keep_words", "number_words"]

Sequences = list[list[int]]


def number_words(
    sequences: Sequence[list[int]], start_char: int | None, index_from: int
) -> Sequences:
    """Add `index_from` to each word; begin with `start_char` unless it is None."""
    start = [] if start_char is None else [start_char]
    return [start + [word + index_from for word in words] for words in sequences]


def cut_long(
    sequences: Sequences, labels: np.ndarray, maxlen: int | None
) -> tuple[Sequences, np.ndarray]:
    """Leave out the texts of `maxlen` words and more, and their labels.

    Raises:
        ValueError: if none is left.
    """
    if not maxlen:
        return sequences, labels
    kept = [row for row, words in enumerate(sequences) if len(words) < maxlen]
    if not kept:
        raise ValueError(
            f"After filtering for sequences shorter than maxlen={maxlen}, no sequence "
            "was kept. Increase maxlen."
        )
    return [sequences[row] for row in kept], labels[kept]


def keep_words(
    sequences: Sequences, num_words: int | None, skip_top: int, oov_char: int | None
) -> Sequences:
    """Put `oov_char` for words not in [skip_top, num_words); None: leave them out."""
    if not num_words:  # the rarest word is cut then, as in Keras, whose numbers count
        num_words = max((max(words, default=0) for words in sequences), default=0)
    kept = range(skip_top, num_words)
    if oov_char is None:
        return [[word for word in words if word in kept] for words in sequences]
    return [[w if w in kept else oov_char for w in words] for words in sequences]


def as_objects(sequences: Sequences) -> np.ndarray:
    """Return an array of lists."""
    made = np.empty(len(sequences), object)
    made[:] = sequences
    return made
