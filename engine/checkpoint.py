"""Checkpoints: `checkpoints/last` to go on from, `checkpoints/best` with the weights of the lowest validation loss.

    checkpoints/last -> last-000150     model.safetensors, training.safetensors, checkpoint.json
    checkpoints/best -> best-000120     model.safetensors, checkpoint.json

A checkpoint is written to a directory of its own, and the link is then replaced in one step; so whenever the process dies, the name
leads to the old checkpoint or the new one, each whole. training.safetensors holds the optimizers and the random generators.
Where in the data to go on follows from the number of the update.
"""

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from engine.progress import CheckpointFile, read_checkpoint_file
from engine.rundir import DamagedFile, RunDir, write_file

Kind = Literal["last", "best"]
Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint in memory, on the CPU; `training` is empty in one that only holds weights."""

    about: CheckpointFile
    model: Tensors
    training: Tensors


def save(run: RunDir, kind: Kind, checkpoint: Checkpoint) -> None:
    """Write a checkpoint and make it the one of its kind. Raises `OSError` if the disk refuses; the old one is then untouched."""
    name = f"{kind}-{checkpoint.about.progress.update:06d}"
    run.checkpoints.mkdir(exist_ok=True)
    staged = run.checkpoints / f".{name}.tmp"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    try:
        _write_tensors(staged / "model.safetensors", checkpoint.model)
        if checkpoint.training:
            _write_tensors(staged / "training.safetensors", checkpoint.training)
        write_file(staged / "checkpoint.json", checkpoint.about, durable=True)
        _sync_directory(staged)
        target = run.checkpoints / name
        if target.exists():  # the same update again, after a resume
            target = run.checkpoints / f"{name}-{checkpoint.about.progress.session}"
            shutil.rmtree(target, ignore_errors=True)
        staged.rename(target)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    _point(run.checkpoints / kind, target.name)
    _sync_directory(run.checkpoints)
    for old in run.checkpoints.glob(f"{kind}-*"):
        if old.name != target.name:
            shutil.rmtree(old, ignore_errors=True)


def load(run: RunDir, kind: Kind) -> Checkpoint | None:
    """The checkpoint of a kind, or None if there is none. Raises `DamagedFile` if it cannot be read."""
    directory = run.checkpoints / kind
    about = read_checkpoint_file(directory)
    if about is None:
        return None
    try:
        model = safetensors.torch.load_file(directory / "model.safetensors")
        training_file = directory / "training.safetensors"
        training = safetensors.torch.load_file(training_file) if training_file.exists() else {}
    except (OSError, safetensors.SafetensorError) as error:
        raise DamagedFile(f"the checkpoint {directory} cannot be read: {' '.join(str(error).split())[:300]}") from None
    return Checkpoint(about, model, training)


def rng_state(device: torch.device) -> Tensors:
    """The states of the random generators that training draws from."""
    state = {"rng.cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["rng.cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_rng_state(state: Tensors, device: torch.device) -> None:
    """Continue the random generators from a state; on another kind of device only the CPU's is continued."""
    torch.set_rng_state(state["rng.cpu"])
    if device.type == "cuda" and "rng.cuda" in state:
        torch.cuda.set_rng_state(state["rng.cuda"], device)


def _write_tensors(path: Path, tensors: Tensors) -> None:
    safetensors.torch.save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, path)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _point(link: Path, name: str) -> None:
    temporary = link.with_name(f".{link.name}.link")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    temporary.symlink_to(name)
    temporary.replace(link)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
