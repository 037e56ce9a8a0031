"""What an update costs: this engine, the transformers library, and a plain loop over experts, taking turns in one process.

    python -m benchmarks.engine                        # the 79M model, 2 × 512 tokens, float32 and bfloat16
    OMP_NUM_THREADS=1 python -m benchmarks.engine      # on one core: the clock is then the processor's time of this process
    python -m benchmarks.engine --size tiny --rounds 1 # a look within seconds

Every round measures each contestant once on the same tokens, the first one changing from round to round, between two runs of a
control; ratios are taken within a round (`benchmarks.paired`). Peak memory is measured in a process of its own for each. Writes
benchmarks/results/engine-DEVICE.md. A machine that is not quiet is refused, unless it is told --noisy.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from benchmarks.contestants import CONTESTANTS, LIBRARY, OWN, PLAIN, Contestant
from benchmarks.paired import OtherWork, Timed, Turns, add_option, insist_on_quiet, judge, middle, speedup, take_turns
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
    """One contestant in one precision, and its bytes at the peak."""

    name: str
    dtype: str
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


def clock(device: Device) -> Callable[[], float]:
    """Seconds that pass or, on one core of a processor, those that it works for this process, which others do not take."""
    return time.process_time if device.torch.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter


def turn(contestant: Contestant, tokens: list[Tensor], device: Device) -> Timed:
    """One update; its parts are the forward and backward passes, and the whole."""
    now = clock(device)

    def run() -> dict[str, float]:
        device.synchronize()
        start = now()
        for tokens_BL in tokens:
            contestant.forward_backward(tokens_BL)
        device.synchronize()
        between = now()
        contestant.step()
        device.synchronize()
        return {"gradients": between - start, "updates": now() - start}

    return run


def control(device: Device) -> Callable[[], float]:
    """A fixed work of the kind that a model does: logits and their exponentials, in float32."""
    draw = torch.Generator().manual_seed(1)
    x_TD, head_DV = (torch.randn(shape, generator=draw).to(device.torch) for shape in ((256, 384), (384, 49152)))
    times = 50 if device.torch.type == "cuda" else 3  # long enough not to be noise itself beside a micro-batch
    now = clock(device)

    def run() -> float:
        device.synchronize()
        start = now()
        for _ in range(times):
            (x_TD @ head_DV).exp_()
        device.synchronize()
        return now() - start

    return run


def compete(rows: list[Row], options: argparse.Namespace, device: Device) -> Turns:
    """All rounds of the rows."""
    config = run_config(options.size, options.length)
    tokens = batches(config, options, device.torch)
    made = {
        row.label: turn(CONTESTANTS[row.name](config, device.torch, DTYPES[row.dtype]), tokens, device) for row in rows
    }

    def told(number: int) -> None:
        print(f"round {number} of {options.rounds}", file=sys.stderr)

    return take_turns(made, control(device), options.rounds, told)


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


def comparisons(rows: list[Row], turns: Turns) -> Iterator[tuple[str, str]]:
    """The ratios that matter: this engine against the best row of the library and against the plain loop in float32."""
    found = {(row.name, row.dtype): row for row in rows}

    def ratio(part: str, slow: Row, fast: Row) -> str:
        return str(speedup(turns.relative[slow.label][part], turns.relative[fast.label][part]))

    for dtype in dict.fromkeys(row.dtype for row in rows):
        own = found[OWN, dtype]
        best = min(
            (found[name, dtype] for name in LIBRARY), key=lambda row: median(turns.relative[row.label]["gradients"])
        )
        yield f"forward + backward, {own.label} against {best.label}", ratio("gradients", best, own)
        plain = found.get((PLAIN, "float32"))
        if plain is not None:
            yield f"forward + backward, {own.label} against {plain.label}", ratio("gradients", plain, own)
            yield f"whole update, {own.label} against {plain.label}", ratio("updates", plain, own)
            share = own.memory["gradients"] / plain.memory["gradients"]
            yield f"peak memory of forward + backward, {own.label} as a share of {plain.label}", f"{share:.2f}"


def table(rows: list[Row], turns: Turns, options: argparse.Namespace, device: Device, quiet: str) -> str:
    """The results in Markdown."""
    count = options.accumulation * options.batch * options.length
    lines = [
        f"# One update of moe-{options.size} on {device.name}",
        "",
        f"`python -m benchmarks.engine {' '.join(sys.argv[1:])}`".replace(" `", "`") + f", torch {torch.__version__}, "
        f"{surroundings(device)}. {quiet}",
        f"{options.accumulation} × {options.batch} × {options.length} tokens per update, {options.rounds} rounds taking turns; "
        f"medians; peak memory at {options.memory_batch} × {options.length}, of the whole process on a CPU.",
        "",
        "| | tokens/s forward + backward | tokens/s whole updates | GB forward + backward | GB whole updates |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        gradients, updates = (count / median(turns.seconds[row.label][part]) for part in ("gradients", "updates"))
        memory = [f"{row.memory[part] / 1e9:.2f}" for part in ("gradients", "updates")]
        lines.append(f"| {row.label} | {gradients:,.0f} | {updates:,.0f} | {memory[0]} | {memory[1]} |")
    sure = middle(turns.control[: options.rounds]).confidence
    lines += ["", f"| ratio | median of paired rounds ({sure:.0%} interval) |", "|---|---|"]
    lines += [f"| {what} | {ratio} |" for what, ratio in comparisons(rows, turns)]
    return "\n".join(lines) + "\n"


def surroundings(device: Device) -> str:
    """What decides the speed besides the code."""
    if device.torch.type == "cuda":
        return f"compute capability {torch.cuda.get_device_capability(device.torch)}"
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(cpuinfo.read_text().split()) if cpuinfo.exists() else set()
    fast = [flag for flag in FAST_BF16 if flag in flags]
    words = f"bfloat16 products by {', '.join(fast)}" if fast else "a processor without bfloat16 products"
    timed = "1 thread, time of the process" if torch.get_num_threads() == 1 else f"{torch.get_num_threads()} threads"
    return f"{timed}, {words}"


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--dtype", nargs="+", choices=list(DTYPES), default=list(DTYPES))
    parser.add_argument("--size", choices=["tiny", "79m"], default="79m")
    parser.add_argument("--batch", type=int, default=2, help="sequences in a micro-batch")
    parser.add_argument("--accumulation", type=int, default=1, help="micro-batches in an update")
    parser.add_argument("--length", type=int, default=512, help="tokens in a sequence")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--memory-batch", type=int, default=8, help="sequences in a micro-batch when memory is measured"
    )
    parser.add_argument("--memory-of", nargs=2, metavar=("CONTESTANT", "DTYPE"), help=argparse.SUPPRESS)
    add_option(parser)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Measure, print and write."""
    options = parse(arguments)
    device = open_device(TrainingConfig(device=options.device))
    if options.memory_of:
        print(json.dumps(memory_of(options, device)))
        return
    rows = [Row(name, dtype) for dtype in options.dtype for name in CONTESTANTS]
    insist_on_quiet(noisy=options.noisy)
    other = OtherWork()
    turns = compete(rows, options, device)
    quiet = judge(other.share(), turns.spread, noisy=options.noisy)
    for row in rows:
        row.memory = memory_apart(row, options)
    text = table(rows, turns, options, device, quiet)
    size = "" if options.size == "79m" else f"{options.size} "
    slug = re.sub(r"[^a-z0-9]+", "-", (size + device.name).lower()).strip("-")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"engine-{slug}.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
