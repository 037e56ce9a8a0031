"""Which records of a run count, when a later session has done some of its updates again.

A session that goes on from a checkpoint first records the update of that checkpoint. It takes the place of everything that earlier
sessions recorded after this update, and of every session that began at this update or later, as a whole. A session that was
replaced as a whole and records something afterwards begins anew there; no trainer does that, a file from elsewhere may.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replaced:
    """The records that no longer count: those after `update`, and all of the `sessions`."""

    update: int
    sessions: frozenset[int]

    def covers(self, session: int, update: int) -> bool:
        """Whether a record of `session` at `update` no longer counts."""
        return update > self.update or session in self.sessions


class Sessions:
    """The sessions of one run that count. Their order is that in which they begin; their numbers say nothing about it."""

    def __init__(self) -> None:
        self._begins: dict[int, int] = {}  # session → update of its first record

    @property
    def resumed(self) -> tuple[int, ...]:
        """The updates from which later sessions went on, rising."""
        return tuple(sorted(self._begins.values()))[1:]

    def enter(self, session: int, update: int) -> Replaced | None:
        """Take note of a record. If a later session begins with it: what no longer counts from now on."""
        if session in self._begins:
            return None
        first = not self._begins
        later = frozenset(known for known, begin in self._begins.items() if begin >= update)
        self._begins = {known: begin for known, begin in self._begins.items() if begin < update} | {session: update}
        return None if first else Replaced(update, later)
