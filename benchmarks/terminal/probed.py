"""The real application with a clock in its event loop that notes how late it is called.

python -m benchmarks.terminal.probed WORKSPACE REPORT SCREEN
"""

import asyncio
import contextlib
import sys
import time
from functools import partial
from pathlib import Path

import orjson

from moetui.core import collector
from moetui.core.runs.lab import Lab
from moetui.core.workspace import Workspace
from moetui.tui.app import MoetuiApp

EVERY = 0.02
STALL = 0.1


class ProbedApp(MoetuiApp):
    """Writes after each stall, and each second, the longest delay of the event loop so far and the number of stalls."""

    report: Path

    def on_mount(self) -> None:
        """Begin to listen to the loop."""
        super().on_mount()
        self._clock = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.report.unlink()
        await asyncio.sleep(3)  # the start is measured by itself
        delays: list[float] = []
        while True:
            before = time.monotonic()
            await asyncio.sleep(EVERY)
            delays.append(time.monotonic() - before - EVERY)
            if len(delays) % round(1 / EVERY) == 0 or delays[-1] > STALL:
                told = {"longest": max(delays), "stalls": sum(delay > STALL for delay in delays), "looks": len(delays)}
                self.report.write_bytes(orjson.dumps(told))


if __name__ == "__main__":
    collector.rest()  # as the command does it
    app = ProbedApp(
        Lab(Workspace(Path(sys.argv[1]))), start=sys.argv[3], when_read=partial(collector.resume, keep=True)
    )
    app.report = Path(sys.argv[2])
    app.run()
