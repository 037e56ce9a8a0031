"""The runs of several hosts on one screen; what hosts answer is made up, ssh itself is tested elsewhere."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.remote.hosts import add_host, named_host
from moetui.core.runs.lab import Lab
from moetui.tui.app import MoetuiApp
from moetui.tui.hosts import screen
from moetui.tui.hosts.gathered import Gathered, about, host_of
from moetui.tui.hosts.screen import HostsScreen
from moetui.tui.live.screen import LiveScreen
from moetui.tui.runs.screen import RunsScreen
from moetui.tui.widgets.run_table import RunTable
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.seen import until

Answers = dict[str, Callable[[], list[RunRecord]]]


def run(run_id: str, status: str = "running", **facts: object) -> RunRecord:
    fields = {"id": run_id, "name": f"{run_id}/name", "status": status, "created": 5.0, "updates": 100, "update": 50}
    return RunRecord.model_validate({**fields, "path": f"runs/{run_id}", **facts})


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What hosts answer, by name; they are asked every twentieth of a second."""
    found: Answers = {}
    monkeypatch.setattr(screen, "runs_on", lambda host: found[host.name]())
    monkeypatch.setattr(screen, "EVERY", 0.05)
    monkeypatch.setattr(screen, "SILENT", 0.05)
    return found


def gone() -> list[RunRecord]:
    raise LabError("far: connection refused")


def listed(pilot: Pilot[None]) -> list[str]:
    shown = pilot.app.screen
    return [one.id for one in shown.query_one(RunTable).listing.runs] if isinstance(shown, HostsScreen) else []


def said(pilot: Pilot[None], part: str) -> str:
    return str(pilot.app.screen.query_one(f"#{part}", Static).render())


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40)])
async def test_the_runs_of_all_hosts_stand_together_and_follow_what_hosts_say(
    lab: Lab, answers: Answers, size: tuple[int, int]
) -> None:
    add_host(named_host("box", "me@box"))
    add_host(named_host("far", "far"))
    end_run(lab, write_run(lab, "aaaaaaaa", created=1.0))
    answers["box"] = answers["far"] = gone
    async with MoetuiApp(lab, start="runs").run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))
        await pilot.press("H")
        await until(pilot, lambda: listed(pilot) == ["aaaaaaaa"])
        answers["box"] = lambda: [run("aaaaaaaa", created=3.0), run("bbbbbbbb", "finished", created=2.0)]
        await until(pilot, lambda: listed(pilot) == ["box:aaaaaaaa", "box:bbbbbbbb", "aaaaaaaa"])
        await until(pilot, lambda: "far does not answer" in said(pilot, "caption"))
        assert "box 1 live of 2" in said(pilot, "caption")
        assert said(pilot, "faults") == "far: connection refused"
        assert said(pilot, "about").startswith("aaaaaaaa finished")  # the cursor stays on its run
        await pilot.press("home")
        await until(pilot, lambda: said(pilot, "about").startswith("moetui --host box show aaaaaaaa"))
        answers["far"] = lambda: [run("cccccccc", "queued", created=9.0, reason="slurm 7_0: Resources")]
        answers["box"] = lambda: [run("aaaaaaaa", "finished", created=3.0)]
        await until(pilot, lambda: listed(pilot) == ["far:cccccccc", "box:aaaaaaaa", "aaaaaaaa"])
        assert said(pilot, "faults") == ""
        await pilot.press("v")
        await until(pilot, lambda: listed(pilot) == ["far:cccccccc"])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen))


async def test_live_shows_what_is_under_way_and_a_host_that_falls_silent_keeps_its_runs(
    lab: Lab, answers: Answers
) -> None:
    add_host(named_host("far", "far"))
    answers["far"] = lambda: [run("cccccccc"), run("dddddddd", "finished")]
    async with MoetuiApp(lab, start="live").run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        await pilot.press("H")
        await until(pilot, lambda: listed(pilot) == ["far:cccccccc"])
        answers["far"] = gone
        await until(pilot, lambda: "far 1 live of 2 does not answer" in said(pilot, "caption"))
        assert listed(pilot) == ["far:cccccccc"]
        await pilot.press("H")
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))


async def test_without_hosts_it_says_how_to_name_one(lab: Lab) -> None:
    end_run(lab, write_run(lab, "aaaaaaaa"))
    async with MoetuiApp(lab, start="live").run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, LiveScreen))
        await pilot.press("H")
        await until(pilot, lambda: isinstance(pilot.app.screen, HostsScreen))
        assert "moetui hosts add box user@box" in pilot.app.screen.query_one(RunTable)._empty


def test_a_run_of_a_host_has_no_id_and_no_directory_of_this_workspace() -> None:
    gathered = Gathered((run("aaaaaaaa"),)).heard("box", [run("aaaaaaaa", name="\x1b[31mred")], "")
    (theirs,) = gathered.answers["box"].runs or ()
    assert (theirs.id, theirs.path, host_of(theirs)) == ("box:aaaaaaaa", "", "box")
    assert host_of(run("aaaaaaaa")) == ""
    assert set(gathered.listing(pending=False).rows) == {"aaaaaaaa", "box:aaaaaaaa"}
    assert gathered.heard("box", None, "gone").answers["box"].runs == (theirs,)
    assert "\x1b" not in about(theirs.model_copy(update={"reason": "\x1b[2J"})).plain
