"""What is chosen for a preset: its learning rates, schedules and seeds, some of them ticked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from moetui.core.planning.plan import PlannedRun, Selection, Variant
from moetui.core.planning.presets import Library
from moetui.tui.launch.typed import Shape

ValueT = TypeVar("ValueT")

LADDER = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""Learning rates offered beside the only one of a preset."""

SEEDS = (1, 2, 3)
"""Seeds that are always offered."""


@dataclass(frozen=True, slots=True)
class Axis(Generic[ValueT]):
    """One list: the values that the preset has itself, all values on offer in their order, and the ticked ones."""

    own: frozenset[ValueT]
    offered: tuple[ValueT, ...]
    ticked: frozenset[ValueT]

    @property
    def chosen(self) -> tuple[ValueT, ...]:
        """The ticked values in the order of the list."""
        return tuple(value for value in self.offered if value in self.ticked)

    @property
    def untouched(self) -> bool:
        """Whether exactly the preset's own values are ticked."""
        return self.ticked == self.own

    def toggled(self, value: ValueT) -> "Axis[ValueT]":
        """With this value ticked if it was not, and the other way round."""
        return replace(self, ticked=self.ticked ^ {value})

    def flipped(self) -> "Axis[ValueT]":
        """With every value ticked, or none if all were."""
        everything = frozenset(self.offered)
        return replace(self, ticked=frozenset() if self.ticked == everything else everything)

    def added(self, values: Iterable[ValueT], offered: Iterable[ValueT]) -> "Axis[ValueT]":
        """With these values ticked, in a list that now offers `offered`."""
        return replace(self, offered=tuple(offered), ticked=self.ticked | frozenset(values))

    def over(self, fresh: "Axis[ValueT]", order: Callable[[Iterable[ValueT]], Iterable[ValueT]]) -> "Axis[ValueT]":
        """The same ticks, where the preset's own values are those of `fresh` now."""
        offered = order(dict.fromkeys((*fresh.offered, *self.offered)))
        return Axis(fresh.own, tuple(offered), self.ticked)


@dataclass(frozen=True, slots=True)
class Choice:
    """The three lists of one preset. Of the schedules, None is the preset's own, whatever that is."""

    rates: Axis[float]
    shapes: Axis[Shape | None]
    seeds: Axis[int]

    def with_rates(self, rates: Iterable[float]) -> "Choice":
        """With these learning rates on the list, ticked."""
        added = tuple(rates)
        return replace(self, rates=self.rates.added(added, sorted({*self.rates.offered, *added})))

    def with_shapes(self, shapes: Iterable[Shape]) -> "Choice":
        """With these schedules on the list, ticked."""
        added = tuple(shapes)
        return replace(self, shapes=self.shapes.added(added, dict.fromkeys((*self.shapes.offered, *added))))

    def with_seeds(self, seeds: Iterable[int]) -> "Choice":
        """With these seeds on the list, ticked."""
        added = tuple(seeds)
        return replace(self, seeds=self.seeds.added(added, sorted({*self.seeds.offered, *added})))

    def rebased(self, fresh: "Choice") -> "Choice":
        """The same choice over a preset whose own values have become those of `fresh`: lists that were left alone follow."""
        rates, shapes, seeds = self.rates, self.shapes, self.seeds
        return Choice(
            rates=fresh.rates if rates.untouched else rates.over(fresh.rates, sorted),
            shapes=fresh.shapes if shapes.untouched else shapes.over(fresh.shapes, dict.fromkeys),
            seeds=fresh.seeds if seeds.untouched else seeds.over(fresh.seeds, sorted),
        )

    @property
    def missing(self) -> str:
        """What must be ticked before anything can run; empty if nothing."""
        lists = (("a learning rate", self.rates), ("a schedule", self.shapes), ("a seed", self.seeds))
        return next((f"tick {what} to plan a run" for what, axis in lists if not axis.ticked), "")

    def untouched(self, keys: Iterable[str]) -> "Choice":
        """The same, but the lists that these keys of the configuration decide are the preset's own again."""
        rates, shapes, seeds = self.rates, self.shapes, self.seeds
        for key in keys:
            if key == "optimizer.lr":
                rates = replace(rates, ticked=rates.own)
            elif key == "seed":
                seeds = replace(seeds, ticked=seeds.own)
            elif key in ("schedule.warmup", "schedule.warmup_updates", "schedule.floor"):
                shapes = replace(shapes, ticked=shapes.own)
        return Choice(rates, shapes, seeds)

    def selection(
        self, preset: str, settings: Mapping[str, Any], varied: Mapping[str, tuple[Any, ...]] = MappingProxyType({})
    ) -> Selection:
        """What to plan; `varied` are other axes of the grid.

        Lists that were left alone are left to the preset, so that the names are those of `moetui run`.
        """
        axes = dict(varied)
        if not self.rates.untouched:
            axes["optimizer.lr"] = self.rates.chosen
        if not self.seeds.untouched:
            axes["seed"] = self.seeds.chosen
        variants = () if self.shapes.untouched else tuple(map(_variant, self.shapes.chosen))
        return Selection(presets=(preset,), settings=settings, axes=axes, variants=variants)


def _variant(shape: Shape | None) -> Variant:
    if shape is None:
        return Variant("", {})
    return Variant(
        f"warmup={shape.warmup:g}/floor={shape.floor:g}",
        {"schedule.warmup": shape.warmup, "schedule.floor": shape.floor},
    )


def own_choice(runs: Iterable[PlannedRun], shapes: Iterable[Shape]) -> Choice:
    """The choice that stands for a preset as it is, from the runs it plans; `shapes` are offered besides."""
    configs = [run.config for run in runs]
    rates = frozenset(config.optimizer.lr for config in configs)
    seeds = frozenset(config.seed for config in configs)
    offered = rates | set(LADDER) if len(rates) == 1 else rates
    # The same schedule twice on the list would plan the same run twice.
    known = {Shape(config.schedule.warmup, config.schedule.floor) for config in configs}
    repeated = known if len(known) == 1 else set()
    return Choice(
        rates=Axis(rates, tuple(sorted(offered)), rates),
        shapes=Axis(
            frozenset({None}), (None, *(shape for shape in shapes if shape not in repeated)), frozenset({None})
        ),
        seeds=Axis(seeds, tuple(sorted(seeds | set(SEEDS))), seeds),
    )


def shapes_of(library: Library) -> tuple[Shape, ...]:
    """Warm-up and floor of every preset in the folder `schedule` that gives both."""
    found = [
        Shape(float(preset.config["schedule.warmup"]), float(preset.config["schedule.floor"]))
        for preset in library
        if preset.name.startswith("schedule/") and {"schedule.warmup", "schedule.floor"} <= preset.config.keys()
    ]
    return tuple(sorted(dict.fromkeys(found)))
