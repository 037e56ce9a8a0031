"""What a run was asked to stop for."""

from pathlib import Path

from engine.runfiles.rundir import Request, RunDir, write_file
from engine.training.stopping import StopSwitch


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
