"""Writes checkpoints beside the training: what is to be written is copied in memory, a thread of its own brings it to the disk."""

import errno
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

import torch

from engine.runfiles.fulldisk import is_full, is_too_large
from engine.runfiles.rundir import Finding, RunDir
from engine.runfiles.saved import Kind
from engine.training import checkpoint
from engine.training.checkpoint import Checkpoint, Tensors
from engine.training.memory import is_out_of_memory

SPARED = 2**20
"""Bytes that a checkpoint leaves free on the disk."""

_LARGEST_SHARE = 0.01  # of the time since the last writing of a best may go into the next


class Saver:
    """One writing at a time. A new best that comes too soon after the last one is held, and replaced by a better one."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._writing: Future[None] | None = None
        self._held: tuple[Checkpoint, torch.cuda.Event | None] | None = None
        self._failures: list[Finding] = []
        self._full = False
        self._too_large: OSError | None = None
        self._cost, self._wrote_at = 0.0, time.monotonic()

    @property
    def full(self) -> bool:
        """Whether checkpoints pause for want of room on the disk."""
        return self._full

    @property
    def idle(self) -> bool:
        """Whether nothing is being written."""
        return self._writing is None or self._writing.done()

    def keep_best(self, best: Checkpoint) -> None:
        """Take a new best, and begin to write it if that is cheap enough."""
        self._held = _copy(best)
        if self.idle and self._cost <= _LARGEST_SHARE * (time.monotonic() - self._wrote_at):
            self._write_best()

    def save_last(self, last: Checkpoint) -> None:
        """Begin to write a `last` checkpoint, and before it the best that it names; not while the disk has no room for them."""
        if self._room_for("last", last):
            self._write_best()
            self._submit("last", *_copy(last))

    def keep(self, checkpoint: Checkpoint) -> None:
        """Begin to write a checkpoint that is never removed."""
        self._submit("kept", *_copy(checkpoint))

    def finish(self) -> None:
        """Write what is held and wait until all is on the disk."""
        self._write_best()
        if self._writing is not None:
            self._writing.result()

    def _room_for(self, kind: Kind, checkpoint: Checkpoint) -> bool:
        """Whether the disk takes a checkpoint and leaves room for measurements, which come first."""
        needed = sum(tensor.nbytes for tensor in (*checkpoint.model.values(), *checkpoint.training.values())) + SPARED
        if self._held is not None and kind == "last":
            needed += sum(tensor.nbytes for tensor in self._held[0].model.values())
        try:
            free = shutil.disk_usage(self._run.path).free
        except OSError:
            return True  # whether it can be written shows then
        self._full = free < needed
        if self._full:
            why = f"it needs {needed / 2**20:.0f} MB, and {free / 2**20:.0f} MB are free"
            self._failures.append(_finding(kind, checkpoint.about.progress.update, OSError(errno.ENOSPC, why)))
        return not self._full

    def failures(self) -> list[Finding]:
        """What could not be written since this was last asked. Raises `OSError` if no checkpoint ever can be: it is too large."""
        if self._too_large is not None:
            raise self._too_large
        found, self._failures = self._failures, []
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)

    def _write_best(self) -> None:
        if self._held is not None and self._room_for("best", self._held[0]):
            self._submit("best", *self._held)
            self._held = None

    def _submit(self, kind: Kind, what: Checkpoint, copied: torch.cuda.Event | None) -> None:
        self._writing = self._thread.submit(self._write, kind, what, copied)

    def _write(self, kind: Kind, what: Checkpoint, copied: torch.cuda.Event | None) -> None:
        start = time.monotonic()
        try:
            if copied is None:
                checkpoint.save(self._run, kind, what)
            else:
                # A stream of its own lets the device train on while it hands the copy over.
                stream = torch.cuda.Stream()
                stream.wait_event(copied)
                with torch.cuda.stream(stream):
                    checkpoint.save(self._run, kind, what)
        except OSError as error:
            self._full = self._full or is_full(error)
            self._too_large = error if is_too_large(error) else self._too_large
            if kind == "best" and is_full(error) and self._held is None:
                self._held = what, copied
            self._failures.append(_finding(kind, what.about.progress.update, error))
        if kind == "best":
            self._wrote_at = time.monotonic()
            self._cost = self._wrote_at - start


def _copy(original: Checkpoint) -> tuple[Checkpoint, torch.cuda.Event | None]:
    """A copy that further training leaves alone, and on a GPU the event that tells when it is made."""
    copy = Checkpoint(original.about, _copies(original.model), _copies(original.training))
    if not any(tensor.is_cuda for tensor in original.model.values()):
        return copy, None
    copied = torch.cuda.Event()
    copied.record()
    return copy, copied


def _copies(tensors: Tensors) -> Tensors:
    try:
        return {name: tensor.detach().clone() for name, tensor in tensors.items()}
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        # The GPU has no room for a second set.
        return {name: tensor.detach().cpu() for name, tensor in tensors.items()}


def _finding(kind: Kind, update: int, error: OSError) -> Finding:
    return Finding(
        kind=f"no-{kind}-checkpoint",
        update=update,
        severity="warning",
        evidence=f"the checkpoint {kind} of update {update} could not be written: {error.strerror or error}",
        advice="make room on the disk; the run goes on, and tries again at its next checkpoint",
    )
