"""The curves that a command prints are those of the interface."""

from engine.runfiles.metrics import MetricsWriter
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.detail import detail
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.spec import ChartSpec
from moetui.tui.chart.widget import Chart
from moetui.tui.curves.run_charts import overlaid_losses, run_charts
from moetui.tui.run.page import RunPage
from tests.tui.lab_on_disk import end_run, write_metrics, write_run
from tests.tui.seen import until


def study(lab: Lab) -> list[RunRecord]:
    return [
        end_run(
            lab,
            write_run(lab, f"r{index}", name=f"s/lr={index}", created=1000 + index, updates=200),
            loss=lambda update, index=index: 3.0 + 5.0 / update + index / 20,  # type: ignore[misc]
        )
        for index in range(3)
    ]


def test_a_run_without_measurements_has_no_curves(lab: Lab) -> None:
    assert run_charts(detail(lab, write_run(lab, "a"))) == []
    assert overlaid_losses(lab, [write_run(lab, "b"), *study(lab)[:1]]) is None


def test_curves_of_a_run_are_whole(lab: Lab) -> None:
    record = end_run(lab, write_run(lab, "a", updates=10))
    write_metrics(lab.run_dir(record), 5000)
    loss, rate = run_charts(detail(lab, lab.see(record)))
    assert max(series.x[-1] for series in loss.series) == 5000
    assert max(series.x[-1] for series in rate.series) == 5000


async def test_range_events_and_plan_are_those_of_the_page(lab: Lab) -> None:
    run, *_ = study(lab)
    with MetricsWriter(lab.run_dir(run).metrics_file) as metrics:
        metrics.write({"update": 200, "session": 2, "train_loss": 3.0})
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.picture.snapshot.taken)
        await app.push_screen(RunPage([lab.see(run)], {}))

        def seen() -> list[ChartSpec]:
            return [chart.spec for chart in app.screen.query(Chart) if chart.display]

        await until(pilot, lambda: isinstance(app.screen, RunPage) and "close" in seen()[0].note and seen()[0].marks)
        for shown, printed in zip(seen(), run_charts(detail(lab, lab.see(run))), strict=True):
            assert (printed.title, printed.y_range, printed.x_range) == (shown.title, shown.y_range, shown.x_range)
            assert printed.marks == shown.marks
            assert len(printed.series) == len(shown.series)


def test_compared_runs_without_a_response_are_overlaid_under_one_legend(lab: Lab) -> None:
    runs = [write_run(lab, f"p{index}", name=f"words-{index}", settings={"seed": index}) for index in range(3)]
    for index, run in enumerate(runs):
        end_run(lab, run, loss=lambda update, index=index: 3.0 + index / 20)  # type: ignore[misc]
    spec = overlaid_losses(lab, [lab.see(run) for run in runs])
    assert spec is not None
    assert spec.y_range is not None
    assert spec.y_range[1] - spec.y_range[0] < 0.2
    assert [series.name for series in spec.series if series.legend] == ["words-0", "words-1", "words-2"]
