"""Whole records as bytes: where they start and end in a split, for any delimiter.

A record belongs to the split in which it starts. Bytes are kept until a record is complete, then decoded, so that a character is
never cut; there is no limit on the length of a record, and no byte is read twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from .inputs import read_exactly

#: Bytes of one chunk: what a mapper gets at once, at most, unless one record is longer.
PIECE = 8 << 20
#: Steps in which the rest of a record that goes past the split is read.
STEP = 64 << 10
LONGEST_STEP = 8 << 20


def overlaps_itself(delimiter: bytes) -> bool:
    """Whether it can be found at two places that overlap: then only a reader from the start of the file knows the records."""
    return any(delimiter.startswith(delimiter[at:]) for at in range(1, len(delimiter)))


def first_record(file: BinaryIO, start: int, delimiter: bytes) -> tuple[int, bytes]:
    """Position of the first record that starts at or after ``start``, and bytes that were read from there on.

    ``file`` stands at ``max(0, start - len(delimiter))``. The position is past the end of the file when there is no such record.
    """
    position, kept, step = max(0, start - len(delimiter)), b"", STEP
    while True:
        piece = read_exactly(file, step)
        if not piece:
            return position + len(kept), b""
        data = kept + piece
        found = data.find(delimiter)
        if found >= 0:
            after = found + len(delimiter)
            return position + after, data[after:]
        keep = len(delimiter) - 1
        position += len(data) - keep if keep else len(data)
        kept = data[-keep:] if keep else b""
        step = min(step * 2, LONGEST_STEP)


def chunks(
    file: BinaryIO, start: int, end: int | None, delimiter: bytes, piece: int = PIECE
) -> Iterator[tuple[int, bytes]]:
    """(position, bytes of whole records) of the split ``[start, end)``. The last record of a file may lack its delimiter.

    ``file`` stands at ``max(0, start - len(delimiter))``; ``end`` None: the end of the file.
    """
    position, rest = (0, b"") if start == 0 else first_record(file, start, delimiter)
    while True:
        if end is not None and position >= end:
            return
        want = piece if end is None else min(piece, end - position)
        if len(rest) < want:
            data = rest + read_exactly(file, want - len(rest))
            at_end = len(data) < want
        else:
            data, at_end = rest, False
        if not data:
            return
        if at_end:
            yield position, data
            return
        # Records that start before `want`; what lies behind it is of the next round.
        if end is not None and position + want >= end:
            closed = _last_start(data, want, delimiter)
            if closed == want:
                yield position, data[:want]
                return
            tail, _ = _until(file, data[closed:], want - closed, delimiter)
            yield position, data[:closed] + tail
            return
        closed = _last_start(data, want, delimiter)
        if closed:
            yield position, data[:closed]
            rest = data[closed:]
            position += closed
        else:
            record, rest = _until(file, data, want, delimiter)
            yield position, record
            position += len(record)


def _last_start(data: bytes, limit: int, delimiter: bytes) -> int:
    """The last place up to ``limit`` where a record starts that is not the first; 0 when there is none."""
    found = data.rfind(delimiter, 0, limit)
    return 0 if found < 0 else found + len(delimiter)


def _until(file: BinaryIO, data: bytes, searched: int, delimiter: bytes) -> tuple[bytes, bytes]:
    """A record that starts at the start of ``data``, with its delimiter, and what was read behind it.

    No delimiter ends before ``searched``.
    """
    pieces, length, step = [data], len(data), STEP
    before = max(0, searched - len(delimiter) + 1)
    found = data.find(delimiter, before)
    if found >= 0:
        after = found + len(delimiter)
        return data[:after], data[after:]
    keep = len(delimiter) - 1
    edge = data[-keep:] if keep else b""
    while True:
        piece = read_exactly(file, step)
        if not piece:
            return b"".join(pieces), b""
        joined = edge + piece
        found = joined.find(delimiter)
        pieces.append(piece)
        if found >= 0:
            after = length - len(edge) + found + len(delimiter)
            everything = b"".join(pieces)
            return everything[:after], everything[after:]
        length += len(piece)
        edge = joined[-keep:] if keep else b""
        step = min(step * 2, LONGEST_STEP)
