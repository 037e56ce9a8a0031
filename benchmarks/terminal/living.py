"""A process that stands in for trainers: it holds the locks of runs, appends measurements and speaks in their state files.

    python -m benchmarks.terminal.living WORKSPACE SECONDS UPDATES RUN_ID…

Each so many seconds, and whenever it gets a line, every run goes on by so many updates. It ends with its standard input.
"""

import os
import select
import sys
import time
from pathlib import Path

from benchmarks.terminal.laboratory import lines
from engine.runfiles.host import boot_id, hostname
from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import hold_run_lock, share_procs_lock
from engine.runfiles.metrics import MetricsReader
from engine.runfiles.rundir import RunDir, State


class Living:
    """One run that looks alive while this process lives."""

    def __init__(self, run: RunDir, seed: int) -> None:
        self._run, self._seed = run, seed
        self._config = run.config().config
        self._locks = hold_run_lock(run.run_lock), share_procs_lock(run.procs_lock)
        self._update: int = max(record["update"] for record in MetricsReader(run.metrics_file).read())
        self._file = run.metrics_file.open("ab", buffering=0)

    def go_on(self, updates: int) -> None:
        """Train so many updates."""
        first, self._update = self._update + 1, self._update + updates
        self._file.write(b"".join(lines(self._config, self._seed, first, self._update)))
        state = State(
            phase="running",
            update=self._update,
            updates=self._config.training.updates,
            tokens_per_second=50_000.0 + self._update % 1000,
            eta_seconds=0.3 * (self._config.training.updates - self._update),
            heartbeat=time.time(),
            started=time.time() - self._update * 0.3,
            pid=os.getpid(),
            host=hostname(),
            boot_id=boot_id(),
            device="cpu",
        )
        write_file(self._run.state_file, state)


def main() -> None:
    """Keep the runs alive until standard input is closed."""
    runs, seconds, updates = Path(sys.argv[1]) / "runs", float(sys.argv[2]), int(sys.argv[3])
    living = [Living(RunDir(runs / run_id), seed) for seed, run_id in enumerate(sys.argv[4:])]
    while True:
        for one in living:
            one.go_on(updates)
        print("alive", flush=True)
        if select.select([sys.stdin], [], [], seconds)[0] and not sys.stdin.readline():
            return


if __name__ == "__main__":
    main()
