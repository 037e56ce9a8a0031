"""What the list of runs and the page of one run can both do to runs: tag, annotate, rename and stop them."""

from collections.abc import Callable, Sequence
from functools import partial

from textual import work

from engine.rundir import DamagedFile
from moetui.core import shelf
from moetui.core.errors import LabError
from moetui.core.records import RunRecord
from moetui.tui.live.wording import stop_question, stopped_note
from moetui.tui.place import PlaceScreen
from moetui.tui.runs.tags import common_tags, edited_tags
from moetui.tui.screens.ask import Ask
from moetui.tui.screens.confirm import Confirm

Task = Callable[[], str]
"""Changes something on disk and returns the sentence that says so, or raises `LabError`."""


class DeskScreen(PlaceScreen):
    """A screen with runs to work on. Subclasses say which: `current` and `chosen`."""

    @property
    def current_run(self) -> RunRecord | None:
        """The run that is looked at."""
        raise NotImplementedError

    @property
    def chosen(self) -> Sequence[RunRecord]:
        """The runs that are marked, or else the one that is looked at."""
        raise NotImplementedError

    def after_change(self) -> None:
        """Bring the screen up to date after a change on disk."""
        self.laboratory.refresh_picture()

    async def action_tag(self) -> None:
        """Edit the tags that the chosen runs have in common."""
        runs = self.chosen
        if not runs:
            return
        common = common_tags(runs)

        def answered(line: str | None) -> None:
            if line is not None:
                self.change(partial(self._tag, runs, common, line))

        subject = runs[0].name if len(runs) == 1 else f"{len(runs)} runs"
        hint = "Words with spaces between; an empty line takes all away."
        await self.app.push_screen(Ask(f"Tags of {subject}", " ".join(common), hint), answered)

    async def action_note(self) -> None:
        """Edit the note of the run."""
        run = self.current_run
        if run is None:
            return

        def answered(line: str | None) -> None:
            if line is not None and line != run.note:
                self.change(partial(self._note, run, line))

        await self.app.push_screen(Ask(f"Note on {run.name}", run.note), answered)

    async def action_rename(self) -> None:
        """Give the run another name."""
        run = self.current_run
        if run is None:
            return

        def answered(line: str | None) -> None:
            if line is not None and line != run.name:
                self.change(partial(self._rename, run, line.strip()))

        await self.app.push_screen(Ask(f"New name of {run.id}", run.name), answered)

    async def action_stop(self) -> None:
        """Ask, then stop the chosen runs that have not ended."""
        runs = [run for run in self.chosen if run.pending]
        if not runs:
            self.notify("Only a run that has not ended can be stopped.", severity="warning", markup=False)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.change(partial(self._stop, runs))

        names = "\n".join(f"  {run.name}" for run in runs)
        question = stop_question(runs[0]) if len(runs) == 1 else f"Stop these {len(runs)} runs?\n{names}"
        await self.app.push_screen(Confirm(question), answered)

    @work(thread=True, group="shelf", exit_on_error=False)
    def change(self, task: Task) -> None:
        """Do the task in a thread, say what it says or why it could not be done, and bring the screen up to date."""
        try:
            said, severe = task(), False
        except (LabError, DamagedFile, OSError) as error:
            said, severe = str(error), True
        self.app.call_from_thread(self._changed, said, severe)

    def _changed(self, said: str, severe: bool) -> None:
        self.notify(said, severity="error" if severe else "information", markup=False)
        self.after_change()

    def _tag(self, runs: Sequence[RunRecord], common: Sequence[str], line: str) -> str:
        for run in runs:
            shelf.label(self.laboratory.lab, run, tags=edited_tags(run, common, line))
        return f"tagged {runs[0].name if len(runs) == 1 else f'{len(runs)} runs'}"

    def _note(self, run: RunRecord, note: str) -> str:
        shelf.label(self.laboratory.lab, run, note=note)
        return f"noted on {run.name}"

    def _rename(self, run: RunRecord, name: str) -> str:
        return f"{run.id} is now {shelf.label(self.laboratory.lab, run, name=name).name}"

    def _stop(self, runs: Sequence[RunRecord]) -> str:
        return "\n".join(stopped_note(run, shelf.stop(self.laboratory.lab, run)) for run in runs)
