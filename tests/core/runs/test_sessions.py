"""What counts of a run that was resumed: one rule, told by records and by arrays alike."""

from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from random import Random

import pytest

from engine.health.measured import Measured
from engine.runfiles.history import History
from engine.runfiles.metrics import Record
from engine.runfiles.sessions import Sessions
from moetui.core.runs.columns import Columns

SERIES = 10_000


def counting(records: list[Record]) -> list[Record]:
    """The rule without a memory: what a new record replaces is found in the records that have counted so far."""
    counts: list[Record] = []
    for record in records:
        begins: dict[int, int] = {}
        for old in counts:
            begins.setdefault(old["session"], old["update"])
        begin = record["update"]
        if record["session"] not in begins:
            counts = [old for old in counts if old["update"] <= begin and begins[old["session"]] < begin]
        counts.append(record)
    return counts


def any_series(draw: Random) -> list[Record]:
    """Records in any order, of sessions in any order, which may be mixed."""
    records: list[Record] = [
        {"update": draw.randrange(8), "session": draw.randrange(4), "lr": draw.random()}
        for _ in range(draw.randrange(14))
    ]
    for record in records:
        record |= {key: draw.random() for key in ("train_loss", "val_loss") if draw.random() < 0.5}
    return records


def of_a_trainer(draw: Random) -> list[Record]:
    """Sessions one after another, each of which goes on from an update that one before it has reached."""
    records: list[Record] = []
    for session in range(1, draw.randrange(2, 6)):
        begin = draw.choice([0, *(record["update"] for record in records)])
        for update in range(begin, begin + draw.randrange(1, 6)):
            records.append({"update": update, "session": session, "lr": draw.random(), "train_loss": draw.random()})
    return records


def in_pieces(draw: Random, records: list[Record]) -> Iterator[list[Record]]:
    """The same records as a reader of a growing file meets them."""
    while records:
        count = draw.randrange(1, 6)
        yield records[:count]
        records = records[count:]


@pytest.mark.slow
@pytest.mark.parametrize("series", [any_series, of_a_trainer])
def test_records_and_arrays_tell_what_counts(series: Callable[[Random], list[Record]]) -> None:
    for seed in range(SERIES):
        draw = Random(seed)
        recorded = series(draw)
        counts = counting(recorded)
        history, columns = History(Path("unused")), Columns()
        for piece in in_pieces(draw, recorded):
            history.take(piece)
            columns.add(piece)
        assert history.records == counts, f"series {seed}"
        assert counting(counts) == counts, f"series {seed}"
        for key in ("lr", "train_loss", "val_loss"):
            known = [(record["update"], record[key]) for record in counts if key in record]
            updates, values = columns.track(key)
            assert updates.tolist() == [update for update, _ in known], f"series {seed}"
            assert values == pytest.approx([value for _, value in known], rel=1e-6), f"series {seed}"
            curve = Measured(history.records).curve(key)
            assert dict(zip(curve.updates, curve.values, strict=True)) == dict(sorted(known, key=itemgetter(0)))


def test_only_sessions_that_count_are_marked_as_resumed() -> None:
    sessions = Sessions()
    for session, begin in ((1, 0), (2, 50), (3, 30), (4, 60)):
        sessions.enter(session, begin)
    assert sessions.resumed == (30, 60)


def test_a_run_that_began_anew_was_not_resumed() -> None:
    sessions = Sessions()
    for session, begin in ((1, 0), (2, 50), (3, 0)):
        sessions.enter(session, begin)
    assert sessions.resumed == ()
