"""The model card of a study, read back by huggingface_hub."""

from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from moetui.core.catalogue.records import Scores
from moetui.core.exchange.exporting import export, format_of
from moetui.core.runs.detail import Detail, detail
from moetui.core.runs.lab import Lab
from tests.tui.lab_on_disk import end_run, write_run

STUDY = 'mine/ra|tes: "x" {é}'


@pytest.fixture
def runs(lab: Lab) -> list[Detail]:
    """Two seeds at three rates; at the highest both have diverged."""
    one = detail(lab, end_run(lab, write_run(lab, "r", updates=50)))
    told = [(0.01, 5.0), (0.01, 5.2), (0.05, 4.0), (0.05, 4.1), (0.9, None), (0.9, None)]
    return [run_of(one, number, lr, loss) for number, (lr, loss) in enumerate(told)]


def run_of(one: Detail, number: int, lr: float, loss: float | None) -> Detail:
    """A run of the study with its last scores; one without a loss has diverged."""
    changed = {
        "id": f"r{number}",
        "name": f"{STUDY}/lr={lr}/seed={number % 2}",
        "study": STUDY,
        "group": f"g{lr}",
        "lr": lr,
        "seed": number % 2,
        "status": "finished" if loss else "diverged",
        "final": Scores(update=50, val_loss=loss, val_accuracy=0.25, val_perplexity=20.0) if loss else None,
    }
    return replace(one, record=one.record.model_copy(update=changed))


def test_the_hub_reads_the_scores_of_each_setting(runs: list[Detail], tmp_path: Path) -> None:
    (path,) = export(runs, tmp_path / "card", "model-card")
    assert path == tmp_path / "card" / "README.md"
    data = ModelCard.load(path).data
    assert data.library_name == "moetui"
    assert data.model_name == STUDY
    results = data.eval_results
    assert results is not None
    losses = [one for one in results if one.metric_type == "loss"]
    assert [one.metric_value for one in losses] == pytest.approx([4.05, 5.1])
    assert [one.metric_args["learning_rate"] for one in losses if one.metric_args] == [0.05, 0.01]
    assert losses[0].metric_args == pytest.approx(
        {"setting": f"{STUDY}/lr=0.05", "runs": 2, "diverged": 0, "learning_rate": 0.05}
        | {"sd": 0.0707107, "low": 3.414690, "high": 4.685310},
        abs=1e-5,
    )
    assert {one.dataset_type for one in results} == {"pydocs"}
    assert [one.metric_value for one in results if one.metric_type == "accuracy"] == [0.25, 0.25]


def test_the_table_has_every_setting_and_counts_what_diverged(runs: list[Detail], tmp_path: Path) -> None:
    (path,) = export(runs, tmp_path / "README.md", "model-card")
    text = ModelCard.load(path).text
    rows = [line for line in text.splitlines() if line.startswith("| mine")]
    cells = [[cell.strip() for cell in row.replace("\\|", "/").strip("|").split("|")] for row in rows]
    assert [row[1:] for row in cells] == [
        ["0.05", "2", "4.0500", "3.4147 to 4.6853", "25.00 %", "20"],
        ["0.01", "2", "5.1000", "3.8294 to 6.3706", "25.00 %", "20"],
        ["0.9", "0, 2 diverged", "–", "–", "–", "–"],
    ]
    assert cells[0][0] == 'mine/ra/tes: "x" {é}/lr=0.05'


def test_runs_without_a_score_make_a_card_without_an_index(runs: list[Detail], tmp_path: Path) -> None:
    (path,) = export(runs[4:], tmp_path / "x.md", format_of(tmp_path / "x.md") or "")
    assert ModelCard.load(path).data.eval_results is None
