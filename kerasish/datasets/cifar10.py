"""CIFAR-10: 60,000 small coloured images of ten things."""

from .cifar import batches, folder
from .splitting import Split

__all__ = ["load_data"]


def load_data() -> Split:
    """Return images of 32 × 32 pixels in colour, 0 to 255.

    The labels: 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse,
    8 ship, 9 truck.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: `uint8`, images `(50000, 32, 32, 3)` and
        `(10000, 32, 32, 3)` (channels first where that is the image data format),
        labels `(50000, 1)` and `(10000, 1)`.

    Raises:
        OSError: if the file is nowhere: it says where to put it.
        ValueError: if the files hold anything else.

    Reference:
        Krizhevsky: Learning multiple layers of features from tiny images (2009).
    """
    place = folder("cifar-10-batches-py-target", "cifar-10-batches-py")
    train = [place / f"data_batch_{number}" for number in range(1, 6)]
    return batches(train, "labels"), batches([place / "test_batch"], "labels")
