"""What this process is to a run: its trainer, the supervisor of its ranks, or one of them."""

from collections.abc import Callable
from pathlib import Path

from engine.errors import InputError
from engine.ranks.place import rank_place
from engine.ranks.supervised import end_with_supervisor, is_supervised
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import RunDir
from engine.training.beside import work_beside
from engine.training.supervisor import supervise
from engine.training.worker import Refused, work


def take_part(path: Path, asked_to_stop: Callable[[], bool]) -> int:
    """Do what this process is started for with the run in the directory `path`; the exit code. Raises `Refused`."""
    try:
        place = rank_place()
    except InputError as error:
        raise Refused(str(error), 2) from None
    if place.count == 1 and (devices := _devices(path)) > 1:
        return supervise(path, asked_to_stop, devices)
    if supervised := place.count > 1 and is_supervised():
        end_with_supervisor()
    if place.first:
        return work(path, asked_to_stop, place, supervised=supervised)
    return work_beside(path, asked_to_stop, place)


def _devices(path: Path) -> int:
    """On how many devices the run wants to be trained; 1 if it cannot be read, which is said where it is to be trained."""
    try:
        return RunDir(path).config().devices
    except (OSError, DamagedFile):
        return 1
