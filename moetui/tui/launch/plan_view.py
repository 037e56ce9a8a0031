"""The lower right of the Launch screen: the curves, the runs and the findings of the plan, and what it amounts to."""

from typing import Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from moetui.tui.bill import Bill
from moetui.tui.chart.spec import Charset
from moetui.tui.chart.widget import Chart
from moetui.tui.launch import summary
from moetui.tui.launch.appraisal import Appraisal
from moetui.tui.launch.desk import Desk
from moetui.tui.launch.findings import FindingsPanel, findings_line
from moetui.tui.launch.run_list import RunList, run_lines

VIEWS: Final = ("curves", "runs", "findings")


class PlanView(Vertical):
    """Shows one of the three views, or all of them where the screen says so, with the findings and the totals in lines below."""

    DEFAULT_CSS = """
    PlanView { height: 1fr; }
    PlanView > Chart, PlanView > RunList, PlanView > FindingsPanel { display: none; }
    PlanView.-curves > Chart, PlanView.-runs > RunList, PlanView.-findings > FindingsPanel { display: block; }
    PlanView > #audit, PlanView > #totals { height: 2; text-wrap: nowrap; text-overflow: ellipsis; }
    PlanView > #audit { height: 1; display: none; }
    PlanView > #audit.-found { display: block; }
    """

    def __init__(self, charset: Charset) -> None:
        super().__init__(classes="-curves")
        self._charset: Charset = charset

    def compose(self) -> ComposeResult:
        """The three views and the lines below."""
        yield Chart(charset=self._charset)
        yield RunList()
        yield FindingsPanel()
        yield Static(id="audit")
        yield Static(id="totals")

    def turn(self) -> None:
        """Show the next view; where all are shown this changes nothing."""
        here = next(place for place, view in enumerate(VIEWS) if self.has_class(f"-{view}"))
        self.remove_class(f"-{VIEWS[here]}")
        self.add_class(f"-{VIEWS[(here + 1) % len(VIEWS)]}")

    def show(self, desk: Desk, known: Appraisal | None, cost: Bill | None, *, pending: int) -> None:
        """Show the plan of the desk; `known` and `cost` are None until they have been found out."""
        from moetui.tui.launch.curves import curves_chart, planned_curves

        runs = desk.outlook.runs
        curves = planned_curves(runs)
        self.query_one(Chart).show(curves_chart(curves, known.beaten if known else None))
        members = known.members if known else ()
        pace = cost.pace if cost else None
        self.query_one(RunList).show(run_lines(runs, curves.slots, members, pace, reuse=desk.reuse))
        findings = known.findings if known else ()
        self.query_one(FindingsPanel).show(findings, len(runs))
        audit = self.query_one("#audit", Static)
        audit.update(findings_line(findings), layout=False)
        audit.set_class(bool(findings), "-found")
        self.query_one("#totals", Static).update(_totals(desk, known, cost, pending=pending), layout=False)


def _totals(desk: Desk, known: Appraisal | None, cost: Bill | None, *, pending: int) -> Text:
    runs = desk.outlook.runs
    if desk.outlook.problem:
        return Text(desk.outlook.problem, style="bold red")
    if not runs:
        return Text()
    due = known.due(reuse=desk.reuse) if known else runs
    return summary.totals(runs, due, cost, pending=pending, execution=desk.execution)
