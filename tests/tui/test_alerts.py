"""The list of what ended and was found since somebody last looked, and the line in which the interface tells things."""

import pytest

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Finding, Result
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.background import Background
from moetui.core.runs.lab import Lab, Snapshot
from moetui.tui.alerts import Alerts
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.widget import Chart
from moetui.tui.dialogs.alerts import AlertList
from moetui.tui.feed import Feed, Picture
from moetui.tui.widgets.footer import KeysFooter
from moetui.tui.widgets.notice import Notice
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.seen import seen, shows, until

SPIKE = Finding(kind="spike", update=50, severity="warning", evidence="9 [red] after 5", advice="wait")


def texts(alerts: Alerts, picture: Picture) -> list[str]:
    return [alert.text for alert in alerts.list(picture)]


def end_with(lab: Lab, run_id: str, finding: Finding, ended: float) -> RunRecord:
    record = end_run(lab, write_run(lab, run_id), ended=ended)
    run = lab.run_dir(record)
    result = run.result()
    assert result is not None
    write_file(run.result_file, Result.model_validate(result.model_dump() | {"findings": [finding.model_dump()]}))
    return record


def test_what_was_there_at_the_first_start_is_no_news(lab: Lab) -> None:
    end_run(lab, write_run(lab, "old"))
    assert texts(Alerts(lab), Feed(lab).take()) == []


def test_ends_and_findings_since_the_last_look_are_listed_in_another_session_and_once(lab: Lab) -> None:
    since = Alerts(lab).looked.at
    end_with(lab, "good", SPIKE, since + 1)
    end_run(lab, write_run(lab, "bad"), "failed", ended=since + 2, reason="no space left")
    picture, morning = Feed(lab).take(), Alerts(lab)
    assert morning.count(picture) == 2
    assert texts(morning, picture) == [
        "bad failed: no space left",
        "good finished, validation loss 5.148",
        "good: spike at update 50: 9 [red] after 5",
    ]
    morning.look(picture)
    assert morning.count(picture) == 0
    assert texts(Alerts(lab), picture) == []


def test_a_finding_about_a_run_that_goes_on_is_told_once_and_a_new_kind_again(lab: Lab) -> None:
    live = RunRecord(id="a", name="a", status="running", update=90)

    def pictured(*kinds: str) -> Picture:
        found = tuple(SPIKE.model_copy(update={"kind": kind}) for kind in kinds)
        return Picture(Snapshot((live,)), backgrounds={"a": Background(findings=found)})

    alerts = Alerts(lab)
    assert [alert.when for alert in alerts.list(pictured("spike"))] == [None]
    alerts.look(pictured("spike"))
    assert texts(alerts, pictured("spike")) == []
    assert len(texts(alerts, pictured("spike", "flat"))) == 1


def test_each_workspace_has_alerts_of_its_own(lab: Lab) -> None:
    since = Alerts(lab).looked.at
    other = Lab(type(lab.workspace)(lab.workspace.root / "other"))
    assert Alerts(other).looked.at != since


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_the_head_counts_them_and_a_key_lists_them(lab: Lab, size: tuple[int, int]) -> None:
    since = Alerts(lab).looked.at
    end_with(lab, "good", SPIKE, since + 1)
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.picture.snapshot.taken)
        if size[0] >= 80:
            await shows(pilot, "1 new (!)")
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: isinstance(app.screen, AlertList))
        await shows(pilot, "9 [red] after 5")
        await pilot.press("escape")
        await until(pilot, lambda: "new (!)" not in seen(app))
        await pilot.press("exclamation_mark")
        await shows(pilot, "Nothing ended and nothing was found")


@pytest.mark.parametrize("place", ["live", "compare", "runs", "launch", "devices"])
async def test_what_is_told_covers_nothing_but_the_keys(lab: Lab, place: str) -> None:
    end_run(lab, write_run(lab, "a", study="s"))
    app = MoetuiApp(lab, start=place)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.picture.snapshot.taken)
        await pilot.pause()
        app.notify("one", timeout=600)
        app.notify("a long word " * 20, timeout=600, severity="warning", markup=False)
        await shows(pilot, "! a long word")
        notice, footer = app.screen.query_one(Notice), app.screen.query_one(KeysFooter)
        assert notice.region == footer.region
        assert not any(chart.region.overlaps(notice.region) for chart in app.screen.query(Chart) if chart.display)
        assert "+1" in seen(app).splitlines()[-1]
        assert len(seen(app).splitlines()[-1].rstrip()) <= 80
        await pilot.click(Notice)
        await until(pilot, lambda: "a long word" not in seen(app))


async def test_what_is_told_goes_by_itself(lab: Lab) -> None:
    app = MoetuiApp(lab, start="runs")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.picture.snapshot.taken)
        app.notify("short", timeout=0.2)
        await shows(pilot, "i short")
        await until(pilot, lambda: "i short" not in seen(app))
