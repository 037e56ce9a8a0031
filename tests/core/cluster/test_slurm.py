"""What the laboratory asks of SLURM and makes of its answers; the real one is in test_real_slurm.py."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Launch, Result, State
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster import polls
from moetui.core.cluster import slurm as cluster
from moetui.core.cluster.backend import backend
from moetui.core.cluster.execution import LOCAL, Execution
from moetui.core.cluster.jobs import Job, job_file, job_of
from moetui.core.cluster.resources import parsed, resources
from moetui.core.errors import LabError, UsageError
from moetui.core.machine.starts import stays_stopped
from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.queue import edit, resuming
from moetui.core.queue.enqueue import enqueue
from moetui.core.queue.queueing import hold, waiting
from moetui.core.runs.lab import Lab
from moetui.core.studies.progress import complete, survey
from tests.conftest import eventually
from tests.core.cluster.fake_slurm import FakeSlurm

Behave = Callable[[str], None]


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    fake = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.setattr(polls, "EVERY", 0.0)
    return fake


def planned(lab: Lab, count: int = 1, device: str = "cpu") -> list[PlannedRun]:
    rates = tuple(0.01 * (number + 1) for number in range(count))
    settings = {"training.device": device, "training.accumulation": 2, "training.updates": 5}
    return plan(lab.library(), Selection(presets=("quickstart",), settings=settings, axes={"optimizer.lr": rates}))


def submitted(lab: Lab, count: int = 1) -> list[RunRecord]:
    return enqueue(lab, planned(lab, count), Execution(backend="slurm"))


def job(lab: Lab, record: RunRecord) -> Job:
    found = job_of(lab.run_dir(record))
    assert found is not None
    return found


def seen(lab: Lab, record: RunRecord) -> tuple[str, str]:
    now = lab.see(lab.find(record.id))
    return now.status, now.reason


def options(slurm: FakeSlurm) -> str:
    return slurm.asked("sbatch")[-1]


def test_runs_are_one_array_with_a_run_directory_a_task(lab: Lab, slurm: FakeSlurm) -> None:
    runs = submitted(lab, 3)
    assert len(slurm.asked("sbatch")) == 1
    assert "--array=0-2 " in options(slurm)
    assert "--signal=B:TERM@60 " in options(slurm)
    jobs = [job(lab, run) for run in runs]
    assert [(one.task, one.number, one.backend) for one in jobs] == [
        (0, "7", "slurm"),
        (1, "7", "slurm"),
        (2, "7", "slurm"),
    ]
    listed = Path(options(slurm).split()[-2])
    assert listed.read_text().splitlines() == [str(lab.run_dir(run).path) for run in runs]
    assert {run.backend for run in runs} == {"slurm"}
    assert all(lab.run_dir(run).config().backend == "slurm" for run in runs)
    assert not lab.dispatching()


def test_resources_come_from_the_settings_and_from_the_command(lab: Lab, slurm: FakeSlurm) -> None:
    (lab.workspace.root / "moetui.toml").write_text('[slurm]\npartition = "gpu"\ntime = "1:00:00"\narray_limit = 4\n')
    enqueue(lab, planned(lab), Execution(backend="slurm", resources=parsed(["time=2:00:00", "notice=90"])))
    for part in ("--partition=gpu", "--time=2:00:00", "--array=0-0%4", "--signal=B:TERM@90"):
        assert part in options(slurm).split()
    assert "--gres" not in options(slurm)


def test_a_run_that_wants_gpus_asks_for_as_many_as_it_trains_on_and_needs_none_here(lab: Lab, slurm: FakeSlurm) -> None:
    enqueue(lab, planned(lab, device="cuda"), Execution(backend="slurm", devices=2))
    assert "--gres=gpu:2" in options(slurm).split()


@pytest.mark.parametrize(
    ("said", "words"),
    [("tyme=1", "did you mean time"), ("cpus=many", "cpus"), ("notice=0", "notice"), ("time", "KEY=VALUE")],
)
def test_resources_that_make_no_sense_are_refused_in_a_line(lab: Lab, said: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        resources(lab.workspace, parsed([said]))
    assert "\n" not in str(caught.value)


def test_an_option_cannot_be_slipped_in_as_a_value(lab: Lab) -> None:
    with pytest.raises(UsageError):
        resources(lab.workspace, {"partition": "--wrap=rm"})


def test_what_slurm_refuses_is_said_in_its_words_and_nothing_is_queued(lab: Lab, slurm: FakeSlurm) -> None:
    slurm.refuse("sbatch", "sbatch: error: Batch job submission failed: Invalid account\n")
    with pytest.raises(LabError, match=r"^slurm: Batch job submission failed: Invalid account$"):
        submitted(lab, 2)
    assert all(run.published for run in lab.records())
    assert [path.name for path in lab.workspace.runs.iterdir() if not path.name.startswith((".", "disp"))] == []


def test_more_runs_than_an_array_may_have_are_several_arrays_or_none(
    lab: Lab, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "LARGEST", 2)
    runs = submitted(lab, 5)
    assert [line.split("--array=")[1].split()[0] for line in slurm.asked("sbatch")] == ["0-1", "0-1", "0-0"]
    assert len({job(lab, run).key for run in runs}) == 5
    # The second of three is refused: the first is taken back.
    (slurm.folder / "sbatch").write_text(
        f"#!/bin/bash\ncd {slurm.folder}; [ -e once ] && {{ echo 'sbatch: error: no more' >&2; exit 1; }}; touch once; echo 8\n"
    )
    with pytest.raises(LabError, match="no more"):
        submitted(lab, 5)
    assert slurm.asked("scancel") == ["8"]
    assert len([run for run in lab.records() if not run.published]) == 5


def test_without_slurm_the_line_says_where_to_go(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="no sbatch here; run this on a login node"):
        submitted(lab)


def test_a_script_of_the_workspace_takes_the_place_of_ours(lab: Lab, slurm: FakeSlurm) -> None:
    submitted(lab)
    assert options(slurm).split()[-3].endswith("runs/.slurm/template.sh")
    (lab.workspace.root / "slurm.sh").write_text("#!/bin/bash\n")
    submitted(lab)
    assert options(slurm).split()[-3] == str(lab.workspace.root / "slurm.sh")
    with pytest.raises(LabError, match="there is no file"):
        enqueue(lab, planned(lab), Execution(backend="slurm", resources={"template": "elsewhere.sh"}))


def test_a_run_that_waits_tells_the_reason_of_the_scheduler(lab: Lab, slurm: FakeSlurm) -> None:
    first, second = submitted(lab, 2)
    name = job(lab, first).name
    slurm.jobs((name, 0, "PENDING", "Resources"), (name, 1, "PENDING", "JobArrayTaskLimit"))
    assert seen(lab, first) == ("queued", "slurm 7_0: Resources")
    assert seen(lab, second) == ("queued", "slurm 7_1: JobArrayTaskLimit")
    assert [one.reason for one in waiting(lab, lab.snapshot(), [])] == [
        "slurm 7_0: Resources",
        "slurm 7_1: JobArrayTaskLimit",
    ]
    assert not lab.dispatching()
    with pytest.raises(LabError, match="orders its queue itself"):
        hold(lab, first)


def test_the_scheduler_is_asked_once_in_ten_seconds_whoever_looks(
    lab: Lab, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls, "EVERY", 10.0)
    runs = submitted(lab, 5)
    for _ in range(4):
        lab.snapshot()
        Lab(lab.workspace).snapshot()
        for run in runs:
            lab.see(run)
    assert len(slurm.asked("squeue")) == 1


def test_a_job_that_is_being_submitted_is_not_gone(lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = submitted(lab)
    slurm.jobs()
    write_file(
        job_file(lab.run_dir(run)), job(lab, run).model_copy(update={"number": "", "submitted": time.time() - 5})
    )
    assert seen(lab, run)[0] == "queued"
    write_file(job_file(lab.run_dir(run)), job(lab, run).model_copy(update={"submitted": time.time() - 3600}))
    assert seen(lab, run)[0] == "killed"


def test_a_scheduler_that_does_not_answer_takes_no_run_away(lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = submitted(lab)
    slurm.refuse("squeue", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n")
    status, reason = seen(lab, run)
    assert status == "queued"
    assert "Unable to contact slurm controller" in reason
    slurm.agree("squeue")
    slurm.jobs((job(lab, run).name, 0, "PENDING", "Priority"))
    assert seen(lab, run) == ("queued", "slurm 7_0: Priority")


def leave(lab: Lab, record: RunRecord, status: str = "", **changes: object) -> None:
    """What a trainer on a node that is not this one leaves, with a result if it has ended by itself."""
    run = lab.run_dir(record)
    before = time.time() - 1.0
    where = {"host": "node7", "boot_id": "another", "machine": "another", "token": "t"}
    write_file(run.launch_file, Launch(pid=1, started=before, device="cpu", **where))
    heartbeat = changes.get("heartbeat", before)
    state = State(phase="running", updates=5, heartbeat=heartbeat, started=before, pid=1, **where)
    write_file(run.state_file, state)
    if status:
        write_file(run.result_file, Result(status=status, updates=5, ended=before, token="t"))


def test_a_run_that_the_scheduler_has_queued_again_is_queued_and_not_stopped(lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = submitted(lab)
    name = job(lab, run).name
    leave(lab, run, "stopped")
    slurm.jobs((name, 0, "PENDING", "BeginTime"))
    assert seen(lab, run) == ("queued", "slurm 7_0: BeginTime")
    slurm.jobs((name, 0, "RUNNING", "node8"))
    assert seen(lab, run) == ("starting", "slurm 7_0 starts on node8")
    slurm.jobs()
    assert seen(lab, run)[0] == "stopped"
    lab.snapshot()
    assert lab.find(run.id).status == "stopped"


def test_an_end_is_settled_only_by_a_word_that_is_newer(
    lab: Lab, slurm: FakeSlurm, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = submitted(lab)
    slurm.jobs((job(lab, run).name, 0, "RUNNING", "node7"))
    monkeypatch.setattr(polls, "EVERY", 3600.0)
    lab.see(run)
    leave(lab, run, "stopped")
    write_file(lab.run_dir(run).result_file, Result(status="stopped", updates=5, ended=time.time() + 5, token="t"))
    assert seen(lab, run)[0] == "stopping"


def test_an_end_of_the_training_itself_asks_no_scheduler(lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = submitted(lab)
    leave(lab, run, "finished")
    before = len(slurm.asked("squeue"))
    assert seen(lab, run)[0] == "finished"
    assert len(slurm.asked("squeue")) == before


def test_a_job_that_is_gone_before_its_run_began_is_no_queued_run(lab: Lab, slurm: FakeSlurm) -> None:
    first, second = submitted(lab, 2)
    slurm.jobs((job(lab, first).name, 1, "PENDING", "Resources"))
    slurm.answer("sacct", "NODE_FAIL\n")
    assert seen(lab, first) == ("killed", "slurm 7_0: node_fail")
    assert seen(lab, second)[0] == "queued"
    slurm.refuse("sacct", "sacct: error: Slurm accounting storage is disabled\n")
    assert seen(lab, first) == ("killed", "slurm 7_0: the job is gone from the queue")


def test_a_run_whose_node_died_is_found_by_the_scheduler_before_its_silence_is_long(lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = submitted(lab)
    leave(lab, run, heartbeat=time.time() - 120)
    slurm.jobs((job(lab, run).name, 0, "RUNNING", "node7"))
    assert seen(lab, run)[0] == "stalled"
    slurm.jobs()
    assert seen(lab, run)[0] == "killed"


def test_stopping_a_run_that_waits_takes_its_task_out_of_the_queue(lab: Lab, slurm: FakeSlurm) -> None:
    first, second = submitted(lab, 2)
    name = job(lab, first).name
    slurm.jobs((name, 0, "PENDING", "Resources"), (name, 1, "PENDING", "Resources"))
    edit.stop(lab, first)
    assert slurm.asked("scancel") == ["7_0"]
    slurm.jobs((name, 1, "PENDING", "Resources"))
    assert seen(lab, first)[0] == "stopped"
    assert seen(lab, second)[0] == "queued"
    assert stays_stopped(lab.run_dir(first))
    assert not stays_stopped(lab.run_dir(second))


def test_stopping_a_run_that_works_tells_its_trainer_and_killing_it_ends_the_job(lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = submitted(lab)
    leave(lab, run, heartbeat=time.time())
    slurm.jobs((job(lab, run).name, 0, "RUNNING", "node7"))
    edit.stop(lab, run)
    assert slurm.asked("scancel") == ["--signal=TERM --batch 7_0"]
    request = lab.run_dir(run).request()
    assert request is not None
    assert request.stop
    assert stays_stopped(lab.run_dir(run))
    edit.stop(lab, run)
    assert slurm.asked("scancel")[-1] == "7_0"


def test_a_job_that_ends_at_the_moment_of_its_stop_is_no_fault(lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = submitted(lab)
    leave(lab, run, heartbeat=time.time())
    slurm.jobs((job(lab, run).name, 0, "RUNNING", "node7"))
    slurm.refuse("scancel", "scancel: error: Kill job error on job id 7: Invalid job id specified\n")
    with pytest.raises(LabError, match=r"^slurm: Kill job error"):
        edit.stop(lab, run)
    (slurm.folder / "scancel").write_text(
        f"#!/bin/bash\ncd {slurm.folder}; : > squeue.answer; echo 'Invalid job id specified' >&2; exit 1\n"
    )
    edit.stop(lab, run)


def test_a_run_moves_from_slurm_to_this_machine_and_back(lab: Lab, slurm: FakeSlurm, fake_engine: Behave) -> None:
    (run,) = submitted(lab)
    slurm.jobs()
    lab.snapshot()
    assert lab.find(run.id).status == "killed"
    fake_engine("hold")
    resuming.resume(lab, lab.find(run.id), lambda before: before.changed(backend=LOCAL))
    assert not job_file(lab.run_dir(run)).exists()
    eventually(lambda: seen(lab, run)[0] == "running")
    edit.stop(lab, lab.find(run.id))
    eventually(lambda: not lab.snapshot().pending and not lab.dispatching())
    assert lab.find(run.id).status == "stopped"
    back = resuming.resume(lab, lab.find(run.id), lambda before: before.changed(backend="slurm"))
    assert (back.status, back.backend) == ("queued", "slurm")
    slurm.jobs((job(lab, run).name, 0, "PENDING", "Resources"))
    assert seen(lab, run)[0] == "queued"
    assert not stays_stopped(lab.run_dir(run))
    assert not lab.dispatching()


def test_a_study_that_goes_on_in_slurm_takes_its_broken_runs_along_and_home_it_leaves_them_there(
    lab: Lab, slurm: FakeSlurm, fake_engine: Behave
) -> None:
    fake_engine("die")
    runs = enqueue(lab, planned(lab, 1))
    eventually(lambda: not lab.snapshot().pending and not lab.dispatching())
    there = Execution(backend="slurm", resources=parsed(["partition=gpu"]))
    both = complete(lab, survey(planned(lab, 2), lab.snapshot().runs), there)
    assert both[0].id == runs[0].id
    assert [(run.status, run.backend) for run in both] == [("queued", "slurm")] * 2
    assert ["--partition=gpu" in line for line in slurm.asked("sbatch")] == [True, True]
    slurm.jobs()
    lab.snapshot()
    again = complete(lab, survey(planned(lab, 2), lab.snapshot().runs))
    assert [run.backend for run in again] == ["slurm", "slurm"]
    assert not lab.dispatching()


def test_a_resume_that_slurm_refuses_leaves_the_run_as_it_was(lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = submitted(lab)
    slurm.jobs()
    lab.snapshot()
    slurm.refuse("sbatch", "sbatch: error: the queue is closed\n")
    with pytest.raises(LabError, match="the queue is closed"):
        resuming.resume(lab, lab.find(run.id))
    assert lab.find(run.id).status == "killed"
    assert lab.run_dir(run).request() is None


def test_another_backend_is_refused_by_name(lab: Lab) -> None:
    with pytest.raises(UsageError, match="--on pbs: there is local and slurm"):
        backend("pbs", lab.workspace)


def test_a_job_file_of_somebody_else_names_no_job(lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = submitted(lab)
    job_file(lab.run_dir(run)).write_text(
        '{"backend": "slurm", "name": "x", "task": 0, "number": "1; rm", "submitted": 0}'
    )
    status, reason = seen(lab, run)
    assert status == "queued"
    assert "job.json" in reason
