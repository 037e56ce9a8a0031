"""How a rank meets the others."""

import torch

from engine.ranks.place import RankPlace
from engine.ranks.ranks import Ranks


def join(place: RankPlace, device: torch.device) -> Ranks:
    """Meet the other ranks, whose address the environment tells. Raises `LostContact` if they do not come."""
    if place.count == 1:
        return Ranks(place)
    from engine.ranks.group import Group  # a run of one rank does not wait for its imports

    return Group(place, device)
