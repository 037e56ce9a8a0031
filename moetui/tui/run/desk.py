"""What the list of runs and the page of one run can both do to runs: label, archive, stop, go on, repeat, fork, export, copy."""

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

from textual import work
from textual.message_pump import _MessagePumpMeta

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import UsageError
from moetui.tui.changes import Outcome, Task
from moetui.tui.dialogs.ask import Ask
from moetui.tui.dialogs.confirm import Confirm
from moetui.tui.dialogs.pick import Choice, Pick
from moetui.tui.place import PlaceScreen
from moetui.tui.run import copies, tasks, wording
from moetui.tui.run.stopping import stop_question
from moetui.tui.run.tags import common_tags
from moetui.tui.run.typed_lines import COOLDOWN_HINT, EXPORT_HINT, FORK_HINT, parse_cooldown, parse_export, parse_fork
from moetui.tui.widgets.columns import Column
from moetui.tui.widgets.run_columns import COLUMNS


class _AbstractScreen(_MessagePumpMeta, ABCMeta):
    """Textual's classes have a metaclass of their own, so one of both is needed for a screen that is abstract."""


class DeskScreen(PlaceScreen, metaclass=_AbstractScreen):
    """A screen with runs to work on. Subclasses say which: `current_run` and `chosen`."""

    @property
    @abstractmethod
    def current_run(self) -> RunRecord | None:
        """The run that is looked at."""

    @property
    @abstractmethod
    def chosen(self) -> Sequence[RunRecord]:
        """The runs that are marked, or else the one that is looked at."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of a table of these runs."""
        return COLUMNS

    def after_change(self) -> None:
        """Bring the screen up to date after a change on disk."""
        self.laboratory.refresh_picture()

    async def action_tag(self) -> None:
        """Edit the tags that the chosen runs have in common."""
        if runs := list(self.chosen):
            common = common_tags(runs)
            hint = "Words with spaces between; an empty line takes all away."
            ask = Ask(f"Tags of {wording.these(runs)}", " ".join(common), hint)
            await self._ask(ask, lambda line: partial(tasks.tag, self.laboratory.lab, runs, common, line))

    async def action_note(self) -> None:
        """Edit the note of the run."""
        if (run := self.current_run) is not None:
            ask = Ask(f"Note on {run.name}", run.note)
            await self._ask(ask, lambda line: partial(tasks.note, self.laboratory.lab, run, line))

    async def action_rename(self) -> None:
        """Give the run another name."""
        if (run := self.current_run) is not None:
            ask = Ask(f"New name of {run.id}", run.name)
            await self._ask(ask, lambda line: partial(tasks.rename, self.laboratory.lab, run, line.strip()))

    def action_archive(self) -> None:
        """Archive the chosen runs, or bring them back if all of them are archived."""
        if runs := list(self.chosen):
            away = any(run.archived is None for run in runs)
            self.change(partial(tasks.archive, self.laboratory.lab, runs, away=away))

    async def action_stop(self) -> None:
        """Ask, then stop the chosen runs that have not ended."""
        runs = [run for run in self.chosen if run.pending]
        if not runs:
            self.notify("Only a run that has not ended can be stopped.", severity="warning", markup=False)
            return
        question = stop_question(runs[0]) if len(runs) == 1 else wording.question(f"Stop these {len(runs)} runs?", runs)
        await self._confirm(question, partial(tasks.stop, self.laboratory.lab, runs))

    async def action_resume(self) -> None:
        """Let the chosen runs that broke off go on."""
        await self._once_more("Let these {} runs go on?", tasks.resume)

    async def action_rerun(self) -> None:
        """Queue the configurations of the chosen runs as new runs."""
        await self._once_more("Queue new runs of these {} configurations?", tasks.rerun)

    async def action_fork(self) -> None:
        """Ask for settings, then queue new runs that begin with the weights of the chosen ones."""
        if runs := list(self.chosen):
            ask = Ask(f"Fork {wording.these(runs)} with", "", FORK_HINT, check=_fault_of(parse_fork))
            await self._ask(ask, lambda line: partial(tasks.fork, self.laboratory.lab, runs, *parse_fork(line)))

    async def action_cooldown(self) -> None:
        """Ask for lengths, then queue branches that leave the chosen runs and cool down."""
        if runs := list(self.chosen):
            title = f"Branches that leave {wording.these(runs)} and cool down"
            ask = Ask(title, "0.25,0.5,0.75", COOLDOWN_HINT, check=_fault_of(parse_cooldown))
            await self._ask(ask, lambda line: partial(tasks.cooldown, self.laboratory.lab, runs, *parse_cooldown(line)))

    async def action_export(self) -> None:
        """Ask where to, then export the measurements of the chosen runs."""
        if not (runs := list(self.chosen)):
            return

        def task(line: str) -> Task:
            to, kind, force = parse_export(line)
            return partial(tasks.export_runs, self.laboratory.lab, runs, to, kind, force=force)

        ask = Ask(f"Export {wording.these(runs)} to", "curves.csv", EXPORT_HINT, check=_fault_of(parse_export))
        await self._ask(ask, task)

    async def action_copy(self) -> None:
        """Ask what, then copy that of the chosen runs."""
        if not (runs := list(self.chosen)):
            return

        def picked(keys: tuple[str, ...] | None) -> None:
            if keys:
                self._copy(runs, self.columns, keys[0])

        choices = [Choice(key, title) for key, (title, _) in copies.COPIES.items()]
        await self.app.push_screen(Pick(f"Copy of {wording.these(runs)}", choices), picked)

    @work(thread=True, group="copy", exit_on_error=False, description="copy runs")
    def _copy(self, runs: Sequence[RunRecord], columns: Sequence[Column], what: str) -> None:
        """Make the text and write the file in a thread, which takes a while for ten thousand runs."""
        title, make = copies.COPIES[what]
        text = make(runs, columns)
        fits = len(text.encode()) <= copies.MOST
        try:
            kept = f"{'also' if fits else 'too long for the clipboard,'} in {copies.keep_copy(text)}"
        except OSError as error:
            kept = f"not kept in a file: {error.strerror or error}"
        said = f"copied {title} of {wording.these(runs)}; {kept}"
        self.app.call_from_thread(self._copied, said, text if fits else None)

    def _copied(self, said: str, text: str | None) -> None:
        if text is not None:
            self.app.copy_to_clipboard(text)
        self.notify(said, markup=False)

    async def _once_more(self, question: str, task: Callable[..., str]) -> None:
        """Do this to the chosen runs; several are asked for first."""
        runs = list(self.chosen)
        if len(runs) > 1:
            await self._confirm(
                wording.question(question.format(len(runs)), runs), partial(task, self.laboratory.lab, runs)
            )
        elif runs:
            self.change(partial(task, self.laboratory.lab, runs))

    async def _ask(self, ask: Ask, task: Callable[[str], Task]) -> None:
        """Ask for a line and do what comes of it."""

        def answered(line: str | None) -> None:
            if line is not None:
                self.change(task(line))

        await self.app.push_screen(ask, answered)

    async def _confirm(self, question: str, task: Task) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self.change(task)

        await self.app.push_screen(Confirm(question), answered)

    @work(group="shelf", exit_on_error=False, description="change runs")
    async def change(self, task: Task) -> None:
        """Do the task in its turn, say what it says or why it could not be done, and bring the screen up to date."""
        self._changed(await self.changes.do(task))

    def _changed(self, outcome: Outcome) -> None:
        self.notify(outcome.said, severity="error" if outcome.failed else "information", markup=False)
        self.after_change()


def _fault_of(parse: Callable[[str], object]) -> Callable[[str], str]:
    """What a parser finds wrong with a line, as a sentence; empty if nothing."""

    def fault(line: str) -> str:
        try:
            parse(line)
        except UsageError as error:
            return str(error)
        return ""

    return fault
