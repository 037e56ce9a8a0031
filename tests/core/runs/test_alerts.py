"""The user's command is told of each end and each finding once, and nothing ends because it could not be."""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.runfiles.rundir import Finding
from moetui.core.preferences import read_settings
from moetui.core.queue import dispatch, edit
from moetui.core.queue.dispatch import Dispatcher
from moetui.core.runs import alerting, alerts
from moetui.core.runs.background import Background
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.tui.lab_on_disk import end_run, start, write_run

LISTENER = """
import os, sys
line = sys.stdin.read()
descriptor = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.write(descriptor, line.encode())
"""

DIVERGENCE = Finding(kind="loss spike", update=7, severity="warning", evidence="it rose", advice="lower it")
NOTE = DIVERGENCE.model_copy(update={"kind": "slow", "severity": "note"})


@pytest.fixture
def heard(user: Path, tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """A command that keeps what it is told, and what it was told so far."""
    (user / "listener.py").write_text(LISTENER)
    command = [sys.executable, str(user / "listener.py"), str(user / "heard")]
    (user / "settings.toml").write_text(f"[notify]\ncommand = {json.dumps(command)}\n")

    def told() -> list[dict[str, Any]]:
        return list(map(json.loads, (user / "heard").read_text().splitlines())) if (user / "heard").exists() else []

    return told


def log(lab: Lab) -> str:
    return lab.workspace.alerts_log.read_text() if lab.workspace.alerts_log.exists() else ""


def test_many_who_note_an_end_tell_it_once(lab: Lab, heard: Callable[[], list[dict[str, Any]]]) -> None:
    run = end_run(lab, write_run(lab, "a", study="s"))
    for _ in range(3):
        lab.note_ends([run])
    threads = [threading.Thread(target=lab.note_ends, args=([run],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end_run(lab, write_run(lab, "b"), "stopped", update=3)
    eventually(lambda: len(heard()) >= 2)
    first, second = sorted(heard(), key=lambda one: str(one["run"]))
    assert {key: first[key] for key in ("event", "run", "study", "status", "update")} == {
        "event": "ended", "run": "a", "study": "s", "status": "finished", "update": 100,
    }  # fmt: skip
    assert first["final"]["val_loss"] > 0
    assert first["workspace"] == str(lab.workspace.root)
    assert (second["run"], second["status"]) == ("b", "stopped")
    assert log(lab) == ""


def test_a_finding_is_told_once_and_a_note_never(lab: Lab, heard: Callable[[], list[dict[str, Any]]]) -> None:
    run = write_run(lab, "a")
    for _ in range(2):
        alerts.tell_findings(lab.workspace, [(run, DIVERGENCE), (run, NOTE)])
    eventually(heard)
    end_run(lab, run)
    eventually(lambda: any(one["event"] == "ended" for one in heard()))
    findings = [one for one in heard() if one["event"] == "finding"]
    assert [one["finding"]["kind"] for one in findings] == ["loss spike"]
    assert findings[0]["finding"]["evidence"] == "it rose"


def test_the_dispatcher_tells_of_ends_and_of_what_is_found_in_live_runs(
    lab: Lab,
    heard: Callable[[], list[dict[str, Any]]],
    fake_engine: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_engine("hold")
    run = write_run(lab, "a")
    monkeypatch.setattr(dispatch, "ALERT_SECONDS", 0.0)
    dispatcher = Dispatcher(lab)
    known = {"a": Background(findings=(DIVERGENCE,))}
    monkeypatch.setattr(dispatcher._backgrounds, "look", lambda snapshot, ids: known)
    start(lab, run)
    eventually(lambda: dispatcher.step() and lab.see(run).status == "running")
    eventually(lambda: dispatcher.step() and heard())
    edit.stop(lab, run, force=True)
    eventually(lambda: dispatcher.step() is None)
    eventually(lambda: len(heard()) == 2)
    finding, end = heard()
    assert (finding["event"], finding["finding"]["kind"]) == ("finding", "loss spike")
    assert finding["status"] in ("starting", "running")
    assert (end["event"], end["status"]) == ("ended", "killed")


def test_without_a_command_nothing_is_written(lab: Lab) -> None:
    run = end_run(lab, write_run(lab, "a"))
    assert not lab.run_dir(run).alerts.exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nowhere/notify"], "No such file or directory"),
        (
            [sys.executable, "-c", "import sys; print('no route', file=sys.stderr); sys.exit(3)"],
            "exit code 3: no route",
        ),
        ([sys.executable, "-c", "import time; time.sleep(1000)"], "still at work after 0.2 seconds; killed"),
        ([sys.executable, "-c", "print('\\x1b]52;c;aGk=\\x07' * 9999)"], ""),
    ],
)
def test_a_command_that_fails_is_written_down_in_a_line(lab: Lab, command: list[str], said: str) -> None:
    lab.workspace.runs.mkdir()
    alerting.tell(lab.workspace, command, {"event": "ended", "run": "a"}, 0.2 if "sleep" in command[-1] else 30.0)
    assert said in log(lab)
    assert len(log(lab).splitlines()) == bool(said)


def test_nothing_ends_because_nobody_can_be_told(lab: Lab, user: Path) -> None:
    (user / "settings.toml").write_text('[notify]\ncommand = "/nowhere/notify --quietly"\n')
    run = end_run(lab, write_run(lab, "a"))
    assert lab.find("a").status == "finished"
    eventually(lambda: "/nowhere/notify" in log(lab))
    (lab.run_dir(run).alerts / "x").unlink(missing_ok=True)


def test_the_command_gets_no_token_of_a_run(
    lab: Lab, heard: Callable[[], list[dict[str, Any]]], user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (user / "listener.py").write_text(
        LISTENER.replace("line = ", "line = '%r' % os.environ.get('MOETUI_RUN_TOKEN') + ")
    )
    monkeypatch.setenv("MOETUI_RUN_TOKEN", "ours")
    end_run(lab, write_run(lab, "a"))
    eventually(lambda: (user / "heard").exists())
    assert (user / "heard").read_text().startswith("None")


def test_a_workspace_runs_no_command(lab: Lab, user: Path, tmp_path: Path) -> None:
    (tmp_path / "moetui.toml").write_text('[notify]\ncommand = ["touch", "here"]\n')
    settings = read_settings(lab.workspace)
    assert settings.notify == ()
    assert "passed over" in settings.faults[0]
    (user / "settings.toml").write_text('[notify]\ncommand = ["mine"]\n')
    assert read_settings(lab.workspace).notify == ("mine",)


@pytest.mark.parametrize("text", ["command = []", "command = 3", 'command = "a \\"b"', 'other = "x"', "command = [1]"])
def test_a_command_that_is_none_is_a_fault(lab: Lab, user: Path, text: str) -> None:
    (user / "settings.toml").write_text(f"[notify]\n{text}\n")
    settings = read_settings(lab.workspace)
    assert settings.notify == ()
    assert len(settings.faults) == 1
    assert "settings.toml" in settings.faults[0]
