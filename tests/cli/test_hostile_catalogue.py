"""A lab book from elsewhere leads no command to a file outside of `runs`."""

import json
from pathlib import Path
from typing import Any

import pytest

from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.tui.lab_on_disk import end_run, write_run

COMMANDS = (
    ["logs"],
    ["show"],
    ["rm"],
    ["restore"],
    ["label", "--note", "hi"],
    ["resume"],
    ["stop", "--force"],
    ["fork"],
)


@pytest.fixture
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("victim")
    (folder / "thesis.tex").write_text("precious")
    (folder / "log.txt").write_text("SECRET")
    return folder


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def edit(lab: Lab, run_id: str, **fields: Any) -> None:
    tables = json.loads(lab.workspace.runs_json.read_text())
    tables["runs"][run_id] |= fields
    lab.workspace.runs_json.write_text(json.dumps(tables))


def test_a_path_out_of_the_workspace_is_named_and_nothing_there_is_touched(lab: Lab, cli: Cli, victim: Path) -> None:
    for run_id in ("bad", "good"):
        end_run(lab, write_run(lab, run_id))
    before = contents(victim)
    for place in (str(victim), f"../{victim.parent.name}/{victim.name}"):
        edit(lab, "bad", path=place)
        for command, *options in COMMANDS:
            code, out, err = cli(command, "bad", *options)
            assert code == 3
            assert "record bad: path: " in err
            assert "SECRET" not in out + err
    assert contents(victim) == before
    code, out, err = cli("ls", "good")
    assert (code, "good" in out, "record bad: path: " in err) == (0, True, True)
    assert cli("label", "good", "--note", "mine")[0] == 0
    assert json.loads(lab.workspace.runs_json.read_text())["runs"]["bad"]["path"] == place
    assert any(
        check["state"] == "error" and "record bad" in check["message"]
        for check in json.loads(cli("doctor", "--json")[1])
    )
    assert cli("doctor", "--fix")[0] == 0
    assert lab.catalogue.faults() == ()
    assert {run["id"]: run["path"] for run in cli.json("ls", "not status:published")} == {
        "bad": "runs/bad",
        "good": "runs/good",
    }


def test_an_id_writes_no_file_elsewhere(lab: Lab, cli: Cli) -> None:
    lab.found_catalogue()
    run_id = "x/../../../../escaped"
    tables = json.loads(lab.workspace.runs_json.read_text())
    tables["runs"][run_id] = {"id": run_id, "name": "zzz", "status": "published", "published": True}
    lab.workspace.runs_json.write_text(json.dumps(tables))
    assert cli("label", "zzz", "--note", "hi")[0] == 3
    assert cli("rm", run_id)[0] == 3
    assert not list(lab.workspace.root.parent.rglob("*escaped*"))


def test_the_id_in_a_run_directory_is_asked_as_well(lab: Lab, cli: Cli) -> None:
    record = end_run(lab, write_run(lab, "good"))
    file = lab.run_dir(record).config_file
    file.write_text(file.read_text().replace('"id": "good"', '"id": "../../good"'))
    code, _, err = cli("reindex")
    assert code == 1
    assert "id: String should match" in err


def test_a_link_in_the_place_of_a_run_is_not_followed(lab: Lab, cli: Cli, victim: Path) -> None:
    for run_id in ("link", "good"):
        write_run(lab, run_id)
        (lab.workspace.runs / run_id / "queue.json").write_text('{"held": true}')
    outside = victim / "run"
    (lab.workspace.runs / "link").rename(outside)
    (outside / "log.txt").write_text("SECRET")
    (lab.workspace.runs / "link").symlink_to(outside)
    before = contents(victim)
    for command, *options in COMMANDS[:2] + COMMANDS[4:]:
        code, out, err = cli(command, "link", *options)
        assert code in (1, 2)
        assert "is a link to" in err or command == "stop"
        assert "SECRET" not in out
    assert contents(victim) == before
    listed = {run["id"]: run for run in cli.json("ls", "not status:published")}
    assert listed["link"]["status"] == "failed"
    assert "is a link to" in listed["link"]["reason"]
    assert listed["good"]["status"] == "held"


def test_many_faults_are_counted(lab: Lab, cli: Cli) -> None:
    lab.found_catalogue()
    for record in lab.records()[:5]:
        edit(lab, record.id, path="/")
    code, _, err = cli("ls")
    assert code == 0
    assert err.count("it is passed over") == 3
    assert "and 2 more" in err
