"""The checkpoints of a run as they lie on the disk, without their tensors.

    checkpoints/last -> last-000150     model.safetensors, training.safetensors, checkpoint.json
    checkpoints/last-000100             the one before, should the newest be damaged
    checkpoints/best -> best-000120     model.safetensors, checkpoint.json
    checkpoints/kept-000100             whole as `last`, and never removed: where a branch can leave this run
    checkpoints/start                   what this run begins with of another: its weights, of a branch all that a `last` holds

`last` is what a run goes on from; a `best` is kept as long as a `last` names it as the best of its time.
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.progress import Progress
from engine.runfiles.rundir import RunDir
from engine.spec.config import ConfigError, RunConfig, resolve

Kind = Literal["last", "best", "kept", "start"]

MODEL_FILE = "model.safetensors"
TRAINING_FILE = "training.safetensors"

# What may change between two sessions of a run: it decides when things are written, not what is learned.
HARMLESS_KEYS = frozenset(
    {"training.log_every", "training.checkpoint_seconds", "training.checkpoint_updates", "training.keep_at"}
)


class CheckpointFile(BaseModel):
    """checkpoint.json: how far the run was, what the tensors beside it belong to, and the CRC-32 of their files."""

    model_config = ConfigDict(frozen=True)

    format_version: Literal[2] = 2
    progress: Progress
    config: dict[str, Any]
    data_fingerprint: str
    files: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Saved:
    """A checkpoint on the disk."""

    path: Path
    about: CheckpointFile


def saved(run: RunDir, kind: Kind) -> list[Saved]:
    """The checkpoints of a kind, the newest first; one without a readable checkpoint.json is none."""
    found = []
    for path in run.checkpoints.glob("start" if kind == "start" else f"{kind}-*"):
        with contextlib.suppress(OSError, DamagedFile):
            found.append(read_saved(path))
    # A later session may have gone back behind what an earlier one had reached.
    return sorted(found, key=lambda s: (s.about.progress.session, s.about.progress.update), reverse=True)


def read_saved(path: Path) -> Saved:
    """The checkpoint in a directory. Raises `OSError` if there is none and `DamagedFile` if its checkpoint.json is none."""
    try:
        return Saved(path, CheckpointFile.model_validate_json((path / "checkpoint.json").read_bytes()))
    except ValidationError as error:
        raise DamagedFile(f"{path / 'checkpoint.json'}: {error.errors(include_url=False)[0]['msg']}") from None


def newest_progress(run: RunDir) -> Progress:
    """How far the run has come, as far as can be told without reading tensors."""
    found = saved(run, "last")
    return found[0].about.progress if found else Progress(session=0)


def differing_keys(about: CheckpointFile, config: RunConfig) -> list[str]:
    """The dotted keys in which the configuration of a checkpoint differs from another in a way that matters."""
    before = about.config
    with contextlib.suppress(ConfigError):  # from a version with other keys: the plain comparison names them
        before = resolve(before).model_dump(mode="json")  # a key that did not exist yet has its default
    return [key for key in _differences(before, config.model_dump(mode="json")) if key not in HARMLESS_KEYS]


def _differences(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> list[str]:
    keys: list[str] = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            keys += _differences(old, new, f"{prefix}{key}.")
        elif old != new:
            keys.append(f"{prefix}{key}")
    return keys
