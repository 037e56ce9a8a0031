"""The three lists of the screen by name: `rates`, `shapes` and `seeds`."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from engine.spec.config import RunConfig
from moetui.core.errors import UsageError
from moetui.tui.amounts import rate_text, share_text, warmup_text
from moetui.tui.launch.choice import Axis, Choice, ValueT
from moetui.tui.launch.desk import Desk
from moetui.tui.launch.tick_list import TickRow
from moetui.tui.launch.typed import Shape, parse_learning_rates, parse_seeds, parse_shapes

HINTS: Final[Mapping[str, str]] = {
    "rates": "0.05, several, or a range: 0.02..0.1 x5, 0.01..0.3 x5 log",
    "shapes": "warm-up and floor: 10% 5%; combinations: 0 5% 10% x 5% 10%",
    "seeds": "4, or several, or a range: 1..5",
}


def rows(desk: Desk) -> dict[str, list[TickRow]]:
    """What each list shows for the present preset."""
    choice = desk.choice
    if choice is None:
        return {name: [] for name in HINTS}
    own = _own_shape([run.config for run in desk.ground.own])
    return {
        "rates": [TickRow(v, rate_text(v), v in choice.rates.ticked) for v in choice.rates.offered],
        "shapes": [TickRow(v, _shape_text(v) if v else own, v in choice.shapes.ticked) for v in choice.shapes.offered],
        "seeds": [TickRow(v, str(v), v in choice.seeds.ticked) for v in choice.seeds.offered],
    }


def toggled(choice: Choice, name: str, value: Hashable) -> Choice:
    """The choice with one value of a list ticked or unticked."""
    if name == "rates":
        return replace(choice, rates=_toggle(choice.rates, value))
    if name == "shapes":
        return replace(choice, shapes=_toggle(choice.shapes, value))
    return replace(choice, seeds=_toggle(choice.seeds, value))


def flipped(choice: Choice, name: str) -> Choice:
    """The choice with all values of a list ticked, or none."""
    if name == "rates":
        return replace(choice, rates=choice.rates.flipped())
    if name == "shapes":
        return replace(choice, shapes=choice.shapes.flipped())
    return replace(choice, seeds=choice.seeds.flipped())


def added(choice: Choice, name: str, text: str) -> tuple[Choice, Hashable]:
    """The choice with the values that were typed into a list, and the first of them. Raises `UsageError`."""
    if name == "rates":
        rates = parse_learning_rates(text)
        return choice.with_rates(rates), rates[0]
    if name == "shapes":
        shapes = parse_shapes(text)
        return choice.with_shapes(shapes), shapes[0]
    if name == "seeds":
        seeds = parse_seeds(text)
        return choice.with_seeds(seeds), seeds[0]
    raise UsageError(f"{name} takes no values")


def _toggle(axis: Axis[ValueT], value: Hashable) -> Axis[ValueT]:
    known = [offered for offered in axis.offered if offered == value]
    return axis.toggled(known[0]) if known else axis


def _own_shape(configs: Sequence[RunConfig]) -> str:
    """The preset's own schedule in the columns of the others, or how many it has."""
    texts = {f"{warmup_text(config):>5} {share_text(config.schedule.floor):>5}" for config in configs}
    return f"{texts.pop()} own" if len(texts) == 1 else f"{len(texts)} own"


def _shape_text(shape: Shape) -> str:
    """Warm-up and floor in two columns that line up."""
    return f"{share_text(shape.warmup):>5} {share_text(shape.floor):>5}"
