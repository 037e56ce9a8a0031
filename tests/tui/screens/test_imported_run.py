"""The page and the curves of a run that was trained elsewhere."""

import json
from pathlib import Path

from moetui.core.exchange.importing import import_runs, read_all
from moetui.core.lab import Lab
from moetui.tui.feed import Feed
from moetui.tui.screens.run_page import words
from moetui.tui.widgets.curve_specs import SPECS, Overlay


def test_it_is_charted_and_described_as_far_as_it_is_known(lab: Lab, tmp_path: Path) -> None:
    history = {"steps": [10, 20], "val_losses": [5.0, 4.0], "learning_rates": [0.01, 0.02]}
    (tmp_path / "their [bold]run.json").write_text(json.dumps({"history": history}))
    (run,) = import_runs(lab, read_all([tmp_path / "their [bold]run.json"])).new
    text = words(lab, [run]).plain
    assert "their [bold]run" in text
    assert "configuration, as far as it is known" in text
    assert "parameters  –" in text
    feed = Feed(lab)
    feed.watch([run.id])
    picture = feed.take()
    loss, rate, *_ = (spec(Overlay((run,), picture.curves, {run.id: 0})) for spec in SPECS)
    assert [list(series.y) for series in loss.series] == [[5.0, 4.0]]
    assert [list(series.y) for series in rate.series] == [[0.01, 0.02]]
