"""MNIST: 70,000 handwritten digits."""

from .cache import fetch
from .pickles import read_npz
from .splitting import Split

__all__ = ["load_data"]


def load_data(path: str = "mnist.npz") -> Split:
    """Return the digits 0 to 9 as images of 28 × 28 grey levels, 0 to 255.

    Args:
        path: the file's name in the cache, or an absolute path of your own copy.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: `uint8`, images `(60000, 28, 28)` and
        `(10000, 28, 28)`, labels `(60000,)` and `(10000,)`.

    Raises:
        OSError: if the file is nowhere: it says where to put it.

    Reference:
        LeCun, Cortes, Burges: The MNIST database of handwritten digits.

    Example:
        >>> import pathlib
        >>> two = np.zeros((2, 28, 28), "uint8")
        >>> np.savez("d.npz", x_train=two, y_train=[5, 0], x_test=two, y_test=[7, 2])
        >>> own = str(pathlib.Path("d.npz").absolute())
        >>> (x, y), _ = keras.datasets.mnist.load_data(own)
        >>> x.shape, y.tolist()
        ((2, 28, 28), [5, 0])
    """
    names = ("x_train", "y_train", "x_test", "y_test")
    x_train, y_train, x_test, y_test = read_npz(fetch("mnist.npz", path), names)
    return (x_train, y_train), (x_test, y_test)
