"""The list of alerts: what ended and what was found since somebody last looked."""

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from moetui.core import format as words
from moetui.tui.alerts import Alert
from moetui.tui.dialogs.dialog import Dialog
from moetui.tui.widgets.run_columns import GLYPHS, SEVERITY, STYLES
from moetui.tui.widgets.scroll_keys import SCROLLING, ScrollKeys

NOTHING = "Nothing ended and nothing was found since you last looked."


class AlertList(Dialog[None], ScrollKeys):  # the dialog first: Textual takes the styles of the first base only
    """Shows alerts, the newest first. Closing it is looking at them: they do not come again."""

    DEFAULT_CSS = """
    AlertList { align: center middle; }
    AlertList > VerticalScroll {
        width: 100; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; border: round $primary; background: $surface;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,exclamation_mark", "dismiss", "Close"),
        *SCROLLING,
    ]
    AUTO_FOCUS = ""

    def __init__(self, alerts: Sequence[Alert], since: float) -> None:
        """`since`: when somebody looked last."""
        super().__init__()
        self._alerts = alerts
        self._since = since

    def compose(self) -> ComposeResult:
        """One line or more for each alert: when, its sign, and what happened."""
        table = Table.grid(padding=(0, 1))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for alert in self._alerts:
            status = alert.run.status
            sign, style = (
                SEVERITY[alert.finding.severity] if alert.finding else (GLYPHS[status], STYLES.get(status, ""))
            )
            when = "now" if alert.when is None else words.moment(alert.when)
            table.add_row(Text(when), Text(sign, style), Text(alert.text))
        box = VerticalScroll(Static(table if self._alerts else NOTHING), can_focus=False)
        box.border_title = f"Since {words.moment(self._since)}"
        box.border_subtitle = "esc closes; they do not come again"
        yield box
