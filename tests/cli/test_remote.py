"""`--host`, `hosts` and `pull` over a real sshd of this machine."""

import json
import subprocess
import sys

import pytest

from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from tests.cli.conftest import Cli
from tests.core.remote.conftest import box as box  # a fixture
from tests.core.remote.real_sshd import REPOSITORY, Box
from tests.tui.lab_on_disk import end_run, write_run

pytestmark = pytest.mark.slow


@pytest.fixture
def there(tmp_path_factory: pytest.TempPathFactory, box: Box, cli: Cli) -> Lab:
    """The laboratory of the box, which the settings name."""
    lab = Lab(Workspace(tmp_path_factory.mktemp("there")))
    cli("hosts", "add", "box", "box", "--workspace", str(lab.workspace.root), "--command", str(box.moetui))
    return lab


def moetui(cli: Cli, *words: str) -> tuple[int, str, str]:
    """A command in a process of its own, as ssh writes to the streams of its process."""
    command = [sys.executable, "-m", "moetui", "--workspace", str(cli.workspace), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=120)
    return done.returncode, done.stdout, done.stderr


def on_box(*words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "moetui", "--host", "box", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_commands_run_there_word_for_word_and_end_as_they_do_there(box: Box, there: Lab) -> None:
    run = write_run(there, "aaaaaaaa", name="first")
    note = "a 'b' $(reboot); ~/c *"
    code, _, err = on_box("label", run.id, "--note", note)
    assert code == 0, err
    assert there.find(run.id).note == note
    code, out, err = on_box("ls", "first", "--ids")
    assert (code, out, err) == (0, "aaaaaaaa\n", "")
    code, out, err = on_box("show", "nothing")
    assert (code, out, err) == (3, "", "moetui: no run 'nothing'; `moetui ls` lists them\n")
    assert on_box("--no-such-option")[0] == 2  # of this machine's own
    assert on_box("ls", "--no-such-option")[0] == 2


def test_a_host_that_cannot_be_reached_is_one_line(box: Box, there: Lab, cli: Cli) -> None:
    cli("hosts", "add", "bare", "box")
    code, out, err = moetui(cli, "--host", "bare", "ls")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("moetui: bare: there is no moetui there; install it, or tell where it is")
    assert on_box("ls")[0] == 0
    box.hang_up()
    box.change_key()
    code, out, err = on_box("ls")
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "its host key is not the one that ssh knows" in err
    assert "ssh-keygen -R box" in err
    box.stop()
    (box.folder / "known_hosts").unlink()
    code, out, err = on_box("ls")
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert err.startswith("moetui: box: ")


def test_hosts_are_listed_with_the_version_there_or_why_not(box: Box, there: Lab, cli: Cli) -> None:
    cli("hosts", "add", "bare", "box")
    cli("hosts", "add", "nowhere", "nowhere.invalid")
    rows = {row["name"]: row for row in cli.json("hosts")}
    assert rows["box"]["reachable"]
    assert rows["box"]["version"] == "0.1.0"
    assert "there is no moetui there" in rows["bare"]["fault"]
    assert rows["nowhere"]["version"] is None
    assert "nowhere.invalid" in rows["nowhere"]["fault"]
    code, out, _ = cli("hosts", "list")
    assert code == 0
    assert "0.1.0" in out
    assert cli.json("hosts", "remove", "nowhere")["address"] == "nowhere.invalid"
    assert cli("hosts", "remove", "nowhere")[0] == 3
    code, out, err = cli("--host=-oProxyCommand=reboot", "ls")
    assert (code, out, len(err.splitlines())) == (2, "", 1)


def test_the_runs_of_all_hosts_are_one_list_and_a_host_that_is_gone_is_told(
    box: Box, there: Lab, cli: Cli, lab: Lab
) -> None:
    cli("hosts", "add", "nowhere", "nowhere.invalid")
    write_run(there, "aaaaaaaa", name="a there", created=1.0)
    end_run(there, write_run(there, "bbbbbbbb", name="b there", created=3.0))
    end_run(lab, write_run(lab, "cccccccc", name="c here", created=2.0))
    code, out, err = cli("hosts", "ls", "--json")
    assert [(run["on"], run["id"]) for run in json.loads(out)] == [
        ("box", "bbbbbbbb"), (None, "cccccccc"), ("box", "aaaaaaaa")
    ]  # fmt: skip
    assert (code, len(err.splitlines())) == (1, 1)
    assert err.startswith("moetui: nowhere: ")
    cli("hosts", "remove", "nowhere")
    code, out, err = cli("hosts", "ls", "status:finished", "not name:zzz")
    assert (code, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["box", "bbbbbbbb"], ["here", "cccccccc"]]
    assert cli("hosts", "ls", "lr>>")[0] == 2


@pytest.mark.long
def test_a_slow_line_carries_it_all_the_same(box: Box, there: Lab, cli: Cli) -> None:
    write_run(there, "aaaaaaaa")
    box.line.delay = 0.1
    assert on_box("ls", "--ids")[1].split()[-1:] == ["aaaaaaaa"]


def test_runs_are_pulled_and_those_that_cannot_be_do_not_keep_the_others(
    box: Box, there: Lab, cli: Cli, lab: Lab
) -> None:
    for run_id in ("aaaaaaaa", "bbbbbbbb"):
        end_run(there, write_run(there, run_id))
    code, out, err = moetui(cli, "pull", "aaaaaaaa", "nothing", "bbbbbbbb", "--from", "box")
    assert (code, out) == (3, "")
    assert [line.split(":")[0] for line in err.splitlines()] == ["aaaaaaaa aaaaaaaa", "moetui", "bbbbbbbb bbbbbbbb"]
    assert {run.id for run in lab.records() if not run.published} == {"aaaaaaaa", "bbbbbbbb"}
    code, out, err = moetui(cli, "pull", "aaaaaaaa", "--from", "box", "--json")
    assert (code, out.strip(), len(err.splitlines())) == (1, "[]", 1)
    listed = cli.json("send", "aaaaaaaa")
    assert {"config.json", "result.json", "metrics.jsonl"} <= {file["name"] for file in listed["files"]}
