"""The places from which a dispatcher is started, for tests that want none."""

import pytest

from moetui.core.cluster import backend
from moetui.core.queue import queueing
from moetui.core.runs import lab

STARTERS = (backend, queueing, lab)


def start_no_dispatcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued waits for a dispatcher that never comes."""
    for module in STARTERS:
        monkeypatch.setattr(module, "start_dispatcher", lambda workspace: None)
