from collections.abc import Callable
from pathlib import Path

import pytest

from engine.runfiles.history import History
from engine.runfiles.metrics import MetricsWriter, Record


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    def write_records(*records: Record) -> None:
        with MetricsWriter(tmp_path / "metrics.jsonl") as writer:
            for record in records:
                writer.write(record)

    return write_records


def record(update: int, session: int, **values: float) -> Record:
    return {"update": update, "session": session, **values}


def places(history: History) -> list[tuple[int, int]]:
    return [(row["session"], row["update"]) for row in history.records]


def test_a_session_that_goes_on_takes_the_place_of_what_came_after_its_checkpoint(
    tmp_path: Path, write: Callable[..., None]
) -> None:
    history = History(tmp_path / "metrics.jsonl")
    write(*(record(update, 1, train_loss=9.0) for update in range(5)))
    assert history.refresh()
    write(record(2, 2), record(3, 2, train_loss=8.0))
    assert history.refresh()
    assert places(history) == [(1, 0), (1, 1), (1, 2), (2, 2), (2, 3)]
    assert len(history.added) == 2


def test_sessions_that_began_at_the_same_checkpoint_leave_only_the_last(
    tmp_path: Path, write: Callable[..., None]
) -> None:
    write(record(0, 1), record(1, 1), record(2, 1))
    write(record(1, 2, val_loss=5.0), record(2, 2))
    write(record(1, 3, val_loss=5.0))
    history = History(tmp_path / "metrics.jsonl")
    history.refresh()
    assert places(history) == [(1, 0), (1, 1), (3, 1)]


def test_a_run_that_starts_over_forgets_what_was(tmp_path: Path, write: Callable[..., None]) -> None:
    write(record(0, 1), record(1, 1))
    write(record(0, 2), record(1, 2))
    history = History(tmp_path / "metrics.jsonl")
    history.refresh()
    assert places(history) == [(2, 0), (2, 1)]
