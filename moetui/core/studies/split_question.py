"""The question of a plan, as people ask it in words, and its answer from what a laboratory has seen."""

from typing import Final

from moetui.core.errors import NotFoundError, UsageError
from moetui.core.machine.devices import devices
from moetui.core.planning.ladder import Ladder, Settings, base_config, goal_of, parse_ladder
from moetui.core.planning.typed_values import duration
from moetui.core.runs.lab import Lab
from moetui.core.studies.estimate import pace
from moetui.core.studies.gather import gather
from moetui.core.studies.lookup import find_item
from moetui.core.studies.splits import Planned, Question, planned

FEWEST_SIZES: Final = 3
MOST_SIZES: Final = 10


def question(
    preset: str, settings: Settings, *, precision: float, budget: str = "", to: str = "", ladder: str = ""
) -> Question:
    """The question that words ask: `to` is width=256, `ladder` width=32,48,64, `budget` 4h. Raises `UsageError`."""
    sizes, goal = _sizes(to, ladder)
    return Question(
        preset=preset, settings=settings, ladder=sizes, goal=goal, precision=precision, budget=_seconds(budget)
    )


def answer(lab: Lab, asked: Question) -> Planned:
    """The plan for a question, from the runs of its preset that are there. Raises `UsageError` or `NotFoundError`."""
    library, runs = lab.library(), lab.snapshot().runs
    base = base_config(library, asked.preset, asked.settings)
    try:
        records = find_item(asked.preset, runs, library).records
    except NotFoundError:
        records = ()
    return planned(library, asked, base, gather(lab, records), runs, pace(lab.records(), devices()))


def _sizes(to: str, ladder: str) -> tuple[Ladder | None, float | None]:
    """The sizes that may be run and the one in question. Raises `UsageError` unless both are given, of one axis, or neither."""
    if not to and not ladder:
        return None, None
    if not to or not ladder:
        raise UsageError("a size is told from others: give both --to width=256 and --ladder width=32,48,64,96,128")
    axis, size = goal_of(to)
    sizes = parse_ladder(ladder)
    if axis != sizes.axis:
        raise UsageError(f"--to {to}: the sizes of --ladder are of another axis, {sizes.axis}")
    if not FEWEST_SIZES <= len(sizes.sizes) <= MOST_SIZES:
        raise UsageError(f"--ladder {ladder[:80]}: a plan chooses among three to ten sizes")
    return sizes, size


def _seconds(budget: str) -> float | None:
    if not budget:
        return None
    found = duration(budget.strip())
    if found is None or not 0 < found.low < 1e10:
        raise UsageError(f"--budget {budget[:80]}: write a time, such as 90m, 4h or 2d")
    return found.low
