"""How a run directory travels: the words that two moetui exchange over one connection, and the names that may come.

there → here   a `Label` in a line: which run it is
here → there   `Kept` in a line: what is here from a broken transfer, as lengths and digests of beginnings
there → here   a `Manifest` in a line, then of each file, in its order, the bytes from `start` on
"""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from engine.runfiles.fields import RunId

LEFT_OUT: Final = ("run.lock", "procs.lock", "queue.json", "job.json")
"""Files that mean something on one machine only: locks, the turn in its queue, and the job of its scheduler."""

LONGEST_LINE: Final = 16 * 2**20
"""Bytes of the longest line that is taken from another machine."""

CHUNK: Final = 2**20


def _inside(name: str) -> str:
    """A name that leads to a file inside of a directory, and to no hidden one."""
    parts = name.split("/")
    if len(parts) > 8 or any(
        not part or part.startswith(".") or "\\" in part or not part.isprintable() for part in parts
    ):
        raise ValueError("not the name of a file in a run directory")
    return name


Name = Annotated[str, Field(max_length=1000), AfterValidator(_inside)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Label(_Frozen):
    """Which run is going to be sent."""

    moetui: int = 1
    id: RunId
    name: str


class Beginning(_Frozen):
    """The first `size` bytes of a file and their SHA-256."""

    size: int = Field(ge=0)
    sha256: Digest


class Kept(_Frozen):
    """What is here already of the files of a run."""

    files: dict[Name, Beginning] = Field(default_factory=dict)


class SentFile(_Frozen):
    """A file of `size` bytes, sent from byte `start` on, and the SHA-256 of the whole."""

    name: Name
    size: int = Field(ge=0)
    start: int = Field(ge=0)
    sha256: Digest


class SentLink(_Frozen):
    """A link to a name beside it, such as the checkpoint that is the last."""

    name: Name
    target: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$")]


class Manifest(_Frozen):
    """All that a run directory holds."""

    files: tuple[SentFile, ...]
    links: tuple[SentLink, ...] = ()
