"""Notifications of ends and findings, and several interfaces on one workspace."""

import pytest

from engine.runfiles.rundir import Finding
from moetui.core.catalogue.records import RunRecord, Status
from moetui.core.preferences import workspace_file
from moetui.core.queue import edit
from moetui.core.runs.background import Background
from moetui.core.runs.lab import Lab, Snapshot
from moetui.tui.app import MoetuiApp
from moetui.tui.feed import Picture
from moetui.tui.news import Discoveries, Wire, end_text, ends
from moetui.tui.widgets.run_table import RunTable
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.seen import seen, until


def run(name: str, status: Status, reason: str = "", ended: float = 0.0) -> RunRecord:
    return RunRecord(id=name, name=name, status=status, reason=reason, ended=ended)


def test_ends_are_told_in_their_order_and_once() -> None:
    before = Snapshot((run("a", "running"), run("b", "running"), run("c", "finished"), run("d", "queued")))
    after = Snapshot((run("a", "finished", ended=2.0), run("b", "failed", ended=1.0), run("c", "finished")))
    assert [one.name for one in ends(before, after)] == ["b", "a"]
    assert list(ends(after, after)) == []
    assert list(ends(Snapshot(()), after)) == []


def test_an_end_tells_the_reason_of_a_failure() -> None:
    assert end_text(run("a", "diverged", "the loss is nan")) == "a diverged: the loss is nan"
    assert end_text(run("a", "stopped", "asked to")) == "a stopped"


def pictured(update: int, *findings: tuple[str, int]) -> Picture:
    """A live run at an update, with findings of these kinds at these updates."""
    found = tuple(Finding(kind=kind, update=at, severity="warning", evidence="", advice="") for kind, at in findings)
    live = run("a", "running").model_copy(update={"update": update})
    return Picture(Snapshot((live,)), backgrounds={"a": Background(findings=found)})


def test_a_finding_is_told_once_and_only_if_it_came_after_the_first_sight_of_its_run() -> None:
    discoveries = Discoveries()

    def kinds(picture: Picture) -> list[str]:
        return [finding.kind for _, finding in discoveries.news(picture)]

    assert kinds(pictured(50, ("flat", 40))) == []
    assert kinds(pictured(90, ("flat", 40), ("spike", 80))) == ["spike"]
    assert kinds(pictured(95, ("flat", 40), ("spike", 80), ("spike", 94))) == []


class Ringing(MoetuiApp):
    """An app that counts its rings."""

    NOTIFICATION_TIMEOUT = 600.0  # what was told stays to be looked at, however busy the machine is
    rung = 0

    def bell(self) -> None:
        self.rung += 1


@pytest.mark.parametrize("wanted", [False, True])
async def test_bell_and_notification_are_for_those_who_want_them(
    lab: Lab, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [
        (run("a", "running"), Finding(kind="spike", update=7, severity="warning", evidence="up by 2", advice="")),
        (run("a", "running"), Finding(kind="flat", update=7, severity="note", evidence="nothing", advice="")),
    ]
    app = Ringing(lab)
    async with app.run_test(notifications=True) as pilot:
        sent: list[str] = []
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", sent.append)
        wire = Wire(app, bell=wanted, osc9=wanted)
        wire.tell_findings(found)
        many = tuple(run(str(number), "running") for number in range(9))
        over = tuple(one.model_copy(update={"status": "finished"}) for one in many)
        wire.tell_ends(Snapshot(many), Snapshot(over))
        await until(pilot, lambda: len(app._notifications) == 2)
        assert [told.message for told in app._notifications] == [
            "a: spike at update 7: up by 2",
            "9 runs ended: 9 finished",
        ]
        assert app.rung == 2 * wanted
        assert any("\x1b]9;moetui: 9 runs ended: 9 finished\x07" in text for text in sent) == wanted


async def test_the_settings_turn_bell_and_notifications_on(lab: Lab) -> None:
    workspace_file(lab.workspace).write_text("bell = true\n")
    app = Ringing(lab)
    async with app.run_test(notifications=True) as pilot:
        for one in (run("a", "running"), run("a", "diverged", "the loss is nan")):
            app._deliver(Picture(Snapshot((one,))))
        assert app.rung == 1
        await until(pilot, lambda: [told.message for told in app._notifications] == ["a diverged: the loss is nan"])


async def test_two_interfaces_see_each_other_and_keep_their_cursors_on_their_runs(lab: Lab) -> None:
    for index in range(4):
        end_run(lab, write_run(lab, f"run{index}", created=float(index + 1)))
    gone = edit.delete(lab, lab.find("run2"))
    here, there = MoetuiApp(lab, start="runs"), MoetuiApp(Lab(lab.workspace), start="runs", remote=True)
    async with here.run_test(size=(100, 24)) as first, there.run_test(size=(100, 24)) as second:
        await until(first, lambda: "run0" in seen(here))
        await until(second, lambda: "run0" in seen(there))
        await second.press("down")
        table = there.screen.query_one(RunTable)
        assert table.current is not None
        assert table.current.id == "run1"
        edit.label(here.lab, here.lab.find("run1"), name="renamed")
        edit.delete(here.lab, here.lab.find("run3"))
        edit.restore(here.lab, gone)
        await until(
            second, lambda: all(word in seen(there) for word in ("renamed", "run2")) and "run3" not in seen(there)
        )
        assert table.current is not None
        assert table.current.id == "run1"


async def test_a_slow_link_is_shown_and_switched(lab: Lab) -> None:
    app = MoetuiApp(lab, remote=True)
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, lambda: "slow link" in seen(app))
        await pilot.press("f3")
        await until(pilot, lambda: "slow link" not in seen(app))
        assert not app.remote
