"""Steps that fall back: a run was resumed from an earlier checkpoint, and its log goes on behind what was given up."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from engine.runfiles.metrics import Record

SINCE_FIRST: Final = "seconds since the first event"
"""What TensorBoard tells of every value, which is no curve of its own."""

_UNTOLD: Final = frozenset({"update", "session", "seconds", SINCE_FIRST, "epoch"})


def blank(update: int = 0) -> Record:
    """A record before its values: the keys that every one of them begins with."""
    return {"update": update, "session": 1}


def blanks(updates: Iterable[int]) -> list[Record]:
    """The same for many updates."""
    return [{"update": update, "session": 1} for update in updates]


def in_sessions(rows: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Records, which begin as `blank` ones, in sessions, in each by update, and notes on what was done; they may be changed.

    A value whose update lies before one that the same curve has already begins a new session; one at the same update takes the
    place of the former. A curve that comes late, such as that of a slow evaluation, begins none. Rows of updates that never
    repeat and fall back again and again are in no order, and are sorted.
    """
    updates = [row["update"] for row in rows]
    if updates == sorted(updates):
        return _merged(rows), []
    notes: list[str] = []
    if _unordered(updates):
        rows = sorted(rows, key=lambda row: row["update"])
        notes.append("its rows are in no order and were sorted by update")
    sessions: list[list[Record]] = [[]]
    newest: dict[str, int] = {}
    for row in rows:
        update = row["update"]
        if any(newest.get(key, -1) > update for key in row if key not in _UNTOLD):
            sessions.append([])
            newest = {}
        for key in row:
            newest[key] = update
        sessions[-1].append(row)
    found = [sorted(_merged(session), key=lambda row: row["update"]) for session in sessions]
    if len(found) > 1:
        begins = ", ".join(str(session[0]["update"]) for session in found[1:6])
        more = " …" if len(found) > 6 else ""
        notes.append(
            f"steps fall back: it was resumed {len(found) - 1} times, at {begins}{more}; what was done anew counts"
            if len(found) > 2
            else f"steps fall back: it was resumed at {begins}; what was done anew counts"
        )
    return _numbered(found), notes


def told_sessions(rows: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """The records of a source that tells their sessions itself."""
    return list(rows), []


def _merged(rows: Sequence[Record]) -> list[Record]:
    """One record for each update, which has the last values."""
    found: dict[int, Record] = {}
    for row in rows:
        known = found.setdefault(row["update"], row)
        if known is not row:
            known.update(row)
    return list(found.values())


def _unordered(updates: Sequence[int]) -> bool:
    falls = sum(later < earlier for earlier, later in pairwise(updates))
    return 3 * falls >= len(updates) - 1 and falls > 0 and len(set(updates)) == len(updates)


def _numbered(sessions: Iterable[list[Record]]) -> list[Record]:
    kept: list[dict[int, Record]] = []
    for session in sessions:
        begin = session[0]["update"]
        for former in reversed(kept):  # the same update in both: one record has what either knows
            if begin in former:
                session[0] = former.pop(begin) | session[0]
        kept.append({record["update"]: record for record in session})
    return [record | {"session": number} for number, session in enumerate(kept, start=1) for record in session.values()]
