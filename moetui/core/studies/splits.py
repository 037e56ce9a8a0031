"""Plans of a study within a budget: what each split into sizes, rates and seeds costs and is expected to tell, and its runs."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.spec.config import RunConfig
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import UsageError
from moetui.core.planning.ladder import Ladder, resized, variants
from moetui.core.planning.plan import PlannedRun, Selection, Variant, group_of, plan, varied
from moetui.core.planning.presets import Library
from moetui.core.planning.scale import chain_at, split_scale
from moetui.core.planning.settings import own_settings
from moetui.core.science.evidence import Evidence
from moetui.core.science.response import slices
from moetui.core.science.splits import RATES, SPACING, Grid, Ground, Outlook, Place, ground, outlook, place
from moetui.core.science.transfer import Found, best_rate, reach
from moetui.core.studies.estimate import Pace
from moetui.core.studies.progress import ANSWERED
from moetui.core.studies.transfer import KEYS, number_on, sweep_of

MOST_SEEDS: Final = 32
"""Seeds beyond which no split goes."""
LIKELY: Final = 0.8
"""Chance that every size's best rate lies inside its grid, below which a split is not proposed while another one has it."""
NEAR: Final = 0.03
"""A rate that was tried stands for one that differs from it by less than this share."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is to be found out: the best rate of a preset with settings or, with a `goal`, that at a size from those of a ladder.

    `precision` is the half width of ln lr* that is wanted, `budget` the device time in seconds that may be spent, if it is limited.
    """

    preset: str
    settings: Mapping[str, Any]
    ladder: Ladder | None
    goal: float | None
    precision: float
    budget: float | None


@dataclass(frozen=True, slots=True)
class Split:
    """One way to spend: sizes (none: that of the preset), rates and seeds.

    `outlook` is what it is expected to tell; `runs` are due, and take so many seconds.
    """

    sizes: tuple[int, ...]
    rates: int
    seeds: int
    outlook: Outlook
    runs: int
    seconds: float

    def reaches(self, precision: float) -> bool:
        """Whether the expected interval is as narrow as that."""
        return self.outlook.half <= precision


@dataclass(frozen=True, slots=True)
class Planned:
    """The splits, the best of each number of sizes and rates, and the one that is proposed with its runs."""

    known: Ground
    splits: tuple[Split, ...]
    chosen: Split
    runs: tuple[PlannedRun, ...]


@dataclass(frozen=True, slots=True)
class _Size:
    """A size that a plan may use: its number (0: the preset's own), what names it, its rates by their count, and a run's seconds.

    `there` holds the seeds of each rate that have a run.
    """

    number: int
    variant: Variant | None
    grids: Mapping[int, Grid]
    rates: Mapping[int, tuple[float, ...]]
    there: Mapping[float, frozenset[int]]
    seconds: float

    def due(self, rates: int, seeds: int) -> int:
        """Runs of so many rates and seeds that are not there yet."""
        return sum(seeds - sum(seed <= seeds for seed in self.there[rate]) for rate in self.rates[rates])


def planned(
    library: Library,
    question: Question,
    base: RunConfig,
    runs: Iterable[Evidence],
    records: Sequence[RunRecord],
    pace: Pace,
) -> Planned:
    """The plan for a question. `base` is the preset with its settings, `runs` what is known of it. Raises `UsageError`."""
    found = _found(question, base, runs)
    known = ground(found)
    sizes = tuple(_sizes(library, question, base, found, records, pace))
    splits = tuple(_rows(question, known, sizes))
    if not splits:
        raise UsageError(_why_none(question, sizes))
    likely = [split for split in splits if split.outlook.inside >= LIKELY] or [
        max(splits, key=lambda split: split.outlook.inside)
    ]
    enough = [split for split in likely if split.reaches(question.precision)]
    chosen = (
        min(enough, key=lambda split: split.seconds) if enough else min(likely, key=lambda split: split.outlook.half)
    )
    return Planned(known, splits, chosen, tuple(_runs(library, question, sizes, chosen)))


def _found(question: Question, base: RunConfig, runs: Iterable[Evidence]) -> list[Found]:
    """The best rates that are known of this setting, by size."""
    moving = KEYS[question.ladder.axis] if question.ladder else frozenset[str]()
    fixed = _fixed(base, moving)
    found = []
    for part in slices(run for run in runs if not run.record.published):
        config = part.runs[0].config
        if config is not None and _fixed(config, moving) == fixed:
            number = number_on(question.ladder.axis, config) if question.ladder else 1.0
            found.append(best_rate(sweep_of(part, number)))
    return sorted((one for one in found if isinstance(one, Found)), key=lambda one: one.size)


def _fixed(config: RunConfig, moving: frozenset[str]) -> dict[str, Any]:
    """The keys of a configuration that runs of one ladder share."""
    return {key: value for key, value in own_settings(config).items() if key not in moving | {"optimizer.lr"}}


def _sizes(
    library: Library,
    question: Question,
    base: RunConfig,
    found: Sequence[Found],
    records: Sequence[RunRecord],
    pace: Pace,
) -> Iterator[_Size]:
    grid = varied(chain_at(library, *split_scale(question.preset))).get("optimizer.lr", (base.optimizer.lr,))
    otherwise = sum(map(math.log, grid)) / len(grid)
    seeds: dict[str, set[int]] = {}
    for record in records:
        if record.seed is not None and record.deleted is None and (record.pending or record.status in ANSWERED):
            seeds.setdefault(record.group, set()).add(record.seed)
    named = variants(question.ladder, base) if question.ladder else (None,)
    for number, variant in zip(question.ladder.sizes if question.ladder else (0,), named, strict=True):
        config = base if question.ladder is None else resized(question.ladder, base, number)
        best = place(found, number or None, otherwise)
        tried = [rate for one in found if one.size == (number or 1.0) for rate in one.rates]
        rates = {count: tuple(_rates(best, count, tried or grid)) for count in RATES}
        yield _Size(
            number,
            variant,
            {count: Grid(math.log(own[count // 2]), best) for count, own in rates.items()},
            rates,
            {rate: frozenset(seeds.get(group_of(_at(config, rate)), ())) for own in rates.values() for rate in own},
            pace.cost(PlannedRun(name="", preset="", study="", point={}, config=config)).seconds,
        )


def _rates(best: Place, count: int, tried: Iterable[float]) -> Iterator[float]:
    """So many rates at factors of √2, the middle one near the best place; a rate that was tried stands for one beside it."""
    tried = tuple(tried)
    nearest = min(tried, key=lambda rate: abs(math.log(rate) - best.ln_lr))
    middle = math.log(nearest) if abs(math.log(nearest) - best.ln_lr) <= SPACING / 2 else best.ln_lr
    for step in range(-(count // 2), count // 2 + 1):
        wanted = math.exp(middle + SPACING * step)
        near = min(tried, key=lambda rate: abs(rate / wanted - 1))
        yield near if abs(near / wanted - 1) < NEAR else float(f"{wanted:.3g}")


def _at(config: RunConfig, rate: float) -> RunConfig:
    return config.model_copy(update={"optimizer": config.optimizer.model_copy(update={"lr": rate})})


def _rows(question: Question, known: Ground, sizes: Sequence[_Size]) -> Iterator[Split]:
    """The best split of each number of sizes and rates that can be paid."""
    counts = range(3, len(sizes) + 1) if question.goal else (1,)
    for count, rates in itertools.product(counts, RATES):
        made = (
            _split(question, known, chosen, rates)
            for chosen in itertools.combinations(sizes, count)
            if question.goal is None or _bears(chosen, question.goal)
        )
        splits = [split for split in made if split is not None]
        if enough := [split for split in splits if split.reaches(question.precision)]:
            yield min(enough, key=lambda split: split.seconds)
        elif splits:
            yield min(splits, key=lambda split: split.outlook.half)


def _bears(sizes: Sequence[_Size], goal: float) -> bool:
    """Whether a ladder of these sizes reaches the goal."""
    return goal <= reach(sizes[0].number, sizes[-1].number, len(sizes), bent=False)


def _why_none(question: Question, sizes: Sequence[_Size]) -> str:
    if question.goal is not None and not _bears(sizes, question.goal):
        most = reach(sizes[0].number, sizes[-1].number, len(sizes), bent=False)
        return f"--to {question.goal:g}: the sizes of --ladder bear predictions up to {most:.4g}; add a larger size"
    cheapest = min(size.seconds * size.due(RATES[0], 2) for size in sizes)
    least = f"five rates with two seeds at one size take about {cheapest:.3g} s of one device"
    return f"--budget: {least}, and {'a ladder needs three sizes' if question.goal else 'that is the least that tells something'}"


def _split(question: Question, known: Ground, sizes: Sequence[_Size], rates: int) -> Split | None:
    """These sizes and rates with the fewest seeds that reach the precision, or as many as can be paid; None of fewer than two."""
    best = None
    for seeds in range(2, MOST_SEEDS + 1):
        seconds = sum(size.seconds * size.due(rates, seeds) for size in sizes)
        if question.budget is not None and seconds > question.budget:
            break
        told = outlook(
            known,
            [size.number for size in sizes],
            [size.grids[rates] for size in sizes],
            rates=rates,
            seeds=seeds,
            goal=question.goal,
        )
        numbers = tuple(size.number for size in sizes if size.number)
        best = Split(numbers, rates, seeds, told, sum(size.due(rates, seeds) for size in sizes), seconds)
        if best.reaches(question.precision):
            break
    return best


def _runs(library: Library, question: Question, sizes: Sequence[_Size], split: Split) -> Iterator[PlannedRun]:
    for size in sizes:
        if size.number in split.sizes or not size.number:
            yield from plan(
                library,
                Selection(
                    presets=(question.preset,),
                    settings=question.settings,
                    axes={"optimizer.lr": size.rates[split.rates]},
                    variants=(size.variant,) if size.variant else (),
                    seeds=tuple(range(1, split.seeds + 1)),
                ),
            )
