"""Main effects of two crossed keys and their interaction: how much each matters, and which of them matters more.

The size of an effect is its standard deviation over the levels tried, all with equal weight: in the complete table of cell means
the squares of the two effects' and of the interaction's add up to the variance between the cells. Intervals hold under unequal
noise of the cells; see moetui.core.science.effects and docs/methods-factorial.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from moetui.core.science.crossing import Crossing, crossing
from moetui.core.science.effects import CellFit, Interval, fit_cells, length, pairs
from moetui.core.science.groups import Group
from moetui.core.science.measure import Measure

LARGEST = 400
"""Combinations of a table whose effects are worked out, in about a second; the time grows with the cube of their number."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level of a key: its mean over the levels of the other key, and its difference from the best level, None for itself.

    `verdict` is empty for the best level.
    """

    label: str
    mean: float
    gap: Interval | None = None

    @property
    def verdict(self) -> str:
        """Whether the level can be told from the best one; the intervals of all levels hold together."""
        if self.gap is None:
            return ""
        return "worse" if self.gap.low > 0 or self.gap.high < 0 else "not distinguishable"


@dataclass(frozen=True, slots=True)
class Effect:
    """The main effect of a key: averages over the levels of the other key.

    `range`: from the best to the worst level. `sd`: over the levels tried. `share`: of the variance between the cells, None if
    there is none. The key matters if some two of its levels can be told apart, which is when `range.low` and `sd.low` exceed 0.
    """

    name: str
    levels: tuple[Level, ...]
    range: Interval
    sd: Interval
    share: float | None

    @property
    def best(self) -> Level:
        """The level with the best mean."""
        return next(level for level in self.levels if level.gap is None)

    @property
    def matters(self) -> bool:
        """Whether the effect is more than the noise."""
        return self.sd.low > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Factorial:
    """What a crossed study says of its two keys. Where `reason` is set, nothing can be said, and `effects` is empty.

    `interaction` is the standard deviation over the cells of what the two effects do not explain; the effect of one key depends
    on the level of the other if its `low` exceeds 0. `more` is the standard deviation of the first effect minus that of the second.
    """

    crossing: Crossing
    measure: Measure
    effects: tuple[Effect, ...] = ()
    interaction: Interval | None = None
    interaction_share: float | None = None
    more: Interval | None = None
    seeds: int = 0
    blocked: bool = False
    reason: str = ""

    @property
    def depends(self) -> bool:
        """Whether the effect of one key depends on the other."""
        return self.interaction is not None and self.interaction.low > 0

    @property
    def leading(self) -> Effect | None:
        """The effect that is larger beyond the noise; None if that cannot be told."""
        if self.more is None or self.more.low <= 0 <= self.more.high:
            return None
        return self.effects[0] if self.more.low > 0 else self.effects[1]


def crossed_effects(groups: Sequence[Group], measure: Measure) -> Factorial | None:
    """The effects of two crossed keys; None for settings that do not differ in exactly two keys of their configuration.

    Learning rates that each have settings of their own are a matter of the response, not of crossing: None as well.
    """
    found = crossing(groups)
    if found is None or ("optimizer.lr" in found.keys and not found.crossed):
        return None
    return factorial(found, measure)


def factorial(table: Crossing, measure: Measure) -> Factorial:
    """The effects of the two keys of a table over its complete part."""
    if not table.crossed:
        return Factorial(crossing=table, measure=measure, reason=_why_not(table))
    cells = table.complete
    if len(cells) > LARGEST:
        reason = f"a table of {len(cells):,} combinations is more than the {LARGEST} that are analysed at once"
        return Factorial(crossing=table, measure=measure, reason=reason)
    fit = fit_cells([cell.values for cell in cells])
    if fit is None:
        reason = "the seeds agree to the last digit, so their noise is not known"
        return Factorial(crossing=table, measure=measure, reason=reason)
    return _judged(table, measure, fit, min(len(cell.values) for cell in cells))


def _judged(table: Crossing, measure: Measure, fit: CellFit, seeds: int) -> Factorial:
    import numpy as np

    a, b = map(len, table.kept)
    centre_A, centre_B = np.eye(a) - 1 / a, np.eye(b) - 1 / b
    main_A, main_B = np.kron(centre_A, np.full((1, b), 1 / b)), np.kron(np.full((1, a), 1 / a), centre_B)
    both_AB = np.kron(centre_A, centre_B).astype(np.float64)
    both = length(fit, both_AB, (a - 1) * (b - 1))
    sizes = [length(fit, main_A, a - 1), length(fit, main_B, b - 1)]
    squares = [sizes[0].estimate ** 2 * b, sizes[1].estimate ** 2 * a, both.estimate**2]
    shares = [square / sum(squares) if sum(squares) > 0 else None for square in squares]
    overall = float(fit.mean_K.mean())
    effects = []
    for axis, contrast in enumerate((main_A, main_B)):
        effects.append(
            _effect(
                table.names[axis],
                table.kept[axis],
                [overall + float(value) for value in contrast @ fit.mean_K],
                pairs(fit, contrast),
                sizes[axis],
                shares[axis],
                measure,
            )
        )
    return Factorial(
        crossing=table,
        measure=measure,
        effects=tuple(effects),
        interaction=_scaled(both, a * b),
        interaction_share=shares[2],
        more=_difference(effects[0].sd, effects[1].sd),
        seeds=seeds,
        blocked=fit.blocked,
    )


def _effect(
    name: str,
    labels: Sequence[str],
    means: Sequence[float],
    gaps: dict[tuple[int, int], Interval],
    size: Interval,
    share: float | None,
    measure: Measure,
) -> Effect:
    best = (min if measure.lower_is_better else max)(range(len(means)), key=lambda index: means[index])
    least = max(0.0, max(gap.low for gap in gaps.values()))
    spread = Interval(max(means) - min(means), least, max(gap.high for gap in gaps.values()))
    # Two levels that are apart by d make a standard deviation over k levels of at least d / √2k.
    apart = least / math.sqrt(2 * len(means))
    sd = _scaled(size, len(means))
    low = max(apart, sd.low) if least > 0 else 0.0
    return Effect(
        name=name,
        levels=tuple(
            Level(label, mean, None if index == best else gaps[index, best])
            for index, (label, mean) in enumerate(zip(labels, means, strict=True))
        ),
        range=spread,
        sd=Interval(max(sd.estimate, low), low, sd.high),
        share=share,
    )


def _scaled(size: Interval, count: int) -> Interval:
    """The root mean square of `count` effects whose vector has this length."""
    root = math.sqrt(count)
    return Interval(size.estimate / root, size.low / root, size.high / root)


def _difference(first: Interval, second: Interval) -> Interval:
    """The difference of two sizes, its interval made of theirs (Zou and Donner 2008)."""
    gap = first.estimate - second.estimate
    low = math.hypot(first.estimate - first.low, second.high - second.estimate)
    high = math.hypot(first.high - first.estimate, second.estimate - second.low)
    return Interval(gap, gap - low, gap + high)


def _why_not(table: Crossing) -> str:
    if all(cell.reason == "one seed" for cell in table.cells):
        return "one seed each, so the noise is not known"
    possible = len(table.levels[0]) * len(table.levels[1])
    able = sum(not cell.reason for cell in table.cells)
    if len(table.cells) < possible and able == len(table.cells):
        return f"they are not crossed: {len(table.cells)} of {possible} combinations were run"
    return f"too few combinations have two seeds without a divergence: {able} of {possible}"
