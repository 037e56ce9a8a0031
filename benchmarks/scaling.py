"""What several devices gain: the same updates on 1, 2, 4 … ranks, and the share of the time in what they tell each other.

    python -m benchmarks.scaling --preset base/moe-tiny --devices 1 2 --rounds 5

Strong scaling does the same updates on more devices; weak scaling gives each device as many micro-batches as one has. In each round
every number of devices trains for a few updates, one after the other; the ratio of two is taken within a round. Ranks exchange what
they do in training (gradients, scores, Muon's shares), on random tokens. A rank that waits for a slower one counts that as
communication. Writes benchmarks/results/scaling-DEVICE.md.
"""

import argparse
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import torch
from torch import Tensor

from benchmarks.paired import add_option, insist_on_quiet, speedup
from engine.data.batches import Sequences
from engine.data.token_file import TokenFile
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.ranks.group import Group
from engine.ranks.place import RankPlace, rank_place
from engine.ranks.ranks import Ranks
from engine.spec.config import RunConfig
from engine.training.device import Device, open_device
from engine.training.update import Updater
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library

RESULTS = Path(__file__).parent / "results"
WARM_UP = 2
"""Updates before the clock starts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tokens per second of all ranks together, the share of the time in communication, and the device's name."""

    speed: float
    share: float
    device: str


class Timed(Group):
    """Counts the seconds that rank 0 spends in what the ranks tell each other."""

    def __init__(self, place: RankPlace, device: torch.device) -> None:
        super().__init__(place, device)
        self.seconds = 0.0
        self._device = device

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Sum, timed."""
        with self._clock():
            super().add_up(tensors)

    def gather(self, mine_BMN: Tensor) -> Tensor:
        """Gather, timed."""
        with self._clock():
            return super().gather(mine_BMN)

    @contextmanager
    def _clock(self) -> Iterator[None]:
        _wait_for(self._device)
        start = time.perf_counter()
        yield
        _wait_for(self._device)
        self.seconds += time.perf_counter() - start


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def configuration(preset: str, settings: Sequence[str]) -> RunConfig:
    """The first run of a preset, with settings over it."""
    from moetui.core.planning.settings import parse_assignment

    chosen = Selection(presets=(preset,), settings=dict(map(parse_assignment, settings)))
    return plan(Library.load(), chosen)[0].config


def rank(file: Path) -> None:
    """One rank: train and, as rank 0, print what it came to."""
    told = orjson.loads(file.read_bytes())
    config = RunConfig.model_validate(told["config"])
    place = rank_place()
    device = open_device(config.training, place.local)
    ranks: Ranks = Timed(place, device.torch) if place.count > 1 else Ranks()
    updater = _updater(config, device, ranks, file.parent)
    updates = WARM_UP + told["updates"]
    start = 0.0
    for update in range(1, updates + 1):
        if update == WARM_UP + 1:
            _wait_for(device.torch)
            start = time.perf_counter()
            if isinstance(ranks, Timed):
                ranks.seconds = 0.0
        updater.run(update, config.optimizer.lr)
    _wait_for(device.torch)
    seconds = time.perf_counter() - start
    ranks.close()
    if place.first:
        share = ranks.seconds / seconds if isinstance(ranks, Timed) else 0.0
        found = {"speed": config.tokens_per_update * told["updates"] / seconds, "share": share, "device": device.name}
        sys.stdout.write(orjson.dumps(found).decode() + "\n")


def _updater(config: RunConfig, device: Device, ranks: Ranks, folder: Path) -> Updater:
    torch.manual_seed(config.seed)
    model = Transformer(config.model, device.compute, 0)
    model.initialize()
    model.to(device.torch)
    optimizer = Optimizer(model, config.optimizer, device.compute, model.rules, ranks)
    tokens = TokenFile(folder / "tokens.bin", "<u4")
    return Updater(config, model, optimizer, Sequences(tokens, config.data.sequence_length, device.torch), ranks)


def measure(config: RunConfig, count: int, updates: int) -> Outcome:
    """Train on so many ranks of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        tokens = np.random.default_rng(1).integers(0, config.model.vocab_size, 64 * config.data.sequence_length)
        tokens.astype("<u4").tofile(Path(folder) / "tokens.bin")
        file = Path(folder) / "told.json"
        file.write_bytes(orjson.dumps({"config": config.model_dump(mode="json"), "updates": updates}))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        threads = max(1, len(os.sched_getaffinity(0)) // count)
        shared = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        usual = {"OMP_NUM_THREADS": str(threads), "GLOO_SOCKET_IFNAME": "lo"}
        ranks = [
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.scaling", "--rank", str(file)],
                env={**usual, **os.environ, **shared, "RANK": str(one), "LOCAL_RANK": str(one)},
                stdout=subprocess.PIPE,
                text=True,
            )
            for one in range(count)
        ]
        outputs = [process.communicate(timeout=3600)[0] for process in ranks]
        if any(process.returncode for process in ranks):
            raise SystemExit("a rank has failed; see above")
        return Outcome(**orjson.loads(outputs[0].splitlines()[-1]))


def more(config: RunConfig, factor: int) -> RunConfig:
    """The configuration with so many times the micro-batches."""
    training = config.training.model_copy(update={"accumulation": config.training.accumulation * factor})
    return config.model_copy(update={"training": training})


def table(config: RunConfig, preset: str, found: dict[tuple[str, int], list[Outcome]], quiet: str) -> str:
    """The results as Markdown: medians, and intervals of the paired rounds."""
    first = next(iter(found.values()))[0]
    training = config.training
    lines = [
        f"# Several devices: {preset} on {first.device}",
        "",
        f"{config.model.parameters:,} parameters; micro-batches of {training.batch_size} × {config.data.sequence_length} tokens, "
        f"{training.accumulation} an update on one device; {len(os.sched_getaffinity(0))} cores. "
        "Speed-up is against one device in the same round, as median (interval); weak scaling does k times the work on k devices. "
        f"{quiet}",
        "",
        "| scaling | devices | tokens/s | speed-up | efficiency | share of the time in communication |",
        "|---|---|---|---|---|---|",
    ]
    for (kind, count), outcomes in found.items():
        ratio = speedup([one.speed for one in outcomes], [one.speed for one in found[kind, 1]])
        share = statistics.median(one.share for one in outcomes)
        lines.append(
            f"| {kind} | {count} | {statistics.median(one.speed for one in outcomes):,.0f} | {ratio} "
            f"| {ratio.middle / count:.0%} | {share:.0%} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--preset", default="base/moe-tiny")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="settings over the preset")
    parser.add_argument(
        "--devices", nargs="+", type=int, default=[1, 2], help="numbers of devices; 1 is always among them"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=6)
    parser.add_argument("--rank", type=Path, help=argparse.SUPPRESS)
    add_option(parser)
    options = parser.parse_args(arguments)
    if options.rank:
        rank(options.rank)
        return
    quiet = insist_on_quiet(noisy=options.noisy)
    config = configuration(options.preset, options.set)
    counts = sorted({1, *options.devices})
    found: dict[tuple[str, int], list[Outcome]] = {(kind, k): [] for kind in ("strong", "weak") for k in counts}
    for _ in range(options.rounds):
        for (kind, count), outcomes in found.items():
            outcomes.append(measure(config if kind == "strong" else more(config, count), count, options.updates))
    text = table(config, options.preset, found, quiet)
    slug = re.sub(r"[^a-z0-9]+", "-", f"{options.preset} {next(iter(found.values()))[0].device}".lower()).strip("-")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"scaling-{slug}.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
