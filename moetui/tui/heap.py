"""Keeps the memory of the process to what it uses. glibc's allocator alone, by itself, keeps much of what was given back to it.

Each thread gets a heap of its own, and where long histories were taken apart holes stay. Other C libraries do without.
"""

import ctypes
from typing import Final

M_ARENA_MAX: Final = -8  # malloc.h


def share() -> None:
    """Let all threads take from one heap; they take turns in Python anyway. Call it before there are any."""
    if (set_option := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        set_option(M_ARENA_MAX, 1)


def trim() -> None:
    """Give back to the system what is free; takes some milliseconds."""
    if (give_back := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        give_back(0)
