"""California housing: 20,640 blocks of the census of 1990."""

from .cache import fetch
from .pickles import read_npz
from .splitting import Split, check_split, split_rows

__all__ = ["load_data"]

SMALL = 600  # rows of the small version


def load_data(
    version: str = "large",
    path: str = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> Split:
    """Return 8 numbers of each block, and the median value of its houses.

    The columns: longitude, latitude, median age of the houses, rooms, bedrooms,
    inhabitants, households, median income.

    Args:
        version: `"large"`, 20,640 blocks, or `"small"`, the first 600 of them.
        path: the file's name in the cache, or an absolute path of your own copy.
        test_split: fraction of the rows for the test, below 1.
        seed: of the shuffling before the split.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: `(n, 8)` and `(n,)`; values in dollars.

    Raises:
        OSError: if the file is nowhere: it says where to put it.
        ValueError: if `version` or `test_split` is none.

    Reference:
        Pace, Barry: Sparse spatial autoregressions (1997).

    Example:
        >>> import pathlib
        >>> np.savez("c.npz", x=np.ones((10, 8)), y=np.arange(10.0))
        >>> own = str(pathlib.Path("c.npz").absolute())
        >>> (x, y), _ = keras.datasets.california_housing.load_data(path=own)
        >>> x.shape, y.shape
        ((8, 8), (8,))
    """
    if version not in ("small", "large"):
        raise ValueError(f"`version` must be 'small' or 'large', not {version!r}.")
    check_split(test_split)
    x, y = read_npz(fetch("california_housing.npz", path), ("x", "y"))
    if version == "small":
        x, y = x[:SMALL], y[:SMALL]
    return split_rows(x, y, test_split, seed)
