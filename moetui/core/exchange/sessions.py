"""Steps that fall back: a run was resumed from an earlier checkpoint, and its log goes on behind what was given up."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from engine.runfiles.metrics import Record

SINCE_FIRST: Final = "seconds since the first event"
"""What TensorBoard tells of every value, which is no curve of its own."""

_UNTOLD: Final = frozenset({"update", "seconds", SINCE_FIRST, "epoch"})

Measured = tuple[int, Record]
"""An update and what was measured at it."""


def in_sessions(rows: Sequence[Measured]) -> tuple[list[Record], list[str]]:
    """The records in sessions, in each by update, and notes on what was done.

    A value whose update lies before one that the same curve has already begins a new session; one at the same update takes the
    place of the former. A curve that comes late, such as that of a slow evaluation, begins none. Rows of updates that never
    repeat and fall back again and again are in no order, and are sorted.
    """
    notes: list[str] = []
    if _unordered(rows):
        rows = sorted(rows, key=lambda row: row[0])
        notes.append("its rows are in no order and were sorted by update")
    sessions: list[dict[int, Record]] = [{}]
    newest: dict[str, int] = {}
    for update, values in rows:
        if any(newest.get(key, -1) > update for key in values if key not in _UNTOLD):
            sessions.append({})
            newest = {}
        for key in values:
            newest[key] = update
        known = sessions[-1].get(update)
        if known is None:
            sessions[-1][update] = values
        else:
            known.update(values)
    if len(sessions) > 1:
        begins = ", ".join(str(min(session)) for session in sessions[1:6])
        more = " …" if len(sessions) > 6 else ""
        notes.append(
            f"steps fall back: it was resumed {len(sessions) - 1} times, at {begins}{more}; what was done anew counts"
            if len(sessions) > 2
            else f"steps fall back: it was resumed at {begins}; what was done anew counts"
        )
    return _numbered(sessions), notes


def told_sessions(rows: Sequence[Measured]) -> tuple[list[Record], list[str]]:
    """The records of a source that tells their sessions itself."""
    return [{"update": update, "session": 1} | values for update, values in rows], []


def _unordered(rows: Sequence[Measured]) -> bool:
    falls = sum(later[0] < earlier[0] for earlier, later in pairwise(rows))
    return 3 * falls >= len(rows) - 1 and falls > 0 and len({update for update, _ in rows}) == len(rows)


def _numbered(sessions: Iterable[dict[int, Record]]) -> list[Record]:
    records: list[Record] = []
    kept: list[dict[int, Record]] = []
    for session in sessions:
        begin = min(session, default=0)
        for former in reversed(kept):  # the same update in both: one record has what either knows
            if begin in former:
                session[begin] = former.pop(begin) | session[begin]
        kept.append(session)
    for number, session in enumerate(kept, start=1):
        records += [{"update": update, "session": number} | session[update] for update in sorted(session)]
    return records
