"""The kinds of faults, and which of them are tried."""

import errno
import os
from collections.abc import Iterator

KINDS = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "EROFS": errno.EROFS, "SIGKILL": 0}


def places(count: int, stride: int) -> Iterator[tuple[int, str]]:
    """The faults to try in something that changes files so often: the place, counted from 1, and the kind.

    Every one of them under MOETUI_FAULTS, else one in `stride`.
    """
    thorough = bool(os.environ.get("MOETUI_FAULTS"))
    for at in range(1, count + 1):
        for index, kind in enumerate(KINDS):
            if thorough or (at * len(KINDS) + index) % stride == 0:
                yield at, kind
