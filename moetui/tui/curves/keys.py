"""What the keys of the charts do, on each screen that has charts."""

from textual.screen import Screen

from moetui.tui.curves.charts import CHARTS
from moetui.tui.curves.grid import CurveGrid
from moetui.tui.dialogs.pick import Choice, Pick


class ChartKeys(Screen[None]):
    """A screen with one `CurveGrid`."""

    @property
    def grid(self) -> CurveGrid:
        """The charts."""
        return self.query_one(CurveGrid)

    def action_chart(self, step: int) -> None:
        """Go to another chart."""
        self.grid.move(step)

    def action_maximise(self) -> None:
        """One chart or all."""
        self.grid.toggle_maximised()

    def action_places(self, step: int) -> None:
        """More charts at once, or fewer."""
        self.grid.more(step)

    def action_chart_page(self, step: int) -> None:
        """Another page of charts."""
        self.grid.turn(step)

    async def action_charts(self) -> None:
        """Choose the charts."""

        def chosen(keys: tuple[str, ...] | None) -> None:
            if keys is not None:
                self.grid.choose(frozenset(kind.key for kind in CHARTS).difference(keys))

        choices = [Choice(kind.key, kind.label) for kind in CHARTS]
        shown = [kind.key for kind in CHARTS if kind.key not in self.grid.board.hidden]
        await self.app.push_screen(Pick("Charts", choices, shown), chosen)

    def action_axis(self) -> None:
        """Another x axis."""
        self.grid.next_axis()

    def action_log_axis(self) -> None:
        """A logarithmic or linear y axis."""
        self.grid.toggle_log()

    def action_span(self) -> None:
        """Another range of the y axis."""
        words = {
            "auto": "y axis: how the runs end, once a third of their updates is done",
            "full": "y axis: everything",
            "close": "y axis: how the runs end; arrows where a curve leaves it",
        }
        self.notify(words[self.grid.next_span()], markup=False)

    def action_difference(self) -> None:
        """Differences from one run, or the runs themselves."""
        reference = self.grid.toggle_difference()
        if reference is not None:
            self.notify(f"each run minus {reference.name}", markup=False)
        elif self.grid.board.difference:
            self.notify("differences show as soon as several runs with a loss are charted", markup=False)

    def action_smooth(self, step: int) -> None:
        """Smoother or rougher, where there is something to smooth."""
        if self.grid.current.raw:
            self.notify("This chart is drawn as measured; nothing on it is smoothed", severity="warning", markup=False)
        else:
            self.grid.smooth(step)

    def action_zoom(self, factor: float) -> None:
        """Closer or further."""
        self.grid.zoom(factor)

    def action_pan(self, step: int) -> None:
        """To the left or right."""
        self.grid.pan(step)

    def action_inspect(self, steps: int) -> None:
        """Move the cursor, and tell what happened there."""
        self.grid.inspect(steps)
        if told := self.grid.told():
            self.notify(told, timeout=3, markup=False)

    def action_reset(self) -> None:
        """The whole axis, without a cursor."""
        self.grid.reset()

    def action_colour(self) -> None:
        """Runs, groups or bands."""
        self.grid.next_colour()
        words = {"runs": "one colour for each run", "groups": "one colour for each group of seeds"}
        said = words.get(self.grid.board.colour, "groups of seeds as mean and 95 % interval")
        self.notify(said, markup=False)

    def action_published(self) -> None:
        """Published results or not."""
        self.grid.toggle_published()

    def action_events(self) -> None:
        """Events or not."""
        self.grid.toggle_events()
