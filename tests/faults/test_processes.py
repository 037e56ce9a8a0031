"""A fault at every change of a file by the trainer and by the dispatcher: the run comes to the end that it would have had."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from engine.runfiles.rundir import Result, RunDir
from moetui.core.runs.lab import Lab
from moetui.core.runs.status import observe
from moetui.core.workspace import Workspace
from tests.conftest import FAKE, kill_all_of
from tests.engine.tiny import make_run, tiny_config, write_corpus
from tests.faults.conftest import Serve
from tests.faults.kinds import KINDS, places
from tests.faults.states import copied
from tests.tui.lab_on_disk import write_run

pytestmark = pytest.mark.slow

TRAINER_STRIDE, DISPATCHER_STRIDE = 67, 17
MOST_STARTS = 3
"""Starts after a fault that a run may need: one that fails may leave a result, which the next one goes on from."""


def scores(result: Result) -> tuple[object, ...]:
    """What a run came to, to the last bit."""
    final = result.final
    return result.status, result.update, final and final.val_loss, final and final.val_accuracy


def test_a_fault_in_the_trainer_costs_no_update(serve: Serve, tmp_path: Path, tried: Counter[str]) -> None:
    server = serve("engine.training.loop", XDG_CACHE_HOME=str(tmp_path / "cache"))
    settings = {"training.updates": 6, "training.checkpoint_updates": 2, "training.log_every": 1}
    base = tmp_path / "base"
    base.mkdir()
    make_run(base / "run", tiny_config(write_corpus(tmp_path / "corpus.jsonl"), settings))
    for name in ("cached", "whole"):
        shutil.copytree(base, tmp_path / name)
        whole = server.ask(tmp_path / name, [":train", str(tmp_path / name / "run")])
        assert whole["code"] == 0, whole["said"]
    expected = RunDir(tmp_path / "whole" / "run").result()
    assert expected is not None
    faults, number = [], 0
    for number, (at, kind) in enumerate(places(whole["seen"], TRAINER_STRIDE), 1):
        folder = tmp_path / f"{number}"
        shutil.copytree(base, folder)
        run = RunDir(folder / "run")
        first = server.ask(folder, [":train", str(run.path)], at, KINDS[kind])
        said = [first["said"][-300:]]
        for _ in range(MOST_STARTS):
            observe(run)
            if (result := run.result()) is not None and result.status == "finished":
                break
            said.append(server.ask(folder, [":train", str(run.path)])["said"][-300:])
        result = run.result()
        if result is None or scores(result) != scores(expected):
            faults.append(f"{kind} at {at} of {whole['seen']}: {result and result.status} {said}")
        shutil.rmtree(folder)
    assert not faults, "\n".join(faults)
    tried["the trainer"] = number


def test_a_fault_in_the_dispatcher_costs_no_run(serve: Serve, tmp_path: Path, tried: Counter[str]) -> None:
    server = serve(PYTHONPATH=str(FAKE), FAKE_ENGINE="finish")
    base = tmp_path / "base"
    base.mkdir()
    write_run(Lab(Workspace(base)), "waits", updates=2)
    copied(base, tmp_path / "whole")
    whole = server.ask(tmp_path / "whole", [":dispatch"])
    assert whole["code"] == 0, whole["said"]
    faults, number = [], 0
    for number, (at, kind) in enumerate(places(whole["seen"], DISPATCHER_STRIDE), 1):
        folder = tmp_path / f"{number}"
        copied(base, folder)
        first = server.ask(folder, [":dispatch"], at, KINDS[kind])
        again = server.ask(folder, [":dispatch"])
        found = server.state(folder, "after")
        (run,) = found["runs"]
        told = run["status"] == "finished" or (run["status"] == "failed" and kind in ("EIO", "EROFS"))
        if not told or found["left"] or again["code"] != 0:
            faults.append(f"{kind} at {at} of {whole['seen']}: {run} {found['left']} {first['said']} {again['said']}")
        kill_all_of(folder)
        shutil.rmtree(folder)
    assert not faults, "\n".join(faults)
    tried["the dispatcher"] = number
