"""Writing and reading checkpoints (see engine.runfiles.saved for where they lie).

A checkpoint is written to a directory of its own, which then gets its name in one step, and the link is replaced after that; so
whenever the process dies, every name leads to a whole checkpoint. training.safetensors holds the state of the optimizers. Where
in the data to go on, and the noise from there on, follow from the number of the update.
"""

import contextlib
import errno
import os
import re
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor

from engine.runfiles.durable import sync_directory
from engine.runfiles.jsonfile import DamagedFile, write_file
from engine.runfiles.rundir import RunDir
from engine.runfiles.saved import MODEL_FILE, TRAINING_FILE, CheckpointFile, Kind, saved

Tensors = dict[str, Tensor]

_KEPT = 2  # `last` checkpoints: the newest, and one to fall back to


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint in memory; `training` is empty in one that only holds weights."""

    about: CheckpointFile
    model: Tensors
    training: Tensors


def save(run: RunDir, kind: Kind, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and make it the one of its kind. Raises `OSError` if the disk refuses; the old ones are then untouched."""
    run.checkpoints.mkdir(exist_ok=True)
    for left in run.checkpoints.glob(".*.tmp"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    progress = checkpoint.about.progress
    name = f"{kind}-{progress.update:06d}"
    if (run.checkpoints / name).exists():  # the same update again, after a resume
        name = f"{name}-{progress.session}"
        shutil.rmtree(run.checkpoints / name, ignore_errors=True)
    staged = run.checkpoints / f".{name}.tmp"
    staged.mkdir()
    try:
        files = {MODEL_FILE: _write_tensors(staged / MODEL_FILE, checkpoint.model)}
        if checkpoint.training:
            files[TRAINING_FILE] = _write_tensors(staged / TRAINING_FILE, checkpoint.training)
        write_file(staged / "checkpoint.json", checkpoint.about.model_copy(update={"files": files}), durable=True)
        sync_directory(staged)
        staged.rename(run.checkpoints / name)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    if kind != "kept":
        point(run, kind, name)
    sync_directory(run.checkpoints)
    sync_directory(run.path)  # in which the directory of checkpoints may be new
    _prune(run)


def load(directory: Path, about: CheckpointFile) -> Checkpoint:
    """The checkpoint in a directory. Raises `DamagedFile` if any of it is not what was written."""
    try:
        for name, checksum in about.files.items():
            if _checksum(directory / name) != checksum:
                raise DamagedFile(f"the checkpoint {directory} is damaged: {name} is not what was written")
        model = safetensors.torch.load_file(directory / MODEL_FILE)
        training = safetensors.torch.load_file(directory / TRAINING_FILE) if TRAINING_FILE in about.files else {}
    except (OSError, safetensors.SafetensorError) as error:
        raise DamagedFile(f"the checkpoint {directory} cannot be read: {' '.join(str(error).split())[:300]}") from None
    return Checkpoint(about, model, training)


def point(run: RunDir, kind: Kind, name: str) -> None:
    """Make `name` the checkpoint that the link of its kind leads to."""
    temporary = run.checkpoints / f".{kind}.link"
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    temporary.symlink_to(name)
    temporary.replace(run.checkpoints / kind)


def _write_tensors(path: Path, tensors: Tensors) -> int:
    """Write tensors durably; the CRC-32 of the file. Raises `OSError`."""
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        safetensors.torch.save_file(whole, path)
    except safetensors.SafetensorError as error:
        words = " ".join(str(error).split())[:200]
        found = re.search(r"os error (\d+)", words)  # its word for what the system refused
        raise OSError(int(found[1]) if found else errno.EIO, words, str(path)) from None
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return _checksum(path)


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _prune(run: RunDir) -> None:
    """Remove what is kept no longer."""
    last, best = saved(run, "last")[:_KEPT], saved(run, "best")
    named = {s.about.progress.best.update for s in last if s.about.progress.best is not None}
    kept = {s.path for s in (*last, *best[:1], *(s for s in best if s.about.progress.update in named))}
    for kind in ("last", "best"):
        for path in run.checkpoints.glob(f"{kind}-*"):
            if path not in kept:
                shutil.rmtree(path, ignore_errors=True)
