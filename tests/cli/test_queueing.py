"""queue and doctor --fix as commands."""

from collections.abc import Callable
from pathlib import Path

from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.conftest import eventually
from tests.core.queue.test_dispatch import queue, status
from tests.tui.lab_on_disk import end_run, write_run

Behave = Callable[[str], None]


def test_the_queue_is_listed_held_released_and_moved(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    first, second, third = queue(lab, 0.01, 0.02, 0.03)
    eventually(lambda: status(lab, first) == "running")
    code, out, _ = cli("queue")
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[1:]] == [second.id, third.id]
    assert f"{first.name} to end" in out
    assert [(row["place"], row["id"]) for row in cli.json("queue", "top", third.id)] == [(1, third.id), (2, second.id)]
    assert [run["status"] for run in cli.json("queue", "hold", second.id, third.id)] == ["held", "held"]
    assert {row["status"] for row in cli.json("queue")} == {"held"}
    assert cli("queue", "release", third.id)[0] == 0
    moved = cli.json("queue", "move", third.id, "2")
    assert [(row["id"], row["status"]) for row in moved] == [(second.id, "held"), (third.id, "queued")]


def test_faults_of_the_queue_are_one_clear_line(cli: Cli, lab: Lab) -> None:
    assert cli("queue") == (0, "", "Nothing waits.\n")
    run = write_run(lab, "waits")
    for arguments, code, message in (
        (("hold", "nothing"), 3, "nothing"),
        (("move", run.id, "0"), 2, "position"),
        (("move", run.id), 2, "position"),
        (("lift", run.id), 2, "lift"),
    ):
        got, out, err = cli("queue", *arguments)
        assert (got, out, len(err.splitlines())) == (code, "", 1), arguments
        assert message in err


def test_the_doctor_puts_in_order_what_it_is_told_to(cli: Cli, lab: Lab) -> None:
    lab.found_catalogue()
    run = write_run(lab, "stray")
    lab.catalogue.remove([run.id])
    assert "runs/stray is not in the catalogue" in cli("doctor")[1]
    assert lab.catalogue.get("stray") is None
    code, out, err = cli("doctor", "--fix")
    assert code == 0
    assert "stray: added" in err
    assert "orphan" not in out
    assert lab.find("stray").id == "stray"


def test_a_drained_queue_starts_nothing_more(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    first, second, third = queue(lab, 0.01, 0.02, 0.03)
    eventually(lambda: status(lab, first) == "running")
    code, _, err = cli("queue", "drain")
    assert code == 0
    assert "1 runs train still" in err
    assert [status(lab, run) for run in (first, second, third)] == ["running", "held", "held"]
    assert cli("queue", "drain")[0] == 0


def test_gc_lists_asks_and_removes(cli: Cli, lab: Lab) -> None:
    run = end_run(lab, write_run(lab, "done"))
    lab.run_dir(run).reserve_file.write_bytes(bytes(2**20))
    code, out, err = cli("gc", "--dry-run")
    assert (code, "1.0 MB can be removed" in err, "reserve" in out) == (0, True, True)
    assert cli("gc")[0] == 2  # nobody can be asked
    assert lab.run_dir(run).reserve_file.exists()
    assert [one["run"] for one in cli.json("gc", "--yes")] == [run.id]
    assert cli("gc") == (0, "", "0.0 MB were removed\n")


def test_the_number_of_retries_is_an_option_and_a_setting(cli: Cli, lab: Lab, user: Path, fake_engine: Behave) -> None:
    (user / "settings.toml").write_text("retries = 2\n")
    for options, expected in (((), 2), (("--retries", "1"), 1), (("--retries", "0"), 0)):
        (run,) = cli.json("run", "base/moe-tiny", "--detach", *options)
        assert lab.run_dir(lab.find(run["id"])).config().retries == expected
    assert cli("run", "base/moe-tiny", "--retries", "-1")[0] == 2
    (run,) = cli.json("rerun", run["id"], "--detach")
    assert lab.run_dir(lab.find(run["id"])).retries() == 0
    assert "retried" in cli("ls", "--columns", "id,retried", "retried=0")[1]


def test_a_run_is_paused_and_released(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    first, second = queue(lab, 0.01, 0.02)
    eventually(lambda: status(lab, first) == "running")
    assert cli("pause", first.id)[0] == 0
    eventually(lambda: status(lab, second) == "running")
    (row,) = cli.json("queue")
    assert (row["id"], row["status"]) == (first.id, "paused")
    assert cli("queue", "hold", first.id)[0] == 1
    assert [run["status"] for run in cli.json("release", first.id)] == ["queued"]
    assert cli("release", second.id)[0] == 1
