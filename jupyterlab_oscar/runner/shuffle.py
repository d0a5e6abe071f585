"""Files between map and reduce: one a map part, with a section for each reducer and an index at the end.

Layout: blocks, then the index as JSON, then ``>I`` length of the index and 4 bytes magic. A block is a pickle (protocol 5)
of ``(grouped, keys, values)``; ``grouped`` says that each value is a list of values. A section is a list of extents
``[offset, length, crc32]``, one a spill; an extent is blocks with ``>IB`` before each: length, 1 when compressed.
"""

from __future__ import annotations

import json
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from .errors import TaskError, UserError
from .keys import shorten
from .size import size_of
from .store import Output

MAGIC = b"OSM1"
BLOCK = struct.Struct(">IB")
FOOTER = struct.Struct(">I4s")
#: What a block holds, bytes, roughly: reducers have several in memory.
BLOCK_BYTES = 4 << 20
TAIL = 64 << 10


class ShuffleWriter:
    """Writes the sections of one map part.

    Parameters
    ----------
    compress
        For stores that are reached over a network.
    """

    def __init__(self, output: Output, sections: int, compress: bool) -> None:
        self._output = output
        self._compress = compress
        self._extents: list[list[list[int]]] = [[] for _ in range(sections)]
        self._pairs = [0] * sections

    def write(self, section: int, keys: list[Any], values: list[Any], grouped: bool) -> None:
        """Append pairs to a section."""
        if not keys:
            return
        start, crc = self._output.size, 0
        step = _items_in_block(keys, values)
        for first in range(0, len(keys), step):
            data = _pickle((grouped, keys[first : first + step], values[first : first + step]))
            if self._compress:
                data = zlib.compress(data, 1)
            framed = BLOCK.pack(len(data), self._compress) + data
            crc = zlib.crc32(framed, crc)
            self._output.write(framed)
        self._extents[section].append([start, self._output.size - start, crc])
        self._pairs[section] += sum(map(len, values)) if grouped else len(keys)

    def finish(self, combiner: str) -> None:
        """Write the index."""
        index = json.dumps({"sections": self._extents, "pairs": self._pairs, "combiner": combiner}).encode()
        self._output.write(index + FOOTER.pack(len(index), MAGIC))

    @property
    def pairs(self) -> int:
        """Pairs in all sections."""
        return sum(self._pairs)


def _items_in_block(keys: list[Any], values: list[Any]) -> int:
    step = max(1, len(keys) // 64)
    some = range(0, len(keys), step)
    each = sum(size_of(keys[i]) + size_of(values[i]) for i in some) / len(some)
    return max(1, min(65536, int(BLOCK_BYTES / each)))


def _pickle(block: tuple[bool, list[Any], list[Any]]) -> bytes:
    try:
        return pickle.dumps(block, 5)
    except Exception as error:
        raise _unpicklable(block, error) from error


def _unpicklable(block: tuple[bool, list[Any], list[Any]], error: Exception) -> UserError:
    for key, value in zip(block[1], block[2]):  # noqa: B905
        try:
            pickle.dumps((key, value), 5)
        except Exception as why:
            what = f"The pair {shorten((key, value), 200)} cannot be sent to a reducer: {why}."
            return UserError(what + " Emit plain data: numbers, texts, tuples, lists, dicts.", type(why).__name__)
    return UserError(f"Pairs cannot be sent to a reducer: {error}", type(error).__name__)


class ShuffleFile:
    """One committed map output.

    Parameters
    ----------
    store
        Where it is.
    loads
        Unpickles; the job's, which knows the classes of the cell.
    """

    def __init__(self, store: Any, name: str, loads: Callable[[bytes], Any]) -> None:
        self._store = store
        self._name = name
        self._loads = loads
        tail, size = store.tail(name, TAIL)
        if len(tail) < FOOTER.size:
            raise self._damaged()
        length, magic = FOOTER.unpack(tail[-FOOTER.size :])
        if magic != MAGIC or length + FOOTER.size > size:
            raise self._damaged()
        if length + FOOTER.size > len(tail):
            tail, _ = store.tail(name, length + FOOTER.size)
        index = json.loads(tail[-FOOTER.size - length : -FOOTER.size])
        self._extents: list[list[list[int]]] = index["sections"]
        self.combiner: str = index["combiner"]

    def length(self, section: int) -> int:
        """Bytes of a section."""
        return sum(length for _, length, _ in self._extents[section])

    def blocks(self, section: int) -> Iterator[tuple[bool, list[Any], list[Any], int]]:
        """What a section holds, and the bytes of each block."""
        for offset, length, expected in self._extents[section]:
            crc, at = 0, 0
            source = self._store.stream(self._name, offset, length)
            with source:
                while at < length:
                    head = self._exactly(source, BLOCK.size)
                    size, compressed = BLOCK.unpack(head)
                    data = self._exactly(source, size)
                    crc = zlib.crc32(data, zlib.crc32(head, crc))
                    at += BLOCK.size + size
                    if at > length or (at == length and crc != expected):
                        raise self._damaged()
                    grouped, keys, values = self._loads(zlib.decompress(data) if compressed else data)
                    yield grouped, keys, values, BLOCK.size + size

    def _exactly(self, source: Any, length: int) -> bytes:
        data: bytes = source.read(length)
        if len(data) != length:
            raise self._damaged()
        return data

    def _damaged(self) -> TaskError:
        return TaskError("lost", "DamagedFile", f"{self._name} is damaged: it must be made again.")
