"""What the commands take that answer from 10,000 records, each as a whole process, beside `ls --json` on the same workspace.

    python -m benchmarks.catalogue [--rounds N] [WORD…]

Every round runs all commands one after the other, so that what else the machine does hits all alike. Words choose the shapes whose
names contain one. Without words it writes benchmarks/results/catalogue.md.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.studies import SHAPES, STUDY, Shape, study

RESULTS = Path(__file__).parent / "results" / "catalogue.md"
CONTROL = ("ls", "--json")
COMMANDS = (
    CONTROL,
    ("ls",),
    ("compare", STUDY),
    ("compare", STUDY, "--json"),
    ("response", STUDY),
    ("response", STUDY, "--json"),
    ("study", "status"),
)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one process: by the clock, and of the CPU."""

    wall: float
    cpu: float


def took(folder: str, command: tuple[str, ...]) -> Took:
    """Run one command to its end."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "100"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    call = [sys.executable, "-m", "moetui.cli.main", "--workspace", folder, *command]
    subprocess.run(call, stdout=subprocess.DEVNULL, env=environment, check=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def rows(shape: Shape, rounds: int) -> Iterator[str]:
    """The rows of the table for one shape."""
    with tempfile.TemporaryDirectory() as folder:
        study(Path(folder), shape)
        took(folder, CONTROL)  # compiles what is imported
        times = [{command: took(folder, command) for command in COMMANDS} for _ in range(rounds)]
    for command in COMMANDS:
        wall, cpu = ([getattr(one[command], kind) for one in times] for kind in ("wall", "cpu"))
        ratio = median(one[command].cpu / one[CONTROL].cpu for one in times)
        yield (
            f"| {shape.name} | `{' '.join(command)}` | {median(wall):.2f} ({min(wall):.2f}–{max(wall):.2f}) | "
            f"{median(cpu):.2f} ({min(cpu):.2f}–{max(cpu):.2f}) | {ratio:.2f} |"
        )


def main(arguments: list[str]) -> None:
    """Measure all shapes for the table, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.catalogue", description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("word", nargs="*")
    asked = parser.parse_args(arguments)
    before = os.getloadavg()[0]
    lines = []
    for shape in SHAPES:
        if not asked.word or any(word in shape.name for word in asked.word):
            for row in rows(shape, asked.rounds):
                print(row, flush=True)
                lines.append(row)
    if not asked.word:
        head = [
            "# Commands over 10,000 records",
            "",
            f"`python -m benchmarks.catalogue`, {platform.machine()}, {os.cpu_count()} cores, Python "
            f"{platform.python_version()}; {asked.rounds} rounds, load average before and after {before:.1f} and "
            f"{os.getloadavg()[0]:.1f}. Whole processes; seconds: median (least–most); the ratio is of CPU seconds.",
            "",
            "| records | command | wall s | CPU s | to `ls --json` |",
            "|---|---|---|---|---|",
        ]
        RESULTS.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
