"""How long a trainer takes from the start of its process to its first update, and which imports that goes to.

    python -m benchmarks.startup

Trains one update of base/moe-tiny in a new process, with the tokens in the cache. Writes benchmarks/results/startup.md.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from engine.runfiles.jsonfile import write_file
from engine.runfiles.metrics import MetricsReader
from engine.runfiles.rundir import RunDir, RunFile
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library

RESULTS = Path(__file__).parent / "results" / "startup.md"
ROUNDS = 5
SHOWN = 0.05  # seconds from which a package has a line of its own


def prepared(folder: str) -> RunDir:
    """A run directory for one update."""
    settings = {"training.updates": 1, "training.device": "cpu", "evaluation.max_sequences": 16}
    config = plan(Library.load(), Selection(presets=("base/moe-tiny",), settings=settings))[0].config
    write_file(Path(folder) / "config.json", RunFile(id="startup", name="startup", created=0.0, config=config))
    return RunDir(Path(folder))


def seconds_to_first_update() -> float:
    """Start a trainer and wait for the record of its first update."""
    with tempfile.TemporaryDirectory() as folder:
        run = prepared(folder)
        reader = MetricsReader(run.metrics_file)
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "engine", folder], stdout=subprocess.DEVNULL)
        while not any("train_loss" in record for record in reader.read()):
            if process.poll() not in (None, 0):
                raise SystemExit(f"the trainer ended with {process.returncode}")
            time.sleep(0.002)
        seconds = time.perf_counter() - start
        process.wait()
        return seconds


def import_seconds() -> dict[str, float]:
    """Seconds that importing took in a trainer, by package, each without the packages that it imports itself."""
    with tempfile.TemporaryDirectory() as folder:
        run = prepared(folder)
        command = [sys.executable, "-X", "importtime", "-m", "engine", str(run.path)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = defaultdict(float)
    for line in done.stderr.splitlines():
        alone, _, name = line.removeprefix("import time:").partition("|")
        if line.startswith("import time:") and alone.strip().isdigit():
            package = name.rpartition("|")[2].strip().partition(".")[0]
            found["standard library" if package in sys.stdlib_module_names else package] += int(alone) / 1e6
    return found


def table() -> str:
    """The results in Markdown."""
    seconds_to_first_update()  # fills the cache
    times = [seconds_to_first_update() for _ in range(ROUNDS)]
    imports = import_seconds()
    lines = [
        "# From the start of the process to the first update of moe-tiny",
        "",
        f"`python -m benchmarks.startup`, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"tokens in the cache; {ROUNDS} starts: median {median(times):.2f} s, {min(times):.2f}–{max(times):.2f} s. It holds an "
        "evaluation of 16 sequences before the update.",
        "",
        "| of that, importing (one start, slower because it is traced) | seconds |",
        "|---|---|",
    ]
    shown = sorted(((s, name) for name, s in imports.items() if s >= SHOWN), reverse=True)
    lines += [f"| {name} | {s:.2f} |" for s, name in shown]
    lines.append(f"| all others | {sum(s for s in imports.values() if s < SHOWN):.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(table(), encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))
