"""What a job asks a scheduler for: settings of the user and the workspace, and over them what the command line says."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moetui.core.errors import UsageError
from moetui.core.preferences import read_settings
from moetui.core.workspace import Workspace

_Word = Field(None, pattern=r"^[^\s\x00-\x1f-][^\x00-\x1f]{0,200}$")


class Resources(BaseModel):
    """The table `[slurm]` of the settings; what is None is left to the cluster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partition: str | None = _Word
    account: str | None = _Word
    qos: str | None = _Word
    time: str | None = _Word
    gres: str | None = _Word
    constraint: str | None = _Word
    mem: str | None = _Word
    cpus: int | None = Field(None, ge=1, le=4096)
    array_limit: int | None = Field(None, ge=1, le=100_000)
    notice: int = Field(60, ge=1, le=65_535)
    """Seconds before the end of its time at which a run is told to write its last checkpoint."""
    python: str | None = _Word
    template: str | None = _Word


def resources(workspace: Workspace, said: Mapping[str, str]) -> Resources:
    """What holds in a workspace, with `said` over it. Raises `UsageError` for a key or value that cannot be."""
    tree: dict[str, Any] = dict(read_settings(workspace).slurm) | dict(said)
    if unknown := next((key for key in tree if key not in Resources.model_fields), None):
        near = difflib.get_close_matches(unknown, Resources.model_fields, n=1)
        raise UsageError(f"slurm: no such resource: {unknown}{f'; did you mean {near[0]}?' if near else ''}")
    try:
        return Resources.model_validate(tree)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise UsageError(f"slurm: {key} = {tree.get(key)!r}: {first['msg']}") from None


def parsed(assignments: Iterable[str]) -> dict[str, str]:
    """What `--slurm KEY=VALUE` says. Raises `UsageError`."""
    found = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not value:
            raise UsageError(f"--slurm {text}: write KEY=VALUE, such as time=2:00:00 or partition=gpu")
        found[key] = value
    return found
