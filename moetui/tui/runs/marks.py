"""Which runs are marked, and the slot of colour and marker that each of the first eight keeps as long as it is."""

from collections.abc import Container, Iterable, Mapping

from moetui.tui.chart.palette import PALETTE

ROOM = len(PALETTE)
"""Slots of the palette: so many runs can be overlaid. Any number can be marked."""


class Marks:
    """Marked run ids. A mark does not depend on what the list shows: a filter hides runs, it does not unmark them."""

    def __init__(self) -> None:
        self._slots: dict[str, int | None] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._slots

    @property
    def all(self) -> Mapping[str, int | None]:
        """Every marked run with its slot, None without one: those with a slot in the order of the slots, then the others."""
        return dict(sorted(self._slots.items(), key=lambda item: ROOM if item[1] is None else item[1]))

    @property
    def slots(self) -> Mapping[str, int]:
        """The slot of each marked run that has one, in the order of the slots."""
        return {run_id: slot for run_id, slot in self.all.items() if slot is not None}

    def add(self, run_ids: Iterable[str]) -> None:
        """Mark runs, each with the first free slot while there is one."""
        for run_id in run_ids:
            self._slots.setdefault(run_id, None)
        self._hand_out()

    def remove(self, run_ids: Iterable[str]) -> None:
        """Unmark runs; their slots go to those that were marked first of the ones without."""
        for run_id in run_ids:
            self._slots.pop(run_id, None)
        self._hand_out()

    def toggle(self, run_ids: Iterable[str]) -> None:
        """Mark these runs, or unmark them if all of them are."""
        ids = list(run_ids)
        if all(run_id in self for run_id in ids):
            self.remove(ids)
        else:
            self.add(ids)

    def keep(self, run_ids: Container[str]) -> None:
        """Forget the runs that are no longer there."""
        self.remove([run_id for run_id in self._slots if run_id not in run_ids])

    def clear(self) -> None:
        """Unmark all."""
        self._slots = {}

    def _hand_out(self) -> None:
        free = sorted(set(range(ROOM)) - set(self._slots.values()), reverse=True)
        for run_id, slot in self._slots.items():
            if slot is None and free:
                self._slots[run_id] = free.pop()
