"""Configurations side by side: a row for each key, a column for each run."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from moetui.core.catalogue.records import RunRecord
from moetui.core.studies.differing import Side, differing
from moetui.tui.chart.palette import slot
from moetui.tui.widgets.columns import cut, pad
from moetui.tui.widgets.run_names import short_names

LEAST = 11
"""Cells of a column at least; runs for which there is no room come in a block of their own below."""
MOST = 28
GAP = 2


def side_by_side(
    runs: Sequence[RunRecord],
    configs: Mapping[str, Mapping[str, Any]],
    slots: Mapping[str, int],
    width: int,
    *,
    whole: bool,
) -> Text:
    """The keys that differ, or all of them if `whole`, of the runs whose configuration is known. What one does not have is `–`.

    A value unlike that of the first run is bold.
    """
    known = [run for run in runs if run.id in configs]
    if len(known) < 2:
        return Text("Of fewer than two of these runs the configuration is known.")
    rows = _rows([configs[run.id] for run in known], whole=whole)
    if not rows:
        return Text("The configurations are the same.  = shows all of it.")
    keys = min(max(map(len, rows)), max(width // 3, LEAST))
    names = short_names(known)
    needed = max(LEAST, *(len(_word(value)) for values in rows.values() for value in values), *map(len, names.values()))
    cells = min(needed + 2, MOST, max(width - keys - GAP, LEAST))
    room = max((width - keys) // (cells + GAP), 1)
    blocks = [
        _block(known[start : start + room], start, rows, names, slots, keys, cells)
        for start in range(0, len(known), room)
    ]
    return Text("\n\n").join(blocks)


def _rows(configs: Sequence[Mapping[str, Any]], *, whole: bool) -> dict[str, tuple[Any, ...]]:
    sides = [Side("", config) for config in configs]
    if not whole:
        return differing(sides)
    keys = dict.fromkeys(key for config in configs for key in config)
    return {key: tuple(config.get(key) for config in configs) for key in keys}


def _block(
    runs: Sequence[RunRecord],
    start: int,
    rows: Mapping[str, tuple[Any, ...]],
    names: Mapping[str, str],
    slots: Mapping[str, int],
    keys: int,
    cells: int,
) -> Text:
    """The runs from the place `start` on, as many as there is room for."""
    head = Text(" " * keys)
    for run in runs:
        look = slot(slots[run.id]) if run.id in slots else None
        head.append(" " * GAP).append(f"{look.marker} " if look else "  ", look.color if look else "")
        head.append(pad(cut(names[run.id], cells - 2, "tail"), cells - 2, right=False), "bold")
    lines = [head]
    for key, values in rows.items():
        line = Text(pad(cut(key, keys, "tail"), keys, right=False), "dim")
        for value in values[start : start + len(runs)]:
            line.append(" " * (GAP + 2))
            style = "bold not dim" if value != values[0] else "not dim"
            line.append(pad(cut(_word(value), cells - 2), cells - 2, right=False), style)
        lines.append(line)
    return Text("\n").join(lines)


def _word(value: Any) -> str:
    if value is None:
        return "–"
    return str(value).lower() if isinstance(value, bool) else str(value)
