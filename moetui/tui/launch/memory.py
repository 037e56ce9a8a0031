"""What the Launch screen remembers of a workspace between sessions: the last plan."""

import os
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import orjson

from moetui.core.user_state import workspace_state_file
from moetui.core.wholefile import replace_file
from moetui.tui.launch.choice import Axis, Choice
from moetui.tui.launch.desk import Desk, Edits, Plan
from moetui.tui.launch.typed import Shape

FILE = "plan.json"


def remember_plan(root: Path, desk: Desk) -> None:
    """Keep what is planned for the next session. Raises `OSError`, and `TypeError` for a setting that no file can hold."""
    plan = desk.plan
    if plan is None:
        return
    kept: dict[str, Any] = {
        "preset": plan.preset,
        "scale": plan.scale,
        "offline": plan.offline,
        "reuse": plan.reuse,
        "settings": dict(plan.edits.settings),
        "axes": dict(plan.edits.axes),
        "rates": _axis(plan.choice.rates),
        "shapes": _axis(plan.choice.shapes),
        "seeds": _axis(plan.choice.seeds),
    }
    path = workspace_state_file(root, FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(replace_file(path, orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)))


def remembered_plan(root: Path) -> Plan | None:
    """The plan of the last session; None where nothing is kept or what is kept makes no sense."""
    try:
        return _plan(orjson.loads(workspace_state_file(root, FILE).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _plan(kept: Mapping[str, Any]) -> Plan:
    axes = {str(key): tuple(values) for key, values in kept["axes"].items()}
    choice = Choice(
        rates=_read(kept["rates"], float),
        shapes=_read(kept["shapes"], lambda value: None if value is None else Shape(*map(float, value))),
        seeds=_read(kept["seeds"], int),
    )
    return Plan(
        preset=str(kept["preset"]),
        scale=str(kept["scale"]),
        offline=bool(kept["offline"]),
        reuse=bool(kept["reuse"]),
        edits=Edits(dict(kept["settings"]), axes),
        choice=choice,
    )


def _axis(axis: Axis[Any]) -> dict[str, list[Any]]:
    def plain(value: Hashable) -> Any:
        return [value.warmup, value.floor] if isinstance(value, Shape) else value

    return {
        "own": [plain(value) for value in axis.offered if value in axis.own],
        "offered": [plain(value) for value in axis.offered],
        "ticked": [plain(value) for value in axis.chosen],
    }


def _read(kept: Mapping[str, Any], value: Callable[[Any], Any]) -> Axis[Any]:
    own, offered, ticked = (tuple(map(value, kept[name])) for name in ("own", "offered", "ticked"))
    return Axis(frozenset(own), offered, frozenset(ticked))
