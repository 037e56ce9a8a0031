"""What this process is to a run: its trainer, or one of its ranks."""

from collections.abc import Callable
from pathlib import Path

from engine.errors import InputError
from engine.ranks.place import rank_place
from engine.training.worker import Refused, work


def take_part(path: Path, asked_to_stop: Callable[[], bool]) -> int:
    """Do what this process is started for with the run in the directory `path`; the exit code. Raises `Refused`."""
    try:
        place = rank_place()
    except InputError as error:
        raise Refused(str(error), 2) from None
    if place.first:
        return work(path, asked_to_stop, place)
    from engine.training.beside import work_beside

    return work_beside(path, asked_to_stop, place)
