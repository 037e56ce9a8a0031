"""`moetui export`, `import` and `health` as a user meets them."""

import json
from pathlib import Path

import pytest

from moetui.core.exchange.exporting import KINDS
from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.tui.lab_on_disk import end_run, write_run


@pytest.fixture
def run_id(lab: Lab) -> str:
    return end_run(lab, write_run(lab, "theone", updates=60)).id


PACKAGED = {"wandb", "mlflow"}
"""Formats that are written by packages which take seconds to load; tests/core/exchange/test_trackers.py has them."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"records", *PACKAGED}])
def test_an_export_overwrites_nothing_unless_forced(cli: Cli, run_id: str, tmp_path: Path, kind: str) -> None:
    arguments = ("export", run_id, "--to", str(tmp_path / "out"), "--format", kind)
    (written,) = cli.json(*arguments)
    path = Path(written["path"])
    target = path if path.is_file() else next(path.iterdir())
    before = target.read_bytes()
    code, out, err = cli(*arguments)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "--force" in err
    assert target.read_bytes() == before
    assert cli(*arguments, "--force")[0] == 0
    assert len(list(path.parent.iterdir())) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("export", "theone", "--to", "x", "--format", "xlsx"), 2, "there are tensorboard, mlflow, wandb"),
        (("export", "theone"), 2, "--to"),
        (
            ("export", "theone", "--to", "x.xlsx"),
            2,
            "the ending .xlsx does not tell the format; --format takes tensorboard",
        ),
        (("export", "theone", "--to", "x.db"), 2, "the ending .db does not tell the format"),
        (("export", "nobody", "--to", "x"), 3, "no run 'nobody'"),
        (("import", "nowhere.csv"), 3, "nowhere.csv is not there"),
        (("health", "nobody"), 3, "no run 'nobody'"),
    ],
)
def test_bad_input_is_one_clear_line(
    cli: Cli,
    run_id: str,
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    got, out, err = cli(*arguments)
    assert (got, out, len(err.splitlines())) == (code, "", 1)
    assert message in err


def test_imported_runs_are_listed_shown_examined_and_deleted_like_others(cli: Cli, lab: Lab, tmp_path: Path) -> None:
    losses = [8.0 - 0.1 * place for place in range(40)] + [4.2 + 0.05 * place for place in range(10)]
    for seed in (1, 2):
        tree = {
            "experiment_config": {"name": f"theirs-{seed}", "seed": seed},
            "history": {"steps": [*range(10, 501, 10)], "val_losses": [loss + 0.01 * seed for loss in losses]},
        }
        (tmp_path / f"{seed}.json").write_text(json.dumps(tree))
    rows = cli.json("import", str(tmp_path / "1.json"), str(tmp_path / "2.json"), "--group", "mine", "--tag", "seen")
    assert [(row["name"], row["seed"], row["group"], row["tags"]) for row in rows] == [
        ("theirs-1", 1, "mine", ["imported", "seen"]),
        ("theirs-2", 2, "mine", ["imported", "seen"]),
    ]
    assert {row["id"] for row in cli.json("ls", "tag:seen")} == {row["id"] for row in rows}
    shown = cli.json("show", "theirs-1", "--history")
    assert (shown["config"], shown["config_complete"], len(shown["history"])) == ({"seed": 1}, False, 50)
    (health,) = cli.json("health", "theirs-1")
    assert [finding["kind"] for finding in health["findings"]] == ["inflection"]
    assert "of 2 replicates" in health["findings"][0]["evidence"]
    code, out, _ = cli("health", "theirs-1", "theirs-2")
    assert (code, out.count("inflection at update")) == (0, 2)
    code, out, err = cli("import", str(tmp_path / "1.json"))
    assert (code, out) == (0, "")
    assert "was imported before" in err
    cli.json("rm", "theirs-1")
    assert "moetui restore" in cli("import", str(tmp_path / "1.json"))[2]
    assert cli("logs", "theirs-2")[:2] == (0, "")
    for command in ("rerun", "resume"):
        code, out, err = cli(command, "theirs-2")
        assert (code, len(err.splitlines())) == (1, 1)
    assert "configuration is not known" in cli("rerun", "theirs-2")[2]
    code, out, err = cli("stop", "theirs-2")
    assert (code, "ended already" in err) == (1, True)


def test_a_published_result_has_nothing_to_export_but_its_log_entry(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("export", "published/schedule/baseline", "--to", str(tmp_path / "x.csv"))
    assert (code, "has no measurements" in err) == (2, True)
    cli.json("export", "published/schedule/baseline", "--to", str(tmp_path / "x.json"), "--format", "experiment-log")
    (entry,) = json.loads((tmp_path / "x.json").read_text())
    assert (entry["results"]["final_loss"], entry["results"]["stability"]) == (7.399, "not known")


def test_explain_and_formats_say_what_there_is_and_import_nothing(cli: Cli, lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("_step,train/global_step,train/loss,note\n0,10,5,a\n1,20,4,b\n")
    code, out, err = cli("import", "--explain", str(path))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"{path}: csv, as the first line names the columns _step, train/global_step")
    assert {"  train/loss is train_loss", "    left out: note", "nothing was imported"} <= set(lines)
    (told,) = cli.json("import", "--explain", str(path))
    assert (told["columns"], told["runs"][0]["updates"]) == (
        {"train/global_step": "update", "train/loss": "train_loss"},
        [10, 20],
    )
    assert not lab.workspace.runs.exists()
    assert {line["name"] for line in cli.json("import", "--formats")} >= {"csv", "trainer-state", "mlflow"}
    code, out, err = cli("import")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "name the files" in err


def test_a_study_is_exported_by_its_name_and_the_suffix_tells_the_format(cli: Cli, lab: Lab, tmp_path: Path) -> None:
    for run_id in ("one", "two", "other"):
        end_run(lab, write_run(lab, run_id, updates=20, study="" if run_id == "other" else "mine/study"))
    cli.json("export", "study:mine/study", "one", "--to", str(tmp_path / "x.jsonl"))
    rows = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert {row["run"] for row in rows} == {"one", "two"}
    (written,) = cli.json("export", "study:mine/study", "--to", str(tmp_path / "card.md"))
    assert "# mine/study" in Path(written["path"]).read_text()
    code, out, err = cli("export", "study:nowhere", "--to", str(tmp_path / "y.csv"))
    assert (code, out, len(err.splitlines())) == (3, "", 1)


def test_every_kind_of_export_is_in_the_help(cli: Cli) -> None:
    code, out, _ = cli("export", "--help")
    assert code == 0
    words = "".join(letter for letter in out if letter.isalnum() or letter == "-")  # whatever lines it is broken into
    assert [kind for kind in KINDS if kind not in words] == []


def test_a_name_of_two_lines_is_printed_on_one(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps({"run": "a", "name": "two\nlines", "step": 1, "loss": 5}) + "\n")
    code, out, err = cli("import", str(tmp_path / "x.jsonl"))
    assert (code, len(out.splitlines()), err) == (0, 1, "")
    assert "two lines" in out
