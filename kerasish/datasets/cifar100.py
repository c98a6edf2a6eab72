"""CIFAR-100: 60,000 small coloured images of a hundred things."""

from .cifar import batches, folder
from .splitting import Split

__all__ = ["load_data"]


def load_data(label_mode: str = "fine") -> Split:
    """Return images of 32 × 32 pixels in colour, 0 to 255.

    Args:
        label_mode: `"fine"`, 100 classes, or `"coarse"`, 20 groups of these.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: `uint8`, images `(50000, 32, 32, 3)` and
        `(10000, 32, 32, 3)` (channels first where that is the image data format),
        `int64` labels `(50000, 1)` and `(10000, 1)`.

    Raises:
        OSError: if the file is nowhere: it says where to put it.
        ValueError: if the files hold anything else, or there is no such mode.

    Reference:
        Krizhevsky: Learning multiple layers of features from tiny images (2009).
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(
            f"`label_mode` must be 'fine' or 'coarse', not {label_mode!r}."
        )
    place = folder("cifar-100-python-target", "cifar-100-python")
    train, test = (
        batches([place / name], f"{label_mode}_labels", "int64")
        for name in ("train", "test")
    )
    return train, test
