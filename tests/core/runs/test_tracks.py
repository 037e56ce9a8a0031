import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runfiles.metrics import MetricsWriter, Record
from moetui.core.runs import tracks as tracks_module
from moetui.core.runs.history import History
from moetui.core.runs.measured import LOADS
from moetui.core.runs.tracks import Tracks

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


@given(records, st.integers(0, 30))
def test_it_tells_what_the_whole_records_tell_however_it_is_read(
    tmp_path_factory: pytest.TempPathFactory, entries: list[Record], halfway: int
) -> None:
    path = tmp_path_factory.mktemp("run") / "metrics.jsonl"
    piecewise, whole = Tracks(path), History(path)
    write(path, entries[:halfway])
    piecewise.refresh()
    write(path, entries[halfway:])
    piecewise.refresh()
    whole.refresh()
    for key in ("tokens", "train_loss", "val_loss"):
        for ours, theirs in zip(piecewise.track(key), whole.series(key), strict=True):
            np.testing.assert_array_equal(ours, theirs.astype(np.float32))
    assert set(piecewise.resumed) <= {record["update"] for record in entries}


def test_a_long_file_comes_in_pieces_and_none_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks_module, "PIECE", 100)
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "train_loss": float(update)} for update in range(1, 50)])
    tracks = Tracks(path)
    seen = []
    while tracks.refresh(seconds=0):
        seen.append(tracks.track("train_loss")[0].size)
    assert len(seen) > 10
    assert seen == sorted(set(seen))
    assert tracks.track("train_loss")[1].tolist() == list(range(1, 50))


def test_a_long_file_is_sketched_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PIECE", 2000), ("SAMPLES", 20), ("SAMPLE", 200), ("LONG", 10_000)):
        monkeypatch.setattr(tracks_module, name, value)
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "session": 1 + update // 600, "train_loss": -update} for update in range(1, 1000)])
    tracks = Tracks(path)
    assert tracks.refresh(seconds=0)
    updates, values = tracks.track("train_loss")
    assert tracks.sketched
    assert (updates[0], updates[-1]) == (1, 999)
    assert 20 < updates.size < 150
    assert (updates == -values).all()
    assert 0 < np.diff(updates).min() <= np.diff(updates).max() < 100
    while not tracks.refresh(seconds=0):
        assert tracks.track("train_loss")[0].size == updates.size
    assert (tracks.replaced, tracks.sketched) == (True, False)
    assert tracks.track("train_loss")[0].tolist() == list(range(1, 1000))
    assert tracks.resumed == (600,)
    assert not tracks.refresh(seconds=0)


def test_a_file_that_changes_behind_its_sketch_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PIECE", 2000), ("SAMPLES", 20), ("SAMPLE", 200), ("LONG", 10_000)):
        monkeypatch.setattr(tracks_module, name, value)
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "train_loss": 1.0} for update in range(1000)])
    tracks = Tracks(path)
    tracks.refresh(seconds=0)
    tracks.refresh(seconds=0)
    path.unlink()
    write(path, [{"update": 5, "train_loss": 2.0}])
    assert tracks.refresh(seconds=0)
    assert tracks.track("train_loss")[0].tolist() == [5]


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(
        b'{"update": 1, "train_loss": 3.0}\n{"update": 2, "tr\n[1]\n{"update": 3, "train_loss": "inf"}\n{"update": 4'
    )
    tracks = Tracks(path)
    assert tracks.refresh()
    assert [column.tolist() for column in tracks.track("train_loss")] == [[1, 3], [3.0, math.inf]]


def test_a_file_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "train_loss": 1.0} for update in range(9)])
    tracks = Tracks(path)
    tracks.refresh()
    path.unlink()
    write(path, [{"update": 5, "train_loss": 2.0}])
    assert tracks.refresh()
    assert tracks.track("train_loss")[0].tolist() == [5]


def test_what_was_handed_out_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, [{"update": update, "session": 1, "train_loss": float(update)} for update in range(5)])
    tracks = Tracks(path)
    tracks.refresh()
    updates, values = tracks.track("train_loss")
    write(path, [{"update": update, "session": 2, "train_loss": -1.0} for update in range(2, 90)])
    tracks.refresh()
    assert (updates.tolist(), values.tolist()) == ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])
    assert tracks.resumed == (2,)


def test_the_loads_of_the_experts_follow_the_sessions(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    even, uneven = [[0.5, 0.5], [0.5, 0.5]], [[0.9, 0.1], [0.5, 0.5]]
    write(path, [{"update": 1, "session": 1}, {"update": 2, "session": 1, "expert_load": even}])
    write(path, [{"update": 1, "session": 2}, {"update": 2, "session": 2, "expert_load": uneven}])
    tracks = Tracks(path)
    tracks.refresh()
    updates, loads = tracks.track(LOADS)
    assert updates.tolist() == [2]
    np.testing.assert_allclose(loads[0], uneven, rtol=1e-6)
