"""What packing gains: the same runs one after the other on a device, and side by side with `--per-device`.

    python -m benchmarks.packing --preset base/moe-tiny --runs 2

Each round trains the runs both ways through the real queue, in a workspace of its own. The sum of tokens/s is that of the training
loops that ran at one time; the whole is all tokens by the time from the first start to the last end, process starts and evaluations
included. Writes benchmarks/results/packing-DEVICE.md.
"""

import argparse
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.paired import add_option, insist_on_quiet, speedup
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.execution import Execution
from moetui.core.planning.plan import Selection, plan
from moetui.core.queue.edit import stop
from moetui.core.queue.enqueue import enqueue
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace

RESULTS = Path(__file__).parent / "results"
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tokens per second of the training loops together, and over the whole time; and the device's name."""

    together: float
    whole: float
    device: str


def train(preset: str, runs: int, per_device: int, updates: int) -> Outcome:
    """Train so many runs of a preset that differ in their seed."""
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Workspace(Path(folder)))
        settings = {"training.updates": updates, "evaluation.every": updates, "evaluation.max_sequences": 32}
        selection = Selection(presets=(preset,), settings=settings, seeds=tuple(range(1, runs + 1)))
        ids = {record.id for record in enqueue(lab, plan(lab.library(), selection), Execution(per_device=per_device))}
        try:
            while lab.snapshot().pending or lab.dispatching():
                time.sleep(POLL_SECONDS)
        finally:
            for record in lab.snapshot(dispatch=False).pending:  # only if this script is interrupted
                stop(lab, record, force=True)
        records = [record for record in lab.records() if record.id in ids]
        for record in records:
            if record.status != "finished":
                raise SystemExit(f"{record.name} ended {record.status}: {record.reason}")
        return _outcome(records, per_device, _device_name(lab, records[0]))


def _device_name(lab: Lab, record: RunRecord) -> str:
    result = lab.run_dir(record).result()
    return result.device_name if result else record.device


def _outcome(records: list[RunRecord], per_device: int, device: str) -> Outcome:
    speeds = [record.tokens_per_second or 0.0 for record in records]
    tokens = sum(record.updates * (record.tokens_per_update or 0) for record in records)
    seconds = max(record.ended or 0.0 for record in records) - min(record.started or 0.0 for record in records)
    return Outcome(sum(speeds) / len(speeds) * min(per_device, len(records)), tokens / seconds, device)


def table(found: dict[int, list[Outcome]], options: argparse.Namespace, quiet: str) -> str:
    """The results in Markdown."""
    alone = found[1]
    lines = [
        f"# {options.runs} runs of {options.preset} on one device: {alone[0].device}",
        "",
        f"{options.updates} updates each, {options.rounds} rounds taking turns; medians, gains as median of paired "
        f"rounds (interval). {quiet}",
        "",
        "| runs at a time | sum of tokens/s while training | gain | tokens/s of the whole | gain |",
        "|---|---|---|---|---|",
    ]
    for per_device, outcomes in found.items():
        cells = [str(per_device)]
        for part in ("together", "whole"):
            values = [getattr(outcome, part) for outcome in outcomes]
            cells += [f"{median(values):,.0f}", str(speedup(values, [getattr(base, part) for base in alone]))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.packing")
    parser.add_argument("--preset", default="base/moe-tiny")
    parser.add_argument("--runs", type=int, default=2, help="runs, and the most at a time")
    parser.add_argument("--updates", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    add_option(parser)
    options = parser.parse_args(arguments)
    quiet = insist_on_quiet(noisy=options.noisy)
    found: dict[int, list[Outcome]] = {1: [], options.runs: []}
    train(options.preset, 1, 1, 1)  # the data must be in the cache before a clock runs
    for _ in range(options.rounds):
        for per_device, outcomes in found.items():
            outcomes.append(train(options.preset, options.runs, per_device, options.updates))
    text = table(found, options, quiet)
    slug = re.sub(r"[^a-z0-9]+", "-", found[1][0].device.lower()).strip("-")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"packing-{slug}.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
