"""Contrasts between the cells of a table of runs, with intervals that hold under unequal noise.

A run's value is the mean of its cell, plus the effect of its seed where seeds are shared, plus noise whose standard deviation
may differ from cell to cell. `CellFit` is the least-squares fit; `length` and `pairs` give intervals of contrasts between its
means. Method, sources and simulations: docs/methods-factorial.md.

Shapes: K cells, R rows of a contrast, J seeds, P pairs. Nothing has a row for each run: a run's residual enters by its cell and its
seed, so a table of ten cells costs the same with three seeds and with a thousand.
"""

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from moetui.core.science.student import ALPHA
from moetui.core.science.summary import NO_SPREAD

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

GUARDED: Final = 4
"""Of the cells with the largest noise, so many are tried as the one whose noise is unlike that of the others."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds of cells whose seeds are not all the same.

    `known_KJ`: 1 where a cell has a run of a seed; `share_KJ`: the same over the runs of the cell; `through_KJ`: what the mean of a
    cell takes from the sum of a seed's values less those of their cells.
    """

    known_KJ: "Array"
    share_KJ: "Array"
    through_KJ: "Array"


@dataclass(frozen=True, slots=True)
class CellFit:
    """Least-squares means of cells.

    `mean_K`: means at the average seed; `runs_K`: runs; `variance_K`: noise variance; `df_K`: its degrees of freedom; `df`: those
    of the whole fit. `seeds` is None where the error of a mean is that of its own runs: without blocks, or with no run missing.
    """

    mean_K: "Array"
    runs_K: "Array"
    variance_K: "Array"
    df_K: "Array"
    df: float
    blocked: bool
    seeds: Seeds | None = None

    def by_cell(self, contrast_RK: "Array") -> "Array":
        """The variance of each row of a contrast that the noise of each cell contributes, for a noise variance of 1: (R, K)."""
        own_RK = contrast_RK**2 / self.runs_K
        if self.seeds is None:
            return own_RK
        through_RJ = contrast_RK @ self.seeds.through_KJ
        shared_RK = through_RJ**2 @ self.seeds.known_KJ.T - self.runs_K * (through_RJ @ self.seeds.share_KJ.T) ** 2
        total_RK: Array = own_RK + shared_RK
        return total_RK

    def covariance(self, contrast_RK: "Array", variance_K: "Array") -> "Array":
        """The covariance of the rows of a contrast if the runs of the cells have these variances: (R, R)."""
        import numpy as np

        own_RR: Array = (contrast_RK * (variance_K / self.runs_K)) @ contrast_RK.T
        if self.seeds is None:
            return own_RR
        known_KJ, share_KJ = self.seeds.known_KJ, self.seeds.share_KJ
        of_seeds_JJ = np.diag(variance_K @ known_KJ) - (share_KJ * (variance_K * self.runs_K)[:, None]).T @ share_KJ
        through_RJ = contrast_RK @ self.seeds.through_KJ
        total_RR: Array = own_RR + through_RJ @ of_seeds_JJ @ through_RJ.T
        return total_RR


def fit_cells(cells: Sequence[Mapping[int, float] | Sequence[float]]) -> CellFit | None:
    """Fit cells of at least two values each, by seed where it is known; None if the values agree too well to measure noise.

    Seeds are blocks if they tie all cells together and at least half of the runs share theirs with another cell. A residual
    variance is divided by the sum of 1 - leverage over the runs of its cell (Horn, Horn and Duncan 1975).
    """
    import numpy as np

    values = [np.array(list(cell.values() if isinstance(cell, Mapping) else cell), dtype=float) for cell in cells]
    runs_K = np.array([len(some) for some in values], dtype=float)
    blocks = [cell for cell in cells if isinstance(cell, Mapping)]
    if blocked := _are_blocks(cells):
        mean_K, squares_K, left_K, seeds = _fit_blocks(blocks, np.array([some.mean() for some in values]))
    else:
        mean_K = np.array([some.mean() for some in values])
        squares_K = np.array([((some - some.mean()) ** 2).sum() for some in values])
        left_K, seeds = runs_K - 1, None
    largest = max(float(np.abs(some).max()) for some in values)
    if math.sqrt(float(squares_K.sum() / runs_K.sum())) <= NO_SPREAD * largest:
        return None
    return CellFit(
        mean_K=mean_K,
        runs_K=runs_K,
        variance_K=squares_K / np.maximum(left_K, 1e-9),
        df_K=runs_K - 1,
        df=float(left_K.sum()),
        blocked=blocked,
        seeds=seeds,
    )


def _fit_blocks(cells: Sequence[Mapping[int, float]], raw_K: "Array") -> "tuple[Array, Array, Array, Seeds | None]":
    """Means, sums of squared residuals, and runs less leverage of cells with seeds as blocks. `raw_K` are the plain means."""
    import numpy as np

    columns = {seed: column for column, seed in enumerate(sorted({seed for cell in cells for seed in cell}))}
    known_KJ = np.zeros((len(cells), len(columns)))
    y_KJ = np.zeros_like(known_KJ)
    for row, cell in enumerate(cells):
        at = [columns[seed] for seed in cell]
        known_KJ[row, at], y_KJ[row, at] = 1.0, list(cell.values())
    runs_K, count_J = known_KJ.sum(axis=1), known_KJ.sum(axis=0)
    share_KJ = known_KJ / runs_K[:, None]
    centred_KJ = np.where(known_KJ > 0, y_KJ - raw_K[:, None], 0.0)
    normal_JJ = np.diag(count_J) - known_KJ.T @ share_KJ
    # The effects of the seeds are only known up to a constant, which a constant matrix of the same size takes away.
    inverse_JJ = np.linalg.inv(normal_JJ + np.trace(normal_JJ) / len(columns) ** 2)
    effect_J = inverse_JJ @ centred_KJ.sum(axis=0)
    off_KJ = share_KJ - count_J / count_J.sum()  # from the average seed
    residual_KJ = np.where(known_KJ > 0, centred_KJ - effect_J + (share_KJ @ effect_J)[:, None], 0.0)
    cost_K = known_KJ @ np.diag(inverse_JJ) - runs_K * ((share_KJ @ inverse_JJ) * share_KJ).sum(axis=1)
    seeds = None if known_KJ.all() else Seeds(known_KJ, share_KJ, off_KJ @ inverse_JJ)
    return raw_K - off_KJ @ effect_J, (residual_KJ**2).sum(axis=1), runs_K - 1 - cost_K, seeds


def length(fit: CellFit, contrast_RK: "Array", rank: int) -> Interval:
    """The Euclidean length of a vector of contrasts, such as all effects of one factor; `low` is 0 if they may all be 0.

    Below: the length of the estimate less the 95 % quantile of the length of its error, whose square is tr(C) F(f1, f2) (Box
    1954; Brunner, Dette and Munk 1997). Above: plus t times the error along its widest direction, which is valid as no vector
    is longer than its estimate along its own direction and the error along it. The estimate is free of the noise's share.
    """
    import numpy as np
    from scipy.special import fdtri, stdtrit

    share_K = fit.by_cell(contrast_RK).sum(axis=0)
    parts_K = share_K * fit.variance_K

    def ends(variance_K: "Array") -> tuple[float, float]:
        """The squares of the quantile and of the error along the widest direction."""
        trace = float(share_K @ variance_K)
        if trace <= 0:
            return 0.0, 0.0
        covariance_RR = fit.covariance(contrast_RK, variance_K)
        f1 = min(max(trace**2 / float((covariance_RR**2).sum()), 1.0), rank)
        below = trace * float(fdtri(f1, _df(fit, share_K * variance_K), 1 - ALPHA))
        values, directions = np.linalg.eigh(covariance_RR)
        if values[-1] <= 0:
            return below, 0.0
        along_K = fit.by_cell(directions[:, -1] @ contrast_RK[None])[0] * variance_K
        return below, float(values[-1] * stdtrit(_df(fit, along_K), 1 - ALPHA / 2) ** 2)

    effect_R = contrast_RK @ fit.mean_K
    square = float(effect_R @ effect_R)
    below, above = (math.sqrt(max(squares)) for squares in zip(*_guarded(fit, parts_K, ends), strict=True))
    return Interval(
        math.sqrt(max(0.0, square - float(parts_K.sum()))),
        max(0.0, math.sqrt(square) - below),
        math.sqrt(square) + above,
    )


def pairs(fit: CellFit, contrast_RK: "Array") -> dict[tuple[int, int], Interval]:
    """All differences between the rows of a contrast, such as the levels of one factor, with simultaneous 95 % intervals.

    The critical value is that of Tukey's range on the normal scale, turned into a t of each difference's own degrees of freedom
    (Games and Howell 1976).
    """
    from scipy.special import ndtr

    tail = float(ndtr(range_quantile(len(contrast_RK))))
    effect_R = contrast_RK @ fit.mean_K
    found = {}
    for first in range(len(contrast_RK) - 1):
        parts_PK = fit.by_cell(contrast_RK[first] - contrast_RK[first + 1 :]) * fit.variance_K
        halves = _half_widths(fit, parts_PK, tail).tolist()
        for second, half in enumerate(halves, first + 1):
            gap = float(effect_R[first] - effect_R[second])
            found[first, second] = Interval(gap, gap - half, gap + half)
            found[second, first] = Interval(-gap, -gap - half, half - gap)
    return found


def _half_widths(fit: CellFit, parts_PK: "Array", tail: float) -> "Array":
    """Half the intervals of differences whose variances are the sums of these parts, with `_guarded` cells."""
    import numpy as np
    from scipy.special import stdtrit

    def squared(parts_PK: "Array") -> "Array":
        some = parts_PK.max(axis=1) > 0
        widths = np.zeros(len(parts_PK))
        widths[some] = parts_PK[some].sum(axis=1) * stdtrit(_df(fit, parts_PK[some]), tail) ** 2
        return widths

    widest, own_K = squared(parts_PK), _own_t(fit) ** 2
    for cells in np.argsort(-parts_PK, axis=1)[:, :GUARDED].T:
        others_PK = parts_PK.copy()
        np.put_along_axis(others_PK, cells[:, None], 0.0, axis=1)
        own = np.take_along_axis(parts_PK, cells[:, None], axis=1)[:, 0] * own_K[cells]
        widest = np.maximum(widest, own + squared(others_PK))
    halves: Array = np.sqrt(widest)
    return halves


@functools.cache
def range_quantile(k: int) -> float:
    """The value that the largest of all differences of k standard normals, over √2, stays below with 95 % (Tukey 1953)."""
    import numpy as np
    from scipy.special import ndtr, ndtri

    if k == 2:
        return float(ndtri(1 - ALPHA / 2))
    x = np.linspace(-8, 8, 801)
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi) * (x[1] - x[0])
    low, high = 0.0, 8.0
    for _ in range(50):
        middle = (low + high) / 2
        inside = k * float(density @ (ndtr(x + math.sqrt(2) * middle) - ndtr(x)) ** (k - 1))
        low, high = (middle, high) if inside < 1 - ALPHA else (low, middle)
    return high


def _guarded(
    fit: CellFit, parts_K: "Array", squared: Callable[["Array"], tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    """Squared half-widths, of which the largest count: as estimated, and with one cell held to its own noise alone.

    The noise of one cell may be many times that of the others, and a few seeds may hide it: the cell's own t interval then stands
    for its share, and the other cells for the rest (Zou and Donner 2008). Two seeds, whose t is large, are taken at 90 %.
    """
    import numpy as np

    yield squared(fit.variance_K)
    own_K = parts_K * _own_t(fit) ** 2
    for cell in np.argsort(-parts_K)[:GUARDED]:
        others_K = fit.variance_K.copy()
        others_K[cell] = 0.0
        below, above = squared(others_K)
        yield float(own_K[cell]) + below, float(own_K[cell]) + above


def _own_t(fit: CellFit) -> "Array":
    """The t that a cell is held to by its own noise alone."""
    import numpy as np
    from scipy.special import stdtrit

    t_K: Array = stdtrit(fit.df_K, 1 - np.where(fit.df_K <= 1, ALPHA, ALPHA / 2))
    return t_K


def _df(fit: CellFit, parts_K: "Array") -> "Array":
    """Satterthwaite's degrees of freedom of sums of variances (1946) over the last axis, at most those of the fit.

    The square of a variance on ν degrees of freedom is ν + 2 times σ⁴ / ν on average, so it is divided by ν + 2; not with two
    seeds, which tell too little.
    """
    import numpy as np

    over = np.where(fit.df_K > 1, fit.df_K + 2, fit.df_K)
    # Relative, so that the square of a very small variance does not vanish.
    relative = parts_K / parts_K.max(axis=-1, keepdims=True)
    df: Array = np.minimum(relative.sum(axis=-1) ** 2 / (relative**2 / over).sum(axis=-1), fit.df)
    return df


def _are_blocks(cells: Sequence[Mapping[int, float] | Sequence[float]]) -> bool:
    """Whether seeds are blocks: they tie all cells together, and enough of them are shared."""
    by_cell = [cell for cell in cells if isinstance(cell, Mapping)]
    if len(by_cell) < len(cells):
        return False
    holders = Counter(seed for cell in by_cell for seed in cell)
    runs, shared = holders.total(), sum(count for count in holders.values() if count > 1)
    spare = runs - len(cells) - len(holders) + 1
    return spare > 0 and 2 * shared >= runs and _tied(by_cell)


def _tied(cells: Sequence[Mapping[int, float]]) -> bool:
    """Whether shared seeds lead from every cell to every other one, perhaps through others."""
    holding: dict[int, list[int]] = {}
    for index, cell in enumerate(cells):
        for seed in cell:
            holding.setdefault(seed, []).append(index)
    reached, ahead = {0}, [0]
    while ahead:
        for seed in cells[ahead.pop()]:
            ahead += (fresh := set(holding.pop(seed, ())) - reached)
            reached |= fresh
    return len(reached) == len(cells)
