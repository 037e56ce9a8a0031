"""What the Runs screen remembers of a workspace between sessions: columns, order, grouping, and what is left out."""

import os
from pathlib import Path
from typing import Any

import orjson

from moetui.core.errors import UsageError
from moetui.core.query.fields import field
from moetui.core.user_state import workspace_state_file
from moetui.core.wholefile import replace_file
from moetui.tui.widgets.listing import Order, View
from moetui.tui.widgets.run_columns import column

FILE = "runs.json"


def remembered_view(root: Path) -> View:
    """The view of the last session; the usual one where nothing is kept or what is kept makes no sense."""
    try:
        kept = orjson.loads(workspace_state_file(root, FILE).read_bytes())
        return _view(kept)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, UsageError):
        return View()


def remember_view(root: Path, view: View) -> None:
    """Keep a view for the next session. Raises `OSError`."""
    path = workspace_state_file(root, FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    kept: dict[str, Any] = {
        "columns": view.columns,
        "sort": view.order.key if view.order else "",
        "descending": view.order.descending if view.order else False,
        "group": view.group,
        "differing": view.differing,
        "archived": view.archived,
    }
    os.close(replace_file(path, orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)))


def _view(kept: dict[str, Any]) -> View:
    columns, sort, group = tuple(map(str, kept["columns"])), str(kept["sort"]), str(kept["group"])
    for key in (*columns, *([sort] if sort else [])):
        column(key)
    if group:
        field(group)
    order = Order(sort, bool(kept["descending"])) if sort else None
    return View(columns, order, group, bool(kept["differing"]), bool(kept["archived"]))
