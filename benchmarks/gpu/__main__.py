"""Run the parts one after the other, each as far as there is time for it, and write the table."""

import argparse
import gc
import re
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks import gpu
from benchmarks.gpu import agreement, courses, losses, speed, ways
from benchmarks.gpu.sheet import Sheet
from engine.spec.config import TrainingConfig
from engine.training.device import open_device

RESULTS = Path(__file__).parents[1] / "results"
PARTS: dict[str, tuple[Callable[[Sheet], None], float]] = {
    "parity": (agreement.parity, 30),
    "idle": (agreement.idle_experts, 10),
    "waits": (agreement.host_waits, 20),
    "speed": (speed.throughput, 90),
    "loss": (losses.losses, 30),
    "compile": (ways.compiled, 120),
    "resume": (courses.resume, 90),
    "memory": (courses.out_of_memory, 60),
    "packing": (courses.packing, 60),
}
"""What is looked at, in order of importance, and the seconds that it needs at least."""


def main(arguments: list[str]) -> int:
    """Everything; 1 if something is to be looked at."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=(gpu.__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--tiny", action="store_true", help="toy sizes, to try the script")
    parser.add_argument("--budget", type=float, default=520, help="seconds")
    parser.add_argument("part", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; without any: all")
    options = parser.parse_args(arguments)
    if unknown := set(options.part) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    device = open_device(TrainingConfig(device=options.device))
    with tempfile.TemporaryDirectory() as folder:
        sheet = Sheet(device, Path(folder), options.budget, options.tiny)
        sheet.part = "machine"
        sheet.add(
            device.name, f"torch {torch.__version__}, Python {sys.version.split()[0]}, products in {device.compute}"
        )
        for sheet.part, (work, needed) in PARTS.items():
            if options.part and sheet.part not in options.part:
                continue
            if sheet.left < (1 if options.tiny else needed):
                sheet.add(sheet.part, "no time left", "skipped")
                continue
            _try(sheet, work)
    text = f"# What a GPU shows of the engine: {device.name}\n\n`python -m benchmarks.gpu`\n\n{sheet.table()}"
    if sheet.cuda and not options.part:
        slug = re.sub(r"[^a-z0-9]+", "-", device.name.lower()).strip("-")
        (RESULTS / f"gpu-{slug}.md").write_text(text, encoding="utf-8")
    wrong = [row for row in sheet.rows if row.verdict in ("look", "failed")]
    print(f"\n{sheet.table()}\n{len(sheet.rows)} rows, {len(wrong)} to look at, {options.budget - sheet.left:.0f} s")
    return 1 if wrong else 0


def _try(sheet: Sheet, work: Callable[[Sheet], None]) -> None:
    """One part; a fault of it costs the others nothing."""
    try:
        work(sheet)
    except Exception as error:
        traceback.print_exc()
        sheet.add("the check itself", f"{type(error).__name__}: {str(error)[:200]}", "failed")
    gc.collect()
    if sheet.cuda:
        torch.cuda.empty_cache()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
