"""Copies a run directory from another host: verified, never over one that is here, and from where a broken transfer ended.

The files arrive in `runs/.pulling-ID`; when all are there and have the digests that were told, that becomes the run directory.
"""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from pydantic import BaseModel, ValidationError

from engine.runfiles.durable import sync_directory
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import RunDir
from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import LabError, NotFoundError, UsageError
from moetui.core.maintenance.reindex import read_run
from moetui.core.remote.hosts import Host
from moetui.core.remote.parcel import CHUNK, LONGEST_LINE, Beginning, Kept, Label, Manifest, SentFile
from moetui.core.remote.sending import feed, parts
from moetui.core.remote.ssh import ABSENT, BROKEN, absent, connect, remote_words, ssh_command, why
from moetui.core.runs.lab import Lab

ARRIVING = ".pulling-"
"""What the name of a directory begins with into which a run is copied."""

T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Pulled:
    """A run that was copied, and how much of it came over the connection this time."""

    record: RunRecord
    files: int
    size: int
    received: int


def pull(lab: Lab, host: Host, reference: str) -> Pulled:
    """Copy a run that has ended on a host. Raises `LabError`; what has arrived by then serves the next try."""
    connect(host)
    words = remote_words(host, ["send", "--", reference])
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(
            ssh_command(host, words, "-q", "-T"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            return _Transfer(lab, host, process.stdin, process.stdout).run()
        except EOFError as error:
            process.stdout.close()
            code = process.wait()
            told.seek(0)
            raise _failure(host, code, told.read().decode(errors="replace"), str(error)) from None
        except OSError as error:
            raise LabError(f"{error.filename or lab.workspace.runs}: {error.strerror or error}") from None
        finally:
            process.kill()
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.stdout.close()
            process.wait()


def _failure(host: Host, code: int, told: str, so_far: str) -> LabError:
    """Why the stream ended early."""
    if code == BROKEN:
        return LabError(f"{host.name}: the connection broke{so_far}")
    if code == ABSENT:
        return LabError(f"{host.name}: {absent(host)}")
    words = why(host, told).removeprefix("moetui: ") or f"what runs there ended with exit code {code}"
    kind = {2: UsageError, 3: NotFoundError}.get(code, LabError)
    return kind(f"{host.name}: {words}{so_far}")


class _Transfer:
    """One transfer. What comes from the other side is taken for text from outside: names, lengths and digests are checked."""

    def __init__(self, lab: Lab, host: Host, given: IO[bytes], stream: IO[bytes]) -> None:
        self._lab = lab
        self._host = host
        self._given = given
        self._stream = stream
        self._received = 0

    def run(self) -> Pulled:
        """Receive the run. Raises `EOFError` if the stream ends early, `LabError` and `OSError`."""
        label = self._read(Label)
        if label.moetui != 1:
            raise LabError(f"{self._host.name}: a newer moetui sends runs in another way; use that version here")
        folder = self._free(label.id)
        arriving = folder.with_name(f"{ARRIVING}{label.id}")
        with _alone(arriving):
            self._give(Kept(files=dict(_kept(arriving))))
            manifest = self._read(Manifest)
            total = sum(file.size for file in manifest.files)
            for file in manifest.files:
                try:
                    self._receive(arriving, file)
                except EOFError:
                    there = sum(path.stat().st_size for _, path in parts(RunDir(arriving)))
                    so_far = f" after {there / 1e6:.1f} of {total / 1e6:.1f} MB; the same command goes on from there"
                    raise EOFError(so_far) from None
            _complete(arriving, manifest)
            record = self._take_in(arriving, folder, label)
        return Pulled(record, len(manifest.files), total, self._received)

    def _free(self, run_id: str) -> Path:
        """Where the run will be. Raises `LabError` if it is here."""
        if found := [one for one in (*self._lab.records(), *self._lab.records(deleted=True)) if one.id == run_id]:
            where = "in the trash" if found[0].deleted is not None else "here"
            raise LabError(f"{run_id} is {where} already; nothing was copied")
        folder = self._lab.workspace.runs / run_id
        if os.path.lexists(folder) or os.path.lexists(self._lab.workspace.trash / run_id):
            raise LabError(
                f"{folder} is in the way; `moetui doctor --fix` adds it to the catalogue; nothing was copied"
            )
        return folder

    def _receive(self, arriving: Path, file: SentFile) -> None:
        path = arriving / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        digest = hashlib.sha256()
        with os.fdopen(os.open(path, flags, 0o666), "r+b") as target:
            feed(target, digest, file.start)
            target.truncate(file.start)
            target.seek(file.start)
            left = file.size - file.start
            while left:
                chunk = self._stream.read(min(left, CHUNK))
                target.write(chunk)
                digest.update(chunk)
                left -= len(chunk)
                self._received += len(chunk)
                if not chunk:
                    raise EOFError
            target.flush()
            os.fsync(target.fileno())
        if digest.hexdigest() != file.sha256:
            path.unlink()
            raise LabError(
                f"{self._host.name}: {file.name} did not arrive as it is there; the same command tries again"
            )

    def _take_in(self, arriving: Path, folder: Path, label: Label) -> RunRecord:
        """Make what has arrived a run of the workspace."""
        try:
            run = RunDir(arriving)
            found = origin.id if (origin := run.imported()) is not None else run.config().id
        except (DamagedFile, FileNotFoundError) as error:
            raise LabError(f"{self._host.name}: what came is no run: {error}") from None
        if found != label.id:
            raise LabError(f"{self._host.name}: what came is {found}, not {label.id}")
        self._lab.found_catalogue()
        arriving.rename(folder)
        sync_directory(folder.parent)
        record = read_run(self._lab, folder, deleted=False)
        self._lab.catalogue.add([record])
        return record

    def _give(self, value: BaseModel) -> None:
        try:
            self._given.write(value.model_dump_json().encode() + b"\n")
            self._given.flush()
        except BrokenPipeError:
            raise EOFError from None

    def _read(self, kind: type[T]) -> T:
        line = self._stream.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise EOFError
        try:
            return kind.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise LabError(f"{self._host.name}: no answer that makes sense: {first['msg'][:200]}") from None


@contextlib.contextmanager
def _alone(arriving: Path) -> Iterator[None]:
    """Hold the directory against another transfer of the same run. Raises `LabError` if one is at work."""
    arriving.mkdir(parents=True, exist_ok=True)
    held = os.open(arriving, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"{arriving.name.removeprefix(ARRIVING)} is being pulled at this moment") from None
        yield
    finally:
        os.close(held)


def _kept(arriving: Path) -> Iterator[tuple[str, Beginning]]:
    """What a transfer that broke has left."""
    for name, path in parts(RunDir(arriving)):
        if path.is_symlink():
            path.unlink()
            continue
        digest = hashlib.sha256()
        with path.open("rb") as file:
            feed(file, digest, length := path.stat().st_size)
        yield name, Beginning(size=length, sha256=digest.hexdigest())


def _complete(arriving: Path, manifest: Manifest) -> None:
    """Remove what is no part of the run any more, and make its links. The names survive a power loss afterwards."""
    wanted = {file.name for file in manifest.files}
    for name, path in list(parts(RunDir(arriving))):
        if name not in wanted:
            path.unlink()
    for link in manifest.links:
        path = arriving / link.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(link.target)
    for root, _, _ in os.walk(arriving, topdown=False):
        sync_directory(Path(root))
