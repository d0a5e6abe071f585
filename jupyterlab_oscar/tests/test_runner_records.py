"""Records of splits: every record once, whole, whatever the places of the cuts. MARLA lost and doubled them (M2 to M5, M10)."""

from __future__ import annotations

import base64
import bz2
import csv
import gzip
import io
import json
import random
import zlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_oscar.runner.compression import Frames
from jupyterlab_oscar.runner.errors import TaskError
from jupyterlab_oscar.runner.inputs import Input
from jupyterlab_oscar.runner.readers import reader_of
from jupyterlab_oscar.runner.state import State

from .runner_driver import split, text, whole


def records(path: Path, format: dict[str, Any], block: int, piece: int | None = None) -> list[Any]:
    """All records of all splits of a file."""
    return [record for part in split(path, block) for record in of_part(part[0], format, piece)]


def of_part(part: dict[str, Any], format: dict[str, Any], piece: int | None = None) -> list[Any]:
    reader = reader_of(format, State())
    if piece is not None:
        reader.piece = piece
    return [record for _, _, some in reader.records(Input(part)) for record in some]


@pytest.mark.parametrize("delimiter", [b"\n", b"\r\n", b"||", b";", b"<end>", b"aa"])
def test_every_cut_gives_each_record_once(tmp_path: Path, delimiter: bytes) -> None:
    numbers = random.Random(5)
    path = tmp_path / "in.txt"
    for attempt in range(40):
        lines = [
            "".join(numbers.choice("abcäö漢 ,;|<") for _ in range(numbers.choice((0, 1, 3, 9)))).encode()
            for _ in range(numbers.randrange(1, 8))
        ]
        data = delimiter.join(lines) + (delimiter if attempt % 2 else b"")
        if not data:
            continue
        path.write_bytes(data)
        expected = data.split(delimiter)
        if not expected[-1]:
            expected.pop()
        format = text() if delimiter == b"\n" else text(delimiter=base64.b64encode(delimiter).decode())
        for block in (1, 2, 7, 50):
            for piece in (1, 5, 1 << 20):
                assert records(path, format, block, piece) == [one.decode() for one in expected], (data, block, piece)


def test_size_that_is_a_multiple_of_the_block(tmp_path: Path) -> None:
    """M2: MARLA's last mapper began at the end of the file and failed."""
    path = tmp_path / "in.txt"
    path.write_text("abc\n" * 16)
    assert records(path, text(), 16) == ["abc"] * 16


def test_a_line_longer_than_everything(tmp_path: Path) -> None:
    """M10, and Lithops' limit of 128 kB: a block without a newline."""
    path = tmp_path / "in.txt"
    line = "é" * (20 << 20)
    path.write_text(f"first\n{line}\nlast", encoding="utf-8")
    found = records(path, text(), 4 << 20)
    assert [len(record) for record in found] == [5, 20 << 20, 4]
    assert found[1] == line


def test_windows_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\nthree")
    for block in (4, 5, 6, 100):
        assert records(path, text(), block) == ["one", "two", "three"]
    reader = reader_of(text(), State())
    assert [chunk for _, _, chunk, _ in reader.chunks(Input(whole(path)))] == ["one\ntwo\nthree"]
    assert [pair for _, _, some in reader.placed(Input(whole(path))) for pair in some] == [
        (0, "one"),
        (8, "two"),
        (13, "three"),
    ]


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes("ä\nß\n漢".encode("utf-16"))
    assert records(path, {**text(), "encoding": "utf-16"}, 3) == ["ä", "ß", "漢"]
    path.write_bytes("ä\nß\n".encode("latin-1"))
    assert records(path, {**text(), "encoding": "latin-1"}, 3) == ["ä", "ß"]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"good\nb\xffd\nfine\n")
    with pytest.raises(TaskError) as caught:
        records(path, text(), 100)
    assert caught.value.kind == "input"
    assert "at byte 6" in caught.value.message
    assert records(path, {**text(), "errors": "replace"}, 100) == ["good", "b\ufffdd", "fine"]
    assert records(path, {**text(), "errors": "surrogateescape"}, 100) == ["good", "b\udcffd", "fine"]
    state = State()
    reader = reader_of({**text(), "errors": "skip"}, state)
    assert [one for _, _, some in reader.records(Input(whole(path))) for one in some] == ["good", "fine"]
    assert state.counters.skipped == 1


def test_csv_as_python_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    rows = [["id", "note"], *([str(i), f'a "{i}",\nb'] for i in range(50)), ["x", 'a 5" disk'], ["y"], ["z", "1", "2"]]
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    path.write_text(file.getvalue() + "\r\n", encoding="utf-8", newline="")
    expected = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))
    assert records(path, text("csv"), 1 << 20) == expected
    # Cuts where records begin, as the planner makes them for such files.
    data = path.read_bytes()
    starts = [0, data.index(b'\r\n20,"') + 2, data.index(b'\r\n40,"') + 2, len(data)]
    parts = [{**whole(path), "start": a, "end": b} for a, b in pairwise(starts)]
    assert [row for part in parts for row in of_part(part, text("csv"), 7)] == expected
    reader = reader_of(text("csv", header=False), State())
    placed = [pair for _, _, some in reader.placed(Input(whole(path))) for pair in some]
    assert placed[0] == (0, ["id", "note"])
    assert data[placed[21][0] :].startswith(b'20,"')


def test_csv_without_newlines_in_quotes_is_cut_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "in.tsv"
    path.write_text("a\tb\n" + "".join(f'{i}\t"x\t{i}"\n' for i in range(200)))
    expected = [{"a": str(i), "b": f"x\t{i}"} for i in range(200)]
    for block in (3, 17, 100, 5000):
        assert records(path, text("csv", separator="\t"), block) == expected


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"a": 1}\n\n[2]\nnull\n')
    assert records(path, text("jsonl"), 4) == [{"a": 1}, [2], None]
    path.write_text('{"a": 1}\n{"a"\n')
    with pytest.raises(TaskError) as caught:
        records(path, text("jsonl"), 100)
    assert caught.value.kind == "input"
    assert '{"a"' in (caught.value.record or "")


@pytest.mark.parametrize(("name", "opener"), [("gzip", gzip.compress), ("bzip2", bz2.compress)])
def test_compressed_files(tmp_path: Path, name: str, opener: Any) -> None:
    path = tmp_path / "in.gz"
    lines = [f"line {i} ü" for i in range(5000)]
    packed = opener("\n".join(lines[:3000]).encode()) + opener(("\n" + "\n".join(lines[3000:])).encode())
    path.write_bytes(packed)
    assert records(path, text(compression=name), 1 << 20, 1000) == lines
    path.write_bytes(packed[: len(packed) // 3])
    with pytest.raises(TaskError) as caught:
        records(path, text(compression=name), 1 << 20)
    assert caught.value.kind == "input"


def test_whole_files_bytes_and_fixed_records(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(bytes(range(65, 90)))
    assert records(path, text("file"), 10) == ["ABCDEFGHIJKLMNOPQRSTUVWXY"]
    assert records(path, text("bytes"), 10) == [b"ABCDEFGHIJ", b"KLMNOPQRST", b"UVWXY"]
    for block in (1, 4, 5, 7, 100):
        assert records(path, text("fixed", size=5), block) == [b"ABCDE", b"FGHIJ", b"KLMNO", b"PQRST", b"UVWXY"]
    with pytest.raises(TaskError):
        records(path, text("fixed", size=4), 100)
    picture = tmp_path / "in.png"
    picture.write_bytes(b"\x89PNG\xff")
    assert records(picture, text("file"), 100) == [b"\x89PNG\xff"]


def test_a_file_that_changes(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("a\n" * 100)
    before = whole(path)
    path.write_text("b\n" * 101)
    with pytest.raises(TaskError) as caught:
        of_part(before, text())
    assert (caught.value.kind, caught.value.type) == ("input", "InputChanged")
    path.unlink()
    with pytest.raises(TaskError) as caught:
        of_part(before, text())
    assert caught.value.kind == "input"


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        path.write_bytes(b"PAR1")
        with pytest.raises(TaskError, match="pyarrow"):
            of_part(whole(path), text("parquet"))
        return
    table = pyarrow.table({"a": list(range(10)), "b": [json.dumps(i) for i in range(10)]})
    pyarrow.parquet.write_table(table, path, row_group_size=4)
    assert of_part({**whole(path), "rowGroups": [1, 2]}, text("parquet")) == table.to_pylist()[4:]


class Zlib:
    """Decompresses as the package zstandard does."""

    def decompressobj(self) -> Any:
        return zlib.decompressobj()


@pytest.mark.parametrize("size", [-1, 1, 7, 100_000])
def test_frames_of_zstd_one_after_the_other_and_one_that_is_cut_short(size: int) -> None:
    parts = [random.Random(3).randbytes(50_000), b"", b"x" * 90_000]
    packed = b"".join(map(zlib.compress, parts))

    def everything(data: bytes) -> bytes:
        file = Frames(io.BytesIO(data), Zlib)
        return b"".join(iter(lambda: file.read(size), b""))

    assert everything(packed) == b"".join(parts)
    for cut in (1, 20, 120, 50_000):
        with pytest.raises(EOFError):
            everything(packed[:-cut])
