"""What training on a CPU keeps of its speed beside other work, by how long the threads of OpenMP look before they sleep.

    python -m benchmarks.beside

Trains moe-tiny on all cores, alone and beside a process that keeps one core busy, as GNU OpenMP does it when left alone, when told
to be passive, and as the laboratory starts a trainer. Each round takes all of them in turn. Writes benchmarks/results/beside.md.
"""

import argparse
import contextlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from engine.runfiles.jsonfile import write_file
from engine.runfiles.metrics import MetricsReader, Record
from engine.runfiles.rundir import RunDir, RunFile
from moetui.core.machine.devices import CPU, SPINS, Device
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library

RESULTS = Path(__file__).parent / "results" / "beside.md"
UPDATES = 12
"""Updates after the first that are timed."""
LONGEST = 60.0
"""Seconds after which as many as there were have to do."""

WAYS: dict[str, dict[str, str]] = {
    "GNU OpenMP left alone": {},
    "OMP_WAIT_POLICY=passive": {"OMP_WAIT_POLICY": "passive"},
    f"GOMP_SPINCOUNT={SPINS}, as the laboratory has it": Device(CPU, "CPU").environment(1),
}


@contextlib.contextmanager
def busy(cores: int) -> Iterator[None]:
    """Keep so many cores busy."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def tokens_per_second(environment: Mapping[str, str]) -> float:
    """Train for a while, and tell how fast it went from the first update on."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"training.updates": 1000, "training.device": "cpu", "evaluation.every": 1000}
        config = plan(Library.load(), Selection(presets=("quickstart",), settings=settings))[0].config
        run = RunDir(Path(folder))
        write_file(run.config_file, RunFile(id="beside", name="beside", created=0.0, config=config))
        process = subprocess.Popen(
            [sys.executable, "-m", "engine", folder],
            stdout=subprocess.DEVNULL,
            env=os.environ | environment,
            start_new_session=True,  # as the laboratory does; Linux weighs sessions against each other, not threads
        )
        try:
            first, last = timed(run, process)
        finally:
            process.kill()
            process.wait()
    return float((last["tokens"] - first["tokens"]) / (last["seconds"] - first["seconds"]))


def timed(run: RunDir, process: "subprocess.Popen[bytes]") -> tuple[Record, Record]:
    """The records of the first update, and of the last that was waited for."""
    reader = MetricsReader(run.metrics_file)
    seen: list[Record] = []
    until = float("inf")
    while len(seen) < 2 or (len(seen) <= UPDATES and time.monotonic() < until):
        if process.poll() is not None:
            raise SystemExit(f"the trainer ended with {process.returncode}")
        time.sleep(0.05)
        seen += [record for record in reader.read() if "train_loss" in record]
        if seen and until == float("inf"):
            until = time.monotonic() + LONGEST
    return seen[0], seen[-1]


def table(rounds: int) -> str:
    """The results in Markdown."""
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(rounds):
        for cores in (0, 1):
            for name, environment in WAYS.items():
                with busy(cores):
                    speed = tokens_per_second(environment)
                found.setdefault((name, cores), []).append(speed)
                print(f"{name}, {cores} busy: {speed:,.0f} tokens/s", file=sys.stderr)
    lines = [
        "# Training on a CPU beside other work",
        "",
        f"`python -m benchmarks.beside`, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; model "
        f"and tokens of quickstart, up to {UPDATES} updates; medians (least–most) of tokens/s over {rounds} rounds taking turns.",
        "",
        "| threads | alone | beside one busy core |",
        "|---|---|---|",
    ]
    for name in WAYS:
        cells = [f"{median(v):,.0f} ({min(v):,.0f}–{max(v):,.0f})" for v in (found[name, 0], found[name, 1])]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, write the table, print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    RESULTS.write_text(table(rounds), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
