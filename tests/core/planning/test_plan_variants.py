"""A variant against a grid that varies the same keys."""

from pathlib import Path

from moetui.core.planning.plan import Selection, Variant, plan
from moetui.core.planning.presets import Library

STUDY = """
[preset]
name = "mine"
title = "Warm-ups"
extends = "base/moe-tiny"
[grid]
"schedule.warmup" = [0.0, 0.2]
"""


def test_a_variant_replaces_the_grids_own_values_of_its_keys(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(STUDY)
    library = Library.load(tmp_path)
    variants = (Variant("", {}), Variant("warmup=0.5", {"schedule.warmup": 0.5}))
    runs = plan(library, Selection(presets=("mine",), variants=variants))
    assert [run.config.schedule.warmup for run in runs] == [0.0, 0.2, 0.5]
    assert runs[-1].name == "mine/warmup=0.5"
