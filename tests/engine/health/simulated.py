"""Runs as they look when nothing is wrong: losses that fall as a power law under correlated noise. No two are alike."""

from collections.abc import Iterable, Iterator
from random import Random

from engine.health import examine as examination
from engine.health.measured import Measured
from engine.health.setting import Setting
from engine.health.thresholds import DEFAULT, Thresholds
from engine.runfiles.metrics import Record
from engine.runfiles.rundir import Finding

EXPERTS = 8


def noise(draw: Random, sd: float, memory: float) -> Iterator[float]:
    """First-order autoregressive noise with standard deviation `sd`."""
    value = draw.gauss(0, sd)
    while True:
        yield value
        value = memory * value + draw.gauss(0, sd * (1 - memory**2) ** 0.5)


def clean_run(seed: int, *, updates: int = 0, every: int = 0) -> list[Record]:
    """Records of a healthy run of a hundred to a thousand updates; a length or interval of evaluations may be given."""
    draw = Random(seed)
    updates = updates or draw.choice((100, 200, 500, 1000))
    every = every or draw.choice((updates // 100, updates // 20, updates // 10))
    start, end = draw.uniform(8.3, 10.9), draw.uniform(3.5, 6.0)
    power, knee = draw.uniform(0.4, 1.2), draw.uniform(0.01, 0.1) * updates
    of_batches = noise(draw, draw.uniform(0.003, 0.03) * end, draw.uniform(0, 0.5))
    of_weights = noise(draw, draw.uniform(0.002, 0.012), draw.uniform(0, 0.6))
    gap, speed = draw.uniform(-0.2, 0.2), draw.uniform(3e3, 1e6)
    loads = [noise(draw, 0.03, 0.8) for _ in range(2 * EXPERTS)]
    records: list[Record] = []
    for update in range(updates + 1):
        loss = end + (start - end) * (1 + update / knee) ** -power
        record: Record = {"update": update, "tokens": update * 4096, "seconds": update * 0.3, "session": 1}
        if update:
            hiccup = 0.3 if draw.random() < 0.01 else 1.0
            record |= {
                "train_loss": loss + next(of_batches),
                "grad_norm": 0.3 * draw.lognormvariate(0, 0.4) + 2 * (1 + update / knee) ** -1,
                "tokens_per_second": speed * draw.lognormvariate(0, 0.08) * hiccup,
            }
        if update % every == 0 or update == updates:
            shares = [max(0.03, 1 / EXPERTS + next(load)) for load in loads]
            record |= {"val_loss": loss + gap + next(of_weights), "expert_load": [shares[:EXPERTS], shares[EXPERTS:]]}
        if len(record) > 4:
            records.append(record)
    return records


def examine(records: Iterable[Record], about: Setting, thresholds: Thresholds = DEFAULT) -> tuple[Finding, ...]:
    """The findings about a run with these records."""
    return examination.examine(Measured(records), about, thresholds)


def setting(records: list[Record]) -> Setting:
    """What would be known of a simulated run that was trained here."""
    updates = records[-1]["update"]
    return Setting(vocab_size=49152, updates=updates, warmup=updates // 20, grad_clip=1.0, top_k=2)
