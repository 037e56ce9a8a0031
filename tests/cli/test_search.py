"""`search`: trials are runs of a study, drawn reproducibly, and all that a search knows is in them."""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from engine.runfiles.locks import run_lock_holder
from moetui.core.runs.lab import Lab
from moetui.core.search.plan import Range, SearchPlan
from moetui.core.search.searcher import Searcher
from tests.cli.conftest import Cli
from tests.conftest import eventually

Behave = Callable[[str], None]
LR = ("--range", "optimizer.lr=0.0001..10:log")
SHORT = ("--set", "training.updates=4")
LR_RANGE = {"optimizer.lr": Range(low=0.0001, high=10, log=True)}
STUDY = "search/base/moe-tiny/1"


def points(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [trial["point"] for trial in found["trials"]]


@pytest.mark.long
def test_tpe_comes_to_the_planted_best(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    fake_engine("respond")
    found = cli.json("search", "base/moe-tiny", *LR, *SHORT, "--seed", "3", "--trials", "12", "--yes")
    assert found["study"] == STUDY
    assert [trial["state"] for trial in found["trials"]] == ["finished"] * 12
    assert found["best"]["value"] == min(trial["value"] for trial in found["trials"])
    assert 0.02 < found["best"]["point"]["optimizer.lr"] < 0.125
    first, later = found["trials"][:5], found["trials"][5:]  # drawn at random, and by what they taught
    assert found["best"] in later
    assert sum(one["value"] for one in later) / len(later) < sum(one["value"] for one in first) / len(first)
    (progress,) = cli.json("study", "status", STUDY)
    assert (progress["runs"], progress["finished"]) == (12, 12)
    assert progress["best"]["group"] == found["best"]["group"]


@pytest.mark.long
def test_a_search_whose_searcher_was_killed_goes_on_as_if_it_had_not_been(
    cli: Cli, lab: Lab, fake_engine: Behave
) -> None:
    fake_engine("respond")
    asked = ("search", "base/moe-tiny", *LR, *SHORT, "--yes", "--seed", "7", "--trials", "8")
    words = [sys.executable, "-m", "moetui.cli.main", "-w", str(lab.workspace.root), *asked]
    lock = lab.workspace.runs / f"{STUDY.replace('/', '-')}.lock"
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as searcher:
        eventually(lambda: sum(run.status == "finished" for run in lab.snapshot().runs) >= 3)
        assert run_lock_holder(lock) == searcher.pid
        code, _, err = cli("search", "--continue", STUDY, "--yes")
        assert (code, err.splitlines()[-1]) == (1, f"moetui: another searcher is at work on {STUDY}")
        os.kill(searcher.pid, signal.SIGKILL)
    before = {run.id for run in lab.records() if run.study == STUDY}
    assert len(before) < 8
    found = cli.json("search", "--continue", STUDY, "--yes")
    runs = [run for trial in found["trials"] for run in trial["runs"]]
    assert (len(runs), len(set(runs))) == (8, 8)
    assert before <= set(runs)
    whole = cli.json(*asked)
    assert whole["study"] == "search/base/moe-tiny/2"
    assert points(whole) == points(found)
    assert points(cli.json(*asked[:-4], "--seed", "8", "--trials", "1")) != points(whole)[:1]


@pytest.mark.parametrize("rule", [pytest.param("median", marks=pytest.mark.long), "asha"])
@pytest.mark.slow
def test_a_trial_that_falls_behind_is_stopped_and_tagged(cli: Cli, lab: Lab, fake_engine: Behave, rule: str) -> None:
    fake_engine("linger")
    # With this seed the one bad value is drawn sixth, when there is a median; its run would not end by itself.
    asked = ("search", "base/moe-tiny", *LR, *SHORT, "--sampler", "random", "--seed", "294", "--prune", rule)
    found = cli.json(*asked, "--trials", "7", "--yes")
    pruned = [trial for trial in found["trials"] if trial["state"] == "pruned"]
    bad = [trial for trial in found["trials"] if trial["point"]["optimizer.lr"] >= 1]
    assert [trial["number"] for trial in bad] == [6]
    assert bad[0] in pruned
    for trial in pruned:
        record = lab.find(trial["runs"][0])
        assert (record.status, record.tags) == ("stopped", ("pruned",))
        assert trial["value"] is None
    again = cli.json("search", "--continue", STUDY, "--yes")  # what was pruned is not taken up again
    assert again["trials"] == found["trials"]


@pytest.mark.slow
def test_a_diverged_trial_is_the_worst_and_the_search_goes_on(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    fake_engine("respond")
    found = cli.json("search", "base/moe-tiny", "--choice", "optimizer.lr=[0.05,1e6]", *SHORT, "--seeds", "2", "--yes")
    states = {trial["point"]["optimizer.lr"]: (trial["state"], trial["value"]) for trial in found["trials"]}
    assert states == {0.05: ("finished", 5.25), 1e6: ("diverged", "inf")}  # and 18 trials less, as there are no others
    assert [len(trial["runs"]) for trial in found["trials"]] == [2, 2]
    assert found["best"]["point"] == {"optimizer.lr": 0.05}


@pytest.mark.slow
def test_trials_run_side_by_side_where_that_is_asked_for(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("hold")
    asked = ("search", "base/moe-tiny", *LR, *SHORT, "--yes", "--parallel", "2", "--seeds", "2", "--trials", "9")
    words = [sys.executable, "-m", "moetui.cli.main", "-w", str(lab.workspace.root), *asked]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as searcher:
        eventually(lambda: sum(run.status == "running" for run in lab.snapshot().runs) == 2)
        runs = [run for run in lab.snapshot().runs if run.study == STUDY]
        os.kill(searcher.pid, signal.SIGKILL)
    assert len({run.group for run in runs}) == 2
    assert sorted(run.seed or 0 for run in runs) == [1, 1, 2, 2]
    assert {lab.run_dir(run).config().per_device for run in runs} == {2}


@pytest.mark.slow
def test_the_value_of_a_trial_is_the_mean_over_its_seeds(cli: Cli, fake_engine: Behave) -> None:
    fake_engine("seeds")
    found = cli.json("search", "base/moe-tiny", *LR, *SHORT, "--trials", "2", "--seeds", "3", "--yes")
    for trial in found["trials"]:
        shown = [cli.json("show", run) for run in trial["runs"]]
        assert [one["seed"] for one in shown] == [1, 2, 3]
        losses = [one["final"]["val_loss"] for one in shown]
        assert len(set(losses)) == 3
        assert trial["value"] == pytest.approx(sum(losses) / 3)


@pytest.mark.slow
def test_after_the_time_is_up_no_trial_begins_and_those_under_way_end(lab: Lab, fake_engine: Behave) -> None:
    fake_engine("respond")
    plan = SearchPlan(preset="base/moe-tiny", settings={"training.updates": 4}, trials=9, ranges=LR_RANGE)
    times = itertools.chain(
        [0.0, 1.0], itertools.repeat(10.0)
    )  # at the start, before the first trial, and from then on
    list(Searcher(lab, plan, STUDY).lines(timeout=5.0, clock=lambda: next(times)))
    assert [run.status for run in lab.snapshot().runs if run.study == STUDY] == ["finished"]


def test_a_timeout_of_nothing_begins_nothing(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    code, _, _ = cli("search", "base/moe-tiny", *LR, *SHORT, "--timeout", "0", "--yes")
    assert (code, [run for run in lab.records() if run.study == STUDY]) == (1, [])


def test_the_audit_looks_at_the_ends_of_the_ranges_before_anything_is_queued(cli: Cli, lab: Lab) -> None:
    ranges = ("--range", "schedule.warmup=0.01..0.5", "--choice", "schedule.kind=[cosine,wsd]")
    plan = cli.json("search", "base/moe-tiny", *ranges, "--dry-run")
    kinds = {finding["kind"]: one["name"] for one in plan["audit"] for finding in one["findings"]}
    assert "warmup=0.5" in kinds["long-warm-up"]
    assert "long-warm-up" in cli("search", "base/moe-tiny", *ranges, "--dry-run")[2]
    assert not any(one["findings"] for one in cli.json("search", "base/moe-tiny", *LR, "--dry-run")["audit"])


def test_a_search_whose_trials_all_break_off_ends_with_the_reason(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    fake_engine("crash")
    code, _, err = cli("search", "base/moe-tiny", *LR, "--yes")
    assert code == 1
    assert "the first 3 trials broke off" in err.splitlines()[-1]
    assert len([run for run in lab.records() if run.study == STUDY]) == 3
    fake_engine("respond")
    found = cli.json("search", "--continue", STUDY, "--trials", "3", "--yes")  # the fault is mended; they go on
    assert [trial["state"] for trial in found["trials"]] == ["finished"] * 3


def test_a_dry_run_tells_the_cost_and_writes_nothing(cli: Cli, lab: Lab) -> None:
    plan = cli.json("search", "base/moe-tiny", *LR, "--choice", "schedule.kind=[cosine,wsd]", "--dry-run")
    assert plan["search"]["ranges"]["optimizer.lr"] == {"low": 0.0001, "high": 10.0, "log": True, "whole": False}
    assert plan["search"]["choices"] == {"schedule.kind": ["cosine", "wsd"]}
    assert plan["estimate"]["seconds"] > 0
    code, out, err = cli("search", "base/moe-tiny", *LR, "--dry-run")
    assert code == 0
    assert "optimizer.lr" in out
    assert "20 trials" in err
    assert list(lab.workspace.root.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--range", "optimizer.rl=0.1..1"], "--range optimizer.rl: no such key; did you mean optimizer.lr?"),
        (["--range", "optimizer.lr=-1..1"], "--range optimizer.lr: should be greater than 0, got -1"),
        (["--range", "optimizer.lr=0.3..0.1"], "--range optimizer.lr: from 0.3 to 0.1 is no range"),
        (["--range", "optimizer.lr=0.3"], "--range optimizer.lr=0.3: write KEY=LOW..HIGH"),
        (["--range", "schedule.warmup=0..0.2:log"], "--range schedule.warmup: a logarithmic range begins above 0"),
        (["--range", "schedule.kind=0..2"], "--range schedule.kind: takes choice, which has no range"),
        (["--choice", "schedule.kind=[cosine,cosin]"], "--choice schedule.kind: should be"),
        (["--choice", "schedule.kind=cosine"], "--choice schedule.kind=cosine: write a list"),
        (["--range", "seed=1..9"], "--range seed: noise is nothing to choose by"),
        ([*LR, *LR], "a key is given twice"),
        ([*LR, "--set", "optimizer.lr=1"], "optimizer.lr: searched over and set by --set"),
        ([], "nothing to search over"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_one_line(cli: Cli, lab: Lab, arguments: list[str], message: str) -> None:
    code, out, err = cli("search", "base/moe-tiny", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert list(lab.workspace.root.iterdir()) == []


def test_a_preset_that_varies_something_itself_must_be_told_what_to_do_with_it(cli: Cli) -> None:
    code, _, err = cli("search", "quickstart", "--range", "schedule.warmup=0..0.2")
    assert code == 2
    assert "quickstart varies optimizer.lr itself" in err
    assert cli("search", "quickstart", *LR, "--dry-run")[0] == 0


def test_only_a_search_can_be_continued_and_only_as_it_was_begun(cli: Cli, lab: Lab, fake_engine: Behave) -> None:
    assert cli("search", "--continue", "search/none/1")[0] == 3
    cli.json("study", "quickstart", "--yes")
    code, _, err = cli("search", "--continue", "quickstart")
    assert (code, "quickstart is a study, but no search" in err) == (2, True)
    code, _, err = cli("search", "--continue", "quickstart", "--sampler", "tpe")
    assert (code, "leave sampler out" in err) == (2, True)
