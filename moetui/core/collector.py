"""Keeps Python's garbage collector from what stays as long as the process, or as long as a piece of work.

A full collection stops every thread while it looks at all there is: a tenth of a second for the modules and widgets of the
interface, a third for ten thousand runs. Making a million records, none of them garbage, takes nearly twice as long with it.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_resting = 0


def rest() -> None:
    """Collect nothing until every caller has called `resume`."""
    global _resting  # the collector is one for the process
    with _lock:
        _resting += 1
        gc.disable()


def resume(*, keep: bool) -> None:
    """Collect again. `keep`: what is there now stays, and later collections leave it out."""
    global _resting
    with _lock:
        _resting -= 1
        if keep:
            gc.freeze()
        if not _resting:
            gc.enable()


@contextmanager
def resting() -> Iterator[None]:
    """Collect nothing meanwhile."""
    rest()
    try:
        yield
    finally:
        resume(keep=False)
