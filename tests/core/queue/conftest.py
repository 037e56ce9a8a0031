"""Dispatchers that a test lets work step by step, and cards for them."""

import sys
from collections.abc import Callable

import pytest

from moetui.core.machine.devices import CPU, Device
from moetui.core.queue import dispatch
from tests.core.fake_nvml import Card, FakeNvml
from tests.starters import start_no_dispatcher


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No dispatcher works but that of the test, and there is one device."""
    start_no_dispatcher(monkeypatch)
    monkeypatch.setattr(dispatch, "devices", lambda: [Device(CPU, "CPU")])


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeNvml]:
    """Put cards into this machine."""

    def install(*cards: Card, driver: bool = True) -> FakeNvml:
        fake = FakeNvml(*cards, driver=driver)
        monkeypatch.setitem(sys.modules, "pynvml", fake)
        return fake

    return install
