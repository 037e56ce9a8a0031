"""What the ranks after the first leave in the run directory of a run on several devices.

log.R.txt    the output of rank R; that of rank 0 is log.txt
end.R.json   how rank R has failed by itself; it is taken into result.json and removed
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from engine.runfiles.rundir import EndStatus, RunDir


class RankEnd(BaseModel):
    """How a rank has failed: the status, why, and a traceback if the fault is not the user's."""

    model_config = ConfigDict(frozen=True)

    rank: int
    status: EndStatus
    reason: str = ""
    traceback: str = ""


def rank_log(run: RunDir, rank: int) -> Path:
    """The output of a rank."""
    return run.path / f"log.{rank}.txt" if rank else run.log_file


def rank_end_file(run: RunDir, rank: int) -> Path:
    """Where a rank says how it has failed."""
    return run.path / f"end.{rank}.json"


def rank_end(run: RunDir, rank: int) -> RankEnd | None:
    """How a rank has failed, None if it left no word that can be read."""
    try:
        return RankEnd.model_validate_json(rank_end_file(run, rank).read_bytes())
    except (OSError, ValidationError):
        return None
