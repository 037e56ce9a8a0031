"""What the Live screen shows of a picture of the laboratory, given what the user chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.curves import Curves
from moetui.tui.chart.palette import slot
from moetui.tui.feed import Picture
from moetui.tui.live.lineup import Launch, assign_slots, followed, given, launches
from moetui.tui.live.row import Entry
from moetui.tui.widgets.run_slots import drawable, group_slots


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user wants to see: `given` ids in the list (none: all), `charted` ids on the charts (None: follow the newest).

    `pinned` ids are on the charts in any case, `hidden` ones only when they are chosen. `first` ids head the list (None: those on
    the charts): while single runs are put on the charts or taken off them, no line moves under the cursor.
    """

    given: tuple[str, ...] = ()
    charted: tuple[str, ...] | None = None
    pinned: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    first: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The runs of the list by launch, those on the charts, and the slot of each of these; `first` ids head the list."""

    groups: tuple[Launch, ...] = ()
    charted: tuple[RunRecord, ...] = ()
    slots: Mapping[str, int] | None = None
    by_group: bool = False
    """Whether the seeds of a group share a slot."""
    wanted: int = 0
    """How many runs would be on the charts if there were room for all."""
    first: frozenset[str] = frozenset()

    @property
    def listed(self) -> tuple[RunRecord, ...]:
        """All runs of the list, in its order: those on the charts before the others."""
        runs = [run for group in self.groups for run in group]
        return tuple(sorted(runs, key=lambda run: run.id not in self.first))


def look(picture: Picture, choice: Choice, held: Mapping[str, int], *, by_group: bool = False) -> View:
    """Sort out what to show; `held` are the slots that charted runs had before and keep. `by_group`: seeds share a slot."""
    runs = picture.snapshot.runs
    groups = given(runs, choice.given) if choice.given else launches(runs)
    if choice.charted is None:
        shown = [tuple(run for run in group if run.id not in choice.hidden) for group in groups]
        charted = followed([group for group in shown if group], picture.snapshot.taken, by_group=by_group)
    else:
        charted = [run for group in groups for run in group if run.id in choice.charted]
    pinned = [run for group in groups for run in group if run.id in choice.pinned]
    wanted = pinned + [run for run in charted if run not in pinned]
    drawn = drawable(wanted, by_group=by_group)
    first = frozenset(run.id for run in drawn) if choice.first is None else choice.first
    return View(tuple(groups), tuple(drawn), assign_slots(drawn, groups, held), by_group, len(wanted), first)


def entries(view: View, picture: Picture, choice: Choice) -> list[Entry]:
    """The lines of the list."""
    slots = view.slots or {}
    if view.by_group:
        slots = group_slots(view.charted, slots)
    return [
        Entry(
            run,
            picture.snapshot.states.get(run.id),
            slot(slots[run.id]) if run.id in slots else None,
            _last(picture.curves.get(run.id), "train_loss"),
            run.final.val_loss if run.final is not None else _last(picture.curves.get(run.id), "val_loss"),
            background.findings if (background := picture.backgrounds.get(run.id)) is not None else (),
            "pinned" if run.id in choice.pinned else "hidden" if run.id in choice.hidden else "",
        )
        for run in view.listed
    ]


def caption(view: View, choice: Choice) -> str:
    """What the list shows, in a few words."""
    if choice.charted is not None:
        drawn = f"{len(view.charted)} of " if view.wanted > len(view.charted) else ""
        return f"{drawn}{view.wanted} chosen · f follows"
    if not any(run.pending for run in view.listed):
        return "nothing runs · 1: Launch"
    if choice.given:
        return f"{len(view.listed)} runs · f shows all"
    return "following the newest"


def _last(curves: Curves | None, key: str) -> float | None:
    values: Sequence[float] = [] if curves is None else curves.get(key)[1][-1:].tolist()
    return values[0] if values else None
