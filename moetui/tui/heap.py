"""Keeps the memory of the process to what it uses. glibc's allocator alone, by itself, keeps much of what was given back to it.

Each thread gets a heap of its own, and where long histories were taken apart holes stay. Other C libraries do without.
"""

from typing import Final

M_ARENA_MAX: Final = -8  # malloc.h


def share() -> None:
    """Let the threads that are started from now on take from the heap of the process; they take turns in Python anyway."""
    import ctypes

    if (set_option := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        set_option(M_ARENA_MAX, 1)


def trim() -> None:
    """Give back to the system what is free; takes some milliseconds."""
    import ctypes

    if (give_back := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        give_back(0)
