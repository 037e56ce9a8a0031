"""resume, rerun and fork on the command line."""

from pathlib import Path

import pytest

from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.cli.test_commands import ON_CPU, Behave
from tests.conftest import eventually
from tests.core.queue.test_resuming import give_checkpoint


def test_a_killed_run_is_resumed_followed_and_reported(cli: Cli, fake_engine: Behave) -> None:
    fake_engine("die")
    assert cli("run", "base/moe-tiny", *ON_CPU)[0] == 1
    fake_engine("finish")
    code, out, err = cli("resume", "base/moe-tiny")
    assert code == 0, err
    assert "finished" in out
    code, _, err = cli("resume", "base/moe-tiny")
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "has finished" in err


def test_one_run_that_cannot_be_resumed_does_not_keep_the_others_from_it(
    cli: Cli, lab: Lab, fake_engine: Behave
) -> None:
    (done,) = cli.json("run", "base/moe-tiny", *ON_CPU)
    eventually(lambda: not lab.dispatching())  # a dispatcher starts trainers in the environment that it was started in
    fake_engine("die")
    code, _, _ = cli("run", "base/moe-9m", *ON_CPU)
    assert code == 1
    eventually(lambda: not lab.dispatching())
    fake_engine("finish")
    code, out, err = cli("resume", done["id"], "base/moe-9m", "--plain")
    assert code == 1
    assert f"{done['id']} has finished" in err
    assert "base/moe-9m" in out


def test_rerun_and_fork_return_at_once_when_detached(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    (run,) = cli.json("run", "base/moe-tiny", *ON_CPU)
    (again,) = cli.json("rerun", run["id"], "--detach")
    assert (again["status"], again["group"]) == ("queued", run["group"])
    give_checkpoint(lab, lab.find(run["id"]), "last", 200)
    (fork,) = cli.json(
        "fork",
        run["id"],
        "--set",
        "optimizer.lr=0.01",
        "--set",
        "schedule.kind=wsd",
        "--checkpoint",
        "last",
        "--detach",
    )
    assert (fork["status"], fork["parent"], fork["lr"]) == ("queued", run["id"], 0.01)
    eventually(lambda: not lab.snapshot().pending)
    code, out, _ = cli("show", fork["id"])
    assert code == 0
    assert f"parent: {run['id']}, checkpoint last of update 200" in out
    assert "schedule.kind = wsd" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("resume", "nothing"), 3, "no run 'nothing'"),
        (("resume", "published/schedule/baseline"), 3, "published result"),
        (("fork", "published/schedule/baseline"), 3, "published result"),
        (("fork", "published/schedule/baseline", "--checkpoint", "first"), 2, "first"),
        (("fork", "published/schedule/baseline", "--set", "optimizer.lr"), 2, "write key=value"),
        (("resume",), 2, "Missing argument"),
    ],
)
def test_bad_input_is_one_clear_line(cli: Cli, arguments: tuple[str, ...], code: int, message: str) -> None:
    found, out, err = cli(*arguments)
    assert (found, out) == (code, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_run_directory_that_is_damaged_is_named(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    (run,) = cli.json("run", "base/moe-tiny", *ON_CPU)
    Path(lab.workspace.runs / run["id"] / "config.json").write_text("{}")
    for command in ("rerun", "fork"):
        code, _, err = cli(command, run["id"])
        assert code == 1
        assert "config.json" in err
        assert len(err.splitlines()) == 1
