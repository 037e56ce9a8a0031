"""The best learning rate: what is stated of it, two valleys, the safe zone, the cliff, and what is proposed next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from moetui.core.science.propose import propose
from moetui.core.science.response import Response
from moetui.core.studies.judge import Terms, responses
from tests.simulations.former import parabola_bootstrap
from tests.simulations.runs import sweep
from tests.simulations.tally import Outcomes, Question, Scenario, Target
from tests.simulations.truths import (
    ENDLESS,
    FLAT,
    GRIDS,
    LOSS,
    NOISES,
    ONE_VALLEY,
    RESPONSES,
    RUN_SD,
    SEEDS_AND_SD,
    TWO_VALLEYS,
    Grid,
    Numbers,
    Random,
    known,
    values,
)

BEST: Final = 0.07
"""The truly best learning rate."""
PART: Final = "The best learning rate"
WIDTHS: Final = "Width of what is stated of the best learning rate"
ENDS: Final = "Sweeps that end early, diverge, or have no best learning rate"
VALLEYS: Final = "Two valleys"
ZONE: Final = "Safe zone, with a tolerance of 1 %"


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Learning rates with seeds.

    `middle` moves the grid away from the best one; with `diverges`, runs diverge from some factor above it on.
    """

    truth: str
    grid: Grid = GRIDS[1]
    seeds: int = 3
    sd: float = RUN_SD
    noise: str = "equal"
    middle: float = 0.0
    diverges: bool = False
    missing: bool = False
    widths: bool = False

    @property
    def name(self) -> str:
        """The grid and the noise."""
        return f"{self.grid.name}, {self.seeds} seeds, sd {self.sd:g}"

    def __call__(self, random: Random) -> Outcomes:
        """What one sweep shows."""
        d = self.grid.places(random, self.middle)
        loss = LOSS + RESPONSES[self.truth](d)
        there = known(random, "missing" if self.missing else "complete", len(d), self.seeds)
        drawn = values(random, loss, self.sd * NOISES[self.noise](len(d)), there)
        if self.diverges:
            drawn[d > np.log(random.uniform(1.1, 2.7))] = np.nan
        lrs = BEST * np.exp(d)
        (response,) = responses(sweep(lrs, drawn, lost=self.missing), Terms()).responses
        alive = np.isfinite(drawn).any(axis=1)
        return (
            _stated(self.truth, response)
            | _zone(loss[alive], response)
            | (_width(lrs, drawn, response) if self.widths else {})
        )


def _holds(truth: str, low: float | None, high: float | None) -> bool:
    """Whether an interval, with None for an open end, holds a truly best learning rate."""
    best = {ENDLESS: [np.inf], "two valleys, factor 23": [BEST, BEST / 23], "two valleys, factor 5": [BEST, BEST / 5]}
    return any((low or 0.0) <= lr <= (np.inf if high is None else high) for lr in best.get(truth, [BEST]))


def _stated(truth: str, response: Response) -> Outcomes:
    best = response.optimum
    assert best is not None
    found: Outcomes = {"given": float(best.fitted), "valleys": float(best.valleys is not None)}
    found["bracketed"] = float(best.bracket is not None)
    found["cliff"] = float(response.cliff is not None)
    if truth != FLAT:
        found["stated"] = float(_holds(truth, *best.stated))
        if best.fitted:
            found["given right"] = float(_holds(truth, best.low, best.high))
    return found


def _width(lrs: Numbers, drawn: Numbers, response: Response) -> Outcomes:
    """Widths as factors; that of what has an open end is infinite."""
    assert response.optimum is not None
    low, high = response.optimum.stated
    found: Outcomes = {"width": high / low if low is not None and high is not None else np.inf}
    if response.optimum.fitted:
        found["width given"] = found["width"]
    alive = np.isfinite(drawn).all(axis=1)
    if alive.sum() > 1 and (before := parabola_bootstrap(lrs[alive], drawn[alive].tolist())):
        found |= {"former": float(before[0] <= BEST <= before[1]), "former width": before[1] / before[0]}
        if response.optimum.fitted:
            found["former width, where given"] = found["former width"]
    return found


def _zone(loss: Numbers, response: Response) -> Outcomes:
    """A learning rate is called safe and is not, or beyond and is safe; and the share of the safe ones that are found."""
    safe = loss - loss.min() <= 0.01 * loss.min() + 1e-12
    points = [point for point in response.points if not point.group.diverged]
    called = np.array([point.safety == "safe" for point in points])
    beyond = np.array([point.safety == "beyond" for point in points])
    wrong = float((called & ~safe).any() or (beyond & safe).any())
    return {"zone wrong": wrong, "safe found": float(called[safe].mean())}


@dataclass(frozen=True)
class AnyOf:
    """One of several sweeps, by chance."""

    sweeps: tuple[Sweep, ...]

    def __call__(self, random: Random) -> Outcomes:
        """What it shows."""
        return self.sweeps[random.integers(len(self.sweeps))](random)


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """Every run diverged: the next learning rates have to be below."""

    grid: Grid
    seeds: int

    def __call__(self, random: Random) -> Outcomes:
        """Whether all that is proposed lies below what was tried."""
        lrs = BEST * np.exp(self.grid.places(random))
        (response,) = responses(sweep(lrs, np.full((len(lrs), self.seeds), np.nan)), Terms()).responses
        steps = propose(response)
        down = bool(steps) and all(max(step.lrs) < lrs.min() for step in steps)
        return {"down": float(down), "best": float(response.best is not None)}


STATED: Final = (
    Question(asks="stated holds the best", outcome="stated", target=Target(low=0.94), former="former"),
    Question(asks="an interval, where given", outcome="given right", target=Target(low=0.90)),
)
GIVEN: Final = Question(asks="an interval is given", outcome="given")
ALARM: Final = Question(asks="two valleys are named", outcome="valleys", target=Target(high=0.01))
CLIFF: Final = Question(asks="a cliff without divergence", outcome="cliff", target=Target(high=0.0))


def _cases(sweep: Sweep, grids: Sequence[Grid] = GRIDS) -> dict[str, Sweep]:
    """The sweep with each grid, number of seeds, and noise."""
    made = [replace(sweep, grid=grid, seeds=seeds, sd=sd) for grid in grids for seeds, sd in SEEDS_AND_SD]
    return {one.name: one for one in made}


def scenarios() -> Iterator[Scenario]:
    """All scenarios of this file."""
    yield from _one_valley()
    yield from _ends()
    yield from _valleys()
    yield from _zones()


def _one_valley() -> Iterator[Scenario]:
    widths = tuple(
        Question(asks=f"{asks}, {grid.name}", outcome=outcome, former=former, median=True, cases=f"{grid.name},")
        for grid in GRIDS
        for asks, outcome, former in (
            ("factor, median", "width", "former width"),
            ("factor where given, median", "width given", "former width, where given"),
        )
    )
    for truth in ONE_VALLEY:
        cases = _cases(Sweep(truth=truth, widths=True))
        yield Scenario(part=PART, name=truth, cases=cases, questions=STATED, share=2.0)
        if truth in ("parabola", "skew", "kink 0.12 to 0.9"):
            yield Scenario(part=WIDTHS, name=truth, cases=cases, questions=widths)


def _ends() -> Iterator[Scenario]:
    for truth in ("parabola", "skew", "V 1 : 20"):
        cases = _cases(Sweep(truth=truth, diverges=True))
        yield Scenario(part=ENDS, name=f"{truth}, upper end diverges", cases=cases, questions=STATED)
        cases = _cases(Sweep(truth=truth, noise="grows ×10"), GRIDS[1:3])
        yield Scenario(
            part=ENDS, name=f"{truth}, noise grows ×10 with the learning rate", cases=cases, questions=STATED
        )
        cases = {
            f"{grid.name}, {sign:+d}": Sweep(
                truth=truth, grid=grid, seeds=3, sd=0.012, middle=sign * grid.rates / 2 * np.log(grid.factor)
            )
            for grid in GRIDS
            for sign in (-1, 1)
        }
        yield Scenario(
            part=ENDS, name=f"{truth}, best near the end of the grid", cases=cases, questions=STATED, share=0.5
        )
        cases = _cases(Sweep(truth=truth, missing=True), GRIDS[1:3])
        yield Scenario(part=ENDS, name=f"{truth}, a fifth missing", cases=cases, questions=STATED, share=0.5)
    cases = _cases(Sweep(truth=ENDLESS))
    yield Scenario(part=ENDS, name=ENDLESS, cases=cases, questions=(STATED[0], GIVEN), share=0.5)
    cases = _cases(Sweep(truth=FLAT))
    yield Scenario(part=ENDS, name=FLAT, cases=cases, questions=(GIVEN, ALARM, CLIFF), share=0.5)
    single = {grid.name: Sweep(truth="parabola", grid=grid, seeds=1, sd=0.012) for grid in GRIDS}
    nothing = Target(high=0.0)
    yield Scenario(
        part=ENDS,
        name="one seed each",
        cases=single,
        questions=(
            Question(asks="an interval is given", outcome="given", target=nothing),
            Question(asks="a bracket is given", outcome="bracketed", target=nothing),
            Question(asks="a rate is called safe", outcome="safe found", target=nothing),
        ),
        share=0.1,
    )
    yield Scenario(
        part=ENDS,
        name="every run diverged",
        cases={f"{grid.name}, {seeds} seeds": Divergence(grid=grid, seeds=seeds) for grid in GRIDS for seeds in (1, 3)},
        questions=(
            Question(asks="lower rates are proposed, no others", outcome="down", target=Target(low=1.0)),
            Question(asks="a setting is called the best", outcome="best", target=nothing),
        ),
        share=0.1,
    )


def _valleys() -> Iterator[Scenario]:
    one = {truth: AnyOf(tuple(_cases(Sweep(truth=truth)).values())) for truth in ONE_VALLEY}
    yield Scenario(part=VALLEYS, name="one valley, any grid and noise", cases=one, questions=(ALARM, CLIFF), share=2.0)
    for truth in TWO_VALLEYS:
        middle = -np.log(23.0 if "23" in truth else 5.0) / 2
        rates = Grid(2.15, 9) if "23" in truth else Grid(2.15, 7)
        for grid in (rates, Grid(1.5, 9)) if "23" not in truth else (rates, Grid(3.0, 6)):
            cases = _cases(Sweep(truth=truth, middle=middle), (grid,))
            yield Scenario(
                part=VALLEYS,
                name=f"{truth}, {grid.name}",
                cases=cases,
                questions=(
                    Question(asks="two valleys are named", outcome="valleys"),
                    Question(asks="an interval, where given", outcome="given right"),
                ),
                share=0.4,
            )


def _zones() -> Iterator[Scenario]:
    for truth in ("parabola", "skew", "kink 0.12 to 0.9", "quartic", "plateau on the left", FLAT):
        cases = _cases(Sweep(truth=truth), GRIDS[1:])
        yield Scenario(
            part=ZONE,
            name=truth,
            cases=cases,
            questions=(
                Question(asks="a rate is put on the wrong side", outcome="zone wrong", target=Target(high=0.05)),
                Question(asks="share of the safe rates that is found", outcome="safe found"),
            ),
        )
