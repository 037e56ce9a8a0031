"""What is true in a simulated study: noise, the runs that there are, and how the loss responds to the learning rate."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Known = npt.NDArray[np.bool_]
Random = np.random.Generator

SEED_SD = 0.03
"""Standard deviation, in nats, of what a seed does to all settings alike."""
RUN_SD = 0.012
"""Standard deviation, in nats, of the rest of the noise of a run, unless a scenario says otherwise."""
LOSS = 4.0
"""Loss of the best setting, in nats."""

Law = Literal["normal", "t3", "t5", "skewed"]
Design = Literal["complete", "missing", "unshared", "own"]


def _some(count: Callable[[int], int], factor: float) -> Callable[[int], Numbers]:
    return lambda settings: np.where(np.arange(settings) < settings - count(settings), 1.0, factor)


def _between(least: float, most: float) -> Callable[[int], Numbers]:
    return lambda settings: np.exp(np.linspace(np.log(least), np.log(most), settings))


NOISES: Final[Mapping[str, Callable[[int], Numbers]]] = {
    "equal": np.ones,
    "one ×3": _some(lambda _: 1, 3.0),
    "one ×10": _some(lambda _: 1, 10.0),
    "one ×30": _some(lambda _: 1, 30.0),
    "two ×10": _some(lambda _: 2, 10.0),
    "half ×10": _some(lambda settings: settings // 2, 10.0),
    "doubling": lambda settings: 0.4 * np.exp2(np.arange(settings, dtype=np.float64)),
    "ladder 0.002–0.1": _between(0.002 / RUN_SD, 0.1 / RUN_SD),
    "grows ×10": _between(1.0, 10.0),
}
"""The standard deviation of each setting, as a multiple of that of the scenario."""


def noise(random: Random, law: Law, shape: tuple[int, ...]) -> Numbers:
    """Independent noise with mean 0 and standard deviation 1."""
    if law == "normal":
        return random.standard_normal(shape)
    if law == "skewed":
        return random.exponential(size=shape) - 1
    df = {"t3": 3, "t5": 5}[law]
    drawn: Numbers = random.standard_t(df, shape) * math.sqrt((df - 2) / df)
    return drawn


def known(random: Random, design: Design, settings: int, seeds: int) -> Known:
    """Which setting (row) has a run of which seed (column). Each setting has two runs or more.

    In "missing" a fifth of the runs is lost, in "unshared" no seed occurs twice, in "own" each setting has any two or more seeds.
    """
    if design == "unshared":
        return np.kron(np.eye(settings), np.ones((1, seeds))) > 0
    there = np.ones((settings, seeds), dtype=np.bool_)
    if design == "missing":
        for place in random.permutation(settings * seeds)[: settings * seeds // 5]:
            there.flat[place] = there[place // seeds].sum() <= 2
    elif design == "own":
        for row in there:
            row[random.permutation(seeds)[random.integers(2, seeds + 1) :]] = False
    return there


def values(random: Random, mean: Numbers, sd: Numbers, there: Known, law: Law = "normal") -> Numbers:
    """The values of all runs: setting + seed + noise; NaN where there is no run."""
    drawn = mean[:, None] + random.normal(0, SEED_SD, there.shape[1]) + sd[:, None] * noise(random, law, there.shape)
    return np.where(there, drawn, np.nan)


def _sides(left: float, right: float, power: int = 2) -> Callable[[Numbers], Numbers]:
    return lambda d: np.where(d < 0, left, right) * np.abs(d) ** power


def _v(ratio: float) -> Callable[[Numbers], Numbers]:
    return _sides(0.25 / ratio**0.5, 0.25 * ratio**0.5, power=1)


def _two(factor: float, higher: float = 0.0) -> Callable[[Numbers], Numbers]:
    return lambda d: np.minimum(0.25 * d**2, 0.25 * (d + np.log(factor)) ** 2 + higher)


def _flat(width: float) -> Callable[[Numbers], Numbers]:
    """A parabola that ends in an almost flat stretch, falling by 0.01 per unit of ln(lr) up to the wall."""
    return lambda d: np.where(d > 0, 2 * d, -0.01 * d + 0.25 * np.minimum(d + width, 0) ** 2)


ONE_VALLEY: Final[Mapping[str, Callable[[Numbers], Numbers]]] = {
    "parabola": lambda d: 0.25 * d**2,
    "skew": lambda d: 0.2 * (np.exp(1.5 * d) - 1.5 * d - 1),
    "kink 0.12 to 0.9": _sides(0.12, 0.9),
    "kink 1 : 20": _sides(0.06, 1.2),
    "smooth kink": lambda d: d**2 * (0.12 + 0.78 / (1 + np.exp(-4 * d))),
    "quartic": lambda d: 0.1 * d**4,
    "Morse": lambda d: 0.3 * (1 - np.exp(-np.maximum(d, -3.0))) ** 2,
    "plateau on the left": lambda d: np.where(d < 0, 0.4 * (1 - np.exp(-1.2 * d**2)), 0.48 * d**2),
    "V, equal slopes": _v(1.0),
    "V 1 : 3": _v(3.0),
    "V 1 : 5": _v(5.0),
    "V 1 : 10": _v(10.0),
    "V 1 : 20": _v(20.0),
    "flat, then a wall": _sides(0.01, 2.0, power=1),
    "flat for a factor of 2 before a wall": _flat(0.7),
    "flat for a factor of 5 before a wall": _flat(1.6),
    "flat for a factor of 20 before a wall": _flat(3.0),
}
"""Loss above that of the best learning rate, by d = ln(lr/best). All have their lowest point at 0."""

TWO_VALLEYS: Final[Mapping[str, Callable[[Numbers], Numbers]]] = {
    "two valleys, factor 23": _two(23.0),
    "two valleys, factor 5": _two(5.0),
    "two valleys, factor 5, one 0.02 higher": _two(5.0, 0.02),
}
"""The second valley lies below the first one."""

ENDLESS = "falls to the end"
FLAT = "no effect"

RESPONSES: Final[Mapping[str, Callable[[Numbers], Numbers]]] = {
    **ONE_VALLEY,
    **TWO_VALLEYS,
    ENDLESS: lambda d: -0.1 * d,
    FLAT: np.zeros_like,
}


@dataclass(frozen=True, slots=True)
class Grid:
    """`rates` learning rates, each `factor` times the one before."""

    factor: float
    rates: int

    @property
    def name(self) -> str:
        """The factor, as a row of the table says it."""
        return f"× {self.factor:g}"

    def places(self, random: Random, middle: float = 0.0) -> Numbers:
        """d = ln(lr/best) of the learning rates; `middle` + any part of half a step is that of the middle of the grid."""
        return middle + (self.steps + random.uniform(-0.5, 0.5)) * math.log(self.factor)

    @property
    def steps(self) -> Numbers:
        """Steps from the middle of the grid."""
        return np.arange(self.rates, dtype=np.float64) - (self.rates - 1) / 2


GRIDS: Final = (Grid(3.0, 6), Grid(2.15, 7), Grid(1.5, 9), Grid(1.15, 9))
SEEDS_AND_SD: Final = ((3, 0.003), (3, 0.012), (3, 0.03), (2, 0.012), (5, 0.012), (5, 0.05))
"""Seeds of each learning rate, and standard deviation of a run in nats."""
