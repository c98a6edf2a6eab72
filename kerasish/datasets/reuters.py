"""Reuters: 11,228 news of 1987 on 46 topics."""

import numpy as np

from .cache import fetch, word_index
from .pickles import read_npz
from .splitting import Split, check_split, shuffled
from .words import as_objects, cut_long, keep_words, number_words

__all__ = ["get_label_names", "get_word_index", "load_data"]

# The topics in the order of the labels.
TOPICS = """cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar
    trade reserves ship cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed
    alum oilseed gold tin strategic-metal livestock retail ipi iron-steel rubber heat
    jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead"""


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> Split:
    """Return news as lists of numbers of words, and their topics.

    A word's number is its rank by frequency plus `index_from`. 0 fills up, see
    `keras.utils.pad_sequences`.

    Args:
        path: the file's name in the cache, or an absolute path of your own copy.
        num_words: numbers from this on become `oov_char`; None: the highest there is,
            so that only the rarest word does.
        skip_top: numbers below this become `oov_char`.
        maxlen: texts of this length and longer, with their `start_char`, are left out;
            None: none.
        test_split: fraction of the texts for the test, below 1.
        seed: of the shuffling before the split.
        start_char: what each text begins with; None: nothing.
        oov_char: put for words that are cut; None: they are left out.
        index_from: added to each rank.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: lists of integers in arrays of dtype
        object, and `int64` labels 0 to 45, see `get_label_names`.

    Raises:
        OSError: if the file is nowhere: it says where to put it.
        ValueError: if no text is short enough, `test_split` is no fraction, or the file
            holds anything else.

    Reference:
        Lewis: Reuters-21578 text categorization test collection (1997).

    Example:
        >>> import pathlib
        >>> x = np.empty(2, object); x[0] = [1, 9]; x[1] = [4, 1, 2]
        >>> np.savez("r.npz", x=x, y=[3, 4])
        >>> own = str(pathlib.Path("r.npz").absolute())
        >>> (x, _), (_, y) = keras.datasets.reuters.load_data(own, test_split=0.5)
        >>> x.shape, y.shape
        ((1,), (1,))
    """
    check_split(test_split)
    x, y = read_npz(fetch("reuters.npz", path), ("x", "y"))
    x, y = shuffled(np.random.RandomState(seed), x, y)
    numbered, y = cut_long(number_words(x, start_char, index_from), y, maxlen)
    x = as_objects(keep_words(numbered, num_words, skip_top, oov_char))
    at = int(len(x) * (1 - test_split))
    return (x[:at], y[:at]), (x[at:], y[at:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """Return each word's rank by frequency, from 1 on.

    In the lists of `load_data` it stands as this rank plus `index_from`.

    Args:
        path: the file's name in the cache, or an absolute path of your own copy.

    Raises:
        OSError: if the file is nowhere: it says where to put it.

    Example:
        >>> import pathlib
        >>> own = pathlib.Path("words.json").absolute()
        >>> _ = own.write_text('{"the": 1, "tonnes": 28}')
        >>> keras.datasets.reuters.get_word_index(str(own))["tonnes"]
        28
    """
    return word_index("reuters_word_index.json", path)


def get_label_names() -> tuple[str, ...]:
    """Return the topics in the order of their labels.

    Example:
        >>> keras.datasets.reuters.get_label_names()[3]
        'earn'
    """
    return tuple(TOPICS.split())
