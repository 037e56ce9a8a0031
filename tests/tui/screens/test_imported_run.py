"""The page and the curves of a run that was trained elsewhere."""

import json
from pathlib import Path

import pytest

from moetui.core.exchange.importing import import_runs
from moetui.core.exchange.reading import read_all
from moetui.core.runs.lab import Lab
from moetui.tui.curves.overlay import Overlay
from moetui.tui.curves.specs import loss_spec, lr_spec
from moetui.tui.feed import Feed
from moetui.tui.run.sections import section_text


def test_it_is_charted_and_described_as_far_as_it_is_known(lab: Lab, tmp_path: Path) -> None:
    history = {"steps": [10, 20], "val_losses": [5.0, 4.0], "learning_rates": [0.01, 0.02]}
    (tmp_path / "their [bold]run.json").write_text(json.dumps({"history": history}))
    (run,) = import_runs(lab, read_all([tmp_path / "their [bold]run.json"]).runs).new
    assert "parameters  –" in section_text(lab, [run], {}, "facts", width=76).plain
    assert section_text(lab, [run], {}, "config", width=76).plain == ""
    assert "their [bold]run.json (metrics-json)" in section_text(lab, [run], {}, "origin", width=76).plain
    feed = Feed(lab)
    feed.watch([run.id])
    picture = feed.take()
    loss, rate = (spec(Overlay((run,), picture.curves, {run.id: 0})) for spec in (loss_spec, lr_spec))
    assert [list(series.y) for series in loss.series] == [[5.0, 4.0]]
    assert [list(series.y) for series in rate.series] == [pytest.approx([0.01, 0.02])]


def test_what_is_not_known_of_one_run_is_no_difference(lab: Lab, tmp_path: Path) -> None:
    for name, about in (("a", {"dropout": 0.1, "seed": 1}), ("b", {"dropout": 0.2})):
        tree = {"history": {"val_losses": [5.0]}, "experiment_config": {"name": name, **about}}
        (tmp_path / f"{name}.json").write_text(json.dumps(tree))
    runs = import_runs(lab, read_all([tmp_path / "a.json", tmp_path / "b.json"]).runs).new
    text = section_text(lab, runs, {}, "config", width=76).plain
    assert "model.dropout" in text
    assert "seed" not in text
