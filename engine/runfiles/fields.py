"""What several files of a run directory have in common: ids, moments, counts, and the version of the directory."""

from typing import Annotated

from pydantic import AfterValidator, Field

SCHEMA = 1

RunId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
"""The id of a run. It names a directory and files, so it must not lead anywhere else, and must not look like an option."""


Moment = Annotated[float, Field(ge=0, lt=253_402_300_800)]
"""Seconds since the epoch, before the year 10000."""

Count = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of updates, tokens or bytes."""

Retries = Annotated[int, Field(ge=0, le=1000)]
"""A number of tries after the first."""


def _known(version: int) -> int:
    if version > SCHEMA:
        raise ValueError(f"written by a newer moetui, whose version {version} of this file is not known here")
    return version


SchemaVersion = Annotated[int, AfterValidator(_known)]
"""The version of a run directory; one that is newer than ours is refused."""
