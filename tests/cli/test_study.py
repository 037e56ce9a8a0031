"""`study` and `audit`: what is there is reused, what broke off is run again, and everything is shown before."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable

import pytest

from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.conftest import eventually

Behave = Callable[[str], None]


def test_a_study_runs_what_is_missing_and_reuses_what_is_there(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    first = cli.json("study", "quickstart", "--yes")
    assert [run["status"] for run in first] == ["finished"] * 3
    again = cli.json("study", "quickstart", "--yes")
    assert [run["id"] for run in again] == [run["id"] for run in first]
    more = cli.json("study", "quickstart", "--seeds", "2", "--yes")
    assert [run["seed"] for run in more] == [1, 2] * 3
    assert {run["id"] for run in first} < {run["id"] for run in more}
    code, out, err = cli("study", "quickstart", "--seeds", "2", "--dry-run")
    assert code == 0
    assert out.count(" finished ") == 6
    assert "6 runs: 6 there, 0 under way, 0 to queue" in err


def test_the_runs_of_a_study_may_share_a_device(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    cli("study", "quickstart", "--per-device", "3", "--yes", "--detach")
    queued = [record for record in lab.records() if record.study == "quickstart"]
    assert [lab.run_dir(record).config().per_device for record in queued] == [3, 3, 3]


def test_an_interrupted_study_continues(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    queued = cli.json("study", "quickstart", "--detach", "--yes")
    eventually(lambda: cli.json("ls", "quickstart", "status:running"))
    # What waits or trains is not queued a second time.
    assert [run["id"] for run in cli.json("study", "quickstart", "--detach", "--yes")] == [run["id"] for run in queued]
    cli("stop", "--all")
    cli("wait", *(run["id"] for run in queued))
    assert [row["state"] for row in cli.json("study", "quickstart", "--dry-run")["runs"]] == ["again"] * 3
    fake_engine("finish")
    eventually(lambda: not lab.dispatching(), what="the old dispatcher, which starts held trainers, ends")
    done = cli.json("study", "quickstart", "--yes")
    assert [(run["id"], run["status"]) for run in done] == [(run["id"], "finished") for run in queued]
    (found,) = cli.json("study", "status", "quickstart")
    assert (found["runs"], found["finished"], found["missing"]) == (3, 3, [])


def test_a_dry_run_shows_runs_findings_and_cost_and_writes_nothing(cli: Cli, lab: Lab) -> None:
    code, out, err = cli("study", "schedule/all-as-published", "--scale", "tiny", "--seeds", "3", "--dry-run")
    assert code == 0
    assert out.count("-as-published@tiny/seed=") == 15
    assert "uses 25 % of its horizon of 200 updates" in err
    assert "15 runs: 0 there, 0 under way, 15 to queue" in err
    assert "device-hours (a rule of thumb" in err
    assert list(lab.workspace.root.iterdir()) == []


def test_the_plan_as_json_has_state_findings_and_estimate(cli: Cli) -> None:
    tree = cli.json("study", "schedule/all", "--scale", "tiny", "--dry-run")
    assert [row["state"] for row in tree["runs"]] == ["missing"] * 5
    assert tree["runs"] == cli.json("study", "schedule/all@tiny", "--dry-run")["runs"]
    assert {row["study"] for row in tree["runs"]} == {"schedule/all@tiny"}
    assert tree["runs"][2]["findings"][0]["kind"] == "no-warm-up"
    cost = tree["estimate"]
    assert cost["device_hours"] * 3600 == pytest.approx(cost["seconds"])
    assert cost["low"] < cost["seconds"] < cost["high"]
    assert (cost["basis"], cost["measured"]) == ("rule of thumb", False)
    assert cost["left_out"] == ["evaluation", "start-up"]


def test_status_tells_the_best_setting_and_what_diverged(cli: Cli, fake_engine: Behave) -> None:
    cli("run", "quickstart", "--grid", "optimizer.lr=[1e6,0.05]")
    code, out, _ = cli("study", "status")
    assert code == 0
    row = next(line for line in out.splitlines() if line.startswith("quickstart"))
    # Four runs: two of the plan were never queued, and the rate that diverged is not in it.
    assert row.split()[1:9] == ["4", "1", "0", "0", "0", "0", "1", "2"]
    assert "quickstart/lr=0.05" in row
    assert cli("study")[1] == out
    code, out, _ = cli("study", "status", "quickstart")
    assert "quickstart/lr=0.3    missing" in out


def test_a_rate_that_diverged_here_is_a_warning_for_the_next_run(cli: Cli, fake_engine: Behave) -> None:
    (run,) = cli.json("run", "quickstart", "--set", "optimizer.lr=1e6", "--detach")
    cli("wait", run["id"])
    (again,) = cli.json("rerun", run["id"], "--detach")
    cli("wait", again["id"])
    for setting in (run["id"], again["id"]):  # which is the cliff, and not above it
        assert "above-cliff" not in cli("audit", setting)[1]
    rows = cli.json("run", "quickstart", "--grid", "optimizer.lr=[1e6,0.05]", "--dry-run")
    assert [[finding["kind"] for finding in row["findings"]] for row in rows] == [["diverged-before"], []]
    rows = cli.json("run", "quickstart", "--grid", "optimizer.lr=[2e6]", "--dry-run")
    assert [[finding["kind"] for finding in row["findings"]] for row in rows] == [["above-cliff"]]
    assert cli.json("audit", run["id"]) == [{"name": run["name"], "findings": []}]


def test_a_plan_in_which_rounding_makes_two_settings_one_is_told_of(cli: Cli) -> None:
    short = ("run", "schedule/warmup-floor@tiny", "--set", "training.updates=50", "--dry-run")
    kinds = [[finding["kind"] for finding in row["findings"]] for row in cli.json(*short)]
    assert kinds[:6] == [["no-warm-up"]] * 3 + [["warm-up-vanishes", "same-schedule"]] * 3
    assert not any(kinds[6:])
    _, _, err = cli("study", "schedule/warmup-floor", "--scale", "tiny", "--dry-run")
    assert "same-schedule" not in err


def test_presets_named_together_are_audited_as_one_plan(cli: Cli) -> None:
    names = ("schedule/baseline", "exp8/baseline", "lr-guide/steps/after-rate")
    assert [row["name"] for row in cli.json("audit", *names)] == list(names)


def test_the_audit_of_a_run_goes_by_what_it_has_logged(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    (run,) = cli.json("run", "base/moe-tiny", "--set", "training.updates=4")
    metrics = lab.run_dir(lab.find(run["id"])).metrics_file
    lines = [
        f'{{"update": {u}, "tokens": 1, "seconds": 1.0, "session": 1, "lr": {lr}}}'
        for u, lr in enumerate([5e-4, 5e-4, 5e-2, 1e-4], 1)
    ]
    metrics.write_text("\n".join(lines) + "\n")
    (audited,) = cli.json("audit", run["id"])
    assert [(finding["kind"], finding["update"]) for finding in audited["findings"]] == [("lr-jump", 3)]


def test_the_audit_of_presets_puts_equal_findings_together(cli: Cli) -> None:
    code, out, err = cli("audit", "lr-guide-as-published", "step-decay/broken-warmup")
    assert code == 0
    assert "and 25 more" in out
    assert "× 100" in out
    assert "0 of 27 schedules without a finding" in err
    assert cli("audit", "lr-guide")[1:] == ("", "26 of 26 schedules without a finding\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("study", "nothing"), "no preset 'nothing'"),
        (("study", "run", "schedule/al"), "did you mean schedule/all?"),
        (("study", "quickstart", "--scale", "huge"), "no scale 'huge'; there are"),
        (("study", "status", "nothing"), "no preset 'nothing'"),
        (("audit", "nothing"), "no run 'nothing' and no preset 'nothing'"),
    ],
)
def test_what_does_not_exist_is_one_clear_line(cli: Cli, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = cli(*arguments)
    assert (code, out, len(err.splitlines())) == (3, "", 1)
    assert message in err


SWEEP = """[preset]
name = "mine/sweep"
title = "Four learning rates"
extends = "base/moe-tiny"
[config]
training.updates = 4
[grid]
"optimizer.lr" = [0.03, 0.05, 0.08, 1.0]
"""


def test_a_setting_that_falls_behind_gets_no_more_seeds_than_a_verdict_needs(
    cli: Cli, lab: Lab, fake_engine: Behave
) -> None:
    fake_engine("linger")  # the worst rate's last seed would not end by itself
    lab.workspace.presets.mkdir()
    (lab.workspace.presets / "sweep.toml").write_text(SWEEP)
    asked = ("study", "mine/sweep", "--seeds", "3", "--prune", "--yes")
    runs = cli.json(*asked)
    assert [run["seed"] for run in runs] == [1] * 4 + [2] * 4 + [3] * 4
    assert {run["status"] for run in runs[:8]} == {"finished"}
    worst = lab.see(lab.find(runs[-1]["id"]))
    assert (worst.status, worst.tags) == ("stopped", ("pruned",))
    assert worst.reason.startswith("pruned at update ")
    assert "of its setting, median" in worst.reason
    # It is an answer to the study, and no value of its setting.
    assert [run["id"] for run in cli.json(*asked)] == [run["id"] for run in runs]
    (progress,) = cli.json("study", "status", "mine/sweep")
    assert progress["pruned"] >= 1
    assert (progress["pruned"] + progress["finished"], progress["failed"]) == (12, 0)
    setting = next(g for g in cli.json("compare", "mine/sweep")["groups"] if g["label"] == "mine/sweep/lr=1")
    assert (setting["n"], [run["value"] is None for run in setting["runs"]].count(True)) == (2, 1)
    left_out = f"{worst.id} is left out: stopped at update {worst.update} of 4 ({worst.reason})"
    assert left_out in cli("compare", "mine/sweep")[1]
    assert " pruned " in cli(*asked[:-1], "--dry-run")[1]
    # Whoever lets it go on gets it whole.
    fake_engine("respond")
    eventually(lambda: not lab.dispatching(), what="the old dispatcher ends")
    cli.json("resume", worst.id)
    whole = lab.see(lab.find(worst.id))
    assert (whole.status, whole.tags) == ("finished", ())


def test_a_race_drops_settings_that_cannot_be_the_best(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    fake_engine("noisy")
    lab.workspace.presets.mkdir()
    (lab.workspace.presets / "sweep.toml").write_text(SWEEP)
    asked = ("study", "mine/sweep", "--seeds", "5", "--race", "--yes")
    runs = cli.json(*asked)
    worst = [run for run in runs if run["name"].startswith("mine/sweep/lr=1/")]
    assert [run["seed"] for run in worst] == [1, 2, 3, 4, 5]
    dropped = [run for run in worst if run["status"] == "stopped"]
    assert {run["seed"] for run in dropped} >= {5}
    assert all("pruned" in run["tags"] for run in dropped)
    reason = lab.find(dropped[-1]["id"]).reason
    assert reason.startswith("left the race after")
    finished = [run for run in runs if run["status"] == "finished"]
    assert len(finished) + sum(run["status"] == "stopped" for run in runs) == 20
    assert cli.json("compare", "mine/sweep")["level"] == 0.0075  # that of a study that was looked at
    # More seeds are asked for of the others alone.
    more = cli.json("study", "mine/sweep", "--seeds", "6", "--race", "--dry-run")
    sixth = [row["name"] for row in more["runs"] if row["seed"] == 6]
    assert sixth
    assert not any(name.startswith("mine/sweep/lr=1/") for name in sixth)
    assert "have left" in cli(*asked[:-1], "--dry-run")[2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--seeds", "2"], "three seeds or more"), (["--seeds", "5", "--prune"], "by different rules")],
)
def test_a_race_that_could_drop_nothing_is_refused(cli: Cli, arguments: list[str], words: str) -> None:
    code, _, err = cli("study", "quickstart", "--race", "--dry-run", *arguments)
    assert (code, words in err) == (2, True), err


def test_pruning_that_could_stop_nothing_is_refused(cli: Cli) -> None:
    code, out, err = cli("study", "quickstart", "--seeds", "2", "--prune", "--dry-run")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "each setting keeps its first 2 seeds and has no more" in err
    assert "3 of 6 runs may be pruned" in cli("study", "quickstart", "--seeds", "2", "--prune", "--keep", "1", "-n")[2]


@pytest.mark.parametrize(("answer", "queued"), [("n", False), ("y", True)])
def test_on_a_terminal_it_asks_first(lab: Lab, fake_engine: Behave, answer: str, queued: bool) -> None:
    person, terminal = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "moetui.cli.main",
        "-w",
        str(lab.workspace.root),
        "study",
        "quickstart",
        "--detach",
    ]
    os.write(person, f"{answer}\n".encode())
    done = subprocess.run(command, stdin=terminal, capture_output=True, text=True, timeout=120, check=True)
    os.close(person)
    os.close(terminal)
    assert "Queue 3 runs? [y/N]" in done.stderr
    assert ("Nothing was queued" in done.stderr) != queued
    assert lab.workspace.runs_json.exists() == queued


@pytest.mark.parametrize(
    "arguments",
    [
        ("study", "quickstart"),
        ("refine", "quickstart"),
        ("search", "base/moe-tiny", "--range", "optimizer.lr=0.01..0.1", "--set", "training.updates=4"),
    ],
)
def test_where_nobody_can_be_asked_nothing_is_queued_without_yes(
    cli: Cli, lab: Lab, fake_engine: Behave, arguments: tuple[str, ...]
) -> None:
    if arguments[0] == "refine":
        cli("run", "quickstart")
    before = [run.id for run in lab.records()]
    command = [sys.executable, "-m", "moetui.cli.main", "-w", str(lab.workspace.root), *arguments]
    for form in ([], ["--json"]):
        done = subprocess.run(
            [*command, *form], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert "stdin is no terminal" in done.stderr.splitlines()[-1]
        assert "--yes" in done.stderr.splitlines()[-1]
    assert [run.id for run in lab.records()] == before
    assert cli(*arguments, "--dry-run")[0] == 0
