"""The charts of a set of runs: as many at once as the user wants and there is room for, the others on further pages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.events import Resize
from textual.geometry import Size

from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.background import Background
from moetui.core.runs.curves import Curves
from moetui.tui.chart.spec import Charset
from moetui.tui.chart.widget import Chart
from moetui.tui.curves.axis import AXES
from moetui.tui.curves.board import COLOURS, MOST, SPANS, WEIGHTS, Board, KeptBoard, Span
from moetui.tui.curves.charts import CHARTS, Kind
from moetui.tui.curves.events import ghosts_of
from moetui.tui.curves.legend import legend_rows
from moetui.tui.curves.legend_panel import Legend
from moetui.tui.curves.looking_glass import LookingGlass
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.page import Page, arranged, in_its_place, noted
from moetui.tui.curves.planned_lr import Planned, planned_lr
from moetui.tui.panel import shows

USUAL = 4
"""Charts that are made at once; more are as soon as there is room for them."""


class CurveGrid(LookingGlass):
    """The charts of some runs. One chart is current; it can have the space alone. Cursor and zoom are those of all charts.

    `show` draws at once and lays nothing out anew, unless there are charts that were not there before. Where not all have room, the
    current chart is always among those shown. `kept` has what the user chooses, here and in other grids; what was chosen there is
    drawn at the next `show`.
    """

    DEFAULT_CSS = """
    CurveGrid { layout: grid; grid-gutter: 0 1; height: 1fr; }
    CurveGrid > Chart.-current > .chart--title { color: $text-accent; text-style: bold underline; }
    """

    def __init__(
        self,
        *,
        charset: Charset = "braille",
        kept: KeptBoard | None = None,
        id: str | None = None,  # noqa: A002  Textual's name
    ) -> None:
        kept = kept or KeptBoard()
        super().__init__(kept.read(), id=id)
        self._charset: Charset = charset
        self._kept = kept
        self._charts: list[Chart] = []
        self._legend = Legend(charset)
        self._legend_rows = 0
        self._every: Sequence[RunRecord] = ()
        self._planned: dict[str, Planned] = {}
        self._current = CHARTS[0].key
        self._page = Page()
        self._arranged: tuple[Page, str, int] | None = None
        self.maximised = False

    def compose(self) -> ComposeResult:
        """The legend, and the charts that are wanted at once; `_arrange` decides which are displayed and mounts more."""
        yield self._legend
        self._charts = [Chart(charset=self._charset) for _ in range(self.board.places or USUAL)]
        yield from self._charts

    @property
    def current(self) -> Kind:
        """The chart that keys change."""
        return next(kind for kind in CHARTS if kind.key == self._current)

    @shows
    def show(
        self,
        runs: Sequence[RunRecord],
        curves: Mapping[str, Curves],
        *,
        slots: Mapping[str, int],
        backgrounds: Mapping[str, Background] | None = None,
        every: Sequence[RunRecord] = (),
        focus: str = "",
        pinned: Collection[str] = (),
    ) -> None:
        """Draw these runs: `slots` gives each id its colour and marker.

        `every` are the runs among which published counterparts are sought. `focus` is the current run, whose experts are shown;
        it and the `pinned` ones are drawn in front of the others.
        """
        self._take(self._kept.read())
        backgrounds = backgrounds or {}
        self._every = every
        for run in runs:
            background = backgrounds.get(run.id)
            if run.id not in self._planned and background is not None and background.config is not None:
                self._planned[run.id] = planned_lr(background.config)
        self._overlay = Overlay(
            tuple(runs),
            curves,
            slots,
            self._planned,
            backgrounds=backgrounds,
            board=self.board,
            focus=focus,
            pinned=frozenset(pinned),
        )
        self._renew()

    def move(self, step: int) -> None:
        """Make the chart `step` places on the current one; after the last comes the first."""
        kinds = self._kinds()
        place = next((place for place, kind in enumerate(kinds) if kind.key == self._current), 0)
        self._current = kinds[(place + step) % len(kinds)].key
        self._arrange()

    def turn(self, step: int) -> None:
        """Go to the first chart of another page; after the last page comes the first."""
        page = self._page
        if page.count > 1:
            here = next(place for place, kind in enumerate(self._kinds()) if kind.key == self._current)
            self.move((page.number - 1 + step) % page.count * page.room - here)

    def toggle_maximised(self) -> None:
        """Give the current chart all the space, or let the others come back."""
        self.maximised = not self.maximised
        self._arrange()

    def more(self, step: int) -> None:
        """Show more charts at once, or fewer."""
        self.maximised = False
        self._change(places=min(max((self.board.places or self._page.room) + step, 1), MOST))

    def choose(self, hidden: frozenset[str]) -> None:
        """Leave these charts out from now on."""
        self._change(hidden=hidden)

    def next_axis(self) -> None:
        """Draw against the next quantity."""
        self._change(axis=AXES[(AXES.index(self.board.axis) + 1) % len(AXES)])

    def next_colour(self) -> None:
        """Tell runs apart, or groups, or draw groups as bands."""
        self._change(colour=COLOURS[(COLOURS.index(self.board.colour) + 1) % len(COLOURS)])

    def toggle_published(self) -> None:
        """Show published results or hide them."""
        self._change(published=not self.board.published)

    def toggle_events(self) -> None:
        """Mark events on the axis or do not."""
        self._change(events=not self.board.events)

    def next_span(self) -> Span:
        """Let the y axis of the current chart cover everything, or how the runs end, or choose itself."""
        span = SPANS[(SPANS.index(self.board.look(self._current).span) + 1) % len(SPANS)]
        self._change_look(span=span)
        return span

    def toggle_difference(self) -> RunRecord | None:
        """Draw the differences from one run, which is returned, or the runs themselves again."""
        self._change(difference=not self.board.difference)
        return self._overlay.reference

    def toggle_log(self) -> None:
        """Turn the y axis of the current chart from linear to logarithmic or back."""
        self._change_look(log=not self.current.spec(self._overlay).y_log)

    def smooth(self, step: int) -> None:
        """Give the current chart the next stronger or weaker moving average."""
        weight = self.board.weight(self._current)
        place = min(range(len(WEIGHTS)), key=lambda at: abs(WEIGHTS[at] - weight))
        self._change_look(weight=WEIGHTS[min(max(place + step, 0), len(WEIGHTS) - 1)])

    def on_mount(self) -> None:
        """Mark the current chart before the first layout."""
        self._arrange()

    def on_resize(self, event: Resize) -> None:
        """Show as many charts as fit."""
        self._arrange()

    def _make_current(self, chart: Chart) -> None:
        for kind, shown in zip(self._page.kinds, self._charts, strict=False):
            if shown is chart:
                self._current = kind.key

    def _change(self, **fields: object) -> None:
        self._keep(self._kept.read().model_copy(update=fields))

    def _change_look(self, **fields: object) -> None:
        """Change how the current chart is drawn."""
        board = self._kept.read()
        self._keep(board.with_look(self._current, board.look(self._current).model_copy(update=fields)))

    def _keep(self, board: Board) -> None:
        self._kept.keep(board)
        self._take(board)
        self._renew()

    def _take(self, board: Board) -> None:
        if board.axis != self.board.axis:
            self._window = self._cursor = None  # they belonged to the axis before
        self.board = board

    def _renew(self) -> None:
        """Draw again with what the user chose since."""
        known = self._overlay
        ghosts = ghosts_of(known.runs, self._every) if self.board.published else []
        self._overlay = replace(known, board=self.board, window=self._window, cursor=self._cursor, ghosts=ghosts)
        self._arrange()

    def _kinds(self) -> list[Kind]:
        """The charts that there are, never none."""
        fitting = [kind for kind in CHARTS if kind.fits(self._overlay)]
        return [kind for kind in fitting if kind.key not in self.board.hidden] or fitting[:1]

    def _arrange(self) -> None:
        """Give each chart its place; the layout changes only with the number of charts and the shape of the grid."""
        kinds = self._kinds()
        if all(kind.key != self._current for kind in kinds):
            self._current = kinds[0].key
        rows = legend_rows(self.size, [*self._overlay.names().values()])
        room = Size(self.size.width, self.size.height - rows)
        page = arranged(room, kinds, self._current, 1 if self.maximised else self.board.places)
        while len(self._charts) < page.room and self.is_mounted:
            self._charts.append(Chart(charset=self._charset))
            self.mount(self._charts[-1])
        if (page, self._current, rows) == self._arranged:
            self._draw()
            return
        self._page, self._arranged = page, (page, self._current, rows)
        self.styles.grid_size_columns = page.columns
        self.styles.grid_size_rows = page.rows + (rows > 0)
        self.styles.grid_rows = " ".join([*([str(rows)] if rows else []), *["1fr"] * page.rows])
        self._legend.display = rows > 0
        self._legend.styles.column_span = page.columns
        for place, chart in enumerate(self._charts):
            chart.display = place < len(page.kinds)
            if chart.display:
                chart.set_class(page.kinds[place].key == self._current, "-current")
        self._draw()

    def _draw(self) -> None:
        sketched = any(self._overlay.curves_of(run).sketched for run in self._overlay.runs)
        for place, (chart, kind) in enumerate(zip(self._charts, self._page.kinds, strict=False)):
            page, spec = self._page if kind.key == self._current else None, kind.spec(self._overlay)
            if page is not None and self._legend.display:
                self._legend.show(replace(spec, series=self._overlay.in_order(spec.series)))
            spec = noted(spec, page, self._cursor, sketched=sketched)
            several = len(self._overlay.runs) > 1
            chart.show(in_its_place(spec, first=place == 0, legend=not self._legend.display, several=several))
