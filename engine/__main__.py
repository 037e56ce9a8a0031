"""`python -m engine RUN_DIR` trains the run that config.json in RUN_DIR describes.

On several devices, as config.json says, it starts a process like itself for each and looks after them. Started by torchrun, it is
one of those.

Exit codes: 0 finished or stopped, 1 failed, out of memory or already being trained, 2 bad RUN_DIR, 4 diverged.
"""

import signal
import sys
from pathlib import Path

_early: list[int] = []


def main(arguments: list[str]) -> int:
    """Train one run; returns the exit code."""
    # A stop that comes while the imports below run must not be lost.
    signal.signal(signal.SIGTERM, lambda number, _: _early.append(number))
    signal.signal(signal.SIGINT, lambda number, _: _early.append(number))
    # A supervisor starts its ranks with these held back.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    from engine.runfiles.fulldisk import log_that_may_be_full
    from engine.spec.harmless import harmless, harmless_output
    from engine.training.roles import take_part
    from engine.training.worker import Refused

    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m engine RUN_DIR", file=sys.stderr)
        return 2
    try:
        with log_that_may_be_full(sys.stdout, sys.stderr), harmless_output():
            return take_part(Path(arguments[0]), lambda: bool(_early))
    except Refused as error:
        print(harmless(str(error)), file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
