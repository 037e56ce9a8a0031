"""Simulate all scenarios and print the table.

python -m tests.simulations [--studies N] [--only PART] [--write] [--processes N]

`--only` takes scenarios whose section or name contains the text. `--write` puts the table into docs/methods.md.
"""

import argparse
import datetime
import os
import sys
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # read when numpy is loaded, with the next imports

from tests.simulations import everything
from tests.simulations.table import BEGIN, missed, row, table, write
from tests.simulations.tally import simulate

METHODS = Path(__file__).parents[2] / "docs" / "methods.md"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulations", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument(
        "--studies", type=int, default=1000, help="studies for a row, times the share that its scenario needs"
    )
    parser.add_argument("--only", default="", help="scenarios whose section or name contains this")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help=f"put the table into {METHODS.name}")
    asked = parser.parse_args()
    chosen = [one for one in everything.scenarios() if asked.only.lower() in f"{one.part}/{one.name}".lower()]
    if not chosen:
        print(f"no scenario contains {asked.only!r}", file=sys.stderr)
        return 2
    if asked.write and asked.only:
        print("--write needs all scenarios", file=sys.stderr)
        return 2
    start = time.monotonic()
    tallies = simulate(chosen, asked.studies, processes=asked.processes, progress=_progress)
    text = table(tallies, studies=asked.studies, date=datetime.datetime.now(tz=datetime.UTC).date().isoformat())
    if not asked.write:
        print(text)
    elif not write(text, METHODS):
        print(f"{METHODS} has no {BEGIN}", file=sys.stderr)
        return 1
    for answer in missed(tallies):
        print("not met:", row(answer), file=sys.stderr)
    print(f"{len(chosen)} scenarios in {time.monotonic() - start:.0f} s", file=sys.stderr)
    return 0


def _progress(share: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{share:4.0%}", end="\r" if share == 1 else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
