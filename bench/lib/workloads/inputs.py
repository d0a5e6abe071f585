"""Inputs: made once, always the same, kept in a folder of the set-up."""

from __future__ import annotations

import os
import random
from itertools import accumulate
from pathlib import Path

MB = 1_000_000
_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
CARRIERS = ["9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV"]
DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
#: Distinct words of `zipf` and `many`.
KEYS = {"zipf": 187_000, "many": 1_870_000}


def path_of(folder: Path, kind: str, megabytes: int) -> Path:
    """The file of an input, made when it is not there.

    Parameters
    ----------
    kind
        ``zipf``: words, frequencies as in a language, exponent 1.05; ``many``: ten times the words, all equally often;
        ``flights``: rows like nycflights13's, the columns that the example needs first.
    megabytes
        Size, 10^6 bytes.
    """
    file = folder / f"{kind}-{megabytes}.txt"
    if file.exists():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".tmp")
    with draft.open("w", encoding="ascii", buffering=1 << 20) as out:
        (_flights if kind == "flights" else _words)(out, kind, megabytes * MB)
        out.flush()
        os.fsync(out.fileno())
    draft.rename(file)
    return file


def _word(number: int) -> str:
    text = ""
    number += 26
    while number:
        number, letter = divmod(number, 26)
        text += _LETTERS[letter]
    return text


def _words(out: object, kind: str, size: int) -> None:
    chance = random.Random(20131)
    count = KEYS[kind]
    words = [_word(index) for index in range(count)]
    weights = list(accumulate((rank + 1) ** -1.05 for rank in range(count))) if kind == "zipf" else None
    written = 0
    # What is made is written eight times: drawing words takes most of the time, and frequencies are the same.
    while written < size:
        drawn = chance.choices(words, cum_weights=weights, k=200_000)
        text = "".join(" ".join(drawn[at : at + 12]) + "\n" for at in range(0, len(drawn), 12))
        times = 8 if size > 200 * MB else 1
        for _ in range(times):
            piece = text[: size - written]
            if not piece:
                return
            out.write(piece if len(piece) == len(text) else piece[: piece.rfind("\n") + 1])  # type: ignore[attr-defined]
            written += len(piece)


def _flights(out: object, kind: str, size: int) -> None:
    chance = random.Random(20132)
    rows = []
    for _ in range(100_000):
        month = chance.randrange(12)
        day = 1 + chance.randrange(DAYS[month])
        delay = "NA" if chance.random() < 0.025 else str(int(chance.gauss(0, 12) + chance.expovariate(1 / 15)))
        hour, minute = chance.randrange(5, 24), chance.randrange(60)
        rest = f"N{chance.randrange(99999):05d},EWR,ORD,{chance.randrange(30, 600)},{chance.randrange(80, 4983)},{hour},{minute}"
        rows.append(
            f"2013,{month + 1},{day},{delay},{chance.choice(CARRIERS)},{chance.randrange(1, 8500)},{rest},2013-{month + 1:02d}-{day:02d}T{hour:02d}:00:00Z\n"
        )
    text = "".join(rows)
    written = 0
    while written + len(text) <= size:
        out.write(text)  # type: ignore[attr-defined]
        written += len(text)
    rest = text[: size - written]
    out.write(rest[: rest.rfind("\n") + 1])  # type: ignore[attr-defined]
