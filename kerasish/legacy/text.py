"""Texts to numbers as in Keras 1 and 2; today `layers.TextVectorization` does it."""

import hashlib
import json
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
MODES = ("binary", "count", "freq", "tfidf")
Analyzer = Callable[[str], list[str]]


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Return a text's words.

    Args:
        input_text: the text.
        filters: characters that are taken for `split`.
        lower: whether to put it into lower case first.
        split: what stands between words.

    Example:
        >>> from kerasish.legacy.text import text_to_word_sequence
        >>> text_to_word_sequence("The cat: asleep!")
        ['the', 'cat', 'asleep']
    """
    text = input_text.lower() if lower else input_text
    text = text.translate({ord(character): split for character in filters})
    return [word for word in text.split(split) if word]


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """Return each word's hash modulo n - 1, plus 1; 0 is kept free.

    Args:
        text: the text.
        n: how many numbers there are, with 0.
        hash_function: None: Python's `hash`, which differs in each process; `"md5"`; or
            a function from words to integers.
        filters, lower, split: see `text_to_word_sequence`.
        analyzer: returns the words of a text, in place of these three.

    Raises:
        ValueError: if `n` is below 2.
        TypeError: for another `hash_function`.

    Example:
        >>> from kerasish.legacy.text import hashing_trick
        >>> hashing_trick("a b a c", 5, "md5")
        [2, 4, 2, 4]
    """
    if n < 2:
        raise ValueError(f"`n` must be at least 2: 0 is kept free; got {n}.")
    if hash_function is None:
        hash_function = hash
    elif hash_function == "md5":
        hash_function = _md5
    elif not callable(hash_function):
        raise TypeError(
            f"`hash_function` must be None, 'md5' or a function, not {hash_function!r}."
        )
    if analyzer is not None:
        words = analyzer(text)
    else:
        words = text_to_word_sequence(text, filters, lower, split)
    return [hash_function(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Analyzer | None = None,
) -> list[int]:
    """Return `hashing_trick` by Python's `hash`: numbers, in spite of the name.

    Example:
        >>> from kerasish.legacy.text import one_hot
        >>> first, second, third = one_hot("a b a", 50)
        >>> first == third
        True
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


class Tokenizer:
    """Numbers words by how often they occur: 1 is the most frequent one.

    Args:
        num_words: only numbers below this are given out; None: all.
        filters, lower, split: see `text_to_word_sequence`. Texts that are lists of
            words already are put into lower case only.
        char_level: number characters in place of words.
        oov_token: a word that gets number 1, and stands for all that are not numbered.
        analyzer: returns the words of a text, in place of `filters` and `split`.
        **kwargs: `nb_words`, the name of `num_words` in Keras 1, and `document_count`.

    Attributes:
        word_index, index_word: the number of each word and back.
        word_counts: how often each word occurs.
        word_docs, index_docs: in how many texts, by word and by number.
        document_count: how many texts there were.

    Example:
        >>> from kerasish.legacy.text import Tokenizer
        >>> tokenizer = Tokenizer(oov_token="?")
        >>> tokenizer.fit_on_texts(["The cat and the dog.", "A dog"])
        >>> tokenizer.texts_to_sequences(["the dog and the fox"])
        [[2, 3, 5, 2, 1]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Analyzer | None = None,
        **kwargs: Any,
    ) -> None:
        num_words = kwargs.pop("nb_words", num_words)
        self.document_count: int = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(f"Unrecognized keyword arguments: {kwargs}")
        self.num_words, self.filters, self.lower = num_words, filters, lower
        self.split, self.char_level, self.oov_token = split, char_level, oov_token
        self.analyzer = analyzer
        self.word_counts: dict[str, int] = OrderedDict()
        self.word_docs: dict[str, int] = defaultdict(int)
        self.index_docs: dict[int, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> Sequence[str]:
        if self.char_level or isinstance(text, (list, tuple)):
            if not self.lower:
                return text
            lowered = isinstance(text, str)
            return text.lower() if lowered else [word.lower() for word in text]
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts, each a string or a list of words, and number them.

        May be called again, with more texts.
        """
        for text in _texts(texts):
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        ranked = sorted(
            self.word_counts, key=self.word_counts.__getitem__, reverse=True
        )
        if self.oov_token is not None:
            ranked = [self.oov_token, *ranked]
        self.word_index = {word: rank for rank, word in enumerate(ranked, 1)}
        self.index_word = {rank: word for word, rank in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Iterable[Iterable[int]]) -> None:
        """Count in how many lists each number occurs, for the mode `"tfidf"`."""
        for sequence in sequences:
            self.document_count += 1
            for index in set(sequence):
                self.index_docs[index] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Return the numbers of the words of each text; unknown words are left out."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yield what `texts_to_sequences` returns, text by text."""
        for text in _texts(texts):
            found = (self.word_index.get(word) for word in self._words(text))
            kept = (self._known(index) for index in found)
            yield [index for index in kept if index is not None]

    def _known(self, index: int | None) -> int | None:
        """Return the number, or that of `oov_token` where it is None or too high."""
        if index is not None and (not self.num_words or index < self.num_words):
            return index
        return None if self.oov_token is None else self.word_index.get(self.oov_token)

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Return texts: the words of the numbers, with spaces between."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(
        self, sequences: Iterable[Iterable[int]]
    ) -> Iterator[str]:
        """Yield what `sequences_to_texts` returns, text by text."""
        for sequence in sequences:
            found = (i if i in self.index_word else None for i in sequence)
            kept = (self._known(index) for index in found)
            yield " ".join(self.index_word[i] for i in kept if i is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """Return one row for each text, see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(
        self, sequences: Iterable[Sequence[int]], mode: str = "binary"
    ) -> np.ndarray:
        """Return one row for each list of numbers, and one column for each number.

        Args:
            sequences: lists of numbers.
            mode: with c the number of times that a number occurs in a list of length n,
                in d of all D texts: `"binary"`, 1; `"count"`, c; `"freq"`, c / n;
                `"tfidf"`, (1 + log c) · log(1 + D / (1 + d)).

        Returns:
            `float64` of shape `(number of lists, num_words)`; column 0 stays empty.

        Raises:
            ValueError: if the number of columns or of texts is not known.
        """
        if mode not in MODES:
            raise ValueError(
                f"Unknown vectorization mode: {mode!r}; known are {MODES}."
            )
        columns = self.num_words or (self.word_index and len(self.word_index) + 1)
        if not columns:
            raise ValueError(
                "Specify a dimension (`num_words` argument), or fit on some text data "
                "first."
            )
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on some data before using tfidf mode.")
        rows = list(sequences)
        matrix = np.zeros((len(rows), columns))
        for row, sequence in zip(matrix, rows):
            for index, count in Counter(sequence).items():
                if index < columns:
                    row[index] = self._weight(index, count, len(sequence), mode)
        return matrix

    def _weight(self, index: int, count: int, length: int, mode: str) -> float:
        if mode == "tfidf":
            rarity = 1 + self.document_count / (1 + self.index_docs.get(index, 0))
            return (1 + np.log(count)) * np.log(rarity)
        return {"binary": 1, "count": count, "freq": count / length}[mode]

    def get_config(self) -> dict[str, Any]:
        """Return the settings, and the tables as texts in JSON. `analyzer` is lost."""
        return {
            "num_words": self.num_words,
            "filters": self.filters,
            "lower": self.lower,
            "split": self.split,
            "char_level": self.char_level,
            "oov_token": self.oov_token,
            "document_count": self.document_count,
            **{name: json.dumps(getattr(self, name)) for name in _TABLES},
        }

    def to_json(self, **kwargs: Any) -> str:
        """Return the tokenizer as a text that `tokenizer_from_json` reads.

        Args:
            **kwargs: of `json.dumps`.
        """
        content = {"class_name": "Tokenizer", "config": self.get_config()}
        return json.dumps(content, **kwargs)


_TABLES = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def _texts(texts: Iterable[Any]) -> Iterable[Any]:
    if isinstance(texts, (str, bytes)):
        raise TypeError(
            f"`texts` must be a list of texts, not the single text {texts!r:.100}: "
            "write `[text]`."
        )
    return texts


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Make the tokenizer that `Tokenizer.to_json` described.

    Raises:
        ValueError: if the text describes something else.

    Example:
        >>> from kerasish.legacy.text import Tokenizer, tokenizer_from_json
        >>> tokenizer = Tokenizer()
        >>> tokenizer.fit_on_texts(["to be or not to be"])
        >>> tokenizer_from_json(tokenizer.to_json()).word_index
        {'to': 1, 'be': 2, 'or': 3, 'not': 4}
    """
    content = json.loads(json_string)
    config = dict(content.get("config", {})) if isinstance(content, dict) else {}
    missing = sorted(set(_TABLES) - set(config))
    if missing:
        raise ValueError(f"The text describes no Tokenizer: it lacks {missing}.")
    tables = {name: json.loads(config.pop(name)) for name in _TABLES}
    made = Tokenizer(**config)
    for name, table in tables.items():
        numbered = name.startswith("index_")
        new = {int(k): v for k, v in table.items()} if numbered else table
        getattr(made, name).update(new)
    return made
