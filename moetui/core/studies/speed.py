"""How long an update takes on one kind of device: a law of overhead and speed, fitted to the updates that were measured there.

    seconds = overhead · (passes / 4)^a + operations / speed,   speed = full speed · min(1, operations / 10¹²)^b

A small update does not fill the device, so it reaches fewer operations per second than a large one. The overhead describes this
within one size of matrices, `b` describes it across sizes. `a` leaves open whether an update has one overhead or each pass through
a layer has its own. The fit is Bayesian on a grid: what the measurements leave open stays in the range. With one measured size,
all of its time may be overhead or all of it may be operations. A larger update then takes at least as long as the measured one,
and at most as long as its operations take at the measured operations per second. The rule of thumb decides where in between.
"""

import functools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from moetui.core.studies.operations import Work

TYPICAL = {True: 20e12, False: 50e9}
"""Full speed in operations per second of training, on a GPU and on a CPU, by rule of thumb."""

LEVELS, SHARES = np.linspace(-1.2, 1.2, 17), np.linspace(-16.0, 16.0, 65)
ORDERS, GROWTHS = (0.0, 0.5, 1.0), (0.0, 0.1, 0.2, 0.3)
"""The grid: log time of the reference and log-odds of its overhead's share; `a` and `b` of the law."""

FULL = 1e12
"""Operations in one update from which on the device is taken to be full."""
OVERHEAD, OVERHEAD_SPREAD, SPEED_SPREAD = 8e-3, math.log(6), math.log(4)
"""Overhead in seconds of an update of four passes, and by which factors overhead and full speed vary between devices."""
FASTEST, DISBELIEF = 32, 2.0
"""Above so many times the typical full speed a law loses this much log weight for each factor of e: hardly any device is faster."""
DEVIATION = 0.15
"""Relative deviation of one size of update from the law."""
NOISE, NOISE_WEIGHT = 0.2, 4
"""Relative standard deviation between runs of one size, and how many degrees of freedom this guess counts for."""
CELL = 0.01
"""Width of the cells in which quantiles are counted, on the logarithm of the seconds."""
TAILS = (0.025, 0.975)
"""Quantiles at the ends of a range."""

Vector = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Span:
    """A time in seconds, and the range that should hold it."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One size of update and the seconds it took, on average, in each run of that size."""

    work: Work
    seconds: tuple[float, ...]

    @property
    def log_mean(self) -> float:
        """Mean of the logarithms of the seconds."""
        return statistics.fmean(map(math.log, self.seconds))


@dataclass(frozen=True, eq=False)
class Law:
    """What is known of the time of an update. Each of the vectors holds one value for each law that is possible."""

    measured: tuple[Measured, ...]
    noise: float
    weights: Vector
    overhead: Vector
    order: Vector
    speed: Vector
    growth: Vector
    told: dict[Work, Span] = field(default_factory=dict)

    def seconds(self, work: Work) -> Span:
        """The time of this work. More work of both kinds never takes less time."""
        if work not in self.told:
            self.told[work] = self._seconds(work)
        return self.told[work]

    def _seconds(self, work: Work) -> Span:
        expected = _law(work, self.overhead, self.order, self.speed, self.growth)
        spans = [self._of_size(one) for one in self.measured]
        below = [span for span, one in zip(spans, self.measured, strict=True) if one.work.within(work)]
        above = [span for span, one in zip(spans, self.measured, strict=True) if work.within(one.work)]
        scatter = math.hypot(self.noise, DEVIATION)
        low, middle, high = _quantiles(expected, self.weights, scatter, (TAILS[0], 0.5, TAILS[1]))
        return Span(
            _between(low, (s.low for s in below), (s.low for s in above)),
            _between(middle, (s.middle for s in below), (s.middle for s in above)),
            _between(high, (s.high for s in below), (s.high for s in above)),
        )

    def _of_size(self, one: Measured) -> Span:
        """The time of one more run of a size that was measured."""
        middle = statistics.median(one.seconds)
        half = math.exp(2.2 * self.noise * math.sqrt(1 + 1 / len(one.seconds)))
        return Span(middle / half, middle, middle * half)


@functools.lru_cache(maxsize=8)
def fit(measured: tuple[Measured, ...], typical: float) -> Law:
    """The laws that fit these measurements on a device whose full speed is probably near `typical` operations per second."""
    noise = _noise(measured)
    laws = _all_laws(measured, typical)
    log_weight = _log_prior(laws["overhead"], OVERHEAD, OVERHEAD_SPREAD) + _log_prior(
        laws["speed"], typical, SPEED_SPREAD
    )
    for one in measured:
        spread = math.hypot(DEVIATION, noise / math.sqrt(len(one.seconds)))
        log_weight += _log_likelihood((one.log_mean - _law(one.work, **laws)) / spread)
    log_weight -= DISBELIEF * np.maximum(laws["speed"] - math.log(FASTEST * typical), 0)
    weights = np.exp(log_weight - log_weight.max())
    likely = weights > 1e-5
    kept = {name: values[likely] for name, values in laws.items()}
    return Law(measured, noise, weights[likely] / weights[likely].sum(), **kept)


def _law(work: Work, overhead: Vector, order: Vector, speed: Vector, growth: Vector) -> Vector:
    """Logarithms of the seconds by each law."""
    log_operations = math.log(work.operations)
    fixed = overhead + order * math.log(work.passes / 4)
    moving = log_operations - speed - growth * min(0.0, log_operations - math.log(FULL))
    return np.logaddexp(fixed, moving)


def _all_laws(measured: Sequence[Measured], typical: float) -> dict[str, Vector]:
    """A grid of laws: logarithms of overhead and speed, and both exponents.

    Log time and log-odds of the overhead's share have a Jacobian of one against the logarithms of overhead and speed, so the grid
    is even in either.
    """
    if not measured:
        z = np.linspace(-2, 2, 41)
        overhead, speed, order, growth = _grid(
            math.log(OVERHEAD) + z * OVERHEAD_SPREAD, math.log(typical) + z * SPEED_SPREAD, ORDERS, GROWTHS
        )
        return {"overhead": overhead, "order": order, "speed": speed, "growth": growth}
    reference = max(measured, key=lambda one: len(one.seconds))
    level, share, order, growth = _grid(LEVELS + reference.log_mean, SHARES, ORDERS, GROWTHS)
    log_operations = math.log(reference.work.operations)
    overhead = level - np.logaddexp(0, -share) - order * math.log(reference.work.passes / 4)
    speed = log_operations - (level - np.logaddexp(0, share)) - growth * min(0.0, log_operations - math.log(FULL))
    return {"overhead": overhead, "order": order, "speed": speed, "growth": growth}


def _grid(*axes: Vector | Sequence[float]) -> list[Vector]:
    return [values.ravel() for values in np.meshgrid(*axes, indexing="ij")]


def _log_prior(values: Vector, typical: float, spread: float) -> Vector:
    """Log density of Student's t with two degrees of freedom: an unusual device is soon believed."""
    return -1.5 * np.log1p(((values - math.log(typical)) / spread) ** 2 / 2)


def _log_likelihood(deviations: Vector) -> Vector:
    """Log density of Student's t with four degrees of freedom: one size that fits badly does not decide alone."""
    return -2.5 * np.log1p(deviations**2 / 4)


def _noise(measured: Iterable[Measured]) -> float:
    """Relative standard deviation between runs of one size, from the measured ones and what is usual."""
    squares, freedom = NOISE_WEIGHT * NOISE**2, NOISE_WEIGHT
    for one in measured:
        squares += sum((math.log(seconds) - one.log_mean) ** 2 for seconds in one.seconds)
        freedom += len(one.seconds) - 1
    return math.sqrt(squares / freedom)


def _quantiles(values: Vector, weights: Vector, scatter: float, at: Sequence[float]) -> list[float]:
    """Quantiles of exp(values) with normal scatter of this size on the logarithms."""
    cells = np.floor(values / CELL).astype(int)
    reach = math.ceil(4 * scatter / CELL)
    kernel = np.exp(-((np.arange(-reach, reach + 1) * CELL / scatter) ** 2) / 2)
    first = int(cells.min())
    reached = np.cumsum(np.convolve(np.bincount(cells - first, weights), kernel))
    ends = (np.arange(len(reached)) + first - reach + 1) * CELL
    return [math.exp(np.interp(q * reached[-1], reached, ends)) for q in at]


def _between(value: float, below: Iterable[float], above: Iterable[float]) -> float:
    """The value, moved between what less work took and what more work took; in the middle where less took longer than more."""
    least, most = max(below, default=0.0), min(above, default=math.inf)
    return math.sqrt(min(max(value, least), most) * max(min(value, most), least))
