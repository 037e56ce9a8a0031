"""Which device and precision a run gets, on machines that are made up."""

import os
import re
from collections.abc import Iterator

import pytest
import torch

from engine.errors import InputError
from engine.model.loss import predict
from engine.optim.optimizer import Optimizer
from engine.spec.config import TrainingConfig, resolve
from engine.training.device import open_device
from engine.training.probe import refusal
from tests.engine.model.small import OPTIONS, small_batch, small_config, small_model


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine with a GPU that multiplies bfloat16."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("engine.training.device.refusal", lambda: "")
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


@pytest.fixture
def _as_before() -> Iterator[None]:
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    yield
    torch.set_deterministic_debug_mode("default")
    torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_as_before")
def test_only_a_deterministic_run_on_a_gpu_asks_for_kernels_of_a_fixed_order(card: pytest.MonkeyPatch) -> None:
    card.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    open_device(TrainingConfig())
    open_device(TrainingConfig(device="cpu", deterministic=True))
    assert not torch.are_deterministic_algorithms_enabled()
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    card.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")  # what the user has set stays
    open_device(TrainingConfig(deterministic=True))
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"
    card.delenv("CUBLAS_WORKSPACE_CONFIG")
    open_device(TrainingConfig(deterministic=True))
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert torch.get_deterministic_debug_mode() == 2
    assert not torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_as_before")
@pytest.mark.parametrize("option", OPTIONS)
def test_no_operation_of_an_update_lacks_a_kernel_of_a_fixed_order(option: str) -> None:
    torch.set_deterministic_debug_mode("error")
    config = small_config(option).model_copy(update={"dropout": 0.1, "residual_dropout": 0.1, "router_noise": 0.1})
    model, tokens_BL = small_model(config), small_batch(config)
    prediction = predict((output := model(tokens_BL)).hidden_BLD, model.head, tokens_BL)
    (prediction.loss_sum / prediction.count + output.router_loss).backward()
    Optimizer(model, resolve({}).optimizer).step(0.01)
    model.balance_experts()


OLD_DRIVER = "The NVIDIA driver on your system is too old (found version 11040)"


@pytest.mark.parametrize("settings", [{}, {"device": "cuda"}])
def test_a_gpu_that_was_given_and_cannot_be_used_is_an_error_with_the_drivers_words(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError(f"{OLD_DRIVER}.\nPlease update your GPU driver.")

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-5f4c2a")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", fail)
    with pytest.raises(InputError, match=re.escape(f"torch cannot use one: {OLD_DRIVER}; ")) as caught:
        open_device(TrainingConfig.model_validate(settings))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("words", ["no kernel image is available for execution on the device", "device-side trouble"])
def test_a_card_that_torch_starts_on_but_cannot_compute_on_is_an_error(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise torch.AcceleratorError(f"CUDA error: {words}\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setattr(torch, "zeros", fail)
    with pytest.raises(InputError, match=f"CUDA error: {words}; "):
        open_device(TrainingConfig())


@pytest.mark.parametrize("named", ["", "-1", "NoDevFiles"])
def test_without_a_gpu_auto_is_the_cpu(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert open_device(TrainingConfig()).torch.type == "cpu"


def test_a_full_gpu_is_one_that_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setattr(torch, "zeros", full)
    assert refusal() == ""
