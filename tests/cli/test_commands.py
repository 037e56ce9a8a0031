"""The command line in this process: results on stdout, words on stderr, the right exit code."""

import json
from collections.abc import Callable

import pytest

from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.conftest import eventually
from tests.tui.lab_on_disk import write_run

Behave = Callable[[str], None]
ON_CPU = ("--set", "training.device=cpu")


def test_run_follows_the_runs_and_names_the_best_learning_rate(cli: Cli, fake_engine: Behave) -> None:
    code, out, err = cli("run", "quickstart", "--grid", "optimizer.lr=[0.01,0.05]", *ON_CPU)
    assert code == 0
    assert out.count("finished") == 2
    assert out.splitlines()[-1].startswith("Lowest validation loss: learning rate")
    assert "one seed each: no verdict" in out
    assert "quickstart/lr=0.01: running" in err or "quickstart/lr=0.01: update" in err


def test_a_plan_is_saved_as_a_preset_that_stands_for_it(cli: Cli, lab: Lab) -> None:
    plan = ("run", "quickstart", "--grid", "optimizer.lr=[0.01,0.05]", "--seeds", "2", *ON_CPU)
    assert "0.05" in cli(*plan, "--save", "mine/two", "--dry-run")[1]
    assert not lab.workspace.presets.exists()
    saved = cli.json(*plan, "--save", "mine/two")
    assert saved == {
        "preset": "mine/two",
        "path": str(lab.workspace.presets / "mine/two.toml"),
        "runs": 4,
        "files": ["mine/two"],
    }
    again = cli.json("run", "mine/two", "--dry-run")
    assert [run["config"] for run in again] == [run["config"] for run in cli.json(*plan, "--dry-run")]
    code, _, err = cli(*plan, "--save", "mine/two")
    assert code == 2
    assert "is there already" in err
    assert cli(*plan, "--save", "../two")[0] == 2
    assert [run for run in lab.records() if run.path] == []


def test_a_diverged_run_gives_exit_code_4_and_is_left_out_of_the_verdict(cli: Cli, fake_engine: Behave) -> None:
    code, out, _ = cli("run", "quickstart", "--grid", "optimizer.lr=[1e6,0.05]", *ON_CPU)
    assert code == 4
    assert "diverged" in out
    assert "Lowest validation loss: learning rate 0.05" in out


def test_a_failed_run_gives_exit_code_1(cli: Cli, fake_engine: Behave) -> None:
    fake_engine("crash")
    code, _, err = cli("run", "base/moe-tiny", *ON_CPU)
    assert code == 1
    assert "exit code 1" in err


def test_a_detached_run_is_listed_stopped_waited_for_deleted_and_restored(
    cli: Cli, lab: Lab, fake_engine: Behave
) -> None:
    fake_engine("hold")
    (run,) = cli.json("run", "base/moe-tiny", "--detach", *ON_CPU)
    assert run["status"] == "queued"
    eventually(lambda: cli.json("ls", "moe-tiny", "status:running"))
    assert cli.json("stop", run["id"])[0]["status"] == "stopping"
    code, out, _ = cli("wait", run["id"][:5], "--json")
    assert (code, json.loads(out)[0]["status"]) == (0, "stopped")
    assert cli.json("rm", run["id"])[0]["deleted"] is not None
    assert cli.json("ls", "moe-tiny") == []
    assert [found["id"] for found in cli.json("ls", "--deleted")] == [run["id"]]
    cli.json("restore", run["id"])
    assert cli.json("show", run["id"])["config"]["model"]["d_model"] == 128


def test_show_tells_configuration_provenance_and_history(cli: Cli, fake_engine: Behave) -> None:
    (run,) = cli.json("run", "base/moe-tiny", "--set", "training.updates=3", *ON_CPU)
    tree = cli.json("show", run["id"], "--history")
    assert tree["config"]["training"]["updates"] == 3
    assert tree["provenance"]["packages"]["torch"]
    assert [record["update"] for record in tree["history"]] == [1, 2, 3, 3]
    code, out, _ = cli("show", "base/moe-tiny")
    assert code == 0
    assert "optimizer.lr = 0.05" in out


def test_a_published_result_can_be_shown(cli: Cli) -> None:
    tree = cli.json("show", "published/schedule/baseline")
    assert tree["final"]["val_loss"] == 7.399
    assert tree["config"]["schedule"]["warmup"] == 0.05
    assert tree["published"] is True


def test_the_keys_of_ls_are_those_of_the_contract(cli: Cli) -> None:
    keys = {
        "id",
        "name",
        "preset",
        "study",
        "group",
        "seed",
        "status",
        "update",
        "updates",
        "created",
        "ended",
        "device",
    }
    keys |= {"tags", "note", "published", "final", "best", "data_fingerprint", "path"}
    assert keys <= set(cli.json("ls")[0])


def test_dry_run_shows_the_runs_and_writes_nothing(cli: Cli, lab: Lab) -> None:
    code, out, err = cli("run", "schedule/all", "--seeds", "2", "--dry-run")
    assert code == 0
    assert out.count("schedule/") == 10
    assert "79.1M" in out
    assert "10 runs, about" in err
    assert list(lab.workspace.root.iterdir()) == []


def test_offline_takes_text_and_tokenizer_that_need_no_network(cli: Cli) -> None:
    rows = cli.json("run", "schedule/all", "--offline", "--dry-run")
    assert {row["config"]["data"]["source"] for row in rows} == {"pydocs"}
    assert {row["config"]["data"]["tokenizer"].split(":")[0] for row in rows} == {"bpe"}


def test_seeds_count_from_the_seed_that_is_set(cli: Cli) -> None:
    rows = cli.json("run", "base/moe-tiny", "--seeds", "3", "--set", "seed=10", "--dry-run")
    assert [row["config"]["seed"] for row in rows] == [10, 11, 12]


def test_labels_are_added_and_taken_away(cli: Cli, fake_engine: Behave) -> None:
    (run,) = cli.json("run", "base/moe-tiny", "--set", "training.updates=1", *ON_CPU)
    cli.json("label", run["id"], "--tag", "a", "--tag", "b", "--note", "why")
    (after,) = cli.json("label", run["id"], "--untag", "a", "--name", "mine")
    assert (after["tags"], after["note"], after["name"]) == (["b"], "why", "mine")


def test_ls_filters_sorts_groups_and_shows_any_key(cli: Cli) -> None:
    assert {row["lr"] for row in cli.json("ls", "lr>=0.05", "not", "study:lr-report/phase-3")} == {
        0.05,
        0.07,
        0.08,
        0.065,
        0.1,
    }
    rows = cli.json("ls", "schedule.warmup=0.1", "or", "floor=0.2", "--sort", "-val_loss")
    assert [row["name"] for row in rows] == [
        "published/schedule/aggressive-warmup",
        "published/schedule/conservative-warmup",
        "published/lr-guide/steps/after-schedule",
    ]
    code, out, _ = cli("ls", "study:schedule/all", "--columns", "name,schedule.warmup,val_loss", "--sort", "val_loss")
    assert code == 0
    assert out.splitlines()[1].split() == ["published/schedule/baseline", "0.05", "7.399"]
    code, out, _ = cli("ls", "study:schedule/all", "--differing")
    assert out.splitlines()[0].split() == ["id", "name", "val", "loss", "accuracy", "warmup", "floor"]
    (group,) = cli.json("ls", "study:schedule/all", "--group-by", "study")
    assert (group["title"], len(group["runs"]), group["best"]) == ("schedule/all", 5, 7.399)
    assert "schedule/all" in cli("ls", "--group-by", "study")[1]


def test_archived_runs_are_out_of_sight_until_they_are_asked_for(cli: Cli) -> None:
    total = len(cli.json("ls"))
    ids = cli("ls", "study:schedule/all", "--ids")[1].split()
    assert len(ids) == 5
    assert all(run["archived"] for run in cli.json("label", *ids, "--archive", "--tag", "old"))
    assert len(cli.json("ls")) == total - 5
    assert {row["id"] for row in cli.json("ls", "is:archived")} == set(ids)
    assert len(cli.json("ls", "--archived")) == total
    cli.json("label", ids[0], "--no-archive")
    assert [row["tags"] for row in cli.json("ls", "tag:old")] == [["old"]]


def test_logs_are_printed_without_control_codes(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    (run,) = cli.json("run", "base/moe-tiny", "--set", "training.updates=1", *ON_CPU)
    lab.run_dir(lab.find(run["id"])).log_file.write_bytes(b"one\ntwo \x1b[31mred\x1b[0m\x07\nthree \xff\n")
    code, out, _ = cli("logs", run["id"], "-n", "2")
    assert (code, out) == (0, "two red\nthree �\n")
    assert cli("logs", run["id"], "--follow")[1].startswith("one\n")


def test_a_preset_shows_what_its_source_expects_apart_from_what_it_reports(cli: Cli) -> None:
    _, out, _ = cli("presets", "step-decay/per-epoch")
    assert "expected by the source, not measured:\n  val_accuracy above 0.0698" in out
    assert "published:" not in out
    assert [entry["above"] for entry in cli.json("presets", "step-decay/per-epoch")["expected"]] == [0.0698, 0.4]


def test_presets_are_listed_and_shown(cli: Cli) -> None:
    names = {row["name"] for row in cli.json("presets")}
    assert {"quickstart", "base/moe-79m", "schedule/conservative-warmup", "lr-report/phase-1"} <= names
    code, out, _ = cli("presets", "quickstart")
    assert code == 0
    assert "quickstart/lr=0.05" in out


def test_explain_tells_meaning_unit_and_bounds(cli: Cli) -> None:
    code, out, _ = cli("explain", "schedule.warmup")
    assert code == 0
    assert "fraction" in out
    assert "≤ 1" in out
    assert len(cli.json("explain", "schedule")) > 5


def test_doctor_finds_a_healthy_workspace_healthy_and_a_damaged_catalogue_not(cli: Cli, lab: Lab) -> None:
    assert all(check["state"] != "error" for check in cli.json("doctor"))
    lab.workspace.runs_json.write_text("{")
    code, out, _ = cli("doctor")
    assert code == 1
    assert "line 1" in out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("run", "quikstart"), 3, "did you mean quickstart?"),
        (("run",), 2, "Missing argument 'preset'"),
        (("run", "quickstart", "--sets", "a=1"), 2, "--sets"),
        (("run", "quickstart", "--set", "optimizer.lrr=1"), 2, "did you mean optimizer.lr?"),
        (("run", "quickstart", "--set", "optimizer.lr"), 2, "key=value"),
        (("run", "quickstart", "--set", "optimizer.momentum=2"), 2, "less than 1"),
        (("run", "quickstart", "--grid", "optimizer.lr=0.1"), 2, "write a list"),
        (("run", "quickstart", "--seeds", "0"), 2, "seeds"),
        (("show", "nothing"), 3, "no run 'nothing'"),
        (("logs", "published/schedule/baseline"), 3, "published"),
        (("ls", "lrr>1"), 2, "did you mean lr?"),
        (("ls", "--sort", "loss"), 2, "no key loss"),
        (("ls", "--columns", "warmpu"), 2, "did you mean warmup?"),
        (("label", "pub-52563a", "pub-96e7c3", "--name", "x"), 2, "cannot have one name"),
        (("stop",), 2, "--all"),
        (("stop", "published/schedule/baseline"), 1, "ended already"),
        (("explain", "optimizer.lrr"), 3, "did you mean optimizer.lr?"),
        (("frobnicate",), 2, "frobnicate"),
        ((), 2, "no terminal"),
        (("watch", "--full"), 2, "no terminal"),
    ],
)
def test_bad_input_is_one_clear_line(cli: Cli, lab: Lab, arguments: tuple[str, ...], code: int, message: str) -> None:
    got, out, err = cli(*arguments)
    assert got == code
    assert message in err
    assert len(err.splitlines()) == 1
    assert out == ""
    assert not lab.workspace.runs.exists()


def test_a_workspace_that_is_no_directory_is_a_usage_error(cli: Cli, lab: Lab) -> None:
    code, _, err = cli("--workspace", str(lab.workspace.root / "nowhere"), "ls")
    assert code == 2
    assert "is not a directory" in err


def test_a_damaged_catalogue_costs_no_data_and_stops_every_command_with_one_line(cli: Cli, lab: Lab) -> None:
    lab.workspace.runs_json.write_text('{"runs": {')
    for arguments in (("ls",), ("show", "x"), ("run", "base/moe-tiny", "--detach", *ON_CPU)):
        code, out, err = cli(*arguments)
        assert (code, out) == (1, "")
        assert "line 1, column" in err
        assert "moetui reindex" in err
        assert len(err.splitlines()) == 1
    assert lab.workspace.runs_json.read_text() == '{"runs": {'


@pytest.mark.parametrize("command", [("show",), ("health",), ("export", "--to", "out", "--format", "csv")])
def test_a_damaged_run_directory_is_told_in_one_line(
    cli: Cli, lab: Lab, fake_engine: Behave, command: tuple[str, ...]
) -> None:
    (run,) = cli.json("run", "base/moe-tiny", "--set", "training.updates=1", *ON_CPU)
    (lab.workspace.root / run["path"] / "config.json").write_text("{")
    code, out, err = cli(command[0], run["id"], *command[1:])
    assert (code, out) == (1, "")
    assert "config.json" in err
    assert len(err.splitlines()) == 1


def test_one_run_with_an_odd_file_keeps_no_command_from_the_others(lab: Lab, cli: Cli) -> None:
    for run_id in ("bad", "good"):
        write_run(lab, run_id)
        (lab.workspace.runs / run_id / "queue.json").write_text('{"held": true}')
    (lab.workspace.runs / "bad" / "queue.json").unlink()
    (lab.workspace.runs / "bad" / "queue.json").mkdir()
    for command in (["ls"], ["queue"], ["doctor"], ["watch", "--once"]):
        assert "Traceback" not in cli(*command)[2]
    code, _, err = cli("stop", "bad", "good")
    assert code == 1
    assert "good good: stopped" in err
    code, _, err = cli("rm", "bad", "good")
    assert "good good: deleted" in err
