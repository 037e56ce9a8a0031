"""Whether the best learning rate moves with the length of the training."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from moetui.core.science.optimum import Optimum
from moetui.core.science.response import Response, Setting
from moetui.core.science.student import normal_quantile


@dataclass(frozen=True, slots=True)
class Agreement:
    """The best learning rate at several lengths, and the exponent of lr ∝ updates^slope with its 95 % interval."""

    lengths: tuple[tuple[int, Optimum], ...]
    slope: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def verdict(self) -> Literal["moves", "not distinguishable", "no verdict"]:
        """Whether the best learning rate moves by more than its own uncertainty."""
        if self.low is None or self.high is None:
            return "no verdict"
        return "not distinguishable" if self.low <= 0 <= self.high else "moves"


def by_length(responses: Iterable[Response]) -> tuple[tuple[Response, ...], ...]:
    """Responses put together that differ in the number of updates only; those without another length are left out."""
    together: dict[Setting, list[Response]] = {}
    for one in responses:
        rest = tuple((key, value) for key, value in one.setting if key != "training.updates")
        together.setdefault(rest, []).append(one)
    return tuple(tuple(family) for family in together.values() if len({one.updates for one in family}) > 1)


def agreement(responses: Iterable[Response]) -> Agreement:
    """Fit ln(lr) against ln(updates), weighted by the bootstrap spread of each best learning rate.

    Only learning rates found by a fit with an interval take part; with fewer than two lengths among them there is no slope.
    """
    lengths = sorted(
        ((one.updates, one.optimum) for one in responses if one.updates and one.optimum), key=lambda pair: pair[0]
    )
    usable = [(math.log(updates), best) for updates, best in lengths if best.fitted and best.log_sd]
    weights = [1 / best.log_sd**2 for _, best in usable if best.log_sd]
    if len({x for x, _ in usable}) < 2:
        return Agreement(tuple(lengths))
    centre = sum(w * x for w, (x, _) in zip(weights, usable, strict=True)) / sum(weights)
    spread = sum(w * (x - centre) ** 2 for w, (x, _) in zip(weights, usable, strict=True))
    slope = sum(w * (x - centre) * math.log(best.lr) for w, (x, best) in zip(weights, usable, strict=True)) / spread
    half = normal_quantile() / math.sqrt(spread)
    return Agreement(tuple(lengths), slope, slope - half, slope + half)
