"""Fashion-MNIST: 70,000 images of clothes."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from .cache import fetch
from .splitting import Split

__all__ = ["load_data"]

SIDE, MOST = 28, 60_000


def load_data() -> Split:
    """Return clothes of ten kinds as images of 28 × 28 grey levels, 0 to 255.

    The labels: 0 T-shirt, 1 trousers, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt,
    7 sneaker, 8 bag, 9 ankle boot.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: `uint8`, images `(60000, 28, 28)` and
        `(10000, 28, 28)`, labels `(60000,)` and `(10000,)`.

    Raises:
        OSError: if a file is nowhere: it says where to put it.
        ValueError: if a file is damaged.

    Reference:
        Xiao, Rasul, Vollgraf: Fashion-MNIST (2017). MIT licence.
    """
    (y_train, x_train), (y_test, x_test) = (
        (
            _read_idx(fetch(f"{part}-labels-idx1-ubyte.gz"), ()),
            _read_idx(fetch(f"{part}-images-idx3-ubyte.gz"), (SIDE, SIDE)),
        )
        for part in ("train", "t10k")
    )
    return (x_train, y_train), (x_test, y_test)


def _read_idx(path: Path, entry: tuple[int, ...]) -> np.ndarray:
    """Read LeCun's format: a magic number, the sizes of the axes, the bytes."""
    head, size = 4 * (2 + len(entry)), int(np.prod(entry, dtype=int))
    most = head + MOST * size
    try:
        with gzip.open(path) as file:
            content = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"`{path}` is damaged: {error}.") from error
    numbers = np.frombuffer(content[:head].ljust(head, b"\0"), ">u4").tolist()
    magic, rows, *rest = numbers
    fits = magic == 0x0801 + len(entry) and tuple(rest) == entry
    if not fits or len(content) != head + rows * size:
        raise ValueError(
            f"`{path}` is no file of {'images' if entry else 'labels'} in the IDX "
            "format, or is cut off: delete it, and it is fetched anew."
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(rows, *entry)
