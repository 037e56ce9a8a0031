"""The place of this process among the ranks of a run, as `torchrun`, `srun` and the engine's supervisor tell it (no torch)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import InputError
from engine.runfiles.host import RANK_VARIABLES

PATIENCE_VARIABLE = "MOETUI_RANK_PATIENCE"
PATIENCE = 600.0
"""Seconds for which ranks wait for each other, unless the variable says otherwise."""


class LostContact(Exception):  # noqa: N818  # reads as what it is where it is raised
    """Another rank does not answer. That is a consequence: the fault is the other's."""


@dataclass(frozen=True, slots=True)
class RankPlace:
    """Rank `rank` of `count`; `local` is its number on its machine, by which it takes its device."""

    rank: int = 0
    count: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this is rank 0, which alone writes to the run directory."""
        return self.rank == 0


ALONE = RankPlace()


def patience() -> float:
    """Seconds for which ranks wait for each other."""
    try:
        return max(float(os.environ.get(PATIENCE_VARIABLE, PATIENCE)), 1.0)
    except ValueError:
        return PATIENCE


def rank_place(environment: Mapping[str, str] = os.environ) -> RankPlace:
    """The place that the environment tells; alone if it says nothing. Raises `InputError` if what it says makes no sense."""
    if not environment.get("WORLD_SIZE") or environment["WORLD_SIZE"] == "1":
        return ALONE
    if missing := [name for name in RANK_VARIABLES if not environment.get(name)]:
        raise InputError(f"WORLD_SIZE is set, so these must be too: {', '.join(missing)} (torchrun sets them)")
    try:
        place = RankPlace(*(int(environment[name]) for name in RANK_VARIABLES[:3]))
    except ValueError:
        raise InputError(f"{', '.join(RANK_VARIABLES[:3])} must be whole numbers") from None
    if not 0 <= place.rank < place.count or place.local < 0:
        raise InputError(f"RANK must be from 0 to {place.count - 1} and LOCAL_RANK not below 0")
    return place
