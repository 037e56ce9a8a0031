"""A disk so slow that no look of a screen comes to the end of a history."""

from itertools import count
from types import SimpleNamespace

import pytest

from moetui.core.runs import curves


def read_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second pass with each piece that is read of a run's measurements."""
    seconds = count()
    monkeypatch.setattr(curves, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
