"""Which errors mean that the memory of a device or of the machine is used up, and what a try after that may use."""

import contextlib
import errno
import sys

from engine.runfiles.host import run_token
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import Finding, RunDir

# The words of torch's allocators, CUDA, cuBLAS, cuDNN and the C++ library, which have no exception of their own for it.
_MESSAGES = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "cudaerrormemoryallocation",
    "_status_alloc_failed",
    "std::bad_alloc",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no memory left, on a GPU or on the host."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    # torch.AcceleratorError, which CUDA's own errors are, is a RuntimeError.
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MESSAGES)


def allowed_at_once(run: RunDir) -> int | None:
    """How many sequences this process may compute at once, as its launcher says after tries that ran out of memory; None: any."""
    with contextlib.suppress(OSError, DamagedFile):
        launch = run.launch()
        if launch is not None and launch.token == run_token():
            return launch.at_once
    return None


def divided(update: int, whole: int, parts: int) -> Finding:
    """What is noted of a micro-batch of `whole` sequences that had to be computed in parts."""
    return Finding(
        kind="divided-micro-batch",
        update=update,
        severity="note",
        evidence=f"{whole} sequences at once do not fit into memory; {parts} do",
        advice=f"training.batch_size = {parts} and a larger training.accumulation give the same updates without a try",
    )
