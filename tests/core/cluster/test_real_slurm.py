"""Studies on a real SLURM, which is brought up on this machine: limits, GPUs, stops, requeues, and a controller that dies."""

import time
from collections.abc import Callable, Iterator

import pytest

from engine.runfiles.history import read_records
from engine.runfiles.rundir import RunDir
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster import polls
from moetui.core.cluster.execution import LOCAL, Execution
from moetui.core.cluster.jobs import job_of
from moetui.core.errors import LabError
from moetui.core.maintenance.doctor import examine
from moetui.core.planning.plan import Selection, plan
from moetui.core.queue import edit, resuming
from moetui.core.queue.enqueue import enqueue
from moetui.core.runs.lab import Lab
from tests.conftest import eventually
from tests.core.cluster.real_slurm import Cluster, why_not

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(why_not()), reason=why_not())]

Behave = Callable[[str], None]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.up()
    yield cluster
    cluster.down()


@pytest.fixture(autouse=True)
def _on_the_cluster(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PATH", cluster.environment["PATH"])
    monkeypatch.setenv("SLURM_CONF", cluster.environment["SLURM_CONF"])
    monkeypatch.setattr(polls, "EVERY", 0.5)
    yield
    cluster.settle()


def study(lab: Lab, count: int = 1, device: str = "cpu", updates: int = 5, **asked: str) -> list[RunRecord]:
    rates = tuple(0.01 * (number + 1) for number in range(count))
    settings = {"training.device": device, "training.updates": updates}
    planned = plan(lab.library(), Selection(presets=("quickstart",), settings=settings, axes={"optimizer.lr": rates}))
    return enqueue(lab, planned, Execution(backend="slurm", resources={"cpus": "1", **asked}))


def statuses(lab: Lab, runs: list[RunRecord]) -> list[str]:
    found = lab.snapshot().statuses
    return [found[run.id] for run in runs]


def reason(lab: Lab, run: RunRecord) -> str:
    return next(one.reason for one in lab.snapshot().runs if one.id == run.id)


def test_a_study_of_six_runs_keeps_to_its_limit_and_ends(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    runs = study(lab, 6, array_limit="2")
    eventually(lambda: sorted(statuses(lab, runs)) == ["queued"] * 4 + ["running"] * 2)
    eventually(lambda: any("JobArrayTaskLimit" in reason(lab, run) for run in runs))
    seen = set()

    def ended() -> bool:
        now = statuses(lab, runs)
        seen.add(sum(status in ("starting", "running") for status in now))
        for run, status in zip(runs, now, strict=True):
            if status == "running":
                edit.stop(lab, lab.find(run.id))
        return now == ["stopped"] * 6

    eventually(ended)
    assert max(seen) <= 2
    assert all((lab.run_dir(run).path / "log.txt").exists() for run in runs)
    assert not lab.dispatching()


def test_each_run_sees_the_gpus_that_it_was_given_and_the_third_waits(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    runs = study(lab, 3, device="cuda")
    eventually(lambda: statuses(lab, runs) == ["running", "running", "queued"])
    launches = [lab.run_dir(run).launch() for run in runs[:2]]
    assert {launch.device for launch in launches if launch} == {"0", "1"}
    eventually(lambda: "Resources" in reason(lab, runs[2]))
    edit.stop(lab, lab.find(runs[2].id))
    eventually(lambda: statuses(lab, runs) == ["running", "running", "stopped"])
    edit.stop(lab, lab.find(runs[0].id), force=True)
    eventually(lambda: statuses(lab, runs)[0] in ("killed", "stopped"))


def test_a_drained_node_and_a_controller_that_is_gone_take_no_run_away(
    lab: Lab, fake_engine: Behave, cluster: Cluster
) -> None:
    fake_engine("hold")
    (working,) = study(lab)
    eventually(lambda: statuses(lab, [working]) == ["running"])
    cluster.run("scontrol", "update", f"NodeName={cluster.host}", "State=DRAIN", "Reason=test")
    (waits,) = study(lab)
    eventually(lambda: "slurm" in reason(lab, waits) and statuses(lab, [waits]) == ["queued"])
    cluster.end("slurmctld")
    eventually(lambda: "ontact" in reason(lab, waits))  # "Unable to contact slurm controller"
    assert statuses(lab, [working, waits]) == ["running", "queued"]
    cluster.controller()
    eventually(lambda: statuses(lab, [working, waits]) == ["running", "running"])
    for run in (working, waits):
        edit.stop(lab, lab.find(run.id))
    eventually(lambda: statuses(lab, [working, waits]) == ["stopped", "stopped"])


def test_a_study_goes_on_while_the_controller_is_gone_for_a_minute_and_after_it(
    lab: Lab, fake_engine: Behave, cluster: Cluster
) -> None:
    fake_engine("hold")
    runs = study(lab, 4, array_limit="2")
    eventually(lambda: sorted(statuses(lab, runs)) == ["queued"] * 2 + ["running"] * 2)
    works = [run for run, status in zip(runs, statuses(lab, runs), strict=True) if status == "running"]
    waits = [run for run in runs if run not in works]
    begun = [lab.run_dir(run).launch() for run in works]
    cluster.end("slurmctld")
    with pytest.raises(LabError, match=r"slurm: .*ontact"):
        edit.stop(lab, lab.find(works[0].id))  # the run is told by its directory all the same
    eventually(lambda: lab.run_dir(works[0]).result() is not None)
    gone_until = time.monotonic() + 60
    seen = set()
    while time.monotonic() < gone_until:
        seen.add(tuple(statuses(lab, [*works, *waits])))
        time.sleep(1)
    assert seen == {("stopping", "running", "queued", "queued")}
    assert "ontact" in reason(lab, waits[0])
    cluster.controller()
    eventually(lambda: sorted(statuses(lab, runs)) == ["queued", "running", "running", "stopped"])
    assert statuses(lab, works) == ["stopped", "running"]
    cluster.end("slurmctld")  # and a restart, in the middle of what is left
    cluster.controller()

    def ended() -> bool:
        for run, status in zip(runs, now := statuses(lab, runs), strict=True):
            if status == "running":
                edit.stop(lab, lab.find(run.id))
        return now == ["stopped"] * 4

    eventually(ended)
    assert [lab.run_dir(run).launch() for run in works] == begun  # nothing was started twice


def test_a_node_sees_the_workspace_its_locks_and_what_torch_can_do(lab: Lab) -> None:
    found = {check.name: check for check in examine(lab.workspace, cluster=True) if check.name.startswith("node")}
    assert {name: check.state for name, check in found.items()} == {
        "node": "ok", "node locks": "ok", "node clock": "ok", "node torch": "note"
    }  # fmt: skip
    assert "no GPU" in found["node torch"].message


SMALL = {
    "seed": 1,
    "training.device": "cpu",
    "training.batch_size": 2,
    "training.accumulation": 2,
    "training.checkpoint_updates": 20,
    "evaluation.every": 60,
    "evaluation.max_sequences": 8,
    "model.dropout": 0.1,
}


def real(lab: Lab, on: str, updates: int = 120, **asked: str) -> RunRecord:
    settings = SMALL | {"training.updates": updates}
    planned = plan(lab.library(), Selection(presets=("base/moe-tiny",), settings=settings))
    (run,) = enqueue(lab, planned, Execution(backend=on, resources=asked))
    return run


def losses(run: RunDir) -> dict[int, float]:
    return {r["update"]: r["train_loss"] for r in read_records(run.metrics_file) if "train_loss" in r}


def updates(lab: Lab, run: RunRecord) -> int:
    return max(losses(lab.run_dir(run)), default=0)


def test_a_run_that_is_queued_again_and_moves_home_has_the_losses_of_one_that_was_not(
    lab: Lab, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    undisturbed, moved = real(lab, LOCAL), real(lab, "slurm", cpus="1")
    eventually(lambda: updates(lab, moved) >= 30)
    found = job_of(lab.run_dir(moved))
    assert found is not None
    cluster.run("scontrol", "requeue", found.id)
    eventually(lambda: statuses(lab, [moved]) == ["queued"] and "BeginTime" in reason(lab, moved), seconds=60)
    eventually(lambda: statuses(lab, [moved]) == ["running"], seconds=240)
    before = updates(lab, moved)
    eventually(lambda: updates(lab, moved) >= before + 10)
    edit.stop(lab, lab.find(moved.id))
    eventually(lambda: statuses(lab, [moved]) == ["stopped"])
    resuming.resume(lab, lab.find(moved.id), lambda before: before.changed(backend=LOCAL))
    eventually(lambda: statuses(lab, [undisturbed, moved]) == ["finished", "finished"])
    one, other = losses(lab.run_dir(undisturbed)), losses(lab.run_dir(moved))
    assert len(one) == 120
    assert one == other
    result = lab.run_dir(moved).result()
    assert result is not None
    assert result.session == 3


def test_a_run_on_two_devices_is_one_task(lab: Lab) -> None:
    settings = SMALL | {"training.updates": 4}
    planned = plan(lab.library(), Selection(presets=("base/moe-tiny",), settings=settings))
    (run,) = enqueue(lab, planned, Execution(backend="slurm", devices=2, resources={"cpus": "2"}))
    eventually(lambda: statuses(lab, [run]) == ["finished"])
    assert "devices: 2" in lab.run_dir(run).log_file.read_text()
    assert (lab.run_dir(run).path / "log.1.txt").exists()


def test_the_end_of_its_time_leaves_a_checkpoint_that_goes_on(lab: Lab) -> None:
    run = real(lab, "slurm", updates=100_000, cpus="1", time="2", notice="60")
    eventually(lambda: updates(lab, run) > 0)
    eventually(lambda: statuses(lab, [run]) == ["stopped"], seconds=300)
    reached = updates(lab, run)
    assert reached > 0
    resuming.resume(lab, lab.find(run.id), lambda before: before.changed(resources={"cpus": "1"}))
    eventually(lambda: updates(lab, run) > reached)
    assert f"goes on after update {reached}" in lab.run_dir(run).log_file.read_text()
    edit.stop(lab, lab.find(run.id))
    eventually(lambda: statuses(lab, [run]) == ["stopped"])
