"""MapReduce and high-throughput jobs against their peers, on the same input, with the same functions, results compared.

``npm run bench -- compute [--rows NAME,…] [--quick] [--runs N] [--budget MINUTES] [--list]``. A row is measured for ours, then the
peers, then ours again, so that a machine that becomes slower shows; its number is the median of all runs, its spread their lowest
and highest. Time is wall time until the result is on the disk (tasks: is there). Ours runs with a bridge of its own, warm, as the
peers are. With a budget, rows that are not begun in time are left out, and that is said.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))

from workloads.measure import Bench, Differs, OutOfTime
from workloads.rows import ROWS
from workloads.systems import KEPT, Failed, peers_python


def main() -> int:
    parser = argparse.ArgumentParser(prog="compute", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", default="", metavar="NAME,…", help="only these")
    parser.add_argument("--quick", action="store_true", help="small inputs: to see that it works, not to be quoted")
    parser.add_argument("--runs", type=int, default=0, metavar="N", help="of each system (default: 5; quick: 1)")
    parser.add_argument("--budget", type=float, default=float("inf"), metavar="MINUTES", help="begin no row after this")
    parser.add_argument("--list", action="store_true", help="the names of the rows")
    args = parser.parse_args()
    if args.list:
        print("\n".join(f"{name:16}{row.__doc__.split(chr(10))[0]}" for name, row in ROWS.items()), file=sys.stderr)
        return 0
    wanted = [name for name in args.rows.split(",") if name] or list(ROWS)
    unknown = [name for name in wanted if name not in ROWS]
    if unknown:
        parser.error(f"there is no row {unknown[0]}; there are: {', '.join(ROWS)}")
    peers_python()
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in facts if line.startswith("model name")), "")
    load = os.getloadavg()[0]
    print(
        f"compute: {platform.platform()}, {os.cpu_count()} processors ({cpu}), Python {platform.python_version()}, load {load:.2f}"
        + (": others work on this machine, the numbers are not to be quoted" if load > 0.5 else ""),
        file=sys.stderr,
    )
    home = Path(tempfile.mkdtemp(prefix="oscar-bench-compute-", dir=KEPT))
    bench = Bench(home=home, data=KEPT / "bench-data", quick=args.quick, runs=args.runs, budget=args.budget * 60)
    broken = 0
    try:
        for name in wanted:
            print(f"compute: {name}, {time.strftime('%H:%M:%S')}, load {os.getloadavg()[0]:.2f}", file=sys.stderr)
            try:
                ROWS[name](bench)
            except OutOfTime:
                print(f"compute: {name} and what comes after it are left out: the time is over.", file=sys.stderr)
                break
            except (Differs, Failed) as error:
                broken += 1
                print(f"compute: {name}: {error}", file=sys.stderr)
    finally:
        if broken == 0:
            shutil.rmtree(home, ignore_errors=True)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
