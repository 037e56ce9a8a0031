"""The rows of the form."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec.config import RunConfig
from moetui.core.planning.plan import flat_config
from moetui.tui.launch.desk import Edits
from moetui.tui.launch.form_rows import FormRow, detail, edits_line, fields, form_rows, row_line

PRESENT = flat_config(RunConfig())


def keys(rows: list[FormRow]) -> list[str]:
    return [row.key for row in rows if row.info]


def test_every_key_has_a_row_under_its_section() -> None:
    rows = form_rows(Edits(), PRESENT, {})
    assert keys(rows) == [info.key for info in fields()]
    headings = [row.section for row in rows if row.info is None]
    assert headings == ["schedule", "optimizer", "run", "model", "data", "training", "evaluation", "health"]


def test_a_search_looks_at_keys_and_descriptions() -> None:
    assert keys(form_rows(Edits(), PRESENT, {}, "warmup_updates")) == ["schedule.warmup_updates"]
    assert "training.batch_size" in keys(form_rows(Edits(), PRESENT, {}, "micro-batch sequences"))
    assert form_rows(Edits(), PRESENT, {}, "zzz") == []


def test_what_was_changed_is_marked_and_can_be_listed_alone() -> None:
    edits = Edits({"training.updates": 7}, {"seed": (1, 2)})
    rows = form_rows(edits, PRESENT | {"training.updates": 7}, {"seed": (1, 2)}, changed=True)
    assert [(row.key, row.value, row.change) for row in rows if row.info] == [
        ("seed", "1 2", "grid"),
        ("training.updates", "7", "set"),
    ]
    told = detail(rows[-1], PRESENT).plain
    assert "Optimizer updates." in told
    assert "≥ 1 updates" in told
    assert "changed from 1000" in told
    assert edits_line(edits.settings, edits.axes) == "training.updates=7 seed=[1 2]"


@given(st.sampled_from(form_rows(Edits(), PRESENT, {})), st.integers(1, 200), st.text(max_size=60), st.booleans())
def test_a_row_is_exactly_one_line_of_its_width(row: FormRow, width: int, value: str, here: bool) -> None:
    assert row_line(replace(row, value=value.replace("\n", " ")), width, here=here).cell_len == width


@pytest.mark.parametrize(
    ("query", "first"), [("decay", "schedule.decay"), ("optimizer.lr", "optimizer.lr"), ("seed", "seed")]
)
def test_a_key_of_the_very_name_comes_first(query: str, first: str) -> None:
    rows = [row for row in form_rows(Edits(), {}, {}, query) if row.info is not None]
    assert rows[0].key == first
