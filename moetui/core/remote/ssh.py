"""Commands on another machine by the user's own ssh: its configuration, keys and agent, and one connection for all of them.

ssh hands what it is given to the shell of the user there, so every word is quoted for it; no other shell is involved.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from engine.spec.harmless import harmless, one_line
from moetui.core.errors import LabError
from moetui.core.remote.hosts import Host

PATIENCE = 10
"""Seconds for which a machine may be silent before it counts as one that cannot be reached."""

LINGER = 60
"""Seconds for which a connection is kept for the next command."""

LONGEST_FOLDER = 40
"""Characters of a folder for sockets: their paths must be shorter than 104, and ssh adds up to 58."""

BROKEN, ABSENT = 255, 127
"""Exit codes of ssh itself, and of a shell that knows no such command."""


def remote_words(host: Host, words: Sequence[str]) -> list[str]:
    """The words of a command of moetui on a host: how it is called there, its workspace, and what is asked of it."""
    return [host.command, *(("--workspace", host.workspace) if host.workspace else ()), *words]


def ssh_command(host: Host, words: Sequence[str], *options: str) -> list[str]:
    """The words of this machine that run others on a host. Raises `LabError` if there is no ssh here."""
    program = shutil.which("ssh")
    if program is None:
        raise LabError("there is no ssh here, which reaches other hosts (Debian: openssh-client)")
    return [
        program,
        *_options(),
        *options,
        "--",
        host.address,
        " ".join([_program(words[0]), *map(shlex.quote, words[1:])]),
    ]


def connect(host: Host, *, batch: bool = False) -> None:
    """See that the host can be reached, and keep the connection for what follows. Raises `LabError` with the reason in a line.

    A password or passphrase is asked for on the terminal; not if `batch`.
    """
    options = ["-T", *(["-o", "BatchMode=yes"] if batch else [])]
    with tempfile.TemporaryFile() as told:  # not a pipe, which the connection that is kept might hold open
        try:
            code = subprocess.run(
                ssh_command(host, ["true"], *options),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=told,
                check=False,
                timeout=3 * PATIENCE if batch else None,
            ).returncode
        except subprocess.TimeoutExpired:
            raise LabError(f"{host.name}: no answer for {3 * PATIENCE} s") from None
        told.seek(0)
        words = told.read().decode(errors="replace")
    if code != 0:
        raise LabError(f"{host.name}: {why(host, words) or f'ssh ended with exit code {code}'}")


def why(host: Host, told: str) -> str:
    """What ssh tells of a failure, in a line."""
    if "REMOTE HOST IDENTIFICATION HAS CHANGED" in told:
        return (
            "its host key is not the one that ssh knows: somebody may be listening, or it was installed anew; "
            f"if that is so, forget the old one with `ssh-keygen -R {host.address.rpartition('@')[2]}`"
        )
    lines = [line for line in map(one_line, harmless(told).splitlines()) if line]
    return lines[-1].removeprefix("ssh: ")[:300] if lines else ""


def version(host: Host) -> str:
    """The version of moetui on a host, asking nobody for a password. Raises `LabError` if it cannot be told."""
    connect(host, batch=True)
    try:
        done = subprocess.run(
            ssh_command(host, [host.command, "--version"], "-T", "-o", "BatchMode=yes"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=3 * PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise LabError(f"{host.name}: moetui has not answered for {3 * PATIENCE} s") from None
    if done.returncode != 0:
        raise LabError(f"{host.name}: {absent(host) if done.returncode == ABSENT else why(host, done.stderr)}")
    return one_line(harmless(done.stdout))[:80]


def absent(host: Host) -> str:
    """What is to be done about a host without moetui."""
    return (
        f"there is no {host.command} there; install it, or tell where it is: "
        f"moetui hosts add NAME {host.address} --command PATH"
    )


def _program(path: str) -> str:
    """A program as the shell there takes it for one word; a home directory at its beginning is left to that."""
    return f"~/{shlex.quote(path[2:])}" if path.startswith("~/") and len(path) > 2 else shlex.quote(path)


def _options() -> list[str]:
    options = {
        "ConnectTimeout": PATIENCE,
        "ServerAliveInterval": PATIENCE,
        "ServerAliveCountMax": 3,
        "RemoteCommand": "none",
    }
    folder = _sockets()
    if folder is not None:
        options |= {"ControlMaster": "auto", "ControlPersist": LINGER, "ControlPath": folder / "%C"}
    return [word for key, value in options.items() for word in ("-o", f"{key}={value}")]


def _sockets() -> Path | None:
    """A folder of the user alone for the sockets of connections; None where there is none: then each command connects anew."""
    base = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "moetui-ssh"
    if not folder.is_absolute() or len(os.fsencode(folder)) > LONGEST_FOLDER:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return None
    return folder if status.st_uid == os.getuid() and not status.st_mode & 0o077 and not folder.is_symlink() else None
