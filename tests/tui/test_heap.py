"""The process gives back the memory that it does not use, where its C library can."""

import ctypes
import math
import platform
import subprocess
import sys

import pytest

from moetui.core.runs.lab import Lab
from moetui.tui import curve_reader, heap
from moetui.tui.curve_reader import CurveReader
from tests.tui.lab_on_disk import end_run, write_run

FREED = """
from pathlib import Path
from moetui.tui import curve_reader, heap

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

kept = [bytearray(60_000) for _ in range(2000)]  # too small to be mapped by itself
last = bytearray(60_000)
before = resident()
del kept
freed = resident()
heap.trim()
print((before - resident()) > (before - freed) + 10_000)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_is_free_below_what_is_used_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True\n"


def test_a_library_that_cannot_is_left_in_peace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    heap.share()
    heap.trim()


def test_memory_is_given_back_once_when_a_long_history_has_been_read(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    trims: list[bool] = []
    monkeypatch.setattr(heap, "trim", lambda: trims.append(True))
    files = {"a": lab.run_dir(end_run(lab, write_run(lab, "a"))).metrics_file}
    reader = CurveReader()
    reader.read(files)
    assert trims == []
    monkeypatch.setattr(curve_reader, "MUCH_SECONDS", -1.0)
    reader.read(files)
    assert trims == []
    monkeypatch.setattr(curve_reader, "MUCH_SECONDS", math.inf)
    for _ in range(3):
        reader.read(files)
    assert trims == [True]
