"""The beginning of a job: it becomes the trainer of the run of its task."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from engine.runfiles.host import TOKEN_VARIABLE, hostname
from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import procs_alive
from engine.runfiles.rundir import Request, Result
from moetui.core.catalogue.records import RunRecord
from moetui.core.machine.control import request_stop
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.tui.lab_on_disk import write_run

Behave = Callable[[str], None]


def begin(lab: Lab, records: list[RunRecord], task: int, **environment: str) -> "subprocess.Popen[str]":
    listed = lab.workspace.root / "list"
    listed.write_text("".join(f"{lab.run_dir(record).path}\n" for record in records))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "moetui.core.cluster.start", str(listed)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "SLURM_ARRAY_TASK_ID": str(task), **environment},
    )


def test_a_task_becomes_the_trainer_of_its_run_with_what_it_was_given(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    records = [write_run(lab, name) for name in ("first", "second")]
    run = lab.run_dir(records[1])
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    os.environ.pop("OMP_NUM_THREADS", None)
    job = begin(lab, records, 1, SLURM_CPUS_PER_TASK="3", RANK="5")
    os.environ.update(environment)
    try:
        eventually(lambda: run.state() is not None)
        launch = run.launch()
        assert launch is not None
        assert (launch.pid, launch.host, launch.device) == (job.pid, hostname(), "cpu")
        assert procs_alive(run.procs_lock)
        trainer = psutil.Process(job.pid)
        assert trainer.cmdline()[-3:] == ["-m", "engine", str(run.path)]
        own = trainer.environ()
        assert own[TOKEN_VARIABLE] == launch.token
        assert own["OMP_NUM_THREADS"] == "3"
        assert own["CUDA_VISIBLE_DEVICES"] == ""
        assert "RANK" not in own
        eventually(lambda: lab.see(records[1]).status == "running")
    finally:
        job.send_signal(signal.SIGTERM)
    output, _ = job.communicate(timeout=60)
    assert (job.returncode, output) == (0, "")
    result = run.result()
    assert result is not None
    assert result.status == "stopped"
    assert lab.run_dir(records[0]).launch() is None


def test_gpus_that_the_scheduler_gave_are_the_ones_that_are_seen(lab: Lab, fake_engine: Behave) -> None:
    record = write_run(lab, "first")
    job = begin(lab, [record], 0, CUDA_VISIBLE_DEVICES="1,3")
    job.communicate(timeout=60)
    launch = lab.run_dir(record).launch()
    assert launch is not None
    assert launch.device == "1,3"


def test_a_job_that_is_started_again_leaves_what_was_told_to_stop(lab: Lab, fake_engine: Behave) -> None:
    record = write_run(lab, "first")
    run = lab.run_dir(record)
    begin(lab, [record], 0).communicate(timeout=60)
    result = run.result()
    assert result is not None
    assert result.status == "finished"
    before = run.launch()
    job = begin(lab, [record], 0)
    assert "nothing is left to do" in job.communicate(timeout=60)[0]
    assert (job.returncode, run.launch()) == (0, before)
    # Stopped for a requeue it goes on; stopped by a person it does not, until it is resumed.
    write_file(run.result_file, Result(status="stopped", updates=100, ended=result.ended))
    job = begin(lab, [record], 0)
    job.communicate(timeout=60)
    now = run.launch()
    assert now is not None
    assert now != before
    write_file(run.result_file, Result(status="stopped", updates=100, ended=result.ended))
    request_stop(run)
    assert "nothing is left to do" in begin(lab, [record], 0).communicate(timeout=60)[0]
    write_file(run.request_file, Request(resume=True, asked=0.0, token=now.token))
    begin(lab, [record], 0).communicate(timeout=60)
    assert run.launch() != now
    assert run.request() is None


def test_a_run_that_is_gone_is_said_in_the_output_of_the_job(lab: Lab, tmp_path: Path) -> None:
    listed = tmp_path / "list"
    listed.write_text(f"{tmp_path / 'nothing'}\n")
    command = [sys.executable, "-P", "-m", "moetui.core.cluster.start", str(listed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be started" in done.stderr
