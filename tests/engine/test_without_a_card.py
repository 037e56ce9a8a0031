"""What a GPU is asked to do, without one: on tensors that have a device and no memory, and by its branches on a processor."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from engine.data.batches import Sequences
from engine.data.token_file import TokenFile
from engine.model import grouped
from engine.model.grouped import Kernel
from engine.model.loss import predict
from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig
from engine.training.update import Updater
from tests.engine.tiny import MODEL

SHAPE = {**MODEL, "d_ff": 32, "residual_dropout": 0.0, "router_noise": 0.0}
CONFIGS: dict[str, dict[str, Any]] = {
    "softmax": {},
    "sigmoid": {"model": {"router": "sigmoid", "balance_rate": 0.01, "shared_experts": 1}},
    "dense": {"model": {"router": "dense", "top_k": 4, "experts": "swiglu", "d_ff": 20}},
    "apart": {"model": {"cross_document_attention": False, "n_kv_heads": 1, "qk_norm": "head"}},
    "chance": {
        "model": {"tied_head": False, "dropout": 0.1, "residual_dropout": 0.1, "router_noise": 0.1, "qk_norm": "full"},
        "optimizer": {"kind": "adamw"},
    },
}
EACH = pytest.mark.parametrize("name", CONFIGS)


def config_of(name: str) -> RunConfig:
    own = CONFIGS[name]
    training = {"batch_size": 3, "accumulation": 2, "device": "cpu"}
    return RunConfig.model_validate({**own, "model": SHAPE | own.get("model", {}), "training": training})


def model_of(config: RunConfig, device: str, compute: torch.dtype) -> Transformer:
    with torch.device(device):
        return Transformer(config.model, compute, end_of_text=0)


class Detour(TorchFunctionMode):
    """Does by operations what torch, built without CUDA, refuses on tensors of a GPU even where they have no memory."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.Tensor.float, torch.Tensor.long):
            return args[0].to(torch.float32 if func is torch.Tensor.float else torch.int64)
        if func is torch.Tensor.copy_:
            return torch.ops.aten.copy_.default(*args)
        if func is torch.Tensor.__setitem__:
            place, key, value = args
            return torch.ops.aten.index_put_.default(place, [key], value)
        if func is not torch.Tensor.__getitem__:
            return func(*args, **(kwargs or {}))
        return _picked(args[0], args[1] if isinstance(args[1], tuple) else (args[1],))


def _picked(tensor: Tensor, keys: tuple[Any, ...]) -> Tensor:
    axis = 0
    for key in keys:
        if isinstance(key, slice):
            start, stop, _ = key.indices(tensor.shape[axis])
            tensor = tensor.narrow(axis, start, stop - start)
        elif isinstance(key, Tensor):
            tensor = torch.ops.aten.index.Tensor(tensor, [*[None] * axis, key])
            axis += key.ndim - 1
        elif isinstance(key, int):
            tensor = tensor.select(axis, key)
            continue
        else:
            assert key is None
            tensor = tensor.unsqueeze(axis)
        axis += 1
    return tensor


@pytest.fixture
def hopper(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTensorMode]:
    """Tensors on a GPU of capability 9.0 without values; an operation that mixes devices or reads a value raises."""
    monkeypatch.setattr(grouped, "capability", lambda _: (9, 0))
    with FakeTensorMode() as mode, Detour():
        yield mode


@EACH
@pytest.mark.usefixtures("hopper")
def test_forward_evaluation_and_optimizer_stay_on_the_gpu(name: str) -> None:
    config = config_of(name)
    model = model_of(config, "cuda:0", torch.bfloat16)
    optimizer = Optimizer(model, config.optimizer, torch.bfloat16)
    tokens_BL = torch.empty(3, 16, dtype=torch.int64, device="cuda:0")
    results: list[Tensor] = []
    with torch.no_grad():
        for training in (True, False):
            model.train(training)
            output = model(tokens_BL)
            found = predict(output.hidden_BLD, model.head, tokens_BL)
            results += [found.loss_sum, found.correct, output.router_loss, *(one.load_E for one in output.routings)]
        for parameter in model.parameters():
            parameter.grad = torch.empty_like(parameter)
        results += [optimizer.step(0.01), *optimizer.state().values()]
        model.balance_experts()
    assert {(one.device.type, one.device.index) for one in results} == {("cuda", 0)}


@pytest.mark.usefixtures("hopper")
def test_a_read_of_a_value_and_a_mix_of_devices_would_be_seen() -> None:
    value = torch.empty(1, device="cuda:0")
    with pytest.raises(DataDependentOutputException):
        value.item()
    with pytest.raises(RuntimeError, match="device"):
        value + torch.empty(1)


class NoWaiting(TorchDispatchMode):
    """Makes an error of every operation that would make the host wait for a GPU."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        waits = {torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default}
        masks = func is torch.ops.aten.index.Tensor and any(i is not None and i.dtype == torch.bool for i in args[1])
        target = (kwargs or {}).get("device")
        copies = func is torch.ops.aten._to_copy.default and target is not None and target != args[0].device
        if func in waits or masks or copies:
            raise AssertionError(f"the host would wait for {func}")
        return func(*args, **(kwargs or {}))


@EACH
def test_a_whole_update_never_makes_the_host_wait(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "is_cuda", property(lambda _: True))
    config = config_of(name)
    model = model_of(config, "meta", torch.bfloat16)
    optimizer = Optimizer(model, config.optimizer, torch.bfloat16)
    tokens_BL = torch.empty(3, 16, dtype=torch.int64, device="meta")
    model.train()
    with NoWaiting():
        for _ in range(2):
            output = model(tokens_BL)
            found = predict(output.hidden_BLD, model.head, tokens_BL)
            (found.loss_sum / found.count + output.router_loss).backward()
            norm = optimizer.step(0.01)
            model.balance_experts()
    assert norm.device.type == "meta"
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize(
    "wait",
    [
        lambda x: x.item(),
        lambda x: bool(x),
        lambda x: x.expand(2)[x.expand(2) > 0],
        lambda x: x.nonzero(),
        lambda x: x.to("meta"),
    ],
)
def test_each_way_to_wait_would_be_seen(wait: Any) -> None:
    with pytest.raises(AssertionError, match="wait"), NoWaiting():
        wait(torch.ones(1))


def trained(config: RunConfig, path: Path) -> dict[str, Tensor]:
    """Losses, norms and weights after two updates in float32."""
    rows = np.random.default_rng(3).integers(0, config.model.vocab_size, (40, 16))
    file = path / "tokens.bin"
    rows.astype("<u2").tofile(file)
    torch.manual_seed(1)
    model = Transformer(config.model, end_of_text=0)
    model.initialize()
    sequences = Sequences(TokenFile(file, "<u2"), 16, torch.device("cpu"))
    updater = Updater(config, model, Optimizer(model, config.optimizer), sequences)
    scores = [updater.run(update, 0.01) for update in (1, 2)]
    found = {f"{update} {key}": getattr(one, key) for update, one in enumerate(scores) for key in ("loss", "grad_norm")}
    return found | model.state_dict()


@EACH
@pytest.mark.parametrize("kernel", ["grouped", "grouped, empty groups cleared", "padded"])
def test_the_branches_of_a_gpu_train_as_those_of_a_processor(
    name: str, kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(name)
    config = config.model_copy(
        update={"optimizer": config.optimizer.model_copy(update={"newton_schulz_dtype": "float32"})}
    )
    plain = trained(config, tmp_path)
    monkeypatch.setattr(grouped, "kernel_for", lambda *_: kernel)
    monkeypatch.setattr(torch.Tensor, "is_cuda", property(lambda _: True))
    branched = trained(config, tmp_path)
    assert branched.keys() == plain.keys()
    for key, value in plain.items():
        torch.testing.assert_close(branched[key], value, rtol=2e-5, atol=5e-6, msg=key)
