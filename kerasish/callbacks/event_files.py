"""Files that TensorBoard reads, written without it: records of events.

A record is its length, the bytes of an `Event` in the encoding of protocol buffers, and
a checksum (CRC-32C, RFC 3720) of each. Only the fields that are needed are encoded.
"""

import itertools
import os
import socket
import struct
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..visualization.picture import png_bytes

__all__ = ["EventFile", "histogram", "image", "scalar", "text"]

BUCKETS = 30
FLOAT, DOUBLE, STRING = 1, 2, 7  # kinds of tensors
_numbers = itertools.count()


def _castagnoli(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_TABLE = [_castagnoli(byte) for byte in range(256)]


def masked_crc(data: bytes) -> int:
    """Return the CRC-32C, turned by 15 bits, plus a constant: as records have it.

    Example:
        >>> from kerasish.callbacks.event_files import masked_crc
        >>> hex(masked_crc(b"123456789"))  # its CRC-32C is 0xe3069283
        '0xc78ab0e5'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return (crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number: int, value: bytes | str | int | float) -> bytes:
    """Encode a field: a varint, 8 bytes of a float, or text and messages."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _value(
    tag: str, plugin: str, kind: int, shape: Iterable[int], content: bytes, more: Any
) -> bytes:
    """Encode a `Summary.Value`: a tensor, and the plugin that shows it."""
    dims = b"".join(_field(2, _field(1, size)) for size in shape)
    tensor = _field(1, kind) + _field(2, dims) + content
    data = _field(1, plugin) + (_field(2, more) if more else b"")
    return _field(1, tag) + _field(8, tensor) + _field(9, _field(1, data))


def scalar(tag: str, value: float) -> bytes:
    """Encode a number of a curve."""
    return _value(tag, "scalars", FLOAT, (), _field(4, struct.pack("<f", value)), b"")


def text(tag: str, content: str, plugin: str, more: bytes = b"") -> bytes:
    """Encode a text that a plugin knows to show."""
    return _value(tag, plugin, STRING, (), _field(8, content), more)


def histogram(tag: str, values: np.ndarray) -> bytes:
    """Encode how many of the finite values are in each of 30 intervals of equal width.

    Are all the same, then they are counted in the last.
    """
    values = np.asarray(values, "float64").reshape(-1)
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if values.size else (0.0, 0.0)
    counts = np.append(np.zeros(BUCKETS - 1, int), values.size)
    if low < high:
        counts, _ = np.histogram(values, BUCKETS, (low, high))
    edges = np.linspace(low, high, BUCKETS + 1)
    table = np.stack([edges[:-1], edges[1:], counts], 1).astype("<f8")
    content = _field(4, table.tobytes())
    return _value(tag, "histograms", DOUBLE, table.shape, content, b"")


def image(tag: str, values: np.ndarray) -> bytes:
    """Encode an array as a picture in grey, its least value black, its largest white.

    A vector is one row, a matrix lies down. Of kernels with more axes, the last two are
    those of a table whose entries are the pictures of filters.
    """
    values = np.atleast_2d(np.asarray(values, "float64"))
    if values.ndim > 2:
        width, inputs, outputs = values.shape[-3:]
        table = values.reshape(-1, width, inputs, outputs).transpose(2, 0, 3, 1)
        values = table.reshape(-1, outputs * width)
    elif len(values) > values.shape[1]:
        values = values.T
    low = np.min(values, initial=np.inf, where=np.isfinite(values))
    high = np.max(values, initial=-np.inf, where=np.isfinite(values))
    shades = (values - low) / (high - low if high > low else 1.0)
    grey = (np.clip(np.nan_to_num(shades), 0, 1) * 255).round().astype("uint8")
    height, width = grey.shape
    content = (str(width), str(height), png_bytes(np.stack([grey] * 3, -1)))
    strings = b"".join(_field(8, each) for each in content)
    return _value(tag, "images", STRING, (len(content),), strings, b"")


class EventFile:
    """A new file of events in a folder, which is made if need be.

    Args:
        folder: what TensorBoard calls a run.

    Example:
        >>> from kerasish.callbacks.event_files import EventFile, scalar
        >>> events = EventFile("logs/train")
        >>> events.write(0, [scalar("loss", 0.5)])
    """

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        parts = int(time.time()), socket.gethostname(), os.getpid(), next(_numbers)
        name = ".".join(map(str, parts))
        self.path = os.path.join(folder, f"events.out.tfevents.{name}.v2")
        self._append(_field(1, time.time()) + _field(3, "brain.Event:2"))

    def _append(self, *events: bytes) -> None:
        with open(self.path, "ab") as file:
            for event in events:
                length = struct.pack("<Q", len(event))
                checks = [struct.pack("<I", masked_crc(x)) for x in (length, event)]
                file.write(length + checks[0] + event + checks[1])

    def write(self, step: int, values: Iterable[bytes]) -> None:
        """Write what was encoded, each as an event of that step, to the disk."""
        head = _field(1, time.time()) + _field(2, step)
        self._append(*(head + _field(5, _field(1, value)) for value in values))
