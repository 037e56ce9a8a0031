"""The trainer's word to its readers: state.json, rewritten at most twice a second."""

import contextlib
import os
import time
from typing import Any

from engine.runfiles.fulldisk import is_full, overwrite
from engine.runfiles.host import boot_id, hostname, machine_id, run_token, uptime
from engine.runfiles.jsonfile import text_of, write_file
from engine.runfiles.rundir import RunDir, State

_LEAST_SECONDS = 0.5


class Reporter:
    """Keeps the state of the run and writes it when it is due."""

    def __init__(self, run: RunDir, *, updates: int, session: int, started: float) -> None:
        self._run = run
        self._written = 0.0
        self.state = State(
            phase="starting",
            updates=updates,
            session=session,
            heartbeat=started,
            started=started,
            uptime=uptime(),
            pid=os.getpid(),
            host=hostname(),
            boot_id=boot_id(),
            machine=machine_id(),
            token=run_token(),
        )

    def set(self, *, now: bool = False, **changes: Any) -> None:
        """Change fields of the state; `now` writes at once, otherwise when the last writing is half a second old."""
        self.state = self.state.model_copy(update=changes)
        self.beat(now=now)

    def beat(self, *, now: bool = False) -> None:
        """Say that the run is alive."""
        clock = time.monotonic()
        if not now and clock - self._written < _LEAST_SECONDS:
            return
        self._written = clock
        self.state = self.state.model_copy(update={"heartbeat": time.time(), "uptime": uptime()})
        # A disk that refuses for a moment must not end a run over a progress report.
        with contextlib.suppress(OSError):
            try:
                write_file(self._run.state_file, self.state)
            except OSError as error:
                if is_full(error):
                    overwrite(self._run.state_file, text_of(self.state))

    def say(self, message: str) -> None:
        """Tell what the run is busy with before it trains."""
        self.set(message=message)
