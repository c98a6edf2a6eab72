"""Boston housing: 506 districts, to be used as an example of biased data."""

from .cache import fetch
from .pickles import read_npz
from .splitting import Split, check_split, split_rows

__all__ = ["load_data"]


def load_data(
    path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113
) -> Split:
    """Return 13 numbers of each of 506 districts, and the median price of a house.

    One of the columns was made of the share of black inhabitants by an assumption about
    prices; do not learn from these data how houses should be valued.

    Args:
        path: the file's name in the cache, or an absolute path of your own copy.
        test_split: fraction of the rows for the test, below 1.
        seed: of the shuffling before the split.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: `float64`, `(n, 13)` and `(n,)`; prices
        in thousands of dollars.

    Raises:
        OSError: if the file is nowhere: it says where to put it.
        ValueError: if `test_split` is no fraction.

    Reference:
        Harrison, Rubinfeld: Hedonic housing prices and the demand for clean air (1978).

    Example:
        >>> import pathlib
        >>> np.savez("b.npz", x=np.ones((10, 13)), y=np.arange(10.0))
        >>> own = str(pathlib.Path("b.npz").absolute())
        >>> (x, _), (_, prices) = keras.datasets.boston_housing.load_data(own)
        >>> x.shape, prices.shape
        ((8, 13), (2,))
    """
    check_split(test_split)
    x, y = read_npz(fetch("boston_housing.npz", path), ("x", "y"))
    return split_rows(x, y, test_split, seed)
