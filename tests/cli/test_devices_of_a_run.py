"""`--devices` on the command line."""

from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.cli.test_commands import ON_CPU, Behave
from tests.conftest import eventually

FOUR = ("--set", "training.accumulation=4")


def test_a_run_remembers_its_devices_and_goes_on_on_others(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    (run,) = cli.json("run", "base/moe-tiny", "--devices", "2", "--detach", *ON_CPU, *FOUR)
    assert lab.run_dir(lab.find(run["id"])).config().devices == 2
    eventually(lambda: cli.json("ls", "status:running"))
    assert cli.json("show", run["id"])["provenance"]["devices"] == 2
    cli("stop", run["id"])
    assert cli("wait", run["id"])[0] == 0
    code, out, err = cli("resume", run["id"], "--devices", "5", "--detach")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "training.accumulation" in err
    cli.json("resume", run["id"], "--devices", "4", "--detach")
    assert lab.run_dir(lab.find(run["id"])).config().devices == 4


def test_a_study_puts_each_of_its_runs_on_several_devices(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    options = ("--yes", "--detach", "--set", "training.device=cpu", "--set", "training.accumulation=2")
    runs = cli.json("study", "quickstart", "--devices", "2", *options)
    assert {lab.run_dir(lab.find(run["id"])).config().devices for run in runs} == {2}


def test_too_many_devices_are_refused_in_a_line_that_says_what_to_set(cli: Cli, lab: Lab) -> None:
    code, out, err = cli("run", "base/moe-tiny", "--devices", "8", *ON_CPU, "--set", "training.batch_size=16")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "--devices 8" in err
    assert "--set training.batch_size=2 --set training.accumulation=8 " in err
    assert not lab.records() or all(record.published for record in lab.records())


def test_the_log_of_another_rank_is_printed(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    (run,) = cli.json("run", "base/moe-tiny", *ON_CPU)
    (lab.run_dir(lab.find(run["id"])).path / "log.1.txt").write_text("the second\n")
    assert cli("logs", run["id"], "--rank", "1")[1] == "the second\n"
    assert cli.json("logs", run["id"], "--rank", "1")["path"].endswith("log.1.txt")
