"""Sends a run directory to whoever pulls it, over the connection that started this process."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ValidationError

from engine.runfiles.rundir import RunDir
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError
from moetui.core.remote.parcel import (
    CHUNK,
    LEFT_OUT,
    LONGEST_LINE,
    Beginning,
    Kept,
    Label,
    Manifest,
    SentFile,
    SentLink,
)
from moetui.core.runs.lab import Lab


def send(lab: Lab, record: RunRecord, given: IO[bytes], out: IO[bytes]) -> None:
    """Send a run that has ended. What is read and written is told by `moetui.core.remote.parcel`.

    Raises `LabError` if the run has not ended, or if the other side does not speak of what it has.
    """
    run = lab.run_dir(record)
    now = lab.see(record)
    if now.pending:
        raise LabError(f"{record.id} is {now.status}; it can be pulled when it has ended")
    _line(out, Label(id=record.id, name=record.name))
    try:
        kept = Kept.model_validate_json(given.readline(LONGEST_LINE))
    except ValidationError:
        raise LabError("this command serves `moetui pull`, which tells it what it has already") from None
    with contextlib.ExitStack() as opened:
        links: list[SentLink] = []
        files: list[tuple[SentFile, IO[bytes]]] = []
        for name, path in parts(run):
            if path.is_symlink():
                links.append(_link(name, path))
            elif path.is_file():
                # All are opened before the first is sent: of a run that goes on meanwhile, this moment is sent.
                file: IO[bytes] = opened.enter_context(
                    os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
                )
                files.append((described(name, file, kept.files.get(name)), file))
        _line(out, Manifest(files=tuple(sent for sent, _ in files), links=tuple(links)))
        for sent, file in files:
            _copy(file, out, sent)
        out.flush()


def parts(run: RunDir) -> Iterator[tuple[str, Path]]:
    """The files and links of a run directory that travel, with their names. Hidden files, which last for a moment, do not."""
    for root, folders, files in os.walk(run.path):
        linked = [one for one in folders if (Path(root) / one).is_symlink()]
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for one in sorted([*files, *linked]):
            path = Path(root) / one
            name = str(path.relative_to(run.path))
            if not one.startswith(".") and name not in LEFT_OUT:
                yield name, path


def described(name: str, file: IO[bytes], kept: Beginning | None) -> SentFile:
    """What is told of a file: it is sent from the end of what is kept, if that is how it begins. Raises `LabError` for its name."""
    size = os.fstat(file.fileno()).st_size
    digest = hashlib.sha256()
    start = 0
    if kept is not None and kept.size <= size:
        feed(file, digest, kept.size)
        start = kept.size if digest.hexdigest() == kept.sha256 else 0
    feed(file, digest, size - file.tell())
    try:
        return SentFile(name=name, size=size, start=start, sha256=digest.hexdigest())
    except ValidationError:
        raise LabError(f"{name!r}: a file with such a name cannot be sent; rename it") from None


def _link(name: str, path: Path) -> SentLink:
    try:
        return SentLink(name=name, target=str(path.readlink()))
    except ValidationError:
        raise LabError(f"{path} leads out of its directory; put what it leads to in its place") from None


def feed(file: IO[bytes], digest: "hashlib._Hash", count: int) -> None:
    """Add the next `count` bytes of a file to a digest, as far as there are so many."""
    while count and (chunk := file.read(min(count, CHUNK))):
        digest.update(chunk)
        count -= len(chunk)


def _copy(file: IO[bytes], out: IO[bytes], sent: SentFile) -> None:
    file.seek(sent.start)
    left = sent.size - sent.start
    while left:
        chunk = file.read(min(left, CHUNK))
        if not chunk:
            raise LabError(f"{sent.name} was cut short while it was sent")
        out.write(chunk)
        left -= len(chunk)


def _line(out: IO[bytes], value: BaseModel) -> None:
    out.write(value.model_dump_json().encode() + b"\n")
    out.flush()
