"""compare, diff and response on runs on disk and on published results."""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from moetui.core.catalogue.records import RunRecord
from moetui.core.planning.plan import group_of
from moetui.core.planning.presets import Library
from moetui.core.runs.lab import Lab
from moetui.core.runs.published import published_records
from tests.cli.conftest import Cli
from tests.core.science.records import exp8
from tests.tui.lab_on_disk import end_run, write_run

LRS = (0.01, 0.03, 0.05, 0.1)


def trained(lab: Lab, lr: float, seed: int, loss: float, *, study: str = "grid", **settings: Any) -> RunRecord:
    """A run of a study on disk that ended with this training loss; 0.1 is added for the validation loss."""
    tree = {"optimizer": {"lr": lr}, "seed": seed} | settings
    queued = write_run(
        lab, f"{study[0]}{round(lr * 1e4)}s{seed}", name=f"{study}/lr={lr}/seed={seed}", study=study, settings=tree
    )
    group = group_of(lab.run_dir(queued).config().config)
    return end_run(lab, lab.catalogue.change(queued.id, group=group), loss=lambda _: loss)


@pytest.fixture
def grid(lab: Lab) -> Lab:
    """Four learning rates with three seeds each, the published results beside them."""
    lab.catalogue.add(published_records(Library.load()))
    noise = random.Random(5)
    for lr in LRS:
        for seed in (1, 2, 3):
            trained(lab, lr, seed, 4.5 + 0.25 * math.log(lr / 0.045) ** 2 + noise.gauss(0, 0.005))
    return lab


def test_compare_judges_the_settings_of_a_study(cli: Cli, grid: Lab) -> None:
    code, out, err = cli("compare", "grid")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()[1:6]] == [
        "setting",
        *(f"grid/lr={x}" for x in (0.05, 0.03, 0.1, 0.01)),
    ]
    assert "Lowest validation loss: grid/lr=0.05" in out
    assert "worse" in out
    assert "Caution" not in out


def test_every_number_of_a_comparison_has_its_runs(cli: Cli, grid: Lab) -> None:
    tree = cli.json("compare", "grid", "--cost", "seconds")
    first = tree["groups"][0]
    assert {run["id"] for run in first["runs"]} == {"g500s1", "g500s2", "g500s3"}
    assert first["mean"] == pytest.approx(sum(run["value"] for run in first["runs"]) / 3)
    (one,) = [one for one in tree["differences"] if "g100s1" in one["first_runs"]]
    assert one["first_runs"] == [f"g100s{seed}" for seed in (1, 2, 3)]
    assert one["second_runs"] == [f"g500s{seed}" for seed in (1, 2, 3)]
    assert (one["verdict"], one["method"]) == ("worse", "seeds as blocks")
    assert one["low"] < one["estimate"] < one["high"]
    assert (tree["pairs_in_family"], tree["seeds_as_blocks"]) == (6, True)
    assert [one["label"] for one in tree["may_be_best"]] == ["grid/lr=0.05"]
    assert tree["seeds_needed"]["few"] <= tree["seeds_needed"]["many"]
    assert {cost["cost"] for cost in tree["costs"]} == {50.0}


def test_comparing_unequal_things_says_what_is_unequal(cli: Cli, grid: Lab) -> None:
    code, out, _ = cli("compare", "grid", "published/schedule/baseline")
    assert code == 0
    cautions = [line for line in out.splitlines() if line.startswith("Caution")]
    assert {line.split(" differ")[0] for line in cautions} >= {"Caution: updates", "Caution: origins"}
    assert "no verdict" in out


def test_the_accidental_replicates_are_compared_as_one_setting(cli: Cli, grid: Lab) -> None:
    replicates = "published/exp8/one-configuration"
    code, out, _ = cli("compare", replicates, "exp/all", "--against", "first")
    assert code == 0
    (row,) = [line.split() for line in out.splitlines() if line.startswith(replicates)]
    assert row == [replicates, "5", "5.1552", "±", "0.0090", "0.0073"]
    assert "no verdict (n = 1; within prediction, 4.3 sd)" in out
    (tree,) = [
        one
        for one in cli.json("compare", replicates, "exp/all", "--against", "first")["differences"]
        if "higher-dropout" in one["first"]
    ]
    assert tree["prediction"]["inside"]
    assert len(cli.json("compare", replicates, "--best")["groups"][0]["runs"]) == 5
    assert "the only setting that finished" in cli("compare", replicates, "--best")[1]


def test_all_pairs_can_be_asked_for(cli: Cli, grid: Lab) -> None:
    code, out, _ = cli("compare", "grid", "--against", "all", "--seed-paired", "never")
    assert code == 0
    assert "Of 6 pairs: 6 decided." in out
    assert {one["method"] for one in cli.json("compare", "grid", "--seed-paired", "never")["differences"]} == {
        "unpaired"
    }


def test_response_tells_best_zone_cliff_and_next_steps(cli: Cli, grid: Lab) -> None:
    code, out, err = cli("response", "grid")
    assert (code, err) == (0, "")
    for words in (
        "The best learning rate lies between 0.03 and 0.1 (95 %, if there is one valley)",
        "With 95 % confidence 0.05 is the best of those tried",
        "Safe zone (each within 1 % of the best tried with 95 %)",
        "No run diverged up to 0.1",
        "Correlation with val_loss",
        "Next: Try",
    ):
        assert words in out
    (tree,) = cli.json("response", "grid", "--tolerance", "0.5")["responses"]
    assert (tree["safe_zone"], tree["cliff"]) == ({"low": 0.01, "high": 0.1, "confidence": 0.95}, None)
    assert tree["optimum"]["stated"] == {"low": 0.03, "high": 0.1}
    assert [one["lr"] for one in tree["may_be_best"]] == [0.05]
    assert [point["lr"] for point in tree["points"]] == list(LRS)
    assert all(len(point["runs"]) == 3 for point in tree["points"])


def test_a_response_is_shown_for_each_length(cli: Cli, grid: Lab) -> None:
    for lr in (0.02, 0.04):
        trained(grid, lr, 1, 5.0 + lr, training={"updates": 50})
    tree = cli.json("response", "grid")
    assert [one["updates"] for one in tree["responses"]] == [50, 100]
    assert [length["updates"] for length in tree["lengths"][0]["lengths"]] == [50, 100]
    assert "Across lengths" in cli("response", "grid")[1]


def test_diff_shows_only_the_keys_that_differ(cli: Cli, grid: Lab) -> None:
    assert cli.json("diff", "g100s1", "g500s2")["differing"] == {"seed": [1, 2], "optimizer.lr": [0.01, 0.05]}
    assert cli.json("diff", "grid/lr=0.01", "grid/lr=0.05")["differing"] == {"optimizer.lr": [0.01, 0.05]}
    tree = cli.json("diff", "preset:quickstart", "base/moe-tiny")
    assert tree["differing"]["optimizer.lr"] == ["[0.01, 0.05, 0.3]", 0.05]
    assert cli.json("diff", "g100s1", "grid/lr=0.05")["differing"] == {"optimizer.lr": [0.01, 0.05]}
    code, out, _ = cli("diff", "g100s1", "g100s1")
    assert (code, out) == (0, "The configurations are the same.\n")
    assert "optimizer.lr" in cli("diff", "g100s1", "g500s1")[1]
    assert cli.json("diff", "published/schedule/baseline", "schedule/no-warmup")["differing"]["schedule.warmup"] == [
        0.05,
        0.0,
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("compare",), 2, "Missing argument"),
        (("compare", "nothing"), 3, "no run, group, preset or study 'nothing'"),
        (("compare", "grid", "--metric", "val_los"), 2, "did you mean val_loss?"),
        (("compare", "grid", "--against", "worst"), 2, "worst"),
        (("compare", "g1"), 2, "g100s1"),
        (("response", "schedule/all"), 2, "5 settings with one learning rate each"),
        (("response", "grid/lr=0.01"), 2, "a single learning rate"),
        (("response", "grid", "--tolerance", "2"), 2, "tolerance"),
        (("diff", "g100s1"), 2, "at least two"),
        (("diff", "g100s1", "grid"), 2, "has 4 settings"),
        (("diff", "g100s1", "schedule/all"), 2, "has 5 settings"),
        (("diff", "g100s1", "preset:schedule/all"), 2, "study of 5 presets"),
        (("diff", "g100s1", "nothing"), 3, "nothing"),
    ],
)
def test_bad_input_is_one_clear_line(cli: Cli, grid: Lab, arguments: tuple[str, ...], code: int, message: str) -> None:
    got, out, err = cli(*arguments)
    assert (got, out) == (code, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_run_whose_directory_is_gone_is_still_compared(cli: Cli, grid: Lab) -> None:
    run = grid.find("g100s1")
    Path(grid.run_dir(run).config_file).unlink()
    code, out, _ = cli("compare", "grid")
    assert code == 0
    assert "evaluation sets differ: " in out
    assert cli("diff", "g100s1", "g500s1")[0] == 1


def test_the_json_of_a_diverged_run_is_json(cli: Cli, lab: Lab) -> None:
    lab.catalogue.add([run.model_copy(update={"final": None, "status": "diverged"}) for run in exp8()])
    code, out, _ = cli("compare", "exp8/all", "--json")
    assert code == 0
    tree = json.loads(out)
    assert all(group["mean"] is None for group in tree["groups"])
    assert "there is nothing to compare." in cli("compare", "exp8/all")[1]


@pytest.mark.parametrize("width", [60, 120])
def test_runs_without_a_response_are_overlaid_below_a_legend(
    cli: Cli, lab: Lab, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    runs = [end_run(lab, write_run(lab, f"p{index}", name=f"words-{index}")) for index in range(2)]
    code, printed, _ = cli("compare", *(run.id for run in runs))
    assert code == 0
    assert "words-0" in printed[printed.index("●") : printed.index("\nLoss")]
