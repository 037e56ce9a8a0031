"""How the programs of the engine that answer on stdout (export, generate, coordcheck) end: in one line and with an exit code."""

import sys
from collections.abc import Callable

from engine.errors import InputError
from engine.spec.harmless import harmless, harmless_output


def run(work: Callable[[], int]) -> int:
    """Do the work. Exit codes besides its own: 1 if it fails, 2 for bad input, 130 if it is interrupted."""
    try:
        with harmless_output():
            return work()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our pipe is gone; nobody is left to tell
        return 1
    except (InputError, OSError) as error:
        print(harmless(str(error)), file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
