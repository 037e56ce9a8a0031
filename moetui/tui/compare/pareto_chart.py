"""The Pareto view: a score against what it costs, each setting by a letter, the front joined."""

import string
from collections.abc import Sequence
from typing import Final

from moetui.core.science.measure import Measure
from moetui.core.science.pareto import Priced
from moetui.tui.chart.palette import PALETTE, Slot
from moetui.tui.chart.spec import ChartSpec, Series

UNITS: Final = {
    "seconds": "seconds of training",
    "tokens": "tokens",
    "flops": "floating-point operations",
    "memory": "bytes of peak memory",
}
WIDE: Final = 5.0
"""A cost that varies by more than this factor is drawn on a log axis."""
DOT: Final = "·"
"""Stands for the settings beyond the alphabet."""
FRONT: Final = Slot("#e07b00", "●", "o")


def letters(prices: Sequence[Priced]) -> list[tuple[str, Priced]]:
    """Each setting with the letter that stands for it, in the order given. The front comes first where there are more than letters.

    Those that are left over are dots, which tell nothing apart.
    """
    signs = iter(string.ascii_lowercase + string.ascii_uppercase)
    room = len(string.ascii_letters)
    ranked = sorted(range(len(prices)), key=lambda place: not prices[place].front)
    lettered = frozenset(ranked[:room])
    return [(next(signs) if place in lettered else DOT, priced) for place, priced in enumerate(prices)]


def pareto_chart(prices: Sequence[Priced], measure: Measure, cost: str) -> ChartSpec:
    """Settings with a cost and a score; those that no other beats in both are joined and coloured."""
    placed = [(letter, priced, priced.cost) for letter, priced in letters(prices) if priced.cost and priced.group.n]
    front = sorted((price, priced.group.mean) for _, priced, price in placed if priced.front)
    series = [Series("front", [x for x, _ in front], [y for _, y in front], FRONT, emphasis="faint")] if front else []
    for letter, priced, price in sorted(placed, key=lambda one: one[1].front):  # what is on the front lies on top
        color = FRONT.color if priced.front else PALETTE[0].color
        look = Slot(color, letter, letter)
        series.append(Series(letter, [price], [priced.group.mean], look, line=False, legend=False))
    costs = [price for _, _, price in placed]
    return ChartSpec(
        title=f"{measure.title.capitalize()} against {UNITS[cost]}",
        series=tuple(series),
        x_label=UNITS[cost],
        x_log=bool(costs) and max(costs) > WIDE * min(costs),
        x_range=_around(costs),
        y_log=measure.key == "val_perplexity",
        y_format="percent" if measure.key == "val_accuracy" else "number",
        legend_values=False,
        empty=f"no setting whose {UNITS[cost]} are known",
    )


def _around(costs: Sequence[float]) -> tuple[float, float] | None:
    """A little room on both sides, so that no letter sits on the edge."""
    return (min(costs) / 1.06, max(costs) * 1.06) if costs else None
