"""Whether planned studies come out as wide as was expected: a pilot, the plan that it gives, and the study that was planned."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from moetui.core.science.splits import SPACING, Grid, Ground, ground, outlook, place
from moetui.core.science.student import quantile
from moetui.core.science.transfer import Found, Sweep, best_rate, fit
from tests.simulations.tally import Outcomes, Question, Scenario, Target
from tests.simulations.truths import LOSS, SEED_SD, Numbers, Random

PART: Final = "Planned studies: expected and realized width of ln lr*"
STUDIES: Final = 40
"""Studies whose mean widths are held against each other."""
PILOT: Final = (32.0, 64.0, 128.0)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Studies at sizes that double from 32 on (one size: at 32), planned from a pilot of three sizes, seven rates and its seeds.

    `noise` is the standard deviation of a run in nats, `skew` that of the response (0: a parabola), `told` gives the plan noise
    and curvature as they are.
    """

    sizes: int
    rates: int = 7
    seeds: int = 3
    noise: float = 0.02
    curvature: float = 0.25
    skew: float = 0.0
    exponent: float = -0.3
    pilot_seeds: int = 3
    told: bool = False

    def __call__(self, random: Random) -> Outcomes:
        """The mean expected width over the mean realized one, and whether they agree within a quarter."""
        pairs = [pair for pair in (self._study(random) for _ in range(STUDIES)) if pair is not None]
        expected, realized = np.mean(pairs, axis=0)
        ratio = float(expected / realized)
        return {"ratio": ratio, "agrees": float(0.75 <= ratio <= 1.25), "found": len(pairs) / STUDIES}

    def _study(self, random: Random) -> tuple[float, float] | None:
        """Half widths of one study: as expected and as they came; None if a size's best rate was at an end of its grid."""
        start = -2 + random.uniform(0, SPACING)
        pilot = [
            self._sweep(random, size, start, SPACING * round(self._star(start, size) / SPACING), 7, self.pilot_seeds)
            for size in PILOT
        ]
        found = [one for one in map(best_rate, pilot) if isinstance(one, Found)]
        known = Ground(self.noise, self.curvature, 1) if self.told else ground(found)
        sizes = [32.0 * 2**step for step in range(self.sizes)]
        places = [place(found, size, -2.0) for size in sizes]
        grids = [Grid(one.ln_lr, one) for one in places]
        goal = 2 * sizes[-1] if self.sizes > 1 else None
        expected = outlook(known, sizes, grids, rates=self.rates, seeds=self.seeds, goal=goal)
        sweeps = [
            self._sweep(random, size, start, grid.middle, self.rates, self.seeds)
            for size, grid in zip(sizes, grids, strict=True)
        ]
        study = [one for one in map(best_rate, sweeps) if isinstance(one, Found)]
        if len(study) < len(sizes):
            return None
        if goal is None:
            (one,) = study
            assert one.variance is not None
            assert one.df is not None
            return expected.half, quantile(one.df) * math.sqrt(one.variance)
        factor = fit(study).at(goal).factor
        assert factor is not None
        return expected.half, math.log(factor)

    def _star(self, start: float, size: float) -> float:
        return start + self.exponent * math.log(size / 32)

    def _sweep(self, random: Random, size: float, start: float, middle: float, rates: int, seeds: int) -> Sweep:
        places = middle + SPACING * (np.arange(rates) - (rates - 1) / 2)
        u: Numbers = np.asarray(places - self._star(start, size), np.float64)
        bowl: Numbers = u**2
        if self.skew:
            bowl = np.asarray(2 * (np.exp(self.skew * u) - self.skew * u - 1) / self.skew**2, np.float64)
        losses = self.curvature * bowl
        shared = random.normal(0, SEED_SD, seeds)
        drawn = LOSS + losses[:, None] + shared + random.normal(0, self.noise, (rates, seeds))
        return Sweep(
            size,
            {float(math.exp(at)): dict(enumerate(map(float, row))) for at, row in zip(places, drawn, strict=True)},
        )


def scenarios() -> Iterator[Scenario]:
    """One size to six, several noises, a skewed response."""
    kinds = {
        "one size": {"sizes": 1},
        "three sizes": {"sizes": 3},
        "four sizes": {"sizes": 4},
        "six sizes": {"sizes": 6},
        "five sizes, skewed": {"sizes": 5, "skew": 0.7},
    }
    for name, facts in kinds.items():
        cases = {
            f"{rates} rates, {seeds} seeds, sd {noise:g}": Planned(rates=rates, seeds=seeds, noise=noise, **facts)  # type: ignore[arg-type]
            for rates, seeds, noise in ((5, 3, 0.01), (7, 2, 0.02), (7, 4, 0.02), (9, 6, 0.03))
        }
        yield Scenario(
            part=PART,
            name=name,
            cases=cases,
            questions=(
                Question(asks="within 25 %", outcome="agrees", target=Target(low=0.95)),
                Question(asks="expected over realized, median", outcome="ratio", median=True),
                Question(asks="every size has a best rate", outcome="found"),
            ),
            share=0.04,
        )
