"""The Launch screen: choose a preset, tick learning rates, schedules and seeds, change any key, see what would run, start it."""

import contextlib
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.widgets import Input, Static

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError, UsageError
from moetui.core.planning.plan import PlannedRun
from moetui.core.planning.preset_file import preset_path, save
from moetui.core.planning.presets import Fault, Library, Preset
from moetui.core.runs.recent import recently_used
from moetui.core.studies.progress import Member, complete
from moetui.tui.amounts import runs_text
from moetui.tui.bindings import bindings
from moetui.tui.dialogs.ask import Ask
from moetui.tui.dialogs.confirm import Confirm
from moetui.tui.feed import Picture
from moetui.tui.launch import lists, summary
from moetui.tui.launch.appraisal import Appraisal
from moetui.tui.launch.card import Card, fault_words, folder_words
from moetui.tui.launch.memory import remember_plan, remembered_plan
from moetui.tui.launch.plan_screen import PlanScreen
from moetui.tui.launch.plan_view import PlanView
from moetui.tui.launch.preset_tree import PresetTree
from moetui.tui.launch.tick_list import TickList, TickRows
from moetui.tui.widgets.line import Line

TALL = 34
"""Rows from which on curves and names are shown together."""
RECENT = 5
"""Presets that the tree shows as used last."""
MANY = 1_000_000
"""More lines than anything has."""
SHORT, NARROW = 20, 70
"""Rows and columns below which description and tree give way to the lists and the chart."""


class LaunchScreen(PlanScreen):
    """The presets on the left, the plan on the right; long, as every key of the screen is a method here."""

    place = "launch"
    AUTO_FOCUS = "PresetTree"
    BINDINGS: ClassVar[list[BindingType]] = bindings("launch")
    DEFAULT_CSS = """
    LaunchScreen #left { width: 26; border-right: tall $panel; }
    LaunchScreen #right { width: 1fr; padding: 0 0 0 1; }
    LaunchScreen #search { display: none; }
    LaunchScreen #search.-open { display: block; }
    LaunchScreen #lists { height: 6; }
    LaunchScreen #note { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    LaunchScreen.-short Card { height: 2; }
    LaunchScreen.-narrow #left { width: 16; }
    LaunchScreen.-narrow TickList { padding: 0 1 0 0; }
    LaunchScreen.-tall PlanView > Chart, LaunchScreen.-tall PlanView > RunList { display: block; }
    LaunchScreen.-tall PlanView > RunList { height: auto; max-height: 12; }
    LaunchScreen.-tall PlanView > FindingsPanel { display: block; height: auto; max-height: 7; }
    LaunchScreen.-tall PlanView > #audit.-found { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._starting = False
        self._statuses: object = None
        self._recent: tuple[str, ...] = ()

    def compose_body(self) -> ComposeResult:
        """Tree, lists, and what is planned."""
        self._fit(self.app.size)  # now, as yet there is nothing that would have to be styled anew
        with Horizontal():
            with Vertical(id="left"):
                yield Line(placeholder="search", entered=lambda _: self._focus_tree(), id="search")
                yield PresetTree()
            with Vertical(id="right"):
                yield Card()
                with Horizontal(id="lists"):
                    yield TickList("LR", typed=self._typed, id="rates")
                    yield TickList("Warm-up, floor", typed=self._typed, id="shapes")
                    yield TickList("Seed", typed=self._typed, id="seeds")
                yield Static(id="note")
                yield PlanView(self.laboratory.charset)

    def on_mount(self) -> None:
        """Read the presets; what the chosen one amounts to is shown when the first picture is on the screen."""
        self._read_presets()
        plan = remembered_plan(self.laboratory.lab.workspace.root)
        resumed = plan is not None and self._desk.resume(plan)
        self._fill_tree()
        if plan is not None and resumed:
            self.query_one(PresetTree).point_at(plan.preset)
        self.laboratory.once_shown(
            partial(self.call_later, self._show_more)
        )  # as a message of this screen, which keeps its faults

    def on_screen_suspend(self) -> None:
        """Keep the plan when one goes elsewhere."""
        self._keep_plan()

    def on_unmount(self) -> None:
        """Keep the plan when the program ends."""
        self._keep_plan()

    def _keep_plan(self) -> None:
        with contextlib.suppress(
            OSError, TypeError
        ):  # where nothing can be written the plan lasts as long as the program
            remember_plan(self.laboratory.lab.workspace.root, self._desk)

    def _show_more(self) -> None:
        self._shown = True
        self._show_plan(fresh=True)
        self._find_devices()

    def on_resize(self, event: events.Resize) -> None:
        """Show more where there is room for it."""
        self._fit(event.size)

    def _fit(self, size: Size) -> None:
        self.set_class(size.height >= TALL, "-tall")
        self.set_class(size.height < SHORT, "-short")
        self.set_class(size.width < NARROW, "-narrow")

    def show_picture(self, picture: Picture) -> None:
        """New measurements change the estimate; new runs what is here already, and which presets were used last."""
        statuses = picture.snapshot.statuses
        if statuses == self._statuses:
            return
        self._statuses = statuses
        recent = recently_used(picture.snapshot.runs, RECENT)
        if recent != self._recent:
            self._recent = recent
            self._fill_tree()
        self._appraisal = Appraisal()
        self._show_amounts()

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

    def on_tick_rows_clicked(self) -> None:
        """Tick what was clicked; the click has moved the focus there."""
        self.action_tick()

    def action_tick_all(self) -> None:
        """Tick every value of the list, or none."""
        if (ticks := self._focused_list()) and self._desk.choice:
            self._desk.choose(lists.flipped(self._desk.choice, str(ticks.id)))
            self._show_plan()

    def action_add_value(self) -> None:
        """Open the line of the focused list, or of the learning rates."""
        if self._desk.choice:
            (self._focused_list() or self.query_one("#rates", TickList)).open_input()

    def _typed(self, ticks: TickList, text: str) -> None:
        """Add what was typed, or say what is wrong with it and leave it for mending."""
        if self._desk.choice is None:
            return
        try:
            choice, first = lists.added(self._desk.choice, str(ticks.id), text)
        except UsageError as error:
            self._say(str(error), fault=True)
            return
        self._desk.choose(choice)
        ticks.close_input()
        self._show_plan()
        ticks.point_at(first)

    def on_tick_list_typing(self, event: TickList.Typing) -> None:
        """Explain what the line takes."""
        self._say(lists.HINTS[str(event.tick_list.id)] if event.tick_list.typing else "")

    async def action_form(self) -> None:
        """Open the form with every key."""
        from moetui.tui.launch.form import Form

        if self._desk.preset:
            await self.app.push_screen(Form(self._desk), lambda _: self._show_plan())

    def action_scale(self) -> None:
        """Plan on the next larger model."""
        self._desk.next_scale()
        self._show_plan()

    def action_reuse(self) -> None:
        """Run everything anew, or only what has no answer here."""
        self._desk.reuse = not self._desk.reuse
        self._show_plan()

    def action_devices(self) -> None:
        """Train each run on more devices, or on one again."""
        self._show_execution(self._desk.next_devices())

    def action_backend(self) -> None:
        """Let the cluster execute the runs, or this machine again."""
        self._show_execution(self._desk.next_backend())

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

    def action_cursor(self, lines: int) -> None:
        """Move the cursor of what has the focus, or scroll it if it has none."""
        if isinstance(self.focused, PresetTree | TickRows):
            self.focused.move(lines)
        elif self.focused is not None:
            self.focused.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Move by what is seen of it."""
        if self.focused is not None:
            self.action_cursor(pages * max(self.focused.size.height - 1, 1))

    def action_row(self, place: int) -> None:
        """Move to its first line or, with -1, to its last."""
        self.action_cursor(-MANY if place == 0 else MANY)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that move to a line that is open."""
        return not (action in ("cursor", "page", "row") and isinstance(self.focused, Input))

    def action_search(self) -> None:
        """Open the search line."""
        search = self.query_one("#search", Input)
        search.add_class("-open")
        self.set_focus(search)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the presets that match."""
        self._fill_tree()

    def _focus_tree(self) -> None:
        self.set_focus(self.query_one(PresetTree))

    def key_escape(self) -> None:
        """Show all presets again."""
        search = self.query_one("#search", Input)
        if search.has_class("-open"):
            search.value = ""
            search.remove_class("-open")
            self._focus_tree()

    def key_down(self, event: events.Key) -> None:
        """From the search line to what was found."""
        if self.focused is self.query_one("#search", Input):
            event.stop()
            self._focus_tree()

    def action_view(self) -> None:
        """Show the next of curves, runs and findings; a tall terminal shows all."""
        self.query_one(PlanView).turn()

    def action_reload(self) -> None:
        """Read the preset files again."""
        self._read_presets()
        self._fill_tree()
        self._show_plan(fresh=True)

    def _read_presets(self) -> None:
        self._desk.reload(*Library.collect(self.laboratory.lab.workspace.presets))

    # -- starting -----------------------------------------------------------------------------------------------------

    async def action_launch(self) -> None:
        """Start the planned runs, after a question if they are many or long."""
        if isinstance(self.focused, PresetTree) and self.focused.fold():
            return
        if not self._desk.outlook.runs or self._starting:
            return
        known = self._appraised_now()
        due = known.due(reuse=self._desk.reuse)
        if not due:
            self._watch_or_tell(known)
            return
        members = known.members if self._desk.reuse else tuple(Member(run, None) for run in due)
        started = {run.preset for run in self.laboratory.picture.snapshot.runs if run.path}
        first = started.isdisjoint(run.preset for run in due)
        asked = summary.question(due, self._bill(due), known.warnings(due), first=first, execution=self._desk.execution)
        if asked:
            await self.app.push_screen(Confirm(asked), lambda yes: self._start(members, due) if yes else None)
        else:
            self._start(members, due)

    def _watch_or_tell(self, known: Appraisal) -> None:
        """With nothing to run: show what trains, or say that everything is here."""
        pending = [member.record.id for member in known.members if member.record and member.state == "pending"]
        if pending:
            self.laboratory.watch_runs(pending)
        else:
            self.notify(f"{runs_text(len(known.runs))} here already, nothing to run; u runs anew", markup=False)

    def _start(self, members: tuple[Member, ...], due: tuple[PlannedRun, ...]) -> None:
        self._starting = True
        self._say(f"queueing {len(due)} …")
        self._enqueue(members)

    @work(thread=True, exit_on_error=False, description="queue the plan")
    def _enqueue(self, members: tuple[Member, ...]) -> None:
        try:
            records = complete(self.laboratory.lab, members, self._desk.execution)
        except (LabError, DamagedFile, OSError) as error:
            self.app.call_from_thread(self._started, [], str(error))
        else:
            self.app.call_from_thread(self._started, records, "")

    def _started(self, records: list[RunRecord], fault: str) -> None:
        self._starting = False
        self._say("")
        if fault:
            self.notify(fault, severity="error", markup=False)
        else:
            self.laboratory.watch_runs([record.id for record in records])

    def break_down(self, sentence: str) -> None:
        """Tell a fault; what was at work has broken off, and may be asked for again."""
        self._starting = self._appraising = False
        super().break_down(sentence)

    # -- saving -------------------------------------------------------------------------------------------------------

    async def action_save(self) -> None:
        """Ask for a name and write a preset that stands for the planned runs."""
        preset = self._desk.preset
        if preset is None or not self._desk.outlook.runs:
            return
        name = f"mine/{preset.name.rpartition('/')[2]}" if preset.built_in else preset.name
        hint = f"A file of this name with .toml in {self.laboratory.lab.workspace.presets}"
        await self.app.push_screen(Ask("Save the plan as the preset", name, hint), self._save_as)

    def _save_as(self, name: str | None) -> None:
        if name is None:
            return
        try:
            path = preset_path(self.laboratory.lab.workspace.presets, self._desk.library, name)
        except UsageError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        if not path.exists():
            self._save(name, replace=False)
            return
        question = Confirm(f"{path} is there already. Replace it?")
        self.app.push_screen(question, lambda yes: self._save(name, replace=True) if yes else None)

    def _save(self, name: str, *, replace: bool) -> None:
        folder: Path = self.laboratory.lab.workspace.presets
        try:
            path = save(folder, self._desk.library, self._desk.outlook.runs, name, replace=replace)
        except LabError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.action_reload()
        self.query_one(PresetTree).point_at(name)
        self.notify(f"saved {path}", markup=False)

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _focused_list(self) -> TickList | None:
        parent = self.focused.parent if self.focused else None
        return parent if isinstance(parent, TickList) else None

    def _fill_tree(self) -> None:
        query = self.query_one("#search", Input).value
        self.query_one(PresetTree).fill(self._desk.library, self._desk.faults, query, self._recent)
