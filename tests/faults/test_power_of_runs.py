"""A power loss at any change of a file by the trainer or the dispatcher: the run goes on from what was synced, to the same end."""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.runfiles.history import read_records
from engine.runfiles.metrics import Record
from engine.runfiles.rundir import RunDir
from moetui.core.runs.lab import Lab
from moetui.core.runs.status import observe
from moetui.core.workspace import Workspace
from tests.conftest import FAKE, kill_all_of
from tests.engine.tiny import tiny_config, write_corpus
from tests.faults.conftest import COUNTS, Serve, Server
from tests.faults.power import Disk
from tests.faults.states import copied, settled
from tests.faults.test_processes import scores
from tests.tui.lab_on_disk import write_run

pytestmark = pytest.mark.slow

TRAINER_STRIDE, DISPATCHER_STRIDE = (1, 1) if os.environ.get(COUNTS) else (37, 7)
MOST_STARTS = 3
TRACKED = Path(__file__).parent / "tracked"
MEASURED = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "lr", "grad_norm")
RUN = "trains"


def measured(run: RunDir) -> dict[int, Record]:
    """What was recorded of each update, but for times; a session begins with a record that may hold nothing else."""
    found: dict[int, Record] = {}
    for record in read_records(run.metrics_file):
        found.setdefault(record["update"], {}).update({key: record[key] for key in MEASURED if key in record})
    return found


def sessions(run: RunDir) -> list[int]:
    """The update after which each session has begun."""
    begun: dict[int, int] = {}
    for record in read_records(run.metrics_file):
        begun.setdefault(record["session"], record["update"])
    return list(begun.values())


def lose_power(server: Server, base: Path, folder: Path, command: Sequence[str], at: int) -> tuple[Path, str]:
    """Run a command in a copy of a workspace until the power is lost: what is left of it, and what was said."""
    copied(base, folder / "workspace")
    disk = Disk(folder / "workspace", folder / "disk")
    disk.begin()
    words = [word.replace("@", str(folder / "workspace")) for word in command]
    answer = server.ask(folder / "workspace", words, at, 0, folder / "disk")
    # How often a trainer speaks depends on the clock: the last places may be none.
    assert answer["code"] in ((-signal.SIGKILL, 0) if at else (0,)), answer["said"]
    left = folder / "left"
    disk.survivors(left, sizes=at % 2 == 1)
    settled(left)
    return left, answer["said"][-300:]


def gone_on(server: Server, left: Path, command: Sequence[str]) -> list[str]:
    """Let a run go on as a user does, until it has finished: what was wrong on the way."""
    wrong = []
    for _ in range(MOST_STARTS):
        found = server.state(left, "after")
        (run,) = found["runs"]
        if found["left"] or run.get("fault"):
            wrong.append(f"left {found['left']} {run.get('fault')}")
        if run["status"] == "finished":
            return wrong
        if run["status"] not in ("queued", "killed", "lost", "stopped"):
            wrong.append(f"the run shows as {run['status']}: {observe(RunDir(left / 'runs' / RUN)).reason}")
        if run["status"] != "queued" and (told := server.ask(left, ["resume", RUN, "--detach"]))["code"]:
            return [*wrong, told["said"][-300:]]
        said = server.ask(left, [word.replace("@", str(left)) for word in command])["said"]
    return [*wrong, f"it does not finish: {said[-300:]}"]


def test_a_power_loss_costs_a_trainer_no_more_than_the_updates_since_its_checkpoint(
    serve: Serve, tmp_path: Path, tried: Counter[str]
) -> None:
    server = serve("engine.training.loop", XDG_CACHE_HOME=str(tmp_path / "cache"))
    settings = {"training.updates": 6, "training.checkpoint_updates": 2, "training.log_every": 1}
    config = tiny_config(write_corpus(tmp_path / "corpus.jsonl"), settings)
    base = tmp_path / "base"
    base.mkdir()
    write_run(Lab(Workspace(base)), RUN, settings=config.model_dump(mode="json"))
    train = [":train", f"@/runs/{RUN}"]
    for name in ("cached", "whole"):
        copied(base, tmp_path / name)
        whole = server.ask(tmp_path / name, [":train", str(tmp_path / name / "runs" / RUN)])
        assert whole["code"] == 0, whole["said"]
    undisturbed = RunDir(tmp_path / "whole" / "runs" / RUN)
    expected = undisturbed.result()
    assert expected is not None
    places = sorted({0, *range(1, whole["seen"] + 1, TRAINER_STRIDE), whole["seen"] * 19 // 20})
    faults, begun = [], {}
    for at in places:
        left, said = lose_power(server, base, tmp_path / f"{at}", train, at)
        run = RunDir(left / "runs" / RUN)
        wrong = gone_on(server, left, train)
        result = run.result()
        if result is None or scores(result) != scores(expected):
            wrong.append(f"the scores are {result and scores(result)}")
        if (found := measured(run)) != measured(undisturbed):
            wrong.append(f"the measurements are {found}")
        begun[at] = sessions(run)
        if wrong:
            faults.append(f"{'killed at ' + str(at) if at else 'finished'} of {whole['seen']}: {wrong} {said}")
        shutil.rmtree(tmp_path / f"{at}")
    assert not faults, "\n" + "\n".join(faults)
    assert begun[0] == [0], "all that a finished run has measured is there"
    assert max(starts[-1] for starts in begun.values()) >= 2, "checkpoints that are written outlive the power"
    tried["power losses of the trainer"] = len(places)


def test_a_power_loss_costs_the_dispatcher_no_run(serve: Serve, tmp_path: Path, tried: Counter[str]) -> None:
    server = serve(PYTHONPATH=f"{FAKE}:{TRACKED}", FAKE_ENGINE="finish")
    base = tmp_path / "base"
    base.mkdir()
    write_run(Lab(Workspace(base)), RUN, updates=2)
    copied(base, tmp_path / "whole")
    whole = server.ask(tmp_path / "whole", [":dispatch"])
    assert whole["code"] == 0, whole["said"]
    faults = []
    places = [0, *range(1, whole["seen"] + 1, DISPATCHER_STRIDE)]
    for at in places:
        left, said = lose_power(server, base, tmp_path / f"{at}", [":dispatch"], at)
        if wrong := gone_on(server, left, [":dispatch"]):
            faults.append(f"{'killed at ' + str(at) if at else 'ended'} of {whole['seen']}: {wrong} {said}")
        kill_all_of(tmp_path / f"{at}" / "workspace")
        kill_all_of(left)
        shutil.rmtree(tmp_path / f"{at}")
    assert not faults, "\n" + "\n".join(faults)
    tried["power losses of the dispatcher"] = len(places)
