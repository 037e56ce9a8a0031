import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runfiles.history import read_records
from engine.runfiles.metrics import MetricsWriter, Record
from moetui.core.runs import curves as curves_module
from moetui.core.runs.columns import LOADS
from moetui.core.runs.curves import CurveFile, Curves, curves_of

numbers = st.floats(width=32) | st.none()
records = st.lists(
    st.fixed_dictionaries(
        {"update": st.integers(0, 20), "session": st.integers(1, 3), "tokens": st.integers(0, 1000)},
        optional={"train_loss": numbers, "val_loss": numbers},
    ),
    max_size=30,
)


def write(path: Path, entries: list[Record]) -> None:
    with MetricsWriter(path) as writer:
        for entry in entries:
            writer.write(entry)


def points(curves: Curves, key: str) -> list[tuple[float, float]]:
    updates, values = curves.get(key)
    return list(zip(updates.tolist(), values.tolist(), strict=True))


@given(records, st.integers(0, 30))
def test_it_tells_what_the_whole_records_tell_however_it_is_read(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Record], halfway: int
) -> None:
    path = tmp_path_factory.mktemp("run") / "metrics.jsonl"
    piecewise = CurveFile(path)
    write(path, entries[:halfway])
    piecewise.read()
    write(path, entries[halfway:])
    ours, whole = piecewise.read(), read_records(path)
    for key in ("tokens", "train_loss", "val_loss"):
        theirs = [(row["update"], float(row[key])) for row in whole if row.get(key) is not None]
        np.testing.assert_array_equal(points(ours, key), theirs)
        np.testing.assert_array_equal(points(curves_of(whole), key), theirs)
    assert set(ours.resumed) <= {record["update"] for record in entries}


def test_a_long_file_comes_in_pieces_and_none_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curves_module, "PIECE", 100)
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "train_loss": float(update)} for update in range(1, 50)])
    file = CurveFile(path)
    seen = []
    while (before := file.curves) is not file.read(seconds=0):
        seen.append(file.curves.get("train_loss")[0].size)
    assert len(seen) > 10
    assert seen == sorted(set(seen))
    assert before.get("train_loss")[1].tolist() == list(range(1, 50))


def test_a_long_file_is_sketched_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PIECE", 2000), ("SAMPLES", 20), ("SAMPLE", 200), ("LONG", 10_000)):
        monkeypatch.setattr(curves_module, name, value)
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "session": 1 + update // 600, "train_loss": -update} for update in range(1, 1000)])
    file = CurveFile(path)
    sketch = file.read(seconds=0)
    updates, values = sketch.get("train_loss")
    assert sketch.sketched
    assert (updates[0], updates[-1]) == (1, 999)
    assert 20 < updates.size < 150
    assert (updates == -values).all()
    assert 0 < np.diff(updates).min() <= np.diff(updates).max() < 100
    looks = 1
    while file.read(seconds=0) is sketch:
        looks += 1
    assert looks > 10
    assert not file.curves.sketched
    assert file.curves.get("train_loss")[0].tolist() == list(range(1, 1000))
    assert file.curves.resumed == (600,)
    assert file.curves is file.read(seconds=0)


def test_a_file_that_changes_behind_its_sketch_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PIECE", 2000), ("SAMPLES", 20), ("SAMPLE", 200), ("LONG", 10_000)):
        monkeypatch.setattr(curves_module, name, value)
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "train_loss": 1.0} for update in range(1000)])
    file = CurveFile(path)
    file.read(seconds=0)
    file.read(seconds=0)
    path.unlink()
    write(path, [{"update": 5, "train_loss": 2.0}])
    assert points(file.read(seconds=0), "train_loss") == [(5, 2)]


@pytest.mark.parametrize("begin", [3, 5])
def test_a_moving_average_forgets_what_a_later_session_replaced(tmp_path: Path, begin: int) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "session": 1, "train_loss": 9.0} for update in range(1, 8)])
    write(path, [{"update": update, "session": 2, "train_loss": 8.0} for update in range(5, 9)])
    file = CurveFile(path)
    file.read().smooth("train_loss", 0.9)
    write(path, [{"update": update, "session": 3, "train_loss": 1.0} for update in range(begin, 20)])
    np.testing.assert_array_equal(
        file.read().smooth("train_loss", 0.9), CurveFile(path).read().smooth("train_loss", 0.9)
    )


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(
        b'{"update": 1, "train_loss": 3.0}\n{"update": 2, "tr\n[1]\n{"update": 3, "train_loss": "inf"}\n{"update": 4'
    )
    file = CurveFile(path)
    assert points(file.read(), "train_loss") == [(1, 3.0), (3, math.inf)]


def test_a_file_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "train_loss": 1.0} for update in range(9)])
    file = CurveFile(path)
    file.read()
    path.unlink()
    write(path, [{"update": 5, "train_loss": 2.0}])
    assert points(file.read(), "train_loss") == [(5, 2)]


def test_what_was_handed_out_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "session": 1, "train_loss": float(update)} for update in range(5)])
    file = CurveFile(path)
    updates, values = file.read().get("train_loss")
    write(path, [{"update": update, "session": 2, "train_loss": -1.0} for update in range(2, 90)])
    file.read()
    assert (updates.tolist(), values.tolist()) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    assert file.curves.resumed == (2,)


def test_the_loads_of_the_experts_follow_the_sessions(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    even, uneven = [[0.5, 0.5], [0.5, 0.5]], [[0.9, 0.1], [0.5, 0.5]]
    write(path, [{"update": 1, "session": 1}, {"update": 2, "session": 1, "expert_load": even}])
    write(path, [{"update": 1, "session": 2}, {"update": 2, "session": 2, "expert_load": uneven}])
    file = CurveFile(path)
    updates, loads = file.read().get(LOADS)
    assert updates.tolist() == [2]
    np.testing.assert_allclose(loads[0], uneven, rtol=1e-6)
