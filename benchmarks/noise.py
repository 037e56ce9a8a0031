"""What `training.noise_scale` costs: updates with and without it, side by side, and how much of its parts the balance loss makes.

    python -m benchmarks.noise

The model is that of `transfer/width`, on one thread; times are those of the process. Writes benchmarks/results/noise-cpu.md.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from benchmarks.paired import Ratio, middle, take_turns
from engine.data.corpus import open_corpus
from engine.data.sides import sides
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig
from engine.training.update import Updater
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library

RESULTS = Path(__file__).parent / "results"
DIVISIONS = ((8, 2), (4, 4), (1, 16))
"""Micro-batch and accumulation of sixteen sequences."""
UPDATES = 4
"""Updates that are timed together."""
GROUPS = ("embedding", "muon", "adamw")


def configured(batch: int, accumulation: int, **settings: Any) -> RunConfig:
    """The tiny model with so many micro-batches."""
    division = {"training.batch_size": batch, "training.accumulation": accumulation}
    (run, *_) = plan(Library.load(), Selection(presets=("transfer/width",), settings=division | settings))
    return run.config


class Trained:
    """A model, its optimizer and its updates."""

    def __init__(self, config: RunConfig) -> None:
        corpus = open_corpus(config.data, config.model.vocab_size, lambda _: None)
        training, _ = sides(corpus, config.data, torch.device("cpu"))
        torch.manual_seed(config.seed)
        self.model = Transformer(config.model, torch.float32, corpus.about.end_of_text)
        self.model.initialize()
        optimizer = Optimizer(self.model, config.optimizer, torch.float32, self.model.rules)
        self.updater = Updater(config, self.model, optimizer, training)
        self.update = 0

    def go(self, updates: int, lr: float) -> float:
        """Carry out updates; the seconds of the process that they take."""
        start = time.process_time()
        for _ in range(updates):
            self.update += 1
            self.updater.run(self.update, lr)
        return time.process_time() - start


def costs(rounds: int) -> Iterator[str]:
    """A row for each division: time with over time without, taking turns."""
    yield "| micro-batch × accumulation | time with / without, median of paired rounds (interval) |\n|---|---|"
    for batch, accumulation in DIVISIONS:
        yield f"| {batch} × {accumulation} | {cost(batch, accumulation, rounds)} |"


def cost(batch: int, accumulation: int, rounds: int) -> Ratio:
    """The updates with it against those without, which are the control as well: they run before and after each turn."""
    plain, measured = (Trained(configured(batch, accumulation, **{"training.noise_scale": on})) for on in (False, True))
    turns = take_turns({"with": lambda: {"all": measured.go(UPDATES, 0.02)}}, lambda: plain.go(UPDATES, 0.02), rounds)
    return middle(turns.relative["with"]["all"])


def parts(updates: int) -> Iterator[str]:
    """A row for each micro-batch with and without balance loss, at the weights of one short run."""
    yield f"| balance_weight | micro-batch | noise scale: {' · '.join(GROUPS)} | share of the variance |\n|---|---|---|---|"
    run = Trained(configured(8, 1))
    run.go(60, 0.1)
    weights = {name: value.clone() for name, value in run.model.state_dict().items()}
    for weight in (RunConfig().model.balance_weight, 0.0):
        for batch, accumulation in ((1, 32), (8, 4)):
            settings = {"training.noise_scale": True, "model.router_noise": 0.0, "model.balance_weight": weight}
            one = Trained(configured(batch, accumulation, **settings))
            one.model.load_state_dict(weights)
            noise = one.updater.noise
            assert noise is not None
            total = dict.fromkeys(
                (f"gradient_{part}_{group}" for part in ("signal", "variance") for group in GROUPS), 0.0
            )
            for _ in range(updates):
                one.go(1, 0.0)
                found = noise.read()
                total = {key: value + found[key] for key, value in total.items()}
            variance = [total[f"gradient_variance_{group}"] for group in GROUPS]
            scales = [of / total[f"gradient_signal_{group}"] for of, group in zip(variance, GROUPS, strict=True)]
            cells = (
                " · ".join(f"{scale:.1f}" for scale in scales),
                " · ".join(f"{one / sum(variance):.1%}" for one in variance),
            )
            yield f"| {weight:g} | {batch} | {' | '.join(cells)} |"


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.noise", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    text = "\n".join(
        ["# The gradient noise scale: cost, and the balance loss's part", "", *costs(asked.rounds), "", *parts(20)]
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "noise-cpu.md").write_text(f"{text}\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
