"""Crossed studies with known truth: tables of cells, and records of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from moetui.core.science.crossing import Cell, Crossing, tabulate
from moetui.core.science.effects import Interval
from moetui.core.science.factorial import Effect, Factorial, factorial
from moetui.core.science.groups import Group, groups
from moetui.core.science.measure import LOSS
from tests.core.science.records import record

KEYS = ("schedule.warmup", "schedule.floor")
SEED_SD = 0.03


def table(values: Mapping[tuple[str, str], Mapping[int, float] | tuple[float, ...]]) -> Crossing:
    """A table of the values of its cells."""
    levels = (tuple(dict.fromkeys(a for a, _ in values)), tuple(dict.fromkeys(b for _, b in values)))
    return tabulate(KEYS, levels, [Cell(pair, found) for pair, found in values.items()])


def crossed_groups(losses: Mapping[tuple[float, float], Sequence[float | None]]) -> tuple[Group, ...]:
    """Groups of runs by warm-up and floor with the losses of seeds 1, 2, …; a loss of None is a divergence."""
    runs = [
        record(
            loss,
            setting=f"w={warmup}/f={floor}",
            seed=seed,
            settings={"schedule.warmup": warmup, "schedule.floor": floor},
            parameters=1000,
            **({"status": "diverged"} if loss is None else {}),
        )
        for (warmup, floor), by_seed in losses.items()
        for seed, loss in enumerate(by_seed, start=1)
    ]
    return groups(runs, LOSS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A population of studies: levels, seeds, standard deviations of both effects and of the interaction, and the noise.

    `noise`: `equal`, `x10` (one cell ten times as noisy), `ladder` (from one to ten times, cell by cell).
    `shared`: seeds are shared by all cells. `missing`: so many runs at random are not there.
    """

    levels: tuple[int, int] = (5, 3)
    seeds: int = 3
    first: float = 0.0
    second: float = 0.0
    both: float = 0.0
    sd: float = 0.012
    noise: str = "equal"
    shared: bool = True
    missing: int = 0

    def draw(self, random: np.random.Generator) -> tuple[Factorial, np.ndarray, np.ndarray]:
        """One study with its verdicts, and the true effects of the levels of each key."""
        a, b = self.levels
        first_A, second_B = _effects(random, a) * self.first, _effects(random, b) * self.second
        both_AB = random.normal(size=(a, b))
        both_AB = both_AB - both_AB.mean(0) - both_AB.mean(1)[:, None] + both_AB.mean()
        both_AB *= self.both / np.sqrt((both_AB**2).mean())
        sd_AB = np.full((a, b), self.sd)
        if self.noise == "x10":
            sd_AB[0, 0] *= 10
        if self.noise == "ladder":
            sd_AB *= np.geomspace(1, 10, a * b).reshape(a, b)
        seed = random.normal(0, SEED_SD, size=(1, 1, self.seeds) if self.shared else (a, b, self.seeds))
        noise = random.normal(size=(a, b, self.seeds)) * sd_AB[:, :, None]
        y = 4 + (first_A[:, None] + second_B + both_AB)[:, :, None] + seed + noise
        cells: dict[tuple[str, str], dict[int, float] | tuple[float, ...]] = {}
        for i in range(a):
            for k in range(b):
                values = [float(value) for value in y[i, k]]
                cells[f"a{i}", f"b{k}"] = dict(enumerate(values, start=1)) if self.shared else tuple(values)
        for _ in range(self.missing):
            cell = cells[f"a{random.integers(a)}", f"b{random.integers(b)}"]
            if isinstance(cell, dict) and len(cell) > 2:
                del cell[int(random.choice(list(cell)))]
        return factorial(table(cells), LOSS), first_A, second_B


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of simulated studies in which an interval does not hold its truth, and in which something is claimed."""

    missed: Mapping[str, float]
    claimed: Mapping[str, float]


def rates(truth: Truth, times: int, seed: int = 1) -> Rates:
    """What the procedure does in `times` studies."""
    random = np.random.default_rng(seed)
    missed: list[dict[str, bool]] = []
    claimed: list[dict[str, bool]] = []
    for _ in range(times):
        found, first, second = truth.draw(random)
        assert found.interaction is not None
        assert found.more is not None
        one, other = found.effects
        missed.append(
            {
                "first sd": _misses(one.sd, truth.first),
                "second sd": _misses(other.sd, truth.second),
                "interaction sd": _misses(found.interaction, truth.both),
                "difference of the sds": _misses(found.more, truth.first - truth.second),
                "first gaps": _any_gap_missed(one, first),
                "second gaps": _any_gap_missed(other, second),
            }
        )
        claimed.append(
            {
                "first": one.matters,
                "second": other.matters,
                "interaction": found.depends,
                "first more": found.leading is one,
                "second more": found.leading is other,
            }
        )
    return Rates(_shares(missed), _shares(claimed))


def _any_gap_missed(effect: Effect, truth: np.ndarray) -> bool:
    """Whether any interval of the levels of one key, which hold together, does not."""
    gaps = truth - truth[_best(effect.levels)]
    return any(_misses(level.gap, float(gap)) for level, gap in zip(effect.levels, gaps, strict=True) if level.gap)


def _best(levels: Sequence[object]) -> int:
    return next(index for index, level in enumerate(levels) if getattr(level, "gap", None) is None)


def _shares(found: Sequence[Mapping[str, bool]]) -> dict[str, float]:
    return {key: sum(one[key] for one in found) / len(found) for key in found[0]}


def _misses(interval: Interval, truth: float) -> bool:
    return not interval.low - 1e-12 <= truth <= interval.high


def _effects(random: np.random.Generator, count: int) -> np.ndarray:
    effects = random.normal(size=count)
    effects -= effects.mean()
    scaled: np.ndarray = effects / np.sqrt((effects**2).mean())
    return scaled
