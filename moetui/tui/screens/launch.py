"""The Launch screen: choose a preset, tick learning rates, schedules and seeds, see what would run, start it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from moetui.core.devices import Device, devices
from moetui.core.enqueue import enqueue
from moetui.core.errors import LabError, UsageError
from moetui.core.plan import PlannedRun
from moetui.core.presets import Fault, Library, Preset
from moetui.core.records import RunRecord
from moetui.tui.actions import bindings
from moetui.tui.chart.widget import Chart
from moetui.tui.feed import Picture
from moetui.tui.launch import lists, summary
from moetui.tui.launch.card import Card, Words, fault_words, folder_words
from moetui.tui.launch.curves import curves_chart, planned_curves
from moetui.tui.launch.desk import Desk
from moetui.tui.launch.preset_tree import PresetTree
from moetui.tui.launch.run_list import RunList
from moetui.tui.launch.settings_dialog import SettingsDialog
from moetui.tui.launch.settings_text import settings_line
from moetui.tui.launch.tick_list import TickList
from moetui.tui.place import PlaceScreen
from moetui.tui.screens.confirm import Confirm

TALL = 34
"""Rows from which on curves and names are shown together."""
SHORT, NARROW = 20, 70
"""Rows and columns below which description and tree give way to the lists and the chart."""


class LaunchScreen(PlaceScreen):
    """The tree of presets on the left; on the right the lists, the planned curves or runs, and what they amount to."""

    place = "launch"
    AUTO_FOCUS = "PresetTree"
    BINDINGS: ClassVar[list[BindingType]] = bindings("launch")
    DEFAULT_CSS = """
    LaunchScreen #left { width: 26; border-right: tall $panel; }
    LaunchScreen #right { width: 1fr; padding: 0 0 0 1; }
    LaunchScreen #search { display: none; }
    LaunchScreen #search.-open { display: block; }
    LaunchScreen #lists { height: 6; }
    LaunchScreen #rates { width: 15; }
    LaunchScreen #seeds { width: 13; }
    LaunchScreen #note, LaunchScreen #totals { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    LaunchScreen #totals { height: 2; }
    LaunchScreen RunList { display: none; }
    LaunchScreen.-names RunList { display: block; }
    LaunchScreen.-names Chart { display: none; }
    LaunchScreen.-short Card { height: 2; }
    LaunchScreen.-short #lists { height: 4; }
    LaunchScreen.-narrow #left { width: 16; }
    LaunchScreen.-narrow #rates, LaunchScreen.-narrow #seeds { width: 12; }
    LaunchScreen.-tall RunList { display: block; }
    LaunchScreen.-tall Chart { display: block; }
    LaunchScreen.-tall Card { height: 5; }
    LaunchScreen.-tall #lists { height: 10; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._desk = Desk(Library({}))
        self._devices: tuple[Device, ...] = ()
        self._starting = False

    def compose_body(self) -> ComposeResult:
        """Tree, lists, chart or names, totals."""
        with Horizontal():
            with Vertical(id="left"):
                yield Input(placeholder="search", compact=True, id="search")
                yield PresetTree()
            with Vertical(id="right"):
                yield Card()
                with Horizontal(id="lists"):
                    yield TickList("LR", id="rates")
                    yield TickList("Warm-up, floor", id="shapes")
                    yield TickList("Seed", id="seeds")
                yield Static(id="note")
                yield Chart(charset=self.laboratory.charset)
                yield RunList()
                yield Static(id="totals")

    def on_mount(self) -> None:
        """Read the presets, and look for devices in the background."""
        self.action_reload()
        self._find_devices()

    def on_resize(self, event: events.Resize) -> None:
        """Show more where there is room for it."""
        self.set_class(event.size.height >= TALL, "-tall")
        self.set_class(event.size.height < SHORT, "-short")
        self.set_class(event.size.width < NARROW, "-narrow")

    def show_picture(self, picture: Picture) -> None:
        """New measurements and new queues change the estimate."""
        self._show_totals()

    # -- the choice ---------------------------------------------------------------------------------------------------

    def on_preset_tree_pointed(self, event: PresetTree.Pointed) -> None:
        """Plan the preset under the cursor."""
        if isinstance(event.entry, Preset):
            self._desk.take(event.entry)
            self._show_plan(fresh=True)
            return
        self._desk.take(None)
        self._show_plan(fresh=True)
        entry = event.entry
        self.query_one(Card).words = fault_words(entry) if isinstance(entry, Fault) else folder_words(event.name)

    def action_tick(self) -> None:
        """Tick or untick the value under the cursor, or fold the folder."""
        if isinstance(self.focused, PresetTree):
            self.focused.fold()
        elif (ticks := self._focused_list()) and ticks.current and self._desk.choice:
            self._desk.choose(lists.toggled(self._desk.choice, str(ticks.id), ticks.current.value))
            self._show_plan()

    def action_tick_all(self) -> None:
        """Tick every value of the list, or none."""
        if (ticks := self._focused_list()) and self._desk.choice:
            self._desk.choose(lists.flipped(self._desk.choice, str(ticks.id)))
            self._show_plan()

    def action_add_value(self) -> None:
        """Open the line of the focused list, or of the learning rates."""
        if self._desk.choice:
            (self._focused_list() or self.query_one("#rates", TickList)).open_input()

    def on_tick_list_typed(self, event: TickList.Typed) -> None:
        """Add what was typed, or say what is wrong with it and leave it for mending."""
        if self._desk.choice is None:
            return
        name = str(event.tick_list.id)
        try:
            choice, first = lists.added(self._desk.choice, name, event.text)
        except UsageError as error:
            self._say(str(error), fault=True)
            return
        self._desk.choose(choice)
        event.tick_list.close_input()
        self._show_plan()
        event.tick_list.point_at(first)

    def on_tick_list_typing(self, event: TickList.Typing) -> None:
        """Explain what the line takes."""
        self._say(lists.HINTS[str(event.tick_list.id)] if event.tick_list.typing else "")

    async def action_settings(self) -> None:
        """Open the dialog for all other settings."""
        if self._desk.preset:
            dialog = SettingsDialog(self._desk.settings, self._desk.present(), self._desk.check)
            await self.app.push_screen(dialog, self._set)

    def _set(self, settings: Mapping[str, Any] | None) -> None:
        self._desk.set(settings or {})
        self._show_plan()

    def action_offline(self) -> None:
        """Take text that needs no network, or the preset's own again."""
        self._desk.offline = not self._desk.offline
        self._desk.replan()
        self._show_plan()

    # -- moving about -------------------------------------------------------------------------------------------------

    def action_go(self, step: int) -> None:
        """Move the focus to the next place or to the one before."""
        if step > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_search(self) -> None:
        """Open the search line."""
        search = self.query_one("#search", Input)
        search.add_class("-open")
        self.set_focus(search)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the presets that match."""
        self._fill_tree()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to what was found."""
        self.set_focus(self.query_one(PresetTree))

    def key_escape(self) -> None:
        """Show all presets again."""
        search = self.query_one("#search", Input)
        if search.has_class("-open"):
            search.value = ""
            search.remove_class("-open")
            self.set_focus(self.query_one(PresetTree))

    def key_down(self) -> None:
        """From the search line to what was found."""
        if self.focused is self.query_one("#search", Input):
            self.set_focus(self.query_one(PresetTree))

    def action_view(self) -> None:
        """Show names in place of curves, and back; a tall terminal shows both."""
        self.toggle_class("-names")

    def action_reload(self) -> None:
        """Read the preset files again."""
        self._desk.reload(*Library.collect(self.laboratory.lab.workspace.presets))
        self._fill_tree()
        self._show_plan(fresh=True)

    # -- starting -----------------------------------------------------------------------------------------------------

    async def action_launch(self) -> None:
        """Start the planned runs, after a question if they are many or long."""
        if isinstance(self.focused, PresetTree) and self.focused.fold():
            return
        runs = self._desk.outlook.runs
        if not runs or self._starting:
            return
        asked = summary.question(runs, self._bill(runs))
        if asked:
            await self.app.push_screen(Confirm(asked), lambda yes: self._start(runs) if yes else None)
        else:
            self._start(runs)

    def _start(self, runs: tuple[PlannedRun, ...]) -> None:
        self._starting = True
        self._say(f"queueing {len(runs)} …")
        self._enqueue(runs)

    @work(thread=True, exit_on_error=False)
    def _enqueue(self, runs: tuple[PlannedRun, ...]) -> None:
        try:
            records = enqueue(self.laboratory.lab, runs)
        except LabError as error:
            self.app.call_from_thread(self._started, (), str(error))
        else:
            self.app.call_from_thread(self._started, records, "")

    def _started(self, records: tuple[RunRecord, ...], fault: str) -> None:
        self._starting = False
        self._say("")
        if fault:
            self.notify(fault, severity="error", markup=False)
        else:
            self.laboratory.watch_runs([record.id for record in records])

    @work(thread=True, exit_on_error=False)
    def _find_devices(self) -> None:
        self.app.call_from_thread(self._take_devices, tuple(devices()))

    def _take_devices(self, found: tuple[Device, ...]) -> None:
        self._devices = found
        self._show_totals()

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _focused_list(self) -> TickList | None:
        parent = self.focused.parent if self.focused else None
        return parent if isinstance(parent, TickList) else None

    def _fill_tree(self) -> None:
        query = self.query_one("#search", Input).value
        self.query_one(PresetTree).fill(self._desk.library, self._desk.faults, query)

    def _show_plan(self, *, fresh: bool = False) -> None:
        desk = self._desk
        if desk.preset:
            source = summary.source_text(desk.preset, desk.outlook.runs or desk.ground.own, offline=desk.offline)
            self.query_one(Card).words = Words(desk.preset.title, desk.preset.about, source)
        for name, rows in lists.rows(desk).items():
            self.query_one(f"#{name}", TickList).show(rows, fresh=fresh)
        curves = planned_curves(desk.outlook.runs)
        self.query_one(Chart).show(curves_chart(curves))
        self.query_one(RunList).show(desk.outlook.runs, curves.slots)
        self._say("")
        self._show_totals()

    def _show_totals(self) -> None:
        runs = self._desk.outlook.runs
        if self._desk.outlook.problem:
            text = Text(self._desk.outlook.problem, style="bold red")
        elif runs:
            pending = len(self.laboratory.picture.snapshot.pending)
            text = summary.totals(runs, self._bill(runs) if self._devices else None, pending=pending)
        else:
            text = Text()
        self.query_one("#totals", Static).update(text, layout=False)

    def _bill(self, runs: tuple[PlannedRun, ...]) -> summary.Bill:
        return summary.bill(runs, self.laboratory.picture.snapshot.runs, self._devices)

    def _say(self, words: str, *, fault: bool = False) -> None:
        """The line below the lists: what to type, what is wrong with it, or else the settings made by hand."""
        text = Text(words, style="bold red" if fault else "dim", no_wrap=True, overflow="ellipsis")
        if not words and self._desk.ground.settings:
            text = Text("set ", style="dim", no_wrap=True, overflow="ellipsis")
            text.append(settings_line(self._desk.ground.settings), style="bold not dim")
        self.query_one("#note", Static).update(text, layout=False)
