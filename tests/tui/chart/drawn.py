"""Charts of every kind, for the files that hold how they look."""

import math
from dataclasses import replace
from typing import Final

import numpy as np

from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import Area, Band, ChartSpec, Heat, Mark, Rule, Series


def _falls(index: int, points: int = 60, **look: object) -> Series:
    x = np.arange(1, points + 1, dtype=np.float64)
    y = 4.0 + 0.05 * index + 1.5 * np.exp(-x / (8.0 + index)) + 0.03 * np.sin(x * (1 + index))
    return Series(f"lr=0.0{index + 1}", x, y, slot(index), **look)  # type: ignore[arg-type]


def _few(index: int, **look: object) -> Series:
    x = np.array([10.0, 20, 40, 60])
    return Series(f"validation {index}", x, 4.3 - 0.004 * x + 0.06 * index, slot(index), points=True, **look)  # type: ignore[arg-type]


def _sweep() -> Series:
    rates = [0.001, 0.003, 0.01, 0.03, 0.1]
    losses = [4.9, 4.4, 4.1, 4.05, 4.6]
    lows, highs = [y - 0.1 for y in losses], [y + 0.1 for y in losses]
    return Series("loss", rates, losses, points=True, bars=(np.array([*lows[:-1], math.nan]), np.array(highs)))


_BAND = Area(np.arange(1.0, 61.0), 4.0 - 0.01 * np.arange(60.0), 4.6 - 0.005 * np.arange(60.0), slot(0))
_CURVES: Final = ChartSpec("Loss", (_falls(0), _falls(1), _falls(2)), "updates", note="close · 1/4")
_PAIR: Final = replace(_few(0), word="val", pair=replace(_falls(0), word="train", legend=False))

CHARTS: Final[dict[str, ChartSpec]] = {
    "curves": _CURVES,
    "one-curve": ChartSpec(
        "Accuracy", (Series("run", [0, 50, 100], [0.0, 0.31, 0.474]),), "updates", y_format="percent"
    ),
    "points-and-faint-lines": ChartSpec(
        "Loss", (_few(0), _few(1), _falls(0, emphasis="faint"), _falls(1, emphasis="dim")), "updates"
    ),
    "dots": ChartSpec("Loss", (_falls(0, dots=True), _few(0)), "updates"),
    "without-lines": ChartSpec(
        "Pareto", (Series("a", [1, 2, 3, 8], [5.0, 4.2, 4.0, 3.9], slot(3), line=False, points=True),), "seconds"
    ),
    "strong-in-front": ChartSpec(
        "Loss", (_falls(0, emphasis="strong"), _falls(1, emphasis="dim"), _falls(2, emphasis="dim")), "updates"
    ),
    "ends": replace(_CURVES, ends=True, legend=False, label_width=9),
    "window": replace(_CURVES, x_range=(20.0, 40.0), y_range=(4.0, 4.2)),
    "out-of-range": replace(_CURVES, y_range=(4.2, 4.4)),
    "cursor": replace(_CURVES, cursor=23.0),
    "cursor-between": ChartSpec("Loss", (_PAIR, _few(1)), "updates", cursor=33.0, x_range=(0.0, 60.0)),
    "cursor-before": ChartSpec("Loss", (_few(0),), "updates", cursor=5.0, x_range=(0.0, 60.0)),
    "log-y": replace(_CURVES, y_log=True, series=(Series("run", [1, 10, 20, 30], [900.0, 30.0, 2.0, 0.04], slot(4)),)),
    "tight-log-y": replace(_CURVES, y_log=True),
    "response": ChartSpec(
        "Validation loss",
        (_sweep(), Series("published", [0.02], [4.2], slot(1), ghost=True, line=False, points=True)),
        "",
        x_log=True,
        bands=(Band("safe zone", 0.008, 0.04, "░"), Band("cliff", 0.06, 0.1, "╱", "#d30000")),
        rules=(Rule("best", 0.02, (0.012, 0.03), value="0.02"),),
    ),
    "diverged": ChartSpec(
        "Loss", (Series("run", [0, 10, 20, 30], [5.0, 4.0, math.inf, math.nan], slot(2)), _falls(0)), "updates"
    ),
    "areas-and-marks": ChartSpec(
        "Loss",
        (_falls(0),),
        "updates",
        areas=(_BAND,),
        marks=(Mark(10, "w", slot(0)), Mark(30, "!", slot(1)), Mark(30, "b", slot(0))),
    ),
    "rising": ChartSpec(
        "Learning rate",
        (Series("run", np.arange(101.0), np.minimum(np.arange(101.0), 10) * 0.003 * np.cos(np.arange(101.0) / 64)),),
        "updates",
    ),
    "flat": ChartSpec("Rate", (Series("run", [0, 100], [0.02, 0.02]),), "updates", x_range=(0.0, 200.0)),
    "large-numbers": ChartSpec(
        "Tokens/s", (Series("run", [0, 4e5, 1e6], [123456.0, 98765.0, 150000.0]),), "tokens", note="smooth 0.9"
    ),
    "small-numbers": ChartSpec(
        "Norm",
        (Series("run", [0, 1, 2], [1e-7, 3e-7, 2e-7], slot(7)), Series("other", [2], [-1e-7], slot(6), points=True)),
        "s",
    ),
    "many": ChartSpec("Loss", tuple(_falls(index) for index in range(8)), "updates"),
    "without-values": replace(_CURVES, legend_values=False),
    "heat": ChartSpec(
        "Experts", heat=Heat(np.array([[0.5, 0.25, 0.25, 0.0], [0.1, 0.2, 0.3, 0.4]], np.float32), "update 60")
    ),
    "empty": ChartSpec("Loss", (), "updates", empty="no curve of these runs was recorded"),
    "only-x-range": ChartSpec("Loss", (Series("run", [], []),), "updates", x_range=(0.0, 100.0)),
}
"""A chart for each thing that a spec can ask for."""

SIZES: Final = ((24, 7), (44, 12), (80, 20))
