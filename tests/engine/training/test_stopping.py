"""What a run was asked to stop for."""

from pathlib import Path

import pytest

from engine.runfiles.host import TOKEN_VARIABLE
from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Launch, Request, RunDir
from engine.training.stopping import StopSwitch, TakenOver


def test_the_reason_is_that_of_the_request_to_this_session(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    switch = StopSwitch(run, started=100.0)
    assert (switch.requested(), switch.reason()) == (False, "")
    write_file(run.request_file, Request(stop=True, reason="pruned", asked=99.0))  # meant for the process before
    assert switch.reason() == ""
    write_file(run.request_file, Request(resume=True, reason="pruned", asked=101.0))
    assert switch.reason() == ""
    write_file(run.request_file, Request(stop=True, reason="pruned", asked=101.0))
    assert switch.reason() == "pruned"
    assert StopSwitch(run, started=100.0).requested()
    run.request_file.write_text("{")
    assert switch.reason() == ""


def test_a_request_that_names_its_launch_needs_no_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "mine")
    run = RunDir(tmp_path)
    write_file(run.request_file, Request(stop=True, asked=1.0, token="mine"))
    assert StopSwitch(run, started=100.0).requested()
    write_file(run.request_file, Request(stop=True, asked=200.0, token="another"))
    assert not StopSwitch(run, started=100.0).requested()


@pytest.mark.parametrize("change", [{"token": "next"}, {"taken_over": "taken over from node7"}])
def test_a_trainer_whose_run_was_taken_from_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "mine")
    run = RunDir(tmp_path)
    mine = Launch(pid=1, started=1.0, host="node7", boot_id="b", device="cpu", token="mine")
    write_file(run.launch_file, mine)
    assert not StopSwitch(run, started=100.0).requested()
    write_file(run.launch_file, mine.model_copy(update=change))
    with pytest.raises(TakenOver):
        StopSwitch(run, started=100.0).requested()
