"""The Compare screen: which learning rate and which setting is best, how sure that is, and what it costs."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import ClassVar, Literal

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.events import Resize
from textual.widgets import Static

from engine.runfiles.jsonfile import DamagedFile
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.science.measure import METRICS
from moetui.core.studies.judge import Terms
from moetui.core.studies.lookup import NO_PRESETS
from moetui.tui.bindings import bindings
from moetui.tui.chart.widget import Chart
from moetui.tui.compare import words
from moetui.tui.compare.bench import Answer, Bench
from moetui.tui.compare.ladder_words import NO_LADDER, chosen_ladder, ladder_words
from moetui.tui.compare.memory import Layout, remember_layout, remembered_layout
from moetui.tui.compare.pareto_chart import pareto_chart
from moetui.tui.compare.plan import HINT, USUAL, read_plan
from moetui.tui.compare.proposal import Proposal, queue_proposal, read_proposal
from moetui.tui.compare.proposal_dialog import ProposalDialog
from moetui.tui.compare.response_chart import response_chart
from moetui.tui.compare.subject_list import SubjectList
from moetui.tui.compare.subjects import Subject, named, subjects
from moetui.tui.compare.transfer_chart import transfer_chart
from moetui.tui.compare.views import SHORT, Shown, View, fitting, next_shown, next_view, possible, view_line
from moetui.tui.dialogs.ask import Ask
from moetui.tui.feed import Picture
from moetui.tui.place import PlaceScreen
from moetui.tui.run.page import RunPage
from moetui.tui.widgets.scroll_keys import ScrollKeys

NARROW, WIDE = 70, 124
"""Columns below which the list stands above the view, and below which a zoomed view and the verdicts take those of the list."""


class CompareScreen(PlaceScreen, ScrollKeys):
    """The subjects on the left; on the right the view: response, verdicts or costs, as a chart and in words.

    It is long because every key of the screen is a method here; what they show is worked out elsewhere.
    """

    place = "compare"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings("compare")
    DEFAULT_CSS = """
    CompareScreen > #desk { height: 1fr; layout: horizontal; }
    CompareScreen #view { width: 1fr; padding: 0 0 0 1; }
    CompareScreen #caption, CompareScreen #views { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    CompareScreen Chart { height: 3fr; }
    CompareScreen #scroll { height: 2fr; }
    CompareScreen.-words-only Chart { display: none; }
    CompareScreen.-chart-only #scroll { display: none; }
    CompareScreen.-narrow > #desk { layout: vertical; }
    CompareScreen.-narrow SubjectList { width: 1fr; height: 3; border: none; }
    CompareScreen.-narrow #view { height: 1fr; padding: 0; }
    CompareScreen.-alone SubjectList { display: none; }
    CompareScreen.-nothing #views, CompareScreen.-nothing Chart { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._bench: Bench | None = None
        self._terms = Terms()
        self._layout = Layout()
        self._leading = 0
        self._ladder = 0
        self._typed: list[str] = []
        self._question = USUAL
        self._library = NO_PRESETS
        self._marked: tuple[str, ...] = ()
        self._answer: Answer | None = None
        self._working = False

    def compose_body(self) -> ComposeResult:
        """Subjects, caption, views, chart, words."""
        with Container(id="desk"):
            yield SubjectList()
            with Vertical(id="view"):
                yield Static(id="caption")
                views = Static(id="views")
                views.auto_links = False
                yield views
                yield Chart(charset=self.laboratory.charset)
                yield VerticalScroll(Static(id="words"), id="scroll", can_focus=False)

    def on_mount(self) -> None:
        """Show what was shown last."""
        self._layout = remembered_layout(self.laboratory.lab.workspace.root)

    def on_resize(self, event: Resize) -> None:
        """Put the list above where it would take too much width, and fit the words."""
        self.set_class(event.size.width < NARROW, "-narrow")
        self.call_after_refresh(self._draw)  # when the parts have their new sizes

    def show_picture(self, picture: Picture) -> None:
        """List what there is now; the chosen subject is judged anew only if one of its runs has ended since."""
        listed = self.query_one(SubjectList)
        asked = self.laboratory.take_compared()
        self._marked = asked or self._marked
        found = subjects(picture.snapshot.runs, marked=self._marked, typed=self._typed, library=self._library)
        listed.show(found, go_to="marked" if asked else "")
        self.set_class(listed.current is None, "-nothing")
        if listed.current is None and picture.snapshot.taken:
            self._answer = None
            self.query_one("#caption", Static).update("", layout=False)
            self.query_one("#words", Static).update(Text(words.NOTHING, "dim"))
        self._judge()

    @property
    def current(self) -> Subject | None:
        """The subject under the cursor."""
        return self.query_one(SubjectList).current

    # -- working it out -----------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        """Judge the current subject in a thread, unless that is done; while the thread is at work, it will ask again."""
        subject = self.current
        if subject is None or self._working or self._answers(subject):
            return
        self._working = True
        self.query_one("#caption", Static).update(words.at_work(subject), layout=False)
        self._bench = self._bench or Bench(self.laboratory.lab)
        self._work(self._bench, subject, self._terms, self.laboratory.picture.snapshot.runs)

    def _answers(self, subject: Subject) -> bool:
        """Whether what is shown is the answer to the present question."""
        answer = self._answer
        if answer is None or answer.terms != self._terms:
            return False
        return (answer.subject.key, answer.subject.state) == (subject.key, subject.state)

    @work(thread=True, group="judge", exit_on_error=False, description="judge the runs")
    def _work(self, bench: Bench, subject: Subject, terms: Terms, everything: tuple[RunRecord, ...]) -> None:
        try:
            answer = bench.answer(subject, terms, everything)
        except (LabError, DamagedFile, OSError) as error:
            self.app.call_from_thread(self._fail, str(error))
        else:
            self.app.call_from_thread(self._take, answer)

    def break_down(self, sentence: str) -> None:
        """Tell a fault; what was at work has broken off, and may be asked for again."""
        self._working = False
        super().break_down(sentence)

    def _take(self, answer: Answer) -> None:
        self._working = False
        if self._answer is None or self._answer.subject.key != answer.subject.key:
            self._leading = self._ladder = 0
            self.query_one("#scroll", VerticalScroll).scroll_home(animate=False)
        self._answer = answer
        self._draw()
        self._judge()

    def _fail(self, fault: str) -> None:
        self._working = False
        self.query_one("#caption", Static).update("", layout=False)
        self.query_one("#words", Static).update(Text(fault, "bold red"))

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        answer = self._answer
        if answer is None:
            return
        ladder = chosen_ladder(answer.ladders, self._ladder)
        self._leading, response = words.chosen_response(answer, self._leading)
        view = possible(self._layout.view, charted=response is not None, ladders=ladder is not None)
        shown = fitting(self._layout.shown, view, charted=response is not None, height=self.size.height)
        self._arrange(shown, view)
        self.query_one("#caption", Static).update(words.caption(answer, view, response), layout=False)
        cautions = words.caution_count(answer)
        self.query_one("#views", Static).update(view_line(view, cautions, ladders=bool(answer.ladders)), layout=False)
        self.query_one("#words", Static).update(self._words(answer, view))
        chart = self.query_one(Chart)
        if view == "pareto":
            cost = words.COSTS[self._layout.cost]
            chart.show(pareto_chart(answer.prices[cost], self._terms.measure, cost))
        elif view == "ladder" and ladder is not None:
            chart.show(transfer_chart(ladder))
        elif response is not None:
            found = answer.found.responses
            chart.show(
                response_chart(found, leading=self._leading, published=answer.published, close=self._layout.close)
            )

    def _arrange(self, shown: Shown, view: View) -> None:
        """Give the parts their room; the words are fitted once more when they have it. A table of verdicts takes all of a row."""
        before = self.classes
        wide = self._layout.shown != "both" or view == "verdicts"
        self.set_class(wide and NARROW <= self.size.width < WIDE, "-alone")
        self.set_class(shown == "words", "-words-only")
        self.set_class(shown == "chart", "-chart-only")
        if self.classes != before:
            self.call_after_refresh(self._draw)

    def _words(self, answer: Answer, view: View) -> Text:
        width = self.query_one("#scroll").size.width or self.query_one("#view").size.width
        width = max(width - 1, 20)  # the scrollbar
        if view == "verdicts":
            return words.verdict_words(answer, width)
        if view == "pareto":
            return words.pareto_words(answer, words.COSTS[self._layout.cost], width)
        if view == "ladder":
            return ladder_words(answer.ladders, self._ladder, width)
        return words.response_words(answer, self._leading)

    # -- actions ------------------------------------------------------------------------------------------------------

    @on(SubjectList.Moved)
    def _moved(self) -> None:
        self._judge()

    def action_cursor(self, step: int) -> None:
        """Go to another subject."""
        self.query_one(SubjectList).move(step)

    def action_view(self, view: View) -> None:
        """Show one of the views."""
        self._keep(view=view)
        if view == "response" and self._answer is not None and not self._answer.found.responses:
            self.notify(words.NO_RESPONSE, markup=False)
        if view == "ladder" and self._answer is not None and not self._answer.ladders:
            self.notify(NO_LADDER, markup=False)
        self.query_one("#scroll", VerticalScroll).scroll_home(animate=False)
        self._draw()

    def action_turn(self, step: int) -> None:
        """Show the next view or the one before."""
        ladders = self._answer is not None and bool(self._answer.ladders)
        self.action_view(next_view(self._layout.view, step, ladders=ladders))

    def action_setting(self, step: int) -> None:
        """Take zone, cliff and best from the next setting of everything else."""
        if self._layout.view == "ladder":
            self._ladder += step
        else:
            self._leading += step
        self._draw()

    def action_score(self) -> None:
        """Compare by the next score."""
        keys = list(METRICS)
        measure = self._terms.measure
        following = METRICS[keys[(keys.index(measure.key) + 1) % len(keys)]]
        self._set(replace(self._terms, measure=replace(following, at=measure.at)))

    def action_best(self) -> None:
        """Take each run's best score, or its last."""
        measure = self._terms.measure
        self._set(replace(self._terms, measure=replace(measure, at="final" if measure.at == "best" else "best")))

    def action_against(self) -> None:
        """Compare with the best, with the first, or all with each other."""
        following: dict[str, Literal["best", "first", "all"]] = {"best": "first", "first": "all", "all": "best"}
        self._set(replace(self._terms, against=following[self._terms.against]))

    def action_pairing(self) -> None:
        """Pair runs of the same seed where enough are shared, always, or never."""
        following: dict[str, Literal["auto", "always", "never"]] = {
            "auto": "always",
            "always": "never",
            "never": "auto",
        }
        self._set(replace(self._terms, pairing=following[self._terms.pairing]))

    async def action_tolerance(self) -> None:
        """Ask how much worse than the best is still safe."""

        def answered(line: str | None) -> None:
            if line is None:
                return
            try:
                share = float(line.strip().removesuffix("%")) / 100
            except ValueError:
                share = -1.0
            if 0 <= share <= 1:
                self._set(replace(self._terms, tolerance=share))
            else:
                self.notify(f"{line!r} is no share from 0 to 100 %", severity="error", markup=False)

        hint = "Percent of the best value that a learning rate of the safe zone may be worse."
        await self.app.push_screen(Ask("Tolerance", f"{100 * self._terms.tolerance:g}", hint), answered)

    def action_cost(self) -> None:
        """Weigh against the next kind of cost."""
        if self._layout.view == "pareto":
            self._keep(cost=(self._layout.cost + 1) % len(words.COSTS))
        self.action_view("pareto")

    def action_close_up(self) -> None:
        """Draw the response near the best only, or all of it."""
        self._keep(close=not self._layout.close)
        self._draw()

    def action_maximise(self) -> None:
        """Chart and words together, the chart alone, or the words alone."""
        self._keep(shown=next_shown(self._layout.shown, both=self.size.height >= SHORT))
        self._draw()

    async def action_choose(self) -> None:
        """Ask for runs, names, groups, presets or studies to compare."""

        def answered(line: str | None) -> None:
            if line and line.strip():
                self._choose(line.strip())

        hint = "Runs, names, groups, presets or studies, with spaces between, or a filter such as lr>=0.05 status:finished."
        await self.app.push_screen(Ask("Compare", self._typed[0] if self._typed else "", hint), answered)

    def _choose(self, line: str) -> None:
        picture = self.laboratory.picture
        try:
            self._library = self.laboratory.lab.library()
            subject = named(line, picture.snapshot.runs, self._library)
        except LabError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self._typed = [line, *(old for old in self._typed if old != line)]
        listed = subjects(picture.snapshot.runs, marked=self._marked, typed=self._typed, library=self._library)
        self.query_one(SubjectList).show(listed, go_to=subject.key)

    async def action_open(self) -> None:
        """Overlay the curves of the runs, those of the best settings first."""
        if self._answer is None:
            return
        samples = [sample.record for group in self._answer.judged.comparison.groups for sample in group.samples]
        if samples:
            await self.app.push_screen(RunPage(samples, {}, overlay=True))

    def action_refine(self) -> None:
        """Work out what to run next, show it, and queue it after a yes."""
        if (subject := self.current) is not None:
            self._read_proposal(partial(read_proposal, self.laboratory.lab, subject, self._terms))

    async def action_plan(self) -> None:
        """Ask how sure and for how much, show how a budget is best divided, and queue the runs after a yes."""
        subject = self.current
        if subject is None:
            return

        def answered(line: str | None) -> None:
            if line is not None:
                self._question = line
                self._read_proposal(partial(read_plan, self.laboratory.lab, subject, line))

        await self.app.push_screen(Ask("Plan", self._question, HINT), answered)

    @work(thread=True, group="refine", exclusive=True, exit_on_error=False, description="work out what to try next")
    def _read_proposal(self, read: Callable[[], Proposal]) -> None:
        try:
            proposal = read()
        except (LabError, DamagedFile, OSError) as error:
            self.app.call_from_thread(self.notify, str(error), severity="error", markup=False)
            return
        self.app.call_from_thread(self._offer, proposal)

    def _offer(self, proposal: Proposal) -> None:
        if not proposal.due:
            self.notify(proposal.nothing, markup=False)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._queue(proposal)

        self.app.push_screen(ProposalDialog(proposal), answered)

    @work(thread=True, group="refine", exit_on_error=False, description="queue what to try next")
    def _queue(self, proposal: Proposal) -> None:
        try:
            records = queue_proposal(self.laboratory.lab, proposal)
        except (LabError, DamagedFile, OSError) as error:
            self.app.call_from_thread(self.notify, str(error), severity="error", markup=False)
            return
        self.app.call_from_thread(self.laboratory.watch_runs, [record.id for record in records])

    def _keep(self, **fields: object) -> None:
        """Show it so from now on; where nothing can be written it lasts as long as the program."""
        self._layout = self._layout.model_copy(update=fields)
        with contextlib.suppress(OSError):
            remember_layout(self.laboratory.lab.workspace.root, self._layout)

    def _set(self, terms: Terms) -> None:
        self._terms = terms
        self._judge()
