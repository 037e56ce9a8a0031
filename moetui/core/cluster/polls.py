"""One question to a scheduler for everybody who looks at a workspace: its answer lies in a file for a few seconds."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from moetui.core.cluster.interface import Poll, Seen
from moetui.core.errors import LabError
from moetui.core.wholefile import replace_file

EVERY = 10.0
"""Seconds for which an answer serves."""

PATIENT = 6
"""So many times longer is waited after a scheduler did not answer, which takes it long to say."""

_JOBS: TypeAdapter[dict[str, Seen]] = TypeAdapter(dict[str, Seen])
_asked: dict[Path, float] = {}
_parsed: dict[Path, tuple[tuple[int, ...], tuple[Poll, float]]] = {}


def shared_poll(path: Path, ask: Callable[[], Mapping[str, Seen]]) -> Poll:
    """The answer in the file, or a new one if that is old. Clocks of two login nodes may differ: each asks by its own, too."""
    known, last = _read(path)
    now = time.time()
    pause = EVERY * (PATIENT if known.fault else 1)
    if abs(now - last) < pause or now - _asked.get(path, 0.0) < pause:
        return known
    try:
        lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        return known
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return known  # somebody else asks at this moment
    else:
        _asked[path] = now
        try:
            fresh = Poll(now, ask())
        except LabError as error:
            fresh = Poll(known.taken, known.jobs, str(error))
        _write(path, fresh, now)
        return fresh
    finally:
        os.close(lock)


def ask_anew(path: Path) -> None:
    """Let the next look ask the scheduler: something was just changed."""
    _asked.pop(path, None)
    with contextlib.suppress(OSError):
        path.unlink()


def _read(path: Path) -> tuple[Poll, float]:
    """The last answer, and when that was asked for; a file that has not changed is not read again for each of a thousand runs."""
    try:
        status = path.stat()
        stamp = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
        if (known := _parsed.get(path)) is not None and known[0] == stamp:
            return known[1]
        tree = orjson.loads(path.read_bytes())
        jobs = _JOBS.validate_python(tree["jobs"]) if tree["jobs"] is not None else None
        answer = Poll(float(tree["taken"]), jobs, str(tree["fault"])), float(tree["asked"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return Poll(), 0.0
    _parsed[path] = stamp, answer
    return answer


def _write(path: Path, poll: Poll, asked: float) -> None:
    jobs = None if poll.jobs is None else _JOBS.dump_python(dict(poll.jobs))
    tree = {"taken": poll.taken, "asked": asked, "jobs": jobs, "fault": poll.fault}
    with contextlib.suppress(OSError):
        os.close(replace_file(path, orjson.dumps(tree)))
