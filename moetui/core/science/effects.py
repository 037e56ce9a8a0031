"""Contrasts between the cells of a table of runs, with intervals that hold under unequal noise.

A run's value is the mean of its cell, plus the effect of its seed where seeds are shared, plus noise whose standard deviation
may differ from cell to cell. `CellFit` is the least-squares fit; `length` and `pairs` give intervals of contrasts between its
means. Method, sources and simulations: docs/methods-factorial.md.

Shapes: K cells, N runs, R rows of a contrast, J seeds.
"""

import functools
import itertools
import math
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
class CellFit:
    """Least-squares means of cells.

    `mean_K`: means at the average seed; `weights_KN`: what each run counts for in each mean;
    `inside_NK`: 1 where a run is in a cell; `variance_K`: noise variance; `df_K`: its degrees of freedom;
    `df`: those of the whole fit.
    """

    mean_K: "Array"
    weights_KN: "Array"
    inside_NK: "Array"
    variance_K: "Array"
    df_K: "Array"
    df: float
    blocked: bool


def fit_cells(cells: Sequence[Mapping[int, float] | Sequence[float]]) -> CellFit | None:
    """Fit cells of at least two values each, by seed where it is known; None if the values agree too well to measure noise.

    Seeds are blocks if they tie all cells together and at least half of the runs share theirs with another cell. A residual
    variance is divided by the sum of 1 - leverage over the runs of its cell (Horn, Horn and Duncan 1975).
    """
    import numpy as np

    y_N = np.array([value for cell in cells for value in (cell.values() if isinstance(cell, Mapping) else cell)])
    cell_N = np.repeat(np.arange(len(cells)), [len(cell) for cell in cells])
    inside_NK = (cell_N[:, None] == np.arange(len(cells))).astype(float)
    seeds = _blocks(cells)
    columns = [inside_NK]
    if seeds is not None:
        in_seed_NJ = (np.array(seeds)[:, None] == np.unique(seeds)).astype(float)
        columns.append(in_seed_NJ - in_seed_NJ.mean(0))
    design = np.hstack(columns)
    inverse = np.linalg.pinv(design)
    weights_KN = inverse[: len(cells)]
    leverage_N = np.einsum("nd,dn->n", design, inverse)
    residual_N = y_N - design @ (inverse @ y_N)
    df_K = (1 - leverage_N) @ inside_NK
    if math.sqrt(float(residual_N @ residual_N) / len(y_N)) <= NO_SPREAD * float(np.abs(y_N).max()):
        return None
    return CellFit(
        mean_K=weights_KN @ y_N,
        weights_KN=weights_KN,
        inside_NK=inside_NK,
        variance_K=(residual_N**2 @ inside_NK) / np.maximum(df_K, 1e-9),
        df_K=inside_NK.sum(0) - 1,
        df=float((1 - leverage_N).sum()),
        blocked=seeds is not None,
    )


def length(fit: CellFit, contrast_RK: "Array", rank: int) -> Interval:
    """The Euclidean length of a vector of contrasts, such as all effects of one factor; `low` is 0 if they may all be 0.

    Below: the length of the estimate less the 95 % quantile of the length of its error, whose square is tr(C) F(f1, f2) (Box
    1954; Brunner, Dette and Munk 1997). Above: plus t times the error along its widest direction, which is valid as no vector
    is longer than its estimate along its own direction and the error along it. The estimate is free of the noise's share.
    """
    import numpy as np
    from scipy.special import fdtri, stdtrit

    rows_RN = contrast_RK @ fit.weights_KN
    gram_KK = fit.inside_NK.T @ (rows_RN.T @ rows_RN) ** 2 @ fit.inside_NK
    share_K = (rows_RN**2).sum(0) @ fit.inside_NK
    parts_K = share_K * fit.variance_K

    def below(variance_K: "Array") -> float:
        trace = float(share_K @ variance_K)
        if trace <= 0:
            return 0.0
        f1 = min(max(trace**2 / float(variance_K @ gram_KK @ variance_K), 1.0), rank)
        return trace * float(fdtri(f1, _df(fit, share_K * variance_K), 1 - ALPHA))

    def above(variance_K: "Array") -> float:
        scaled_RN = rows_RN * (fit.inside_NK @ np.sqrt(variance_K))
        _, values, directions = np.linalg.svd(scaled_RN.T, full_matrices=False)
        along_K = ((directions[0] @ scaled_RN) ** 2) @ fit.inside_NK
        return float(values[0] ** 2 * stdtrit(_df(fit, along_K), 1 - ALPHA / 2) ** 2) if values[0] > 0 else 0.0

    effect_R = contrast_RK @ fit.mean_K
    square = float(effect_R @ effect_R)
    low = math.sqrt(square) - math.sqrt(max(_guarded(fit, parts_K, below)))
    high = math.sqrt(square) + math.sqrt(max(_guarded(fit, parts_K, above)))
    return Interval(math.sqrt(max(0.0, square - float(parts_K.sum()))), max(0.0, low), high)


def pairs(fit: CellFit, contrast_RK: "Array") -> dict[tuple[int, int], Interval]:
    """All differences between the rows of a contrast, such as the levels of one factor, with simultaneous 95 % intervals.

    The critical value is that of Tukey's range on the normal scale, turned into a t of each difference's own degrees of freedom
    (Games and Howell 1976).
    """
    import numpy as np
    from scipy.special import ndtr, stdtrit

    tail = float(ndtr(range_quantile(len(contrast_RK))))
    effect_R, rows_RN = contrast_RK @ fit.mean_K, contrast_RK @ fit.weights_KN
    found = {}
    for first, second in itertools.combinations(range(len(contrast_RK)), 2):
        share_K = ((rows_RN[first] - rows_RN[second]) ** 2) @ fit.inside_NK

        def squared(variance_K: "Array", share_K: "Array" = share_K) -> float:
            parts_K = share_K * variance_K
            return float(parts_K.sum() * stdtrit(_df(fit, parts_K), tail) ** 2) if np.any(parts_K > 0) else 0.0

        half = math.sqrt(max(_guarded(fit, share_K * fit.variance_K, squared)))
        gap = float(effect_R[first] - effect_R[second])
        found[first, second] = Interval(gap, gap - half, gap + half)
        found[second, first] = Interval(-gap, -gap - half, half - gap)
    return found


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


def _guarded(fit: CellFit, parts_K: "Array", squared: Callable[["Array"], float]) -> "Iterator[float]":
    """Squared half-widths, of which the largest counts: as estimated, and with one cell held to its own noise alone.

    The noise of one cell may be many times that of the others, and a few seeds may hide it: the cell's own t interval then stands
    for its share, and the other cells for the rest (Zou and Donner 2008). Two seeds, whose t is large, are taken at 90 %.
    """
    import numpy as np
    from scipy.special import stdtrit

    yield squared(fit.variance_K)
    for cell in np.argsort(-parts_K)[:GUARDED]:
        df = float(fit.df_K[cell])
        others_K = fit.variance_K.copy()
        others_K[cell] = 0.0
        yield float(parts_K[cell] * stdtrit(df, 1 - (ALPHA if df <= 1 else ALPHA / 2)) ** 2) + squared(others_K)


def _df(fit: CellFit, parts_K: "Array") -> float:
    """Satterthwaite's degrees of freedom of a sum of variances (1946), at most those of the fit.

    The square of a variance on ν degrees of freedom is ν + 2 times σ⁴ / ν on average, so it is divided by ν + 2; not with two
    seeds, which tell too little.
    """
    import numpy as np

    over = np.where(fit.df_K > 1, fit.df_K + 2, fit.df_K)
    top = float(parts_K.max())
    relative = parts_K / top  # so that the square of a very small variance does not vanish
    return min(float(relative.sum()) ** 2 / float((relative**2 / over).sum()), fit.df)


def _blocks(cells: Sequence[Mapping[int, float] | Sequence[float]]) -> list[int] | None:
    """The seed of each run, or None where seeds are no blocks: too few are shared, or they do not tie the cells together."""
    if any(not isinstance(cell, Mapping) for cell in cells):
        return None
    by_cell = [set(cell) for cell in cells if isinstance(cell, Mapping)]
    seeds = [seed for cell in cells for seed in cell]
    shared = {seed for seed in seeds if seeds.count(seed) > 1}
    reached, last = set(by_cell[0]), set[Any]()
    while reached != last:
        last = set(reached)
        reached |= {seed for cell in by_cell if cell & reached for seed in cell}
    tied = all(cell & reached for cell in by_cell)
    spare = len(seeds) - len(cells) - len(set(seeds)) + 1
    enough = 2 * sum(seed in shared for seed in seeds) >= len(seeds)
    return [int(seed) for seed in seeds] if tied and enough and spare > 0 else None
