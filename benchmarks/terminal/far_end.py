"""An application at the far end of a pty, and what can be known of it from here: bytes, moments, CPU seconds, memory."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")
ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\x1b[()][A-Z0-9]")


class FarEnd:
    """Runs a Python module in a terminal of its own. A thread reads all the time, so that the application never waits for us."""

    def __init__(
        self, module: Sequence[str], size: tuple[int, int], variables: Mapping[str, str] | None = None
    ) -> None:
        near, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        settings = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1"}
        environment = {**os.environ, **settings, **(variables or {})}
        for variable in ("SSH_CONNECTION", "PYTHONDONTWRITEBYTECODE"):
            environment.pop(variable, None)
        self.began = time.monotonic()
        self._child = subprocess.Popen(
            [sys.executable, "-m", *module], stdin=far, stdout=far, stderr=far, env=environment, start_new_session=True
        )
        os.close(far)
        self._near = near
        self._pieces: list[tuple[float, bytes]] = []
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._near, 1 << 16)
            except OSError:  # Linux says so when the last writer is gone
                return
            with self._arrived:
                self._pieces.append((time.monotonic(), piece))
                self._arrived.notify_all()

    @property
    def count(self) -> int:
        """Bytes that have arrived so far."""
        return sum(len(piece) for _, piece in self._pieces)

    @property
    def pieces(self) -> list[tuple[float, bytes]]:
        """What has come so far, piece by piece, with the moments of the monotonic clock."""
        return list(self._pieces)

    @property
    def cpu(self) -> float:
        """CPU seconds that the application has taken so far, over all its threads."""
        fields = Path(f"/proc/{self._child.pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> tuple[float, float]:
        """Proportional and resident set size in MB (1e6 bytes)."""
        text = Path(f"/proc/{self._child.pid}/smaps_rollup").read_text(encoding="ascii")
        found = {key: int(kilobytes) for key, kilobytes in re.findall(r"(\w+): +(\d+) kB", text)}
        return found["Pss"] * 1024 / 1e6, found["Rss"] * 1024 / 1e6

    def seconds_until(self, text: str, *, after: int = 0, within: float = 120.0) -> float:
        """Seconds from the start of the process to the arrival of a text, whatever escape sequences lie between its letters.

        `after`: so many pieces are not looked at.
        """
        wanted = text.encode()
        with self._arrived:
            while True:
                data = b""
                for moment, piece in self._pieces[after:]:
                    data += piece
                    if wanted in ESCAPES.sub(b"", data):
                        return moment - self.began
                if not self._arrived.wait(within):
                    raise RuntimeError(f"{text!r} never came; the application sent {data[-2000:]!r}")

    def press(self, key: bytes, *, within: float = 10.0) -> float:
        """Press a key; seconds until the screen changed, NaN if it did not."""
        with self._arrived:
            before = len(self._pieces)
            pressed = time.monotonic()
            os.write(self._near, key)
            self._arrived.wait_for(lambda: len(self._pieces) > before, within)
            return self._pieces[before][0] - pressed if len(self._pieces) > before else float("nan")

    def wait_for_more_than(self, count: int, *, within: float = 120.0) -> None:
        """Wait until more than so many bytes have come."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: self.count > count, within):
                raise RuntimeError("the application sends nothing")

    def settle(self, quiet: float = 1.0, *, within: float = 120.0) -> None:
        """Wait until nothing has come for so many seconds."""
        deadline = time.monotonic() + within
        with self._arrived:
            while self._arrived.wait(quiet):
                if time.monotonic() > deadline:
                    raise RuntimeError("the application never stops sending")

    def wait(self) -> None:
        """Wait for an application that was asked to leave."""
        self._child.wait(60)

    def close(self) -> None:
        """End the application as a lost terminal would, and wait for its end."""
        self._child.send_signal(signal.SIGHUP)
        try:
            self._child.wait(20)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        os.close(self._near)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
