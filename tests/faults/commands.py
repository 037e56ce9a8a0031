"""The commands that faults are injected into, and the workspace that they work on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Request
from moetui.core.machine.starts import let_wait
from moetui.core.queue.edit import delete, label
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.core.queue.test_resuming import give_checkpoint
from tests.tui.lab_on_disk import die, end_run, write_run

COMMANDS: dict[str, Sequence[str]] = {
    "run": ["run", "base/moe-tiny", "--seeds", "2", "--detach"],
    "rerun": ["rerun", "ended", "--detach"],
    "fork": ["fork", "ended", "--set", "optimizer.lr=0.01", "--detach"],
    "resume": ["resume", "stopped", "--detach"],
    "resume a pruned run": ["resume", "pruned", "--detach"],
    "rm": ["rm", "ended", "stopped"],
    "rm a waiting run": ["rm", "waits"],
    "restore": ["restore", "trashed"],
    "label": ["label", "ended", "stopped", "--tag", "new", "--note", "another"],
    "label a published result": ["label", "pub", "--note", "another"],
    "archive": ["label", "ended", "--archive"],
    "stop": ["stop", "waits"],
    "stop a paused run": ["stop", "paused"],
    "stop a run before its retry": ["stop", "broken"],
    "queue hold": ["queue", "hold", "waits"],
    "queue release": ["queue", "release", "held"],
    "release": ["release", "paused"],
    "queue move": ["queue", "move", "held", "1"],
    "import": ["import", "theirs.csv"],
    "reindex": ["reindex"],
    "doctor --fix": [":fix"],
    "ls": ["ls"],
}


def prepare(root: Path) -> None:
    """Fill a workspace with a run of each kind."""
    root.mkdir()
    lab = Lab(Workspace(root))
    lab.found_catalogue()
    give_checkpoint(lab, end_run(lab, write_run(lab, "ended")), "best", 100)
    end_run(lab, write_run(lab, "stopped"), "stopped", update=50)
    label(lab, end_run(lab, write_run(lab, "pruned", prunable=True), "stopped", update=50), tags=["pruned"])
    paused = write_run(lab, "paused")
    write_file(lab.run_dir(paused).request_file, Request(stop=True, pause=True, asked=1.0, token="gone"))
    end_run(lab, paused, "stopped", update=50)
    die(lab, write_run(lab, "broken", retries=3), update=20)
    trashed = end_run(lab, write_run(lab, "trashed"))
    write_run(lab, "waits", created=2.0)
    write_run(lab, "held", created=3.0)
    delete(lab, trashed)
    (root / "theirs.csv").write_text("run,step,loss\na,1,5.0\na,2,4.0\nb,1,5.5\nb,2,4.5\n")
    let_wait(lab.run_dir(lab.find("held")), held=True)


def words_of(name: str, workspace: Path) -> list[str]:
    """The words of a command in a workspace."""
    words = list(COMMANDS[name])
    if "pub" in words:
        lab = Lab(Workspace(workspace))
        words[words.index("pub")] = next(run.id for run in lab.records() if run.published)
    return words


def told(state: dict[str, Any]) -> list[Any]:
    """What must not differ of two states."""
    return [state["runs"], state["published"], state["queue"]]


def _stopped_first(before: dict[str, Any]) -> dict[str, Any]:
    """A run that waits is stopped before it is deleted; that is an act of its own."""
    runs = [run | {"status": "stopped"} if run["name"] == "waits" else run for run in before["runs"]]
    queue = [name for name in before["queue"] if name != "waits"]
    return before | {"runs": sorted(runs, key=repr), "queue": queue}


HALF_WAY = {"rm a waiting run": _stopped_first}
"""What may be left of a command that did not succeed, besides nothing."""
