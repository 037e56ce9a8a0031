"""The verdict of a coordinate check: slopes over width of how far updates move each part, held against stated targets.

A slope is that of log RMS of the change on log width, by least squares over widths and seeds. Under rules that transfer it is zero
where a part's change has no reason to depend on the width (embedding, attention, experts, residual stream). Two parts have targets
of their own. A router's change is a sum over d_model coordinates of steps that the rule makes 1 / width: 0 where they agree, -½
where they do not, as over the first updates. Logits begin at width^-½ and come to width^0 as the head learns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

TARGETS: Final[Mapping[str, tuple[float, float]]] = {
    "embedding": (-0.15, 0.15),
    "attention": (-0.25, 0.25),
    "router": (-0.65, 0.1),
    "experts": (-0.25, 0.25),
    "residual": (-0.15, 0.15),
    "logits": (-0.6, 0.1),
}
"""Slopes that pass, from and to."""
DECAY: Final = (-0.05, 0.05)
"""The share that decay takes of a weight with each update is the same at every width."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one width and seed gave: the change of each part after each number of updates, and what decay takes."""

    width: int
    seed: int
    at: tuple[int, ...]
    changes: Mapping[str, Sequence[float]]
    decay: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Slope:
    """How a part depends on the width after `update` updates, None for its decay; NaN where a value is zero or no number."""

    part: str
    update: int | None
    slope: float
    target: tuple[float, float]

    @property
    def passed(self) -> bool:
        """Whether it lies within its target."""
        return self.target[0] <= self.slope <= self.target[1]


def slopes(measured: Sequence[Measured]) -> tuple[Slope, ...]:
    """Every slope, the parts in the order of `TARGETS`; `measured` has two widths or more."""
    found = [
        Slope(part, update, _slope([(one.width, one.changes[part][place]) for one in measured]), target)
        for part, target in TARGETS.items()
        for place, update in enumerate(measured[0].at)
    ]
    shares = [part for part in TARGETS if all(part in one.decay for one in measured)]
    found += [Slope(part, None, _slope([(one.width, one.decay[part]) for one in measured]), DECAY) for part in shares]
    return tuple(found)


def passed(found: Sequence[Slope]) -> bool:
    """Whether every slope lies within its target."""
    return all(one.passed for one in found)


def curves(measured: Sequence[Measured]) -> dict[str, list[tuple[int, float]]]:
    """The change of each part after the last update against the width, mean over seeds, for a chart."""
    widths = sorted({one.width for one in measured})
    return {
        part: [(w, float(np.mean([one.changes[part][-1] for one in measured if one.width == w]))) for w in widths]
        for part in TARGETS
    }


def headers(found: Sequence[Slope]) -> tuple[str, ...]:
    """The headers of `rows`; all but the first and the last are of numbers."""
    updates = dict.fromkeys(one.update for one in found if one.update is not None)
    return ("slope of", *(f"after {update}" for update in updates), "target", "")


def rows(found: Sequence[Slope]) -> list[list[str]]:
    """A row for each part with its slope after each number of updates, those outside their target marked."""
    places = len(headers(found)) - 3
    table = []
    for part in dict.fromkeys((one.part, one.update is None) for one in found):
        own = [one for one in found if (one.part, one.update is None) == part]
        low, high = own[0].target
        cells = [f"{one.slope:+.2f}{'' if one.passed else ' !'}" for one in own]
        verdict = "pass" if all(one.passed for one in own) else "FAIL"
        name = f"{part[0]} decay" if part[1] else part[0]
        table.append([name, *cells, *[""] * (places - len(cells)), f"{low:+.2f} to {high:+.2f}", verdict])
    return table


def conclusion(found: Sequence[Slope]) -> str:
    """How many slopes lie outside their targets, in a sentence."""
    failed = sum(not one.passed for one in found)
    return (
        f"{failed} of {len(found)} slopes lie outside their targets." if failed else "Every slope is within its target."
    )


def _slope(points: Sequence[tuple[int, float]]) -> float:
    values = np.array([value for _, value in points])
    if not (np.isfinite(values).all() and (values > 0).all()):
        return float("nan")
    x = np.log([width for width, _ in points])
    x -= x.mean()
    return float(x @ np.log(values) / (x @ x))
