"""Reads the log of a run, which grows while it is read and may hold anything."""

from pathlib import Path

from engine.harmless import without_sequences


def read_log(path: Path, offset: int = 0) -> tuple[str, int]:
    """Text from a byte offset on, and the offset to go on from. Escape sequences are taken out; a missing log is empty."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            raw = file.read()
    except FileNotFoundError:
        return "", offset
    return without_sequences(raw.decode("utf-8", "replace")), offset + len(raw)


def tail(path: Path, lines: int, *, window: int = 65536) -> list[str]:
    """The last lines of a log, read from its last `window` bytes only."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return []
    text, _ = read_log(path, max(size - window, 0))
    return text.splitlines()[-lines:] if lines else []
