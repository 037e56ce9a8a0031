"""How far the first updates move what the parts of a model put out (Yang et al., 2022, appendix D.1).

What is measured is the root mean square of the change since update 0 on one batch of held-out text, which stays the same: the
values themselves hold mostly the initial weights, and hide rates that are wrong.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.batches import Sequences
from engine.model.transformer import Block, Transformer
from engine.optim.optimizer import Optimizer
from engine.spec.config import RunConfig
from engine.spec.roles import role_of
from engine.training.update import Updater

PROBE = 8  # held-out sequences that are looked at

Outputs = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Coordinates:
    """`changes[part][i]` is the root mean square of the change after `at[i]` updates.

    `decay[part]` is the share of a weight that one update takes away.
    """

    width: int
    seed: int
    at: tuple[int, ...]
    changes: dict[str, list[float]]
    decay: dict[str, float]


def measure(
    config: RunConfig, training: Sequences, validation: Sequences, end_of_text: int | None, at: Sequence[int]
) -> Coordinates:
    """Train a new model for the largest number of updates in `at`, at the peak rate of the configuration."""
    tokens_BL = validation.batch(np.arange(min(PROBE, len(validation))))
    model, optimizer = _build(config, end_of_text)
    decay = _decay(config, end_of_text)
    updater = Updater(config, model, optimizer, training)
    start = _outputs(model, tokens_BL)
    changes: dict[str, list[float]] = {part: [] for part in start}
    for update in range(1, max(at) + 1):
        updater.run(update, config.optimizer.lr)
        if update in at:
            for part, now in _outputs(model, tokens_BL).items():
                changes[part].append(_rms(now - start[part]))
    return Coordinates(config.model.d_model, config.seed, tuple(sorted(set(at))), changes, decay)


def _build(config: RunConfig, end_of_text: int | None) -> tuple[Transformer, Optimizer]:
    torch.manual_seed(config.seed)
    model = Transformer(config.model, torch.float32, end_of_text)
    model.initialize()
    return model, Optimizer(model, config.optimizer, rules=model.rules)


def _decay(config: RunConfig, end_of_text: int | None) -> dict[str, float]:
    """The share of the embedding and of the routers that one update without a gradient takes away; nothing where none decays."""
    model, optimizer = _build(config, end_of_text)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step(config.optimizer.lr)
    found: dict[str, float] = {}
    for name, parameter in model.named_parameters():
        if (role := role_of(name, parameter)) in ("embedding", "router"):
            old, new = before[name].double(), parameter.detach().double()
            found[role] = 1.0 - float((old * new).sum() / old.square().sum())
    return {role: share for role, share in found.items() if share > 0}


@torch.no_grad()
def _outputs(model: Transformer, tokens_BL: Tensor) -> Outputs:
    """What the parts of the last block, the embedding and the head put out, without dropout and noise."""
    found: Outputs = {}

    def keep(part: str) -> Callable[[nn.Module, tuple[Tensor, ...], object], None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
            whole = output[0] if isinstance(output, tuple) else output
            assert isinstance(whole, Tensor)
            found[part] = whole.clone()

        return hook

    def keep_router(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        weight = module.weight
        assert isinstance(weight, Tensor)
        found["router"] = inputs[0] @ weight

    def keep_embedding(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found["embedding"] = inputs[0].clone()

    model.eval()
    last = model.blocks[-1]
    assert isinstance(last, Block)
    hooks = [
        model.blocks[0].register_forward_pre_hook(keep_embedding),
        last.attention.register_forward_hook(keep("attention")),
        last.moe.router.register_forward_pre_hook(keep_router),
        last.moe.register_forward_hook(keep("experts")),
        last.register_forward_hook(keep("residual")),
    ]
    try:
        logits_BLV = model(tokens_BL).hidden_BLD.float() @ model.head.T
    finally:
        for hook in hooks:
            hook.remove()
        model.train()
    # A softmax sees differences of logits only.
    found["logits"] = logits_BLV - logits_BLV.mean(dim=-1, keepdim=True)
    return found


def _rms(change: Tensor) -> float:
    return math.sqrt(float(change.double().square().mean()))
