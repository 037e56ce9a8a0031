"""The experiment log: whose learning rate is whose, and what the curves say of the stability of a run."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.runfiles.metrics import Record
from moetui.core.exchange.experiment_log import experiment_log
from moetui.core.exchange.importing import import_runs
from moetui.core.exchange.metrics_json import metrics_json
from moetui.core.exchange.reading import read_all
from moetui.core.runs.detail import Detail, detail
from moetui.core.runs.lab import Lab
from tests.tui.lab_on_disk import end_run, write_run

# A public run of Adam at 0.007: its fifth evaluation is 0.48 nats above the fourth.
JUMPS = [
    10.1360,
    8.4162,
    8.6256,
    8.3317,
    8.8135,
    7.9304,
    7.7882,
    7.7009,
    7.6629,
    7.6476,
    7.6147,
    7.5911,
    7.5651,
    7.5418,
]
FALLS = [
    10.5079,
    9.5526,
    8.8603,
    7.9171,
    7.7478,
    7.7401,
    7.6234,
    7.5657,
    7.4723,
    7.3869,
    7.3222,
    7.2574,
    7.2141,
    7.1489,
]


def imported(lab: Lab, folder: Path, losses: list[float], rates: list[float], **about: Any) -> Detail:
    steps = [10 * place + 10 for place in range(len(losses))]
    tree = {
        "experiment_config": {"name": "theirs"} | about,
        "history": {"steps": steps, "val_losses": losses, "learning_rates": rates},
    }
    path = folder / "theirs" / "metrics.json"
    path.parent.mkdir()
    path.write_text(json.dumps(tree))
    (record,) = import_runs(lab, read_all([path]).runs).new
    return detail(lab, record)


def entry(found: Detail) -> dict[str, Any]:
    (one,) = json.loads(experiment_log([found]))
    assert isinstance(one, dict)
    return one


RATES = [0.007] * 14


@pytest.mark.parametrize(
    ("about", "muon", "adam"),
    [
        ({"optimizer_type": "adam", "adam_lr": 0.007}, None, 0.007),
        ({"optimizer_type": "adam"}, None, 0.007),  # the peak of the curve
        ({"optimizer_type": "adam", "adam_lr": 0.007, "muon_lr": 0.01}, None, 0.007),
        ({"optimizer_type": "adam", "muon_lr": 0.01}, None, 0.007),  # a default of the file that this run did not use
        ({"adam_lr": 0.007}, None, 0.007),
        ({"optimizer_type": "muon_hybrid", "muon_lr": 0.08, "adamw_lr": 0.008}, 0.08, 0.008),
        ({"muon_lr": 0.08}, 0.08, None),
        ({"optimizer_type": "lion", "learning_rate": 0.007}, None, None),
        ({}, None, None),
    ],
)
def test_the_rate_of_each_optimizer_is_its_own(
    lab: Lab, tmp_path: Path, about: dict[str, Any], muon: float | None, adam: float | None
) -> None:
    config = entry(imported(lab, tmp_path, FALLS, RATES, **about))["config"]
    assert (config["muon_lr"], config["adamw_lr"]) == (muon, pytest.approx(adam))


def test_a_run_of_sgd_has_neither(lab: Lab) -> None:
    record = end_run(lab, write_run(lab, "a", settings={"optimizer": {"kind": "sgd", "lr": 0.1}}))
    config = entry(detail(lab, record))["config"]
    assert (config["muon_lr"], config["adamw_lr"]) == (None, None)


@pytest.mark.parametrize(("losses", "stability"), [(JUMPS, "unstable"), (FALLS, "stable"), (FALLS[:4], "not known")])
def test_stability_is_judged_from_the_curve(lab: Lab, tmp_path: Path, losses: list[float], stability: str) -> None:
    found = imported(lab, tmp_path, losses, [0.007] * len(losses), optimizer_type="adam", adam_lr=0.007)
    assert entry(found)["results"]["stability"] == stability


def test_without_a_curve_the_stability_is_not_known(lab: Lab) -> None:
    assert entry(detail(lab, lab.find("published/exp8/baseline")))["results"]["stability"] == "not known"


def test_a_divergence_is_known_without_a_curve(lab: Lab) -> None:
    record = end_run(lab, write_run(lab, "a"), "diverged", update=3)
    alone = detail(lab, record.model_copy(update={"path": ""}))
    assert entry(alone)["results"]["stability"] == "diverged"


@pytest.mark.parametrize("kind", ["muon", "adamw", "sgd"])
def test_the_optimizer_comes_back_from_an_export_that_lacks_our_configuration(
    lab: Lab, tmp_path: Path, kind: str
) -> None:
    record = end_run(lab, write_run(lab, "a", updates=100, settings={"optimizer": {"kind": kind, "lr": 0.02}}))
    tree = metrics_json(detail(lab, record))
    del tree["experiment_config"]["moetui"]
    assert ("muon_lr" in tree["experiment_config"]) == (kind == "muon")
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(tree))
    (back,) = import_runs(lab, read_all([path]).runs).new
    known = detail(lab, back).known
    assert (known["optimizer.kind"], known["optimizer.lr"], back.lr) == (kind, 0.02, 0.02)
    assert known.get("optimizer.adamw_ratio") == (0.1 if kind == "muon" else None)


def test_losses_of_training_alone_are_a_curve_as_well(lab: Lab, tmp_path: Path) -> None:
    records: list[Record] = [{"update": update, "train_loss": 9.0 / update**0.1} for update in range(1, 60)]
    records[40]["train_loss"] = 12.0
    (tmp_path / "theirs.jsonl").write_text("\n".join(map(json.dumps, records)))
    (record,) = import_runs(lab, read_all([tmp_path / "theirs.jsonl"]).runs).new
    found = detail(lab, record)
    assert [finding.kind for finding in found.findings] == ["spike"]
    assert entry(found)["results"]["stability"] == "unstable"
