"""Which runs are marked, and the slot of colour and marker that each keeps as long as it is."""

from collections.abc import Container, Mapping

ROOM = 8
"""Runs that can be marked, as many as the palette has slots."""


class Marks:
    """Marked run ids. A mark does not depend on what the list shows: a filter hides runs, it does not unmark them."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def slots(self) -> Mapping[str, int]:
        """The slot of each marked run, in the order of the slots."""
        return dict(sorted(self._slots.items(), key=lambda item: item[1]))

    def toggle(self, run_id: str) -> bool:
        """Mark a run, with the first free slot, or unmark it. False if there is no slot left."""
        if self._slots.pop(run_id, None) is not None:
            return True
        free = set(range(ROOM)) - set(self._slots.values())
        if free:
            self._slots[run_id] = min(free)
        return bool(free)

    def keep(self, run_ids: Container[str]) -> None:
        """Forget the runs that are no longer there."""
        self._slots = {run_id: slot for run_id, slot in self._slots.items() if run_id in run_ids}

    def clear(self) -> None:
        """Unmark all."""
        self._slots = {}
