"""What it takes to import and to show a run of a million records, beside only reading its file.

    python -m benchmarks.exchange [--rounds N] [--records N]

Reading is a process that makes a dictionary of each row, by orjson or by csv.DictReader with numbers made of its cells. Every round
runs all processes one after the other, so that what else the machine does hits all alike. Writes benchmarks/results/exchange.md.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results" / "exchange.md"

READ = {
    "jsonl": "import orjson, sys; rows = [orjson.loads(line) for line in open(sys.argv[1], 'rb')]",
    "csv": "import csv, sys; rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(open(sys.argv[1]))]",
}


def write(path: Path, records: int) -> None:
    """A run with one record for each update: losses and a constant rate."""
    rows = ((at, 8 - 5 * at / records + at % 97 * 1e-3, 1e-3) for at in range(1, records + 1))
    with path.open("w", encoding="utf-8") as file:
        if path.suffix == ".csv":
            file.write("step,loss,lr\n")
            file.writelines(f"{step},{loss},{lr}\n" for step, loss, lr in rows)
        else:
            file.writelines(f'{{"step": {step}, "loss": {loss}, "lr": {lr}}}\n' for step, loss, lr in rows)


def cpu(*call: str) -> float:
    """CPU seconds of one process, whose modules are compiled as they are where a program is installed."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "moetui-benchmark-modules")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, *call], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def one_round(path: Path) -> dict[str, float]:
    """Read, import into a new workspace, and show."""
    with tempfile.TemporaryDirectory() as folder:
        moetui = ("-m", "moetui", "--workspace", folder)
        return {
            "read": cpu("-c", READ[path.suffix[1:]], str(path)),
            "import": cpu(*moetui, "import", str(path)),
            "show": cpu(*moetui, "show", path.stem),
        }


def table(rounds: int, records: int) -> str:
    """The results in Markdown."""
    lines = [
        "# A million records of others",
        "",
        f"`python -m benchmarks.exchange`, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"{records:,} records; medians (least–most) of CPU seconds over {rounds} rounds taking turns, and of the ratio to "
        "reading in the same round.",
        "",
        "| file | what | CPU seconds | times reading |",
        "|---|---|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"m{records}.{suffix}" for suffix in READ]
        for path in paths:
            write(path, records)
        small = Path(folder) / "small.jsonl"
        write(small, 2)
        one_round(small)  # compiles what is not yet
        found = {path: [one_round(path) for _ in range(rounds)] for path in paths}
    for path, rows in found.items():
        for what in rows[0]:
            seconds = [row[what] for row in rows]
            ratios = [row[what] / row["read"] for row in rows]
            cells = [f"{median(v):.1f} ({min(v):.1f}–{max(v):.1f})" for v in (seconds, ratios)]
            lines.append(f"| {path.suffix} | {what} | {cells[0]} | {'' if what == 'read' else cells[1]} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, write the table, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=int, default=1_000_000)
    asked = parser.parse_args()
    RESULTS.write_text(table(asked.rounds, asked.records), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
