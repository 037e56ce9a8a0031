"""Whether the best learning rate moves with the length of the training."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from moetui.core.science.optimum import Optimum
from moetui.core.science.response import Response, Setting


@dataclass(frozen=True, slots=True)
class Agreement:
    """The best learning rate at several lengths, and the exponents b of lr ∝ updates^b that all of them allow, `low` to `high`.

    An exponent is allowed if its line passes through the interval (or else the bracket) of every length. Both are None where
    nothing bounds them; `crossed` tells that no line passes through all.
    """

    lengths: tuple[tuple[int, Optimum], ...]
    low: float | None = None
    high: float | None = None
    crossed: bool = False

    @property
    def verdict(self) -> Literal["moves", "not distinguishable", "no verdict"]:
        """Whether the best learning rate moves by more than its own uncertainty: whether an exponent of zero is ruled out."""
        if self.crossed or (self.low is not None and self.low > 0) or (self.high is not None and self.high < 0):
            return "moves"
        return "no verdict" if self.low is None or self.high is None else "not distinguishable"


def by_length(responses: Iterable[Response]) -> tuple[tuple[Response, ...], ...]:
    """Responses put together that differ in the number of updates only; those without another length are left out."""
    together: dict[Setting, list[Response]] = {}
    for one in responses:
        rest = tuple((key, value) for key, value in one.setting if key != "training.updates")
        together.setdefault(rest, []).append(one)
    return tuple(tuple(family) for family in together.values() if len({one.updates for one in family}) > 1)


def agreement(responses: Iterable[Response]) -> Agreement:
    """The exponents that the best learning rates of several lengths allow.

    What is known of each is its interval, or its bracket, which contain the error of the fit's shape; so lengths with different
    grids can be held against each other. A length with two valleys bounds nothing.
    """
    lengths = sorted(
        ((one.updates, one.optimum) for one in responses if one.updates and one.optimum), key=lambda pair: pair[0]
    )
    bounds = [(math.log(updates), *_ends(best)) for updates, best in lengths if best.valleys is None]
    low, high = -math.inf, math.inf
    for (t, first_low, first_high), (later, last_low, last_high) in itertools.combinations(bounds, 2):
        if later > t:
            low = max(low, (last_low - first_high) / (later - t))
            high = min(high, (last_high - first_low) / (later - t))
    if low > high:
        return Agreement(tuple(lengths), crossed=True)
    return Agreement(tuple(lengths), low if math.isfinite(low) else None, high if math.isfinite(high) else None)


def _ends(best: Optimum) -> tuple[float, float]:
    low, high = best.stated
    return -math.inf if low is None else math.log(low), math.inf if high is None else math.log(high)
