"""Dispatchers that a test lets work step by step."""

import pytest

from moetui.core.machine.devices import CPU, Device
from moetui.core.queue import dispatch, enqueue, queueing, resuming
from moetui.core.runs import lab as lab_module


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No dispatcher works but that of the test, and there is one device."""
    for module in (enqueue, resuming, queueing, lab_module):
        monkeypatch.setattr(module, "start_dispatcher", lambda workspace: None)
    monkeypatch.setattr(dispatch, "devices", lambda: [Device(CPU, "CPU")])
