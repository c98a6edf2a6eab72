"""IMDB: 50,000 reviews of films, good or bad."""

from typing import Any

import numpy as np

from .cache import fetch, word_index
from .pickles import read_npz
from .splitting import Split, shuffled
from .words import as_objects, cut_long, keep_words, number_words

__all__ = ["get_word_index", "load_data"]


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Split:
    """Return reviews as lists of numbers of words, and whether they are good.

    A word's number is its rank by frequency plus `index_from`. 0 fills up, see
    `keras.utils.pad_sequences`.

    Args:
        path: the file's name in the cache, or an absolute path of your own copy.
        num_words: numbers from this on become `oov_char`; None: the highest there is,
            so that only the rarest word does.
        skip_top: numbers below this become `oov_char`.
        maxlen: reviews of this length and longer, with their `start_char`, are left
            out; None: none.
        seed: of the shuffling.
        start_char: what each review begins with; None: nothing.
        oov_char: put for words that are cut; None: they are left out.
        index_from: added to each rank.
        **kwargs: `nb_words`, the name of `num_words` in Keras 1.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: 25,000 each; lists of integers in arrays
        of dtype object, and `int64` labels, 1 for a good review.

    Raises:
        OSError: if the file is nowhere: it says where to put it.
        ValueError: if no review is short enough, or the file holds anything else.
        TypeError: for an argument that there is not.

    Reference:
        Maas and others: Learning word vectors for sentiment analysis (2011).

    Example:
        >>> import pathlib
        >>> x = np.empty(2, object); x[0] = [1, 9]; x[1] = [4, 1, 2]
        >>> np.savez("i.npz", x_train=x, y_train=[1, 0], x_test=x, y_test=[1, 0])
        >>> own = str(pathlib.Path("i.npz").absolute())
        >>> (x, y), _ = keras.datasets.imdb.load_data(own, num_words=10)
        >>> sorted(x.tolist())
        [[1, 4, 2], [1, 7, 4, 5]]
    """
    num_words = kwargs.pop("nb_words", num_words)
    if kwargs:
        raise TypeError(f"`imdb.load_data` has no arguments {sorted(kwargs)}.")
    names = ("x_train", "y_train", "x_test", "y_test")
    x_train, y_train, x_test, y_test = read_npz(fetch("imdb.npz", path), names)
    rng = np.random.RandomState(seed)
    parts = []
    for x, y in (shuffled(rng, x_train, y_train), shuffled(rng, x_test, y_test)):
        parts.append(cut_long(number_words(x, start_char, index_from), y, maxlen))
    at = len(parts[0][0])
    words = keep_words(parts[0][0] + parts[1][0], num_words, skip_top, oov_char)
    train, test = as_objects(words[:at]), as_objects(words[at:])
    return (train, parts[0][1]), (test, parts[1][1])


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """Return each word's rank by frequency, from 1 on.

    In the lists of `load_data` it stands as this rank plus `index_from`.

    Args:
        path: the file's name in the cache, or an absolute path of your own copy.

    Raises:
        OSError: if the file is nowhere: it says where to put it.

    Example:
        >>> import pathlib
        >>> own = pathlib.Path("words.json").absolute()
        >>> _ = own.write_text('{"the": 1, "film": 17}')
        >>> keras.datasets.imdb.get_word_index(str(own))
        {'the': 1, 'film': 17}
    """
    return word_index("imdb_word_index.json", path)
