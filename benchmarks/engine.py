"""What an update costs: this engine, the transformers library, and a plain loop over experts, taking turns in one process.

    python -m benchmarks.engine                        # the 79M model, 2 × 512 tokens, float32 and bfloat16
    python -m benchmarks.engine --size tiny --rounds 1 # a look within seconds

Every round measures each contestant once on the same tokens, the first one changing from round to round. Ratios are taken within a
round and given as median (least–most). Peak memory is measured in a process of its own for each. Writes
benchmarks/results/engine-DEVICE.md.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from benchmarks.contestants import CONTESTANTS, LIBRARY, OWN, PLAIN, Contestant
from engine.spec.config import RunConfig, TrainingConfig
from engine.training.device import Device, open_device
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library

RESULTS = Path(__file__).parent / "results"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
SHORT = {"float32": "fp32", "bfloat16": "bf16"}
FAST_BF16 = ("avx512_bf16", "amx_bf16")  # flags of processors that multiply bfloat16 faster than float32


@dataclass(slots=True)
class Row:
    """One contestant in one precision: seconds of each round, and bytes at the peak."""

    name: str
    dtype: str
    gradients: list[float] = field(default_factory=list)
    updates: list[float] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """As it stands in the table."""
        return f"{self.name}, {SHORT[self.dtype]}"


def run_config(size: str, length: int) -> RunConfig:
    """The built-in preset of that size without what is random in its forward pass."""
    settings = {
        "model.dropout": 0.0,
        "model.residual_dropout": 0.0,
        "model.router_noise": 0.0,
        "data.sequence_length": length,
    }
    return plan(Library.load(), Selection(presets=(f"base/moe-{size}",), settings=settings))[0].config


def batches(config: RunConfig, options: argparse.Namespace, device: torch.device) -> list[Tensor]:
    """Random tokens for one update, the same for everybody."""
    draw = torch.Generator().manual_seed(1)
    shape = (options.accumulation, options.batch, options.length)
    return list(torch.randint(config.model.vocab_size, shape, generator=draw).to(device))


def measure(contestant: Contestant, tokens: list[Tensor], device: Device) -> tuple[float, float]:
    """Seconds of the forward and backward passes of an update, and of the whole update."""
    device.synchronize()
    start = time.perf_counter()
    for tokens_BL in tokens:
        contestant.forward_backward(tokens_BL)
    device.synchronize()
    between = time.perf_counter()
    contestant.step()
    device.synchronize()
    return between - start, time.perf_counter() - start


def compete(options: argparse.Namespace, device: Device) -> list[Row]:
    """Every row after all rounds; the first round only warms up."""
    config = run_config(options.size, options.length)
    tokens = batches(config, options, device.torch)
    rows = [Row(name, dtype) for dtype in options.dtype for name in CONTESTANTS]
    made = [CONTESTANTS[row.name](config, device.torch, DTYPES[row.dtype]) for row in rows]
    for number in range(-1, options.rounds):
        for place in range(len(rows)):
            i = (place + number) % len(rows)
            gradients, update = measure(made[i], tokens, device)
            if number >= 0:
                rows[i].gradients.append(gradients)
                rows[i].updates.append(update)
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    return rows


def memory_of(options: argparse.Namespace, device: Device) -> dict[str, int]:
    """Peak bytes of this process after forward and backward passes, and after whole updates."""
    name, dtype = options.memory_of
    config = run_config(options.size, options.length)
    contestant = CONTESTANTS[name](config, device.torch, DTYPES[dtype])
    tokens = batches(config, options, device.torch)
    for tokens_BL in tokens:
        contestant.forward_backward(tokens_BL)
    gradients = device.peak_memory()
    for _ in range(2):
        contestant.step()
        for tokens_BL in tokens:
            contestant.forward_backward(tokens_BL)
    contestant.step()
    return {"gradients": gradients, "updates": device.peak_memory()}


def memory_apart(row: Row, options: argparse.Namespace) -> dict[str, int]:
    """`memory_of` in a process of its own."""
    arguments = ["--size", options.size, "--device", options.device, "--length", str(options.length)]
    command = [sys.executable, "-m", "benchmarks.engine", *arguments, "--batch", str(options.memory_batch)]
    done = subprocess.run([*command, "--memory-of", row.name, row.dtype], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def spread(values: list[float]) -> str:
    """Median (least–most)."""
    return f"{median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def speedup(slow: list[float], fast: list[float]) -> str:
    """How many times faster, round by round."""
    return spread([a / b for a, b in zip(slow, fast, strict=True)])


def comparisons(rows: list[Row]) -> Iterator[tuple[str, str]]:
    """The ratios that matter: this engine against the best row of the library and against the plain loop in float32."""
    found = {(row.name, row.dtype): row for row in rows}
    for dtype in dict.fromkeys(row.dtype for row in rows):
        own = found[OWN, dtype]
        best = min((found[name, dtype] for name in LIBRARY), key=lambda row: median(row.gradients))
        yield f"forward + backward, {own.label} against {best.label}", speedup(best.gradients, own.gradients)
        plain = found.get((PLAIN, "float32"))
        if plain is not None:
            yield f"forward + backward, {own.label} against {plain.label}", speedup(plain.gradients, own.gradients)
            yield f"whole update, {own.label} against {plain.label}", speedup(plain.updates, own.updates)
            share = own.memory["gradients"] / plain.memory["gradients"]
            yield f"peak memory of forward + backward, {own.label} as a share of {plain.label}", f"{share:.2f}"


def table(rows: list[Row], options: argparse.Namespace, device: Device) -> str:
    """The results in Markdown."""
    count = options.accumulation * options.batch * options.length
    lines = [
        f"# One update of moe-{options.size} on {device.name}",
        "",
        f"`python -m benchmarks.engine {' '.join(sys.argv[1:])}`".replace(" `", "`") + f", torch {torch.__version__}, "
        f"{surroundings(device)}.",
        f"{options.accumulation} × {options.batch} × {options.length} tokens per update, {options.rounds} rounds taking turns; "
        f"medians; peak memory at {options.memory_batch} × {options.length}, of the whole process on a CPU.",
        "",
        "| | tokens/s forward + backward | tokens/s whole updates | GB forward + backward | GB whole updates |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        gradients, updates = count / median(row.gradients), count / median(row.updates)
        memory = [f"{row.memory[part] / 1e9:.2f}" for part in ("gradients", "updates")]
        lines.append(f"| {row.label} | {gradients:,.0f} | {updates:,.0f} | {memory[0]} | {memory[1]} |")
    lines += ["", "| ratio | median (least–most) |", "|---|---|"]
    lines += [f"| {what} | {ratio} |" for what, ratio in comparisons(rows)]
    return "\n".join(lines) + "\n"


def surroundings(device: Device) -> str:
    """What decides the speed besides the code."""
    if device.torch.type == "cuda":
        return f"compute capability {torch.cuda.get_device_capability(device.torch)}"
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
    fast = [flag for flag in FAST_BF16 if flag in flags]
    words = f"bfloat16 products by {', '.join(fast)}" if fast else "a processor without bfloat16 products"
    return f"{torch.get_num_threads()} threads, {words}"


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--dtype", nargs="+", choices=list(DTYPES), default=list(DTYPES))
    parser.add_argument("--size", choices=["tiny", "79m"], default="79m")
    parser.add_argument("--batch", type=int, default=2, help="sequences in a micro-batch")
    parser.add_argument("--accumulation", type=int, default=1, help="micro-batches in an update")
    parser.add_argument("--length", type=int, default=512, help="tokens in a sequence")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--memory-batch", type=int, default=8, help="sequences in a micro-batch when memory is measured"
    )
    parser.add_argument("--memory-of", nargs=2, metavar=("CONTESTANT", "DTYPE"), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Measure, print and write."""
    options = parse(arguments)
    device = open_device(TrainingConfig(device=options.device))
    if options.memory_of:
        print(json.dumps(memory_of(options, device)))
        return
    rows = compete(options, device)
    for row in rows:
        row.memory = memory_apart(row, options)
    text = table(rows, options, device)
    size = "" if options.size == "79m" else f"{options.size} "
    slug = re.sub(r"[^a-z0-9]+", "-", (size + device.name).lower()).strip("-")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"engine-{slug}.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
