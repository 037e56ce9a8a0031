"""Asking a run to stop: by SIGTERM or SIGINT, or by `stop` in the run's request.json."""

import contextlib
import signal
import time
from collections.abc import Callable
from types import FrameType

from engine.runfiles.host import run_token
from engine.runfiles.jsonfile import DamagedFile
from engine.runfiles.rundir import Request, RunDir

_LOOK_EVERY = 0.5  # seconds between two looks at request.json


class StopRequested(BaseException):
    """The run was asked to stop while it was starting. Not an `Exception`, so that no library takes it for an error of its own."""


class TakenOver(BaseException):
    """The run was taken from this process, which was thought dead, or another was launched for it. It must write nothing more."""


class StopSwitch:
    """Knows whether the run was asked to stop.

    Until `defer` is called a signal raises `StopRequested` where it hits, since a run that is starting has nothing to lose;
    after that the training loop asks `requested()` between updates.
    """

    def __init__(self, run: RunDir, started: float) -> None:
        self._run = run
        self._started = started
        self._token = run_token()
        self._asked = False
        self._deferred = False
        self._looked = 0.0

    def install(self, already_asked: Callable[[], bool]) -> None:
        """Take over the signals from whoever has kept watch until now.

        A hang-up is ignored: the run outlives the terminal that it was started from.
        """
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._asked = already_asked()

    def defer(self) -> None:
        """From now on a signal is only remembered."""
        self._deferred = True

    def requested(self) -> bool:
        """Whether to stop; looks at request.json at most twice a second. Raises `TakenOver` if the run is no longer ours."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_EVERY:
            self._looked = now
            self.check_ownership()
            self._asked = self._asked or self._request() is not None
        return self._asked

    def reason(self) -> str:
        """Why the run was asked to stop; empty if that was not said."""
        request = self._request()
        return request.reason if request is not None else ""

    def _request(self) -> Request | None:
        with contextlib.suppress(OSError, DamagedFile):
            request = self._run.request()
            if request is not None and request.stop and self._meant_for_us(request):
                return request
        return None

    def _meant_for_us(self, request: Request) -> bool:
        """Whether a request was said to this process and not to the one before it."""
        if request.token and self._token:
            return request.token == self._token
        return request.asked >= self._started

    def check_ownership(self) -> None:
        """Raise `TakenOver` if the run is no longer ours, as when a machine was cut off and its run goes on elsewhere."""
        with contextlib.suppress(OSError, DamagedFile):
            launch = self._run.launch()
            if launch is not None and self._token and (launch.taken_over or launch.token != self._token):
                raise TakenOver(launch.taken_over or f"another process was launched for this run on {launch.host}")

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._deferred:
            raise StopRequested
