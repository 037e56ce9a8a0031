"""What stands beside the charts of a wide screen: the facts of the run under the cursor, or the end of its log."""

from textwrap import wrap
from typing import Final

from rich.text import Text
from textual.widgets import Static

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.lab import Lab
from moetui.core.runs.log import tail
from moetui.tui.curves.board import Beside
from moetui.tui.panel import Panel, shows
from moetui.tui.run.sections import section_text
from moetui.tui.widgets.columns import cut

WIDE: Final = 120
"""Columns of a screen from which on there is room beside the charts."""

TITLES: Final = {"facts": "facts", "log": "end of the log"}


class BesidePane(Static, Panel):
    """Shows what was read of a run; what has no room below is cut off."""

    DEFAULT_CSS = """
    BesidePane { width: 46; height: 1fr; padding: 0 1; border-left: tall $panel; display: none; }
    """

    @shows
    def show(self, text: Text) -> None:
        """Show this text."""
        self.update(text, layout=False)


def beside_text(lab: Lab, run: RunRecord, what: Beside, width: int, height: int) -> Text:
    """The pane in at most `height` lines of `width` cells. Reads files: belongs in a thread."""
    text = Text(cut(run.name, width, "tail"), "bold").append(f"\n{TITLES.get(what, '')}\n", "dim not bold")
    if what == "facts":
        body = section_text(lab, [run], {}, "facts", width=width)
        return text.append_text(Text("", style="not bold").append_text(body))
    room = max(height - 2, 0)
    lines = [part for line in tail(lab.run_dir(run).log_file, room) for part in wrap(line, max(width, 1)) or [""]]
    return text.append("\n".join(lines[-room:]) if lines else "the log is empty", "not bold")
