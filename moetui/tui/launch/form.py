"""The form: every key of the configuration with its type, unit and bounds, changed by hand over a preset."""

from typing import Any, ClassVar, Literal

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Input, Static

from engine.spec.config import FieldInfo
from moetui.core.errors import UsageError
from moetui.tui.bindings import bindings
from moetui.tui.launch.desk import Desk, Edits
from moetui.tui.launch.form_list import FormList
from moetui.tui.launch.form_rows import axis_text, detail, form_rows, value_text
from moetui.tui.launch.typed import axis_hint, parse_axis, parse_field
from moetui.tui.place import PlaceScreen
from moetui.tui.widgets.line import Line

Way = Literal["value", "grid"]


class Form(PlaceScreen):
    """Changes what was set by hand on the desk; what cannot be planned is told while it is typed and is not taken."""

    place = "form"
    AUTO_FOCUS = "FormList"
    BINDINGS: ClassVar[list[BindingType]] = bindings("form")
    DEFAULT_CSS = """
    Form > Static { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    Form #detail { height: 4; border-top: solid $panel; text-wrap: wrap; }
    Form #fault { color: $error; }
    Form > Line { display: none; }
    Form > Line.-open { display: block; }
    Form > FormList { padding: 0 1; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._unedited = desk.unedited()
        self._changed_only = False
        self._way: Way = "value"
        self._opened = ""

    def compose_body(self) -> ComposeResult:
        """Caption, search, rows, what there is to know of one, its line and what is wrong with it."""
        yield Static(id="caption")
        yield Line(placeholder="search keys and descriptions", entered=lambda _: self._focus_rows(), id="find")
        yield FormList()
        yield Static(id="detail")
        yield Line(entered=self._enter, id="value")
        yield Static(id="fault")

    def on_mount(self) -> None:
        """Show the keys."""
        self._show()

    def action_edit(self) -> None:
        """Open the line with the value of the key."""
        self._open("value")

    def action_grid(self) -> None:
        """Open the line for several values, each of which is a run."""
        self._open("grid")

    def action_cycle(self) -> None:
        """Take the next choice of the key, or the other of yes and no."""
        info = self._info
        if info is None:
            return
        choices: list[Any] = list(info.choices) or ([True, False] if info.type == "yes or no" else [])
        if not choices:
            self.action_edit()
            return
        now = self._desk.present().get(info.key, info.default)
        here = choices.index(now) if now in choices else -1
        self._take(self._desk.edits.with_value(info.key, choices[(here + 1) % len(choices)]))

    def action_reset(self) -> None:
        """Let the key be as the preset has it."""
        if (info := self._info) is not None and info.key in self._desk.edits.keys:
            self._take(self._desk.edits.without(info.key))

    def action_find(self) -> None:
        """Open the search line."""
        self.query_one("#find").add_class("-open")
        self.set_focus(self.query_one("#find"))

    def action_changed(self) -> None:
        """Show only what was changed, or everything again."""
        self._changed_only = not self._changed_only
        self._show()

    def action_back(self) -> None:
        """Close the line, the search or the form, whichever is open."""
        value, find = self.query_one("#value", Line), self.query_one("#find", Line)
        if value.has_class("-open"):
            self._close()
        elif find.has_class("-open"):
            find.value = ""
            find.remove_class("-open")
            self._focus_rows()
        elif self._changed_only:
            self.action_changed()
        else:
            self.dismiss()

    def action_cursor(self, step: int) -> None:
        """Move to another key."""
        self.query_one(FormList).move(step)

    def action_page(self, pages: int) -> None:
        """Move by screens."""
        self.query_one(FormList).page(pages)

    def action_row(self, place: int) -> None:
        """Move to the first key or, with -1, to the last."""
        rows = self.query_one(FormList)
        rows.move(-len(rows.rows) if place == 0 else len(rows.rows))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that move to a line that is open."""
        return not (action in ("cursor", "page", "row") and isinstance(self.focused, Input))

    def key_down(self, event: events.Key) -> None:
        """From the search line to what was found."""
        if self.focused is self.query_one("#find"):
            event.stop()
            self._focus_rows()

    @on(Input.Changed, "#find")
    def _searched(self, event: Input.Changed) -> None:
        self._show()
        if event.value.strip():
            self.action_row(0)

    @on(Input.Changed, "#value")
    def _typed(self, event: Input.Changed) -> None:
        if event.input.has_class("-open"):
            self._say(self._fault_of(event.value), hint=self._hint)

    @on(FormList.Opened)
    def _opened_by_mouse(self) -> None:
        self.action_edit()

    @on(FormList.Moved)
    def _moved(self) -> None:
        self._show_detail()

    # -- one key ------------------------------------------------------------------------------------------------------

    @property
    def _info(self) -> FieldInfo | None:
        row = self.query_one(FormList).current
        return row.info if row else None

    @property
    def _hint(self) -> str:
        """What the line takes."""
        if self._way == "grid" and self._info is not None:
            return axis_hint(self._info)
        return "enter keeps it, esc leaves it as it is"

    def _open(self, way: Way) -> None:
        info = self._info
        if info is None:
            return
        self._way = way
        line = self.query_one("#value", Line)
        varied = self._desk.varied().get(info.key)
        now = self._desk.present().get(info.key, info.default)
        if way == "grid":
            line.value = axis_text(varied or (() if now is None else (now,)), exact=True)
        else:
            line.value = "" if varied else value_text(now, exact=True)
        self._opened = line.value
        line.select_all()  # what is typed takes the place of the old value
        line.placeholder = "one value for all runs" if varied else "empty"
        line.add_class("-open")
        self.set_focus(line)
        self._say(hint=self._hint)

    def _close(self) -> None:
        self.query_one("#value").remove_class("-open")
        self._say()
        self._focus_rows()

    def _enter(self, text: str) -> None:
        if fault := self._fault_of(text):
            self._say(fault)
        else:
            self._close()
            if edits := self._edited(text):
                self._take(edits)

    def _fault_of(self, text: str) -> str:
        """What is wrong with the line; empty if nothing."""
        try:
            edits = self._edited(text)
        except UsageError as error:
            return str(error)
        return self._desk.check(edits) if edits else ""

    def _edited(self, text: str) -> Edits | None:
        """The edits with what the line says of the key under the cursor; None if it says what it said. Raises `UsageError`."""
        info = self._info
        if info is None or text == self._opened:
            return None
        if self._way == "value":
            return self._desk.edits.with_value(info.key, parse_field(info, text))
        return self._desk.edits.with_axis(info.key, parse_axis(info, text))

    def _take(self, edits: Edits) -> None:
        if fault := self._desk.check(edits):
            self._say(fault)
            return
        self._desk.edit(edits)
        self._say()
        self._show()

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _focus_rows(self) -> None:
        self.set_focus(self.query_one(FormList))

    def _show(self) -> None:
        desk, query = self._desk, self.query_one("#find", Line).value
        rows = form_rows(desk.edits, desk.present(), desk.varied(), query, changed=self._changed_only)
        self.query_one(FormList).show(rows)
        caption = Text(f"{desk.preset.name if desk.preset else ''}: ", style="bold")
        count, axes = len(desk.edits.keys), len(desk.edits.axes)
        caption.append(f"{count} changed (*)" if count else "nothing changed", style="not bold")
        caption.append(f", {axes} of them varied (#)" if axes else "", style="not bold")
        if query:
            keys = sum(row.info is not None for row in rows)
            caption.append(f" · {keys} key{'' if keys == 1 else 's'} found", style="dim not bold")
        self.query_one("#caption", Static).update(caption, layout=False)
        self._show_detail()

    def _show_detail(self) -> None:
        row = self.query_one(FormList).current
        text = Text("No key matches.", style="dim") if row is None else detail(row, self._unedited)
        self.query_one("#detail", Static).update(text, layout=False)

    def _say(self, fault: str = "", *, hint: str = "") -> None:
        self.query_one("#fault", Static).update(Text(fault) if fault else Text(hint, style="dim"), layout=False)
