"""The keys that runs can be sorted and grouped by, and that columns can show."""

from moetui.core.planning.settings import default_settings
from moetui.core.query.fields import FACTS
from moetui.tui.dialogs.pick import Choice


def every_key() -> list[Choice]:
    """Every fact of a run and every key of the configuration, once each."""
    return [Choice(key, _called(key)) for key in (*FACTS, *default_settings()) if key != "name"]


def _called(key: str) -> str:
    title = FACTS[key].title if key in FACTS else key
    return key if title.casefold() == key else f"{key} ({title})"
