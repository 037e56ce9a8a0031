"""A trainer without training: it keeps the contract of the run directory and behaves as FAKE_ENGINE says.

FAKE_ENGINE: `finish` (default), `hold` (train until told to stop), `deaf` (hold and ignore SIGTERM), `crash` (raise before any
result), `die` (kill itself), `child` (hold with a child process that shares the locks), `respond` (a validation loss at every
update that is lowest at a learning rate of 0.05), `seeds` (the same, and each seed has a little noise of its own), `noisy` (as
`respond`, and each run has a little noise of its own), `linger` (as
`respond`, but where a search or a study may prune the run, wait at a learning rate of 1 or more before the last update to be told
to stop), `memory` (out of memory, unless no more than four sequences are computed at once). A learning rate of 1e6 diverges.
"""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from engine.runfiles.host import boot_id, hostname
from engine.runfiles.jsonfile import write_file
from engine.runfiles.locks import hold_run_lock, share_procs_lock
from engine.runfiles.metrics import MetricsWriter
from engine.runfiles.rundir import Finding, Phase, Result, RunDir, Scores, State


def main() -> int:
    """Pretend to train the run of the first argument."""
    behaviour = os.environ.get("FAKE_ENGINE", "finish")
    run = RunDir(Path(sys.argv[1]))
    entry = run.config()
    config = entry.config
    updates = config.training.updates
    asked: list[int] = []
    signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour == "deaf" else lambda number, frame: asked.append(number))
    hold_run_lock(run.run_lock)
    share = share_procs_lock(run.procs_lock)
    run.result_file.unlink(missing_ok=True)
    started = time.time()

    def speak(phase: Phase, update: int) -> None:
        state = State(
            phase=phase,
            update=update,
            updates=updates,
            tokens_per_second=1000.0,
            eta_seconds=1.0,
            heartbeat=time.time(),
            started=started,
            pid=os.getpid(),
            host=hostname(),
            boot_id=boot_id(),
            device="cpu",
            data_fingerprint="fake",
            validation_tokens=960,
        )
        write_file(run.state_file, state)

    speak("starting", 0)
    begin(behaviour, share)
    diverges = config.optimizer.lr >= 1e6
    if not fits(run, behaviour):
        result = Result(status="out-of-memory", update=1, updates=updates, started=started, ended=time.time())
        write_file(run.result_file, result, durable=True)
        return 1
    update = 0
    with MetricsWriter(run.metrics_file) as metrics:
        while update < updates or behaviour in {"hold", "deaf", "child"}:
            update = min(update + 1, updates)
            loss = float("nan") if diverges else 8.0 / update**0.1
            record = {"update": update, "tokens": update * 10, "seconds": update * 0.1, "session": 1}
            if behaviour in {"respond", "seeds", "noisy", "linger"} and not diverges:
                lr, seed = config.optimizer.lr, config.seed
                noise = {"seeds": 0.01 * seed**0.5, "noisy": 0.002 * math.sin(100 * seed + 1000 * lr)}.get(
                    behaviour, 0.0
                )
                loss = 5.0 + math.log10(lr / 0.05) ** 2 + 1.0 / update + noise
                record["val_loss"] = loss
            metrics.write({**record, "train_loss": loss})
            speak("running", update)
            may_be_pruned = entry.prunable or "search" in entry.provenance
            if behaviour == "linger" and may_be_pruned and config.optimizer.lr >= 1 and update == updates - 1:
                await_signal(asked)
            if behaviour == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if asked or diverges:
                break
            if behaviour in {"hold", "deaf", "child"}:
                time.sleep(0.01)
        metrics.write(
            {
                "update": update,
                "tokens": update * 10,
                "seconds": 1.0,
                "session": 1,
                "val_loss": loss,
                "val_accuracy": 0.1,
            }
        )
    scores = Scores(update=update, val_loss=loss, val_accuracy=0.1, val_perplexity=2.718**loss)
    request = run.request()
    finding = Finding(kind="divergence", update=update, severity="error", evidence="the loss is nan", advice="lower it")
    result = Result(
        status="diverged" if diverges else "stopped" if asked else "finished",
        reason=request.reason if asked and request is not None else "",
        update=update,
        updates=updates,
        tokens=update * 10,
        seconds=1.0,
        started=started,
        ended=time.time(),
        data_fingerprint="fake",
        final=scores,
        best=None if diverges else scores,
        findings=(finding,) if diverges else (),
    )
    write_file(run.result_file, result, durable=True)
    return 4 if diverges else 0


def begin(behaviour: str, share: int) -> None:
    """What some do before they train."""
    if behaviour == "crash":
        raise RuntimeError("the fake engine was told to crash")
    if behaviour == "child":
        subprocess.Popen(["sleep", "1000"], pass_fds=(share,))


def fits(run: RunDir, behaviour: str) -> bool:
    """Whether the memory takes the sequences that are computed at once."""
    launch = run.launch()
    return behaviour != "memory" or (launch is not None and launch.at_once is not None and launch.at_once <= 4)


def await_signal(asked: list[int]) -> None:
    """Wait until told to stop, but not for ever: a test that never tells must fail and not hang."""
    deadline = time.monotonic() + 30
    while not asked and time.monotonic() < deadline:
        time.sleep(0.01)


if __name__ == "__main__":
    sys.exit(main())
