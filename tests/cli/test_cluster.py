"""`--on slurm` and `moetui slurm` on the command line."""

from pathlib import Path

import pytest

from moetui.core.cluster import polls
from moetui.core.cluster.jobs import job_of
from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.cli.test_commands import ON_CPU, Behave
from tests.core.cluster.fake_slurm import FakeSlurm


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    fake = FakeSlurm(tmp_path / "slurm")
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.setattr(polls, "EVERY", 0.0)
    return fake


def pending(lab: Lab, slurm: FakeSlurm, run_id: str) -> None:
    job = job_of(lab.run_dir(lab.find(run_id)))
    assert job is not None
    slurm.jobs((job.name, job.task, "PENDING", "Resources"))


def test_runs_and_studies_go_to_slurm(cli: Cli, lab: Lab, slurm: FakeSlurm) -> None:
    (run,) = cli.json("run", "base/moe-tiny", "--on", "slurm", "--slurm", "time=2:00:00", "--detach", *ON_CPU)
    assert (run["backend"], run["status"]) == ("slurm", "queued")
    assert "--time=2:00:00" in slurm.asked("sbatch")[-1]
    pending(lab, slurm, run["id"])
    runs = cli.json("study", "quickstart", "--on", "slurm", "--yes", "--detach")
    assert {one["backend"] for one in runs} == {"slurm"}
    assert "--array=0-2" in slurm.asked("sbatch")[-1]
    assert not lab.dispatching()
    cli.json("stop", run["id"])
    slurm.jobs()
    assert cli.json("show", run["id"])["status"] == "stopped"
    (again,) = cli.json("resume", run["id"], "--on", "slurm", "--slurm", "partition=gpu", "--detach")
    assert again["status"] == "queued"
    assert "--partition=gpu" in slurm.asked("sbatch")[-1]


def test_refined_and_planned_runs_go_there_too(cli: Cli, lab: Lab, fake_engine: Behave, slurm: FakeSlurm) -> None:
    cli.json("study", "quickstart", "--yes")
    options = ("--on", "slurm", "--slurm", "partition=gpu", "--per-device", "2", "--retries", "3", "--yes", "--detach")
    for command in (("refine", "quickstart"), ("plan", "transfer/width", "--budget", "1h")):
        before = len(slurm.asked("sbatch"))
        runs = [one for one in cli.json(*command, *options) if one["backend"] == "slurm"]
        (asked,) = slurm.asked("sbatch")[before:]
        assert f"--array=0-{len(runs) - 1}" in asked
        assert "--partition=gpu" in asked
        entry = lab.run_dir(lab.find(runs[0]["id"])).config()
        assert (entry.backend, entry.per_device, entry.retries) == ("slurm", 2, 3)


def test_faults_of_the_scheduler_and_wrong_resources_are_one_line(cli: Cli, slurm: FakeSlurm) -> None:
    slurm.refuse("sbatch", "sbatch: error: invalid partition specified: gpu\n")
    code, out, err = cli("run", "base/moe-tiny", "--on", "slurm", "--detach", *ON_CPU)
    assert (code, out, err) == (1, "", "moetui: slurm: invalid partition specified: gpu\n")
    code, _, err = cli("run", "base/moe-tiny", "--on", "slurm", "--slurm", "tyme=1", "--detach", *ON_CPU)
    assert (code, len(err.splitlines())) == (2, 1)
    code, _, err = cli("run", "base/moe-tiny", "--on", "pbs", "--detach", *ON_CPU)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "local and slurm" in err


def test_the_template_and_what_slurm_answers_are_shown(cli: Cli, lab: Lab, slurm: FakeSlurm) -> None:
    code, out, _ = cli("slurm", "template")
    assert code == 0
    assert out.startswith("#!/bin/bash\n")
    assert "exec" in out.splitlines()[-1]
    assert cli.json("slurm", "template")["template"] == out
    slurm.answer("sbatch", "slurm-wlm 22.05.8\n")
    slurm.answer("sinfo", "main* up\ngpu up\n")
    (lab.workspace.root / "moetui.toml").write_text('[slurm]\npartition = "gpu"\n')
    found = cli.json("slurm", "show")
    assert found == {
        "slurm": "slurm-wlm 22.05.8; partitions: main* up, gpu up",
        "resources": {"partition": "gpu", "notice": 60},
    }
    assert any(check["check"] == "slurm" and check["state"] == "ok" for check in cli.json("doctor"))
