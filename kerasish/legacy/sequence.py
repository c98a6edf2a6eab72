"""Windows of series and pairs of words, as Keras 1 and 2 made them."""

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data import PyDataset

__all__ = ["TimeseriesGenerator", "make_sampling_table", "skipgrams"]

GAMMA = 0.577  # Euler's constant, to the digits that the published tables have


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target of the step after it.

    Today `utils.timeseries_dataset_from_array` does it.

    Args:
        data: the series, `(steps, ...)`.
        targets: as long as `data`.
        length: steps of a window.
        sampling_rate: every such step of a window is taken.
        stride: steps between the beginnings of two windows.
        start_index, end_index: the first and the last step that are used.
        shuffle: draw the windows at random, by NumPy's global generator.
        reverse: the last step of each window comes first.
        batch_size: windows of a batch; the last may have fewer.
        **kwargs: of `PyDataset`.

    Raises:
        ValueError: if data and targets differ in length, or no window fits.

    Example:
        >>> from kerasish.legacy.sequence import TimeseriesGenerator
        >>> x, y = TimeseriesGenerator(np.arange(5), np.arange(5), length=3)[0]
        >>> x.tolist(), y.tolist()
        ([[0, 1, 2], [1, 2, 3]], [3, 4])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ValueError(
                "Data and targets have to be of same length. Data length is "
                f"{len(data)} while target length is {len(targets)}"
            )
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride = sampling_rate, stride
        self.start_index = start_index + length  # of the first target
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"`start_index+length={self.start_index} > end_index={self.end_index}` "
                "is disallowed, as no part of the sequence would be left to be used as "
                "current step."
            )

    def __len__(self) -> int:
        span = self.batch_size * self.stride
        return (self.end_index - self.start_index + span) // span

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        end = self.end_index + 1
        if self.shuffle:
            rows = np.random.randint(self.start_index, end, size=self.batch_size)
        else:
            span = self.batch_size * self.stride
            first = self.start_index + span * index
            rows = np.arange(first, min(first + span, end), self.stride)
        step = slice(None, None, -1 if self.reverse else 1)
        windows = [
            self.data[row - self.length : row : self.sampling_rate][step]
            for row in rows
        ]
        return np.array(windows), np.array([self.targets[row] for row in rows])

    def get_config(self) -> dict[str, Any]:
        """Return the settings; data and targets are texts in JSON."""
        names = "length sampling_rate stride start_index end_index shuffle reverse"
        data, targets = (np.asarray(x).tolist() for x in (self.data, self.targets))
        return {
            "data": json.dumps(data),
            "targets": json.dumps(targets),
            **{name: getattr(self, name) for name in names.split()},
            "batch_size": self.batch_size,
        }

    def to_json(self, **kwargs: Any) -> str:
        """Return the settings as a text.

        Args:
            **kwargs: of `json.dumps`.
        """
        content = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(content, **kwargs)


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """Return how probably a word of each rank is kept, if ranks follow Zipf's law.

    The frequency of rank r is taken for 1 / (r (log r + γ) + 1/2 - 1/(12 r)); a word of
    frequency f is kept with probability min(1, sqrt(`sampling_factor` / f)).

    Args:
        size: how many ranks; rank 0, which is no word, has the value of rank 1.
        sampling_factor: the lower, the fewer frequent words.

    Returns:
        `float64` of shape `(size,)`.

    Reference:
        Mikolov and others: Distributed representations of words and phrases (2013).

    Example:
        >>> from kerasish.legacy.sequence import make_sampling_table
        >>> make_sampling_table(4).round(4).tolist()
        [0.0032, 0.0032, 0.0055, 0.0074]
    """
    rank = np.maximum(np.arange(size), 1)
    inverse = rank * (np.log(rank) + GAMMA) + 0.5 - 1 / (12 * rank)
    scaled = sampling_factor * inverse
    return np.minimum(1.0, scaled / np.sqrt(scaled))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of words that are near each other, and pairs with random words.

    Args:
        sequence: numbers of words; 0 is no word.
        vocabulary_size: random words are drawn from 1 to this, exclusive.
        window_size: how far apart two words may be.
        negative_samples: how many random pairs there are for each true one.
        shuffle: whether to mix them.
        categorical: whether labels are `[0, 1]` and `[1, 0]` in place of 1 and 0.
        sampling_table: with which probability a word of each number is used, see
            `make_sampling_table`; None: all are.
        seed: of the mixing.

    Returns:
        Pairs `[word, other]`, and their labels: 1 for true ones.

    Example:
        >>> from kerasish.legacy.sequence import skipgrams
        >>> skipgrams([1, 2, 3], 9, window_size=1, negative_samples=0, shuffle=False)
        ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    pairs: list[list[int]] = []
    for place, word in enumerate(sequence):
        rare = sampling_table is not None and word
        if not word or (rare and sampling_table[word] < random.random()):
            continue
        near = range(
            max(0, place - window_size), min(len(sequence), place + window_size + 1)
        )
        pairs += [[word, sequence[i]] for i in near if i != place and sequence[i]]
    yes, no = ([0, 1], [1, 0]) if categorical else (1, 0)
    labels: list[Any] = [yes] * len(pairs)
    if negative_samples > 0:
        count = int(len(pairs) * negative_samples)
        words = [word for word, _ in pairs]
        random.shuffle(words)
        pairs += [
            [words[i % len(words)], random.randint(1, vocabulary_size - 1)]
            for i in range(count)
        ]
        labels += [no] * count
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        for mixed in (pairs, labels):
            random.seed(seed)
            random.shuffle(mixed)
    return pairs, labels
