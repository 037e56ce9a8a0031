"""job.json: which job of a scheduler stands for a run. The run directory is the key: numbers of jobs are given out anew."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from engine.runfiles.fields import Moment
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import RunDir


class Job(BaseModel):
    """The last submission of a run: one task of an array of jobs, which has a name that no other has.

    `number` is the scheduler's, empty while it is being submitted.
    """

    model_config = ConfigDict(frozen=True)

    backend: str
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")
    task: int = Field(ge=0)
    number: str = Field("", pattern=r"^[0-9]{0,20}$")
    submitted: Moment

    @property
    def key(self) -> str:
        """What the scheduler's list is searched for."""
        return f"{self.name}_{self.task}"

    @property
    def id(self) -> str:
        """What the scheduler calls it."""
        return f"{self.number}_{self.task}"


def job_file(run: RunDir) -> Path:
    """Where the job of a run is noted."""
    return run.path / "job.json"


def job_of(run: RunDir) -> Job | None:
    """The job of a run, None if there is none. Raises `DamagedFile` or `OSError`."""
    try:
        return Job.model_validate_json(job_file(run).read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DamagedFile(f"{job_file(run)}: {str(error).splitlines()[0]}") from None
