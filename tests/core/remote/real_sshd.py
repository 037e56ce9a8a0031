"""An sshd of one's own on this machine, on a port and with keys of its own, behind a line that can be slow or break."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin") or ""
REPOSITORY = Path(__file__).parents[3]


def why_not() -> str:
    """Why there can be no sshd here; empty if there can."""
    missing = [name for name in ("ssh", "ssh-keygen") if shutil.which(name) is None] + ([] if SSHD else ["sshd"])
    return f"not installed: {', '.join(missing)} (Debian: openssh-server)" if missing else ""


class Line:
    """A TCP line to a port: each way takes `delay` seconds, and after `breaks_after` bytes from there it breaks."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.delay = 0.0
        self.breaks_after: int | None = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listening.accept()
                there = socket.create_connection(("127.0.0.1", self._target))
                for source, target, back in ((here, there, False), (there, here, True)):
                    threading.Thread(target=self._carry, args=(source, target, back), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, back: bool) -> None:
        carried = 0
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                carried += len(chunk)
                if back and self.breaks_after is not None and carried > self.breaks_after:
                    break
                target.sendall(chunk)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()


class Box:
    """A host named `box` for an ssh that stands first on PATH; moetui there is that of this repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.moetui = folder / "bin" / "moetui"
        self._sshd: subprocess.Popen[bytes] | None = None
        for name in ("server", "user"):
            self._key(name)
        (folder / "authorized_keys").write_bytes((folder / "user.pub").read_bytes())
        self.moetui.parent.mkdir()
        self.moetui.write_text(
            f"#!/bin/sh\nexport PYTHONPATH='{REPOSITORY}' PYTHONDONTWRITEBYTECODE=1 XDG_CONFIG_HOME='{folder}/config'\n"
            f"exec '{sys.executable}' -m moetui \"$@\"\n"
        )
        self.moetui.chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.line = Line(self._port)
        (folder / "sshd_config").write_text(
            f"Port {self._port}\nListenAddress 127.0.0.1\nHostKey {folder}/server\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        )
        (folder / "ssh_config").write_text(
            f"Host box\n HostName 127.0.0.1\n Port {self.line.port}\n User {pwd.getpwuid(os.getuid()).pw_name}\n"
            f" IdentityFile {folder}/user\n IdentitiesOnly yes\n UserKnownHostsFile {folder}/known_hosts\n"
            " StrictHostKeyChecking accept-new\n"
        )
        wrapper = folder / "bin" / "ssh"
        wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
        wrapper.chmod(0o755)

    @property
    def path(self) -> str:
        return f"{self.folder}/bin{os.pathsep}{os.environ['PATH']}"

    def _key(self, name: str) -> None:
        file = self.folder / name
        file.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)

    def up(self) -> None:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # where sshd puts away its rights
        command = [SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "sshd.log").open("ab") as log:
            self._sshd = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            assert time.monotonic() < deadline, (self.folder / "sshd.log").read_text()
            time.sleep(0.05)

    def refusal(self) -> str:
        """Why this user cannot log in at all, as with an account that is locked; empty if that works."""
        done = subprocess.run(["ssh", "box", "true"], capture_output=True, text=True, check=False, timeout=30)
        return done.stderr.strip() if done.returncode else ""

    def change_key(self) -> None:
        """Be another machine with the same address from now on."""
        self.stop()
        self._key("server")
        self.up()

    def hang_up(self) -> None:
        """End the connection that is kept."""
        with contextlib.suppress(OSError):
            subprocess.run(
                ["ssh", "-o", f"ControlPath={os.environ['XDG_RUNTIME_DIR']}/moetui-ssh/%C", "-O", "exit", "box"],
                env={**os.environ, "PATH": self.path}, capture_output=True, check=False,
            )  # fmt: skip

    def stop(self) -> None:
        if self._sshd is not None:
            self._sshd.send_signal(signal.SIGTERM)
            self._sshd.wait()
            self._sshd = None
