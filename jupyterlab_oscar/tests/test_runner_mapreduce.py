"""Map and reduce through a real worker: MARLA's contract without MARLA's defects, other forms, keys and values of all kinds, little memory."""

from __future__ import annotations

import base64
import json
import pickle
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .runner_driver import COUNT_WORDS, NAME, Worker, split, text, whole

SUM = """
def reducer(key, values):
    return sum(values)
"""
PER_LINE = "def mapper(line):\n    for word in line.split():\n        yield word, 1\n" + SUM


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    made = Worker(tmp_path / "store")
    yield made
    made.close()


def words(path: Path, count: int = 3000, kinds: int = 200, lines: int = 7) -> Counter[str]:
    """A text of words in many scripts; answers how often each is there."""
    numbers = random.Random(3)
    known = [numbers.choice("abzAZéß漢字€🙂") * (1 + i % 5) + str(i) for i in range(kinds)]
    chosen = [numbers.choice(known) for _ in range(count)]
    path.write_text("\n".join(" ".join(chosen[i : i + lines]) for i in range(0, count, lines)), encoding="utf-8")
    return Counter(chosen)


@pytest.mark.parametrize("combiner", ["reducer", "none"])
def test_marlas_contract(worker: Worker, tmp_path: Path, combiner: str) -> None:
    """M3 to M6, M10: blocks cut inside characters and words of any script, nothing lost or doubled."""
    path = tmp_path / "in.txt"
    expected = words(path)
    assert worker.job(COUNT_WORDS) == {"type": "job", "job": "job"}
    pairs = worker.map_reduce(split(path, 997), 3, combiner=combiner)
    assert len(pairs) == len(expected)
    assert dict(map(tuple, pairs)) == expected


@pytest.mark.parametrize(
    "mapper",
    [
        "def mapper(line):\n    return [(word, 1) for word in line.split()]",
        "def mapper(line):\n    yield from ((word, 1) for word in line.split())",
        "from collections import Counter\ndef mapper(chunk):\n    return Counter(chunk.split())",
        "def mapper(key, value):\n    assert key.rpartition(':')[2].isdigit()\n    return [[word, 1] for word in value.split()]",
        "def mapper(x):\n    assert '\\n' in x\n    return [(word, 1) for word in x.split()]",
        "def mapper(x):\n    assert '\\n' not in x\n    return [(word, 1) for word in x.split()]",
        "mapper = lambda line: {word: line.split().count(word) for word in line.split()}",
        "def record_reader(file):\n    for line in file:\n        yield line.decode()\ndef mapper(record):\n    return [(word, 1) for word in record.split()]",
    ],
)
def test_forms_of_a_mapper(worker: Worker, tmp_path: Path, mapper: str) -> None:
    path = tmp_path / "in.txt"
    expected = words(path)
    worker.job(mapper + SUM)
    assert dict(map(tuple, worker.map_reduce(split(path, 5000)))) == expected


@pytest.mark.parametrize(
    "reducer",
    [
        SUM,
        "def reducer(key, values):\n    return key, sum(values)",
        "def reducer(key, values):\n    yield key, sum(values)",
        "def reducer(key, values):\n    return [(key, sum(values))]",
        "def reducer(pairs):\n    from itertools import groupby\n    return [(k, sum(v for _, v in g)) for k, g in groupby(pairs, lambda p: p[0])]",
        SUM + "def combiner(key, values):\n    return sum(values)",
    ],
)
def test_forms_of_a_reducer(worker: Worker, tmp_path: Path, reducer: str) -> None:
    path = tmp_path / "in.txt"
    expected = words(path)
    worker.job("def mapper(line):\n    return [(word, 1) for word in line.split()]\n" + reducer)
    combiner = "function" if "combiner" in reducer else "reducer"
    assert dict(map(tuple, worker.map_reduce(split(path, 5000), combiner=combiner))) == expected


def test_a_value_that_begins_with_the_key_is_a_value(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("".join(f"{i}\n" for i in range(1, 40)))
    worker.job(
        "def mapper(line):\n    return [(int(line) % 8, int(line))]\ndef reducer(key, values):\n    return key, list(values)[0]"
    )
    forms = {"mapper": "record", "reducer": "key-values-value"}
    pairs = worker.map_reduce([[whole(path)]], 1, combiner="none", forms=forms)
    assert all(pickle.loads(base64.b64decode(value["$pickle"])) == (key, key or 8) for key, value in pairs)


def test_keys_and_values_of_all_kinds(worker: Worker, tmp_path: Path) -> None:
    """M1 (empty names), M6 (any script), M7 (commas and newlines), M8 (types are kept)."""
    path = tmp_path / "in.txt"
    path.write_text("x\n" * 12)
    worker.job(
        "KEYS = ['', 'a,b', 'tab\\tnewline\\n', '漢字', '\\udc80', 1, 1.0, True, 2.5, None, b'by', (1, 'a'), ('', None), frozenset('ab'),"
        " float('nan'), float('inf'), 10**30, 3 + 4j]\n"
        "def mapper(line):\n    return [(key, (i, [key])) for i, key in enumerate(KEYS)]\n"
        "def reducer(key, values):\n    found = list(values)\n    return [len(found), found[0][0]]\n"
    )
    pairs = worker.map_reduce([[whole(path)], [whole(path)]], 3, combiner="none", sort="key")
    found = {repr(as_python(key)): value[0] for key, value in pairs}
    assert found.pop("1") == 3 * 24
    assert found.pop("frozenset({'a', 'b'})", 0) + found.pop("frozenset({'b', 'a'})", 0) == 24
    assert set(found.values()) == {24}
    assert set(found) == {
        *("''", "'a,b'", "'tab\\tnewline\\n'", "'漢字'", "'\\udc80'", "2.5", "None", "b'by'", "(1, 'a')", "('', None)"),
        *("nan", "inf", str(10**30), "(3+4j)"),
    }


def as_python(value: Any) -> Any:
    return pickle.loads(base64.b64decode(value["$pickle"])) if isinstance(value, dict) and "$pickle" in value else value


def test_keys_are_spread_over_the_reducers(worker: Worker, tmp_path: Path) -> None:
    """M9: by the first character, lower-case words reached four of ten reducers."""
    path = tmp_path / "in.txt"
    path.write_text("\n".join(f"word{i}" for i in range(2000)))
    worker.job(COUNT_WORDS)
    worker.map_reduce([[whole(path)]], 10)
    assert all(100 < answer["counters"]["recordsOut"] < 300 for answer in worker.answers)


def test_sorted_results(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    expected = words(path)
    worker.job(COUNT_WORDS)
    pairs = worker.map_reduce(split(path, 4000), 1, sort="key")
    assert [key for key, _ in pairs] == sorted(expected)
    worker.folder = tmp_path / "second"
    pairs = worker.map_reduce(split(path, 4000), 1, sort="value", top=5)
    assert pairs == [list(pair) for pair in sorted(expected.items(), key=lambda pair: (-pair[1], pair[0]))[:5]]


def test_sorted_over_several_reducers(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    expected = words(path)
    worker.job(PER_LINE)
    sample = worker.task(
        phase="sample", kind="mapreduce", input=[whole(path)], format=text(), combiner="auto", reducers=4, sort="key"
    )
    bounds = sample["sample"]["bounds"]
    pairs = worker.map_reduce(split(path, 4000), len(bounds) + 1, sort="key", bounds=bounds)
    assert [key for key, _ in pairs] == sorted(expected)
    assert all(answer["counters"]["recordsOut"] > 20 for answer in worker.answers)


def test_keys_without_an_order(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("x\n")
    worker.job(
        "import datetime\nKEYS = [3, 'b', None, (1, 'x'), (1, 2), 'a', 2.5, datetime.date(2020, 1, 2), 1j, 2j, b'z', datetime.date(2019, 1, 2)]\n"
        "def mapper(line):\n    return [(key, 1) for key in KEYS]\n" + COUNT_WORDS[COUNT_WORDS.index("def reducer") :]
    )
    pairs = worker.map_reduce([[whole(path)]], 1, sort="key")
    keys = [as_python(key) for key, _ in pairs]
    assert [repr(key) for key in keys[:8]] == ["None", "2.5", "3", "'a'", "'b'", "b'z'", "(1, 2)", "(1, 'x')"]
    assert [key.year for key in keys if hasattr(key, "year")] == [2019, 2020]
    assert len(keys) == 12


@pytest.mark.parametrize("combiner", ["none", "reducer"])
@pytest.mark.parametrize("reducer", ["key-values", "pairs"])
def test_less_memory_than_data(worker: Worker, tmp_path: Path, combiner: str, reducer: str) -> None:
    """M8: more pairs than a batch; spills on both sides give the same result."""
    path = tmp_path / "in.txt"
    path.write_text("".join(f"{i % 30000:06}x{'y' * 20} {i % 7}\n" for i in range(60000)))
    tail = SUM if reducer == "key-values" else COUNT_WORDS[COUNT_WORDS.index("def reducer") :]
    worker.job("def mapper(line):\n    key, value = line.split()\n    return [(key, int(value) + 1)]\n" + tail)
    limits = {"skipRecords": 0, "memory": 400 << 20}
    worker.job(
        "import sys\nfor module in list(sys.modules.values()):\n"
        "    if getattr(module, '__name__', '') == 'oscar_runner.state':\n"
        "        module.State.budget = lambda self, share, default: 1 << 20\n",
        job="less",
    )
    pairs = worker.map_reduce(split(path, 300_000), 2, combiner=combiner, limits=limits, sort="key")
    expected: Counter[str] = Counter()
    for line in path.read_text().splitlines():
        key, value = line.split()
        expected[key] += int(value) + 1
    assert dict(map(tuple, pairs)) == expected
    assert sum(answer["counters"]["spills"] for answer in worker.answers) > 2


def test_a_part_that_was_committed_before(worker: Worker, tmp_path: Path) -> None:
    """M11: of two attempts one counts, and both give the same file."""
    path = tmp_path / "in.txt"
    words(path)
    worker.job(COUNT_WORDS)
    task = {"phase": "map", "input": [whole(path)], "format": text(), "combiner": "none", "reducers": 2}
    first = worker.task(**task)
    second = worker.task(**task, attempt=1)
    assert "superseded" not in first
    assert second["superseded"] is True
    assert second["files"] == first["files"]
    assert sorted(one.name for one in (worker.folder / "shuffle").iterdir()) == ["map-0"]


def test_no_pairs_and_no_input(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("")
    worker.job(COUNT_WORDS)
    assert worker.map_reduce([[], [whole(path)]]) == []
    answer = worker.task(
        phase="sample", kind="mapreduce", input=[whole(path)], format=text(), combiner="auto", reducers=2, sort="key"
    )
    assert answer["sample"]["combiner"] == "none"


def test_damaged_and_missing_map_outputs(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    words(path)
    worker.job(COUNT_WORDS)
    worker.map_reduce([[whole(path)]], 1)
    output = worker.folder / "shuffle/map-0"
    data = bytearray(output.read_bytes())
    data[200] ^= 1
    output.write_bytes(data)
    reduce = {"phase": "reduce", "part": 9, "section": 0, "outputs": ["shuffle/map-0"], "sort": "none"}
    assert worker.task(**reduce)["error"]["class"] == "lost"
    output.unlink()
    assert worker.task(**reduce)["error"]["class"] == "lost"
    manifest = worker.folder / "manifest/map.json"
    manifest.parent.mkdir()
    manifest.write_text(json.dumps([]))
    reduce = {"phase": "reduce", "part": 9, "section": 7, "manifest": "manifest/map.json", "sort": "none"}
    assert worker.task(**reduce)["files"][0]["size"] == 0


@pytest.mark.parametrize(
    ("code", "combiner"),
    [
        (SUM, "reducer"),
        ("def reducer(key, values):\n    return max(values)", "reducer"),
        ("def reducer(key, values):\n    return len(list(values))", "none"),
        ("def reducer(key, values):\n    v = list(values)\n    return sum(v) / len(v)", "none"),
        ("def reducer(key, values):\n    return f'{sum(values)} times'", "none"),
        (
            "def combiner(key, values):\n    return sum(values)\ndef reducer(key, values):\n    return str(sum(values))",
            "function",
        ),
        (COUNT_WORDS[COUNT_WORDS.index("def reducer") :], "reducer"),
        ("def reducer(pairs):\n    return [(k, v * 2) for k, v in pairs]", "none"),
    ],
)
def test_a_combiner_is_tried_before_it_is_used(worker: Worker, tmp_path: Path, code: str, combiner: str) -> None:
    path = tmp_path / "in.txt"
    words(path)
    worker.job("def mapper(line):\n    return [(word, 1) for word in line.split()]\n" + code)
    task = {
        "phase": "sample",
        "kind": "mapreduce",
        "input": [whole(path)],
        "format": text(),
        "reducers": 2,
        "sort": "none",
    }
    sample = worker.task(**task, combiner="auto")["sample"]
    assert sample["combiner"] == combiner
    assert ("note" in sample) == (combiner == "none")
    assert len(sample["pairs"]) == 20
    assert sample["speed"] > 0
    if combiner == "none":
        assert worker.task(**task, combiner="reducer")["error"]["class"] == "user"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1", "no function `mapper`"),
        ("mapper = 3\n" + SUM, "not a function"),
        ("def mapper(a, b, c):\n    pass\n" + SUM, "takes 3 parameters"),
        ("def mapper(line):\n    return [(['l'], 1)]\n" + SUM, "is a list, which cannot be a key"),
        ("def mapper(line):\n    return line.split()\n" + SUM, "a (key, value) pair is expected"),
        ("def mapper(chunk):\n    return ['ab', 'cd']\n" + SUM, "'ab'"),
        ("def mapper(chunk):\n    return 5\n" + SUM, "answered 5"),
        (
            "def mapper(line):\n    return [(1, lambda: 0)]\ndef reducer(key, values):\n    return 1",
            "sent to a reducer",
        ),
        ("def mapper(line):\n    return [(1, 2)]\ndef reducer(pairs):\n    pass", "answered nothing"),
    ],
)
def test_mistakes_that_the_sample_finds(worker: Worker, tmp_path: Path, code: str, message: str) -> None:
    path = tmp_path / "in.txt"
    words(path)
    worker.job(code)
    task = {
        "phase": "sample",
        "kind": "mapreduce",
        "input": [whole(path)],
        "format": text(),
        "reducers": 2,
        "sort": "none",
    }
    error = worker.task(**task, combiner="auto")["error"]
    assert error["class"] == "user"
    assert message in error["message"]


def test_an_error_has_the_lines_of_the_cell_and_the_record(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("1\n2\nthree\n4\n")
    for mapper in (
        "def mapper(line):\n    return [(helper(line), 1)]\n",
        "def mapper(chunk):\n    return [(helper(x), 1) for x in chunk.split()]\n",
    ):
        worker.job("def helper(text):\n    return int(text)  # here\n" + mapper + SUM, line=10)
        error = worker.task(phase="map", input=[whole(path)], format=text(), combiner="none", reducers=1)["error"]
        assert (error["class"], error["type"], error["line"]) == ("user", "ValueError", 11)
        assert f'File "{NAME}", line 11, in helper\n    return int(text)  # here' in error["traceback"]
        assert f'File "{NAME}", line 13, in mapper' in error["traceback"]
        assert "runner" not in error["traceback"]
        assert "three" in error["record"]
        assert "'1" not in error["record"]


@pytest.mark.parametrize("parameter", ["line", "chunk"])
def test_bad_records_that_are_left_out(worker: Worker, tmp_path: Path, parameter: str) -> None:
    path = tmp_path / "in.txt"
    path.write_text("".join(f"{i}\n" if i % 10 else "bad\n" for i in range(40)))
    worker.job(
        f"def mapper({parameter}):\n    for x in {parameter}.split():\n        yield 'n', int(x) * 0 + 1\n" + SUM
    )
    task = {"phase": "map", "input": [whole(path)], "format": text(), "combiner": "reducer", "reducers": 1}
    answer = worker.task(**task, limits={"skipRecords": 4})
    assert (answer["counters"]["skipped"], answer["counters"]["recordsOut"]) == (4, 36)
    error = worker.task(**task, limits={"skipRecords": 3})["error"]
    assert error["class"] == "user"
    assert "bad" in error["record"]
