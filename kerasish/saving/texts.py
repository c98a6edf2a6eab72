"""Texts of any length in an HDF5 file, looked over before HDF5 reads them.

They lie in collections (global heaps), and an attribute keeps of each its length and
its place. HDF5 believes both: a collection whose texts do not follow each other would
be read without end, and one long text that is named a thousand times takes memory a
thousand times.
"""

import os
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import h5py

__all__ = ["Texts"]

# How a collection begins, what it takes at least and at most.
MARK, LEAST, MOST = b"GCOL\x01", 4096, 2**27
PIECE = 2**22
# Kinds of messages in the header of an object; a header's block is no longer than this.
ATTRIBUTE, CONTINUATION = 0x0C, 0x10
MOST_HEADER = 2**24
SHARED, ORDERED = 2, 4


class Texts:
    """The collections of texts in an HDF5 file.

    Args:
        content: the file.
        places: beginnings and lengths of arrays, where no collection may be.

    Raises:
        ValueError: if HDF5 would read a collection without end.
    """

    def __init__(self, content: BinaryIO, places: list[tuple[int, int]]) -> None:
        self.content = content
        self.size = content.seek(0, os.SEEK_END)
        self.collections: set[int] = set()
        at = 0
        for begin, length in [*sorted(places), (self.size, 0)]:
            at = max(self._look_over(at, begin), begin + length)

    def _look_over(self, at: int, end: int) -> int:
        """Walk over the collections that begin in a stretch; return where that ends."""
        while at < end and (piece := self._read(at, min(PIECE, end - at))):
            found = piece.find(MARK)
            at += len(piece) if found < 0 else found
            if found >= 0:
                self.collections.add(at)
                at += self._walked(at)
            elif at < end:
                at -= len(MARK)  # one may begin at the end of the piece
        return at

    def _walked(self, begin: int) -> int:
        """Walk over a collection as HDF5 does; return its length."""
        length = int.from_bytes(self._read(begin, 16)[8:], "little")
        content = self._read(begin, min(length, MOST))
        at, step = 16, length
        while step > 0 and at + 16 <= length == len(content) >= LEAST:
            number = int.from_bytes(content[at : at + 2], "little")
            step = int.from_bytes(content[at + 8 : at + 16], "little")
            step = 16 + -(-step // 8) * 8 if number else step
            at += step
        if at > length or at + 16 <= length:
            raise ValueError(
                f"The file is damaged: its texts at byte {begin} do not follow each "
                "other."
            )
        return length

    def _read(self, at: int, size: int) -> bytes:
        self.content.seek(at)
        return self.content.read(size)

    def check(self, thing: Any, name: str, count: int) -> None:
        """Refuse an attribute whose texts would take more memory than the file is long.

        Args:
            thing: a group or an array of the file.
            name: of its attribute, which holds texts of any length.
            count: how many it declares.
        """
        begin = h5py.h5o.get_info(thing.id).addr
        kept = [d for n, d in self._attributes(begin) if n == name.encode()]
        if not kept:
            raise ValueError("It is kept in a way in which model files keep none.")
        for data in kept:
            lengths = 0
            for number in range(count):
                length, place, _ = struct.unpack_from("<IQI", data, 16 * number)
                lengths += length
                if place and place not in self.collections:
                    raise ValueError(
                        f"Text {number} is at byte {place}, where none is."
                    )
            if lengths > self.size:
                raise ValueError(
                    f"It is refused: it declares {count} texts of {lengths} bytes "
                    f"together, the whole file has {self.size}."
                )

    def _attributes(self, begin: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield the name and the data of each attribute in the header of an object."""
        for kind, flags, data in self._messages(begin):
            if kind != ATTRIBUTE or flags & SHARED:
                continue
            version, *sizes = struct.unpack_from("<BxHHH", data)
            at, ends = 8 + (version == 3), []
            for size in sizes:  # of the name, the type, the shape
                ends.append(at + size)
                at += -(-size // 8) * 8 if version == 1 else size
            first = data[8 + (version == 3) : ends[0]]
            yield first.split(b"\0")[0], data[at:]

    def _messages(self, begin: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield the kind, the flags and the data of the messages in a header."""
        head = self._read(begin, 40)
        newer = head.startswith(b"OHDR")
        form, at = "<HHB3x", 16
        size = int.from_bytes(head[8:12], "little")
        if newer:
            form = "<BHB2x" if head[5] & ORDERED else "<BHB"
            at = 6 + 16 * bool(head[5] & 0x20) + 4 * bool(head[5] & 0x10)
            width = 1 << (head[5] & 3)
            size = int.from_bytes(head[at : at + width], "little")
            at += width
        blocks, seen = [(begin + at, size)], set()
        for place, size in blocks:
            if place in seen:
                continue
            seen.add(place)
            block, at = self._read(place, min(size, MOST_HEADER)), 0
            while at + struct.calcsize(form) <= len(block):
                kind, length, flags = struct.unpack_from(form, block, at)
                at += struct.calcsize(form)
                data = block[at : at + length]
                at += length
                if kind == CONTINUATION:
                    place, size = struct.unpack_from("<QQ", data)
                    # In the newer form a mark stands before and a checksum behind.
                    blocks.append((place + 4 * newer, size - 8 * newer))
                yield kind, flags, data
