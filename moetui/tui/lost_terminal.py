"""Ends the interface when its terminal is gone.

Textual writes from a thread of its own. That thread dies with the terminal, without a word to the application, which goes on until
the queue between the two is full and then waits for room in it for ever: a process nobody sees, on a machine people pay for.
"""

import os
import signal
import threading

_WRITER = "textual-output"


def end_with_terminal() -> None:
    """From now on, end the process if the thread that writes to the terminal cannot; there is nothing left to restore."""
    usual = threading.excepthook

    def on_exception(fault: threading.ExceptHookArgs) -> None:
        if fault.thread is not None and fault.thread.name == _WRITER and isinstance(fault.exc_value, OSError):
            leave()
        usual(fault)

    threading.excepthook = on_exception


def leave() -> None:
    """End the process as one whose terminal hung up."""
    os._exit(128 + signal.SIGHUP)
