"""How far a run has come: what a checkpoint carries besides tensors, and what its result is made of."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.plateau import Plateau
from engine.rundir import DamagedFile, Finding, Scores

CHECKPOINT_FORMAT = 1


class Progress(BaseModel):
    """Updates done, tokens learned from, training seconds, the best and latest evaluation and what follows from them."""

    model_config = ConfigDict(validate_assignment=True)

    update: int = 0
    tokens: int = 0
    seconds: float = 0.0
    session: int = 1
    best: Scores | None = None
    latest: Scores | None = None
    findings: tuple[Finding, ...] = ()
    divergence_streak: int = 0
    plateau: Plateau = Plateau()
    peak_memory: int | None = None

    def add_finding(self, finding: Finding) -> None:
        """Keep the first finding of its kind; a run that is not stopped would repeat it at every update."""
        if all(known.kind != finding.kind for known in self.findings):
            self.findings = (*self.findings, finding)


class CheckpointFile(BaseModel):
    """checkpoint.json: how far the run was, and what the tensors beside it belong to."""

    model_config = ConfigDict(frozen=True)

    format_version: int = CHECKPOINT_FORMAT
    progress: Progress
    config: dict[str, Any]
    data_fingerprint: str


def read_checkpoint_file(directory: Path) -> CheckpointFile | None:
    """The checkpoint.json of a checkpoint, or None if there is no checkpoint. Raises `DamagedFile`."""
    path = directory / "checkpoint.json"
    try:
        return CheckpointFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise DamagedFile(f"{path}: {error.errors(include_url=False)[0]['msg']}") from None


def config_differences(saved: dict[str, Any], wanted: dict[str, Any], prefix: str = "") -> list[str]:
    """The dotted keys in which two configurations, as JSON trees, differ."""
    keys: list[str] = []
    for key in sorted(saved.keys() | wanted.keys()):
        old, new = saved.get(key), wanted.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            keys += config_differences(old, new, f"{prefix}{key}.")
        elif old != new:
            keys.append(f"{prefix}{key}")
    return keys
