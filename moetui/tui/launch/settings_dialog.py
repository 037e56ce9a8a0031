"""A dialog to change settings of the runs by their keys."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from moetui.core.errors import UsageError
from moetui.tui.dialog import Dialog
from moetui.tui.launch.settings_text import changed_by, completed, explanation, setting_text

Check = Callable[[Mapping[str, Any]], str]
"""Says what is wrong with settings; empty if nothing."""

MATCHES = 6


class SettingInput(Input):
    """The line; it tells when somebody deletes although it is empty."""

    class Erased(Message):
        """Delete or backspace on an empty line."""

    def action_delete_left(self) -> None:
        """Delete backwards."""
        self._tell()
        super().action_delete_left()

    def action_delete_right(self) -> None:
        """Delete forwards."""
        self._tell()
        super().action_delete_right()

    def _tell(self) -> None:
        if not self.value:
            self.post_message(self.Erased())


class SettingsDialog(Dialog[dict[str, Any]]):
    """Shows the settings made so far and takes more; returns them all when it closes."""

    DEFAULT_CSS = """
    SettingsDialog { align: center middle; }
    SettingsDialog > Vertical {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface;
    }
    SettingsDialog Static { height: auto; }
    SettingsDialog #explanation { height: 6; margin-top: 1; }
    SettingsDialog Input { border: none; padding: 0; height: 1; }
    """
    BINDINGS = [  # noqa: RUF012  # Textual's convention
        Binding("escape", "close", "Close"),
        Binding("tab", "complete", "Complete the key", priority=True),
        Binding("up", "point(-1)", "Up", show=False),
        Binding("down", "point(1)", "Down", show=False),
    ]

    def __init__(self, settings: Mapping[str, Any], present: Mapping[str, Any], check: Check) -> None:
        """`settings` are changed, `present` are the values of all keys as the preset has them, `check` judges a change."""
        super().__init__()
        self._settings = dict(settings)
        self._present = present
        self._check = check
        self._cursor = 0

    def compose(self) -> ComposeResult:
        """The settings, the line, what is wrong with it, and the explanation of its key."""
        with Vertical() as box:
            box.border_title = "Settings over the preset"
            box.border_subtitle = "enter sets   del removes   esc done"
            yield Static(id="made")
            yield SettingInput(placeholder="key=value, several with spaces between", compact=True)
            yield Static(id="fault")
            yield Static(id="explanation")

    def on_mount(self) -> None:
        """Show the settings as they are."""
        self._show()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Explain the key being typed."""
        self.query_one("#fault", Static).update("")
        self.query_one("#explanation", Static).update(explanation(event.value, self._present, MATCHES))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the settings of the line if they are right; an empty line closes."""
        if not event.value.strip():
            self.action_close()
            return
        try:
            changed = changed_by(self._settings, event.value)
        except UsageError as error:
            self._complain(str(error))
            return
        if fault := self._check(changed):
            self._complain(fault)
            return
        self._settings = changed
        event.input.value = ""
        self._show()

    def on_setting_input_erased(self) -> None:
        """Remove the setting under the cursor."""
        if self._settings:
            del self._settings[list(self._settings)[self._cursor]]
            self._show()

    def action_point(self, by: int) -> None:
        """Move the cursor in the settings made."""
        self._cursor += by
        self._show()

    def action_complete(self) -> None:
        """Complete the key being typed."""
        line = self.query_one(SettingInput)
        line.value = completed(line.value)
        line.cursor_position = len(line.value)

    def action_close(self) -> None:
        """Close with the settings as they are."""
        self.dismiss(self._settings)

    def _complain(self, fault: str) -> None:
        self.query_one("#fault", Static).update(Text(fault, style="bold red"))

    def _show(self) -> None:
        self._cursor = max(0, min(self._cursor, len(self._settings) - 1))
        lines = [
            Text(f"› {setting_text(key, value)}", style="reverse")
            if index == self._cursor
            else Text(f"  {setting_text(key, value)}")
            for index, (key, value) in enumerate(self._settings.items())
        ]
        empty = [Text("nothing is changed yet", style="dim")]
        self.query_one("#made", Static).update(Text("\n").join(lines or empty))
