"""Dispatchers that a test lets work step by step, and cards for them."""

import sys
from collections.abc import Callable

import pytest

from moetui.core.machine.devices import CPU, Device
from moetui.core.queue import dispatch, enqueue, queueing, resuming
from moetui.core.runs import lab as lab_module
from tests.core.fake_nvml import Card, FakeNvml


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No dispatcher works but that of the test, and there is one device."""
    for module in (enqueue, resuming, queueing, lab_module):
        monkeypatch.setattr(module, "start_dispatcher", lambda workspace: None)
    monkeypatch.setattr(dispatch, "devices", lambda: [Device(CPU, "CPU")])


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeNvml]:
    """Put cards into this machine."""

    def install(*cards: Card, driver: bool = True) -> FakeNvml:
        fake = FakeNvml(*cards, driver=driver)
        monkeypatch.setitem(sys.modules, "pynvml", fake)
        return fake

    return install
