"""Which device and precision a run gets, on machines that are made up."""

import pytest
import torch

from engine.config import TrainingConfig
from engine.device import open_device


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine with a GPU that multiplies bfloat16."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _index: "A card")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _index: (8, 0))
    return monkeypatch


@pytest.mark.parametrize("capability", [(8, 0), (8, 9), (9, 0), (10, 3), (12, 0)])
def test_auto_is_bfloat16_on_cards_that_have_it(card: pytest.MonkeyPatch, capability: tuple[int, int]) -> None:
    card.setattr(torch.cuda, "get_device_capability", lambda _index: capability)
    device = open_device(TrainingConfig())
    assert (device.compute, device.note) == (torch.bfloat16, "")


@pytest.mark.parametrize("capability", [(6, 1), (7, 0), (7, 5)])
def test_auto_is_float32_on_cards_without_it_and_says_so(card: pytest.MonkeyPatch, capability: tuple[int, int]) -> None:
    card.setattr(torch.cuda, "get_device_capability", lambda _index: capability)
    device = open_device(TrainingConfig())
    assert device.compute == torch.float32
    assert "no bfloat16" in device.note
    assert "float16 is not offered" in device.note
    # Asked for by name, torch emulates it.
    assert open_device(TrainingConfig(dtype="bfloat16")).compute == torch.bfloat16
    assert open_device(TrainingConfig(dtype="float32")).note == ""
