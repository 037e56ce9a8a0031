"""The headings under which the help lists the actions of a place."""

from collections.abc import Mapping
from types import MappingProxyType

from moetui.tui.actions import Action

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Move": ("cursor", "scroll", "page", "row", "go", "turn"),
        "Views": (
            "section",
            "view",
            "log",
            "sort",
            "reverse",
            "filter",
            "search",
            "trash",
            "hosts",
            "pending",
            "open",
        ),
        "Charts": (
            "chart",
            "maximise",
            "places",
            "chart_page",
            "charts",
            "axis",
            "span",
            "difference",
            "log_axis",
            "smooth",
            "zoom",
            "pan",
            "inspect",
            "reset",
            "colour",
            "published",
            "events",
        ),
    }
)
"""Headings of the help and the methods below each; all others are what one does in a place."""


def group_of(action: Action) -> str:
    """The heading that an action has in the help."""
    method = action.id.partition("(")[0]
    return next((name for name, methods in GROUPS.items() if method in methods), "Do")
