"""What lost its counterpart is found and put in order, and nothing else is touched; with real processes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine.runfiles.host import TOKEN_VARIABLE, boot_id, hostname
from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import run_lock_holder
from engine.runfiles.rundir import Launch
from moetui.core.machine.processes import leader
from moetui.core.maintenance import orphans
from moetui.core.maintenance.doctor import examine
from moetui.core.maintenance.orphans import find, reconcile
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.core.queue.test_dispatch import queue, status
from tests.tui.lab_on_disk import end_run, write_run

Behave = Callable[[str], None]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of a test are known from their first moment."""
    monkeypatch.setattr(orphans, "SETTLED", 0.0)


@pytest.fixture
def started() -> Iterator[Callable[[Path, str], psutil.Process]]:
    """Start processes that carry a token, in a directory; they are gone at the end."""
    children: list[subprocess.Popen[bytes]] = []

    def start(directory: Path, token: str) -> psutil.Process:
        child = subprocess.Popen(["sleep", "1000"], cwd=directory, env=os.environ | {TOKEN_VARIABLE: token})
        children.append(child)
        return psutil.Process(child.pid)

    yield start
    for child in children:
        child.kill()
        child.wait()


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def kinds(lab: Lab) -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for one in find(lab)]


def test_a_sound_workspace_has_no_orphans(lab: Lab, fake_engine: Behave) -> None:
    assert find(lab) == ()
    fake_engine("child")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    end_run(lab, write_run(lab, "ended"))
    assert find(lab) == ()


def test_a_process_with_a_token_of_no_run_here_is_killed_and_that_of_another_workspace_is_not(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory, started: Callable[[Path, str], psutil.Process]
) -> None:
    lost = started(lab.workspace.root, "lost")
    elsewhere = started(tmp_path_factory.mktemp("elsewhere"), "lost too")
    found = find(lab)
    assert [(one.kind, one.subject) for one in found] == [("process", "lost")]
    assert str(lost.pid) in found[0].what
    assert not gone(lost)  # looking changes nothing
    assert reconcile(lab, found) == [f"killed {lost.pid}"]
    eventually(lambda: gone(lost))
    assert not gone(elsewhere)


def test_a_dispatcher_that_was_started_from_the_shell_of_a_run_is_not_taken_for_a_process_of_that_run(
    lab: Lab, fake_engine: Behave, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_engine("hold")
    monkeypatch.setenv(TOKEN_VARIABLE, "of another run")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    assert find(lab) == ()


def test_a_child_that_outlives_its_trainer_is_killed_and_the_device_is_free_again(
    lab: Lab, fake_engine: Behave
) -> None:
    fake_engine("child")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    trainer = run_lock_holder(lab.run_dir(run).run_lock)
    assert trainer is not None
    os.kill(trainer, signal.SIGKILL)
    eventually(lambda: any(kind == "process" for kind, _ in kinds(lab)))
    assert status(lab, run) in {"running", "stalled"}  # its lock is held still
    (said,) = reconcile(lab, find(lab))
    assert said.startswith("killed ")
    eventually(lambda: status(lab, run) == "killed")
    eventually(lambda: find(lab) == ())  # the dispatcher notes the end


def test_a_run_that_trains_is_left_alone_even_if_the_catalogue_lost_it(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("child")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    lab.catalogue.remove([run.id])
    found = find(lab)
    assert [(one.kind, one.subject) for one in found] == [("directory", run.id)]
    reconcile(lab, found)
    assert status(lab, run) == "running"


def test_a_trainer_that_vanished_with_its_dispatcher_is_noted(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    (run,) = queue(lab, 0.05)
    eventually(lambda: status(lab, run) == "running")
    dispatcher, trainer = run_lock_holder(lab.workspace.dispatcher_lock), run_lock_holder(lab.run_dir(run).run_lock)
    assert dispatcher is not None
    assert trainer is not None
    os.kill(dispatcher, signal.SIGKILL)
    os.kill(trainer, signal.SIGKILL)
    eventually(lambda: ("vanished", run.id) in kinds(lab))
    assert reconcile(lab, find(lab)) == [f"{run.name}: noted as killed"]
    (noted,) = [record for record in lab.records() if record.id == run.id]
    assert noted.status == "killed"


def test_a_directory_without_a_record_is_added_with_what_it_holds(lab: Lab) -> None:
    lab.found_catalogue()
    run = end_run(lab, write_run(lab, "stray", name="a/stray"))
    lab.catalogue.remove([run.id])
    assert kinds(lab) == [("directory", "stray")]
    assert reconcile(lab, find(lab)) == ["a/stray: added"]
    assert lab.find("stray").final == run.final
    assert find(lab) == ()


def test_a_damaged_directory_is_told_and_left(lab: Lab) -> None:
    run = write_run(lab, "broken")
    lab.catalogue.remove([run.id])
    lab.run_dir(run).config_file.write_text("{")
    (said,) = reconcile(lab, find(lab))
    assert "config.json" in said
    assert kinds(lab) == [("directory", "broken")]


def test_a_record_without_a_directory_stays_as_a_record_alone_until_its_directory_is_back(lab: Lab) -> None:
    ended, waits = end_run(lab, write_run(lab, "ended")), write_run(lab, "waits")
    aside = lab.run_dir(ended).path.rename(lab.workspace.root / "aside")
    shutil.rmtree(lab.run_dir(waits).path)
    assert sorted(kinds(lab)) == [("record", "ended"), ("record", "waits")]
    assert {one.remedy for one in find(lab)} == {"kept as a record alone"}
    reconcile(lab, find(lab))
    assert find(lab) == ()
    assert (lab.find("ended").path, lab.find("ended").final) == ("", ended.final)
    assert (lab.find("waits").status, lab.find("waits").path) == ("lost", "")
    aside.rename(lab.workspace.runs / "ended")
    assert kinds(lab) == [("directory", "ended")]
    reconcile(lab, find(lab))
    assert lab.find("ended") == ended


def test_a_missing_disk_changes_nothing(lab: Lab) -> None:
    end_run(lab, write_run(lab, "ended"))
    lab.workspace.runs.rename(lab.workspace.root / "elsewhere")
    assert find(lab) == ()


def test_what_has_settled_itself_is_left_alone(lab: Lab) -> None:
    run = end_run(lab, write_run(lab, "back"))
    path = lab.run_dir(run).path
    aside = path.rename(lab.workspace.root / "aside")
    found = find(lab)
    aside.rename(path)
    assert reconcile(lab, found) == []
    assert lab.find("back").deleted is None


def test_the_doctor_tells_of_orphans(lab: Lab) -> None:
    lab.found_catalogue()
    lab.catalogue.remove([write_run(lab, "stray").id])
    (check,) = [check for check in examine(lab.workspace) if check.name == "orphan"]
    assert "runs/stray" in check.message
    assert "doctor --fix" in check.message


def carrying(token: str) -> subprocess.Popen[bytes]:
    """A process of a session of its own that carries a token and holds no lock, as a trainer that was just launched."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    return subprocess.Popen(command, env={**os.environ, TOKEN_VARIABLE: token}, start_new_session=True)


def test_a_process_that_was_just_launched_is_at_work_before_it_holds_its_lock(lab: Lab) -> None:
    run = lab.run_dir(write_run(lab, "a"))
    child = carrying("t")
    try:
        write_file(run.launch_file, note_of(child.pid))
        eventually(lambda: list(orphans._tokens_at_work(run)) == ["t"], what="the process has its token")
    finally:
        child.kill()
        child.wait()
    assert list(orphans._tokens_at_work(run)) == []


def note_of(pid: int) -> Launch:
    return Launch(pid=pid, started=time.time(), host=hostname(), boot_id=boot_id(), device="cpu", token="t")


@pytest.mark.parametrize("token", ["", "of another launch"])
def test_a_process_that_has_got_the_pid_of_another_is_not_its_trainer(token: str) -> None:
    child = carrying(token)
    try:
        eventually(lambda: "sleep" in " ".join(psutil.Process(child.pid).cmdline()), what="the child has begun")
        assert leader(note_of(child.pid)) is None
    finally:
        child.kill()
        child.wait()


def test_a_zombie_is_at_work_no_more() -> None:
    child = carrying("t")
    eventually(lambda: leader(note_of(child.pid)) is not None, what="the process has its token")
    child.kill()
    try:
        eventually(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE, what="the child has ended")
        assert leader(note_of(child.pid)) is None
    finally:
        child.wait()
    assert leader(note_of(child.pid)) is None


def test_a_process_counts_only_once_it_is_known_for_what_it_is(
    lab: Lab, started: Callable[[Path, str], psutil.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.found_catalogue()
    started(lab.workspace.root, "young")
    eventually(lambda: kinds(lab) == [("process", "young")], what="the process has its token")
    monkeypatch.setattr(orphans, "SETTLED", 600.0)
    assert kinds(lab) == []
