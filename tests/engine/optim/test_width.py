"""The spectral parametrization against torch's optimizers, against the norms that it promises, and at its base width."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.model.transformer import Transformer
from engine.optim.optimizer import Optimizer
from engine.runfiles.metrics import MetricsReader
from engine.spec.config import ConfigError, RunConfig, resolve
from engine.spec.roles import Role, role_of
from engine.spec.width import STANDARD, WidthRules, width_rules
from tests.engine.tiny import make_run, tiny_config, train, write_corpus

BASE = 32
LR = 0.1


def configured(width: int, base: int | None = BASE, **optimizer: Any) -> RunConfig:
    shape = {
        "vocab_size": 256,
        "d_model": width,
        "n_layers": 1,
        "n_heads": width // 16,
        "d_ff": 2 * width,
        "n_experts": 4,
    }
    spectral = {} if base is None else {"parametrization": "spectral", "base_width": base}
    return resolve({"model": shape | spectral | {"tied_head": False}, "optimizer": {"lr": LR} | optimizer})


def built(config: RunConfig) -> tuple[Transformer, Optimizer]:
    torch.manual_seed(0)
    model = Transformer(config.model, end_of_text=0)
    model.initialize()
    return model, Optimizer(model, config.optimizer, rules=model.rules)


def give_gradients(model: Transformer) -> None:
    draw = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=draw)


def by_role(model: Transformer) -> dict[Role, list[Tensor]]:
    found: dict[Role, list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        found.setdefault(role_of(name, parameter), []).append(parameter)
    return found


def size(role: Role, weights: Tensor) -> float:
    """What the rule keeps: of a table the scaled rows' root mean square, of a matrix its norm over √(out / in)."""
    d_in, d_out = weights.shape[-2:]
    if role in ("embedding", "head"):
        return float(weights.square().mean().sqrt()) * math.sqrt(d_out)
    return float(torch.linalg.matrix_norm(weights, 2).mean()) / math.sqrt(d_out / d_in)


@pytest.mark.parametrize("kind", ["muon", "adamw"])
def test_initial_weights_and_updates_have_the_promised_norm_at_every_width(kind: str) -> None:
    kept: dict[Role, list[tuple[float, float]]] = {}
    for width in (32, 128, 512):
        scale: dict[str, Any] = {"muon_scale": "spectral"} if kind == "muon" else {}
        model, optimizer = built(
            configured(width, kind=kind, decay_matrices=0.0, decay_embedding=0.0, grad_clip=0.0, **scale)
        )
        before = {role: [p.detach().clone() for p in members] for role, members in by_role(model).items()}
        for parameter in model.parameters():  # of rank one, as is the gradient of a single token
            signs = parameter.detach().sign()
            parameter.grad = signs if parameter.ndim == 1 else signs[..., :1] * signs[..., :1, :]
        optimizer.step(LR)
        for role, members in by_role(model).items():
            if role != "gain":
                moved = (members[0] - before[role][0]).detach()
                kept.setdefault(role, []).append((size(role, before[role][0]), size(role, moved)))
    for role, sizes in kept.items():
        # A router of few columns nears its limit, a norm of std · √d, from above.
        for first, last in zip(sizes[0], sizes[-1], strict=True):
            assert last == pytest.approx(first, rel=0.45 if role == "router" else 0.12), (role, sizes)


@pytest.mark.parametrize("width", [32, 128])
def test_steps_are_those_of_torchs_optimizers_with_the_tables_rates(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.to(torch.float32, copy=True))
    m = width / BASE
    model, optimizer = built(configured(width, decay_gains=0.05, grad_clip=0.0))
    copies = {name: torch.nn.Parameter(p.detach().clone()) for name, p in model.named_parameters()}
    factors = {"embedding": m**-0.5, "head": m**-0.5, "router": 1 / m, "gain": 1.0}
    roles = {name: role_of(name, p) for name, p in model.named_parameters()}
    groups = [
        {
            "params": [copies[n]],
            "lr": LR * 0.1 * factors[r],
            "weight_decay": (0.05 if r == "gain" else 0.1) / factors[r],
        }
        for n, r in roles.items()
        if r in factors
    ]
    adamw = torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8)
    matrices = {n: torch.nn.Parameter(copies[n].detach().T.clone()) for n, r in roles.items() if r == "attention"}
    muon = torch.optim.Muon(matrices.values(), lr=LR, weight_decay=0.1, momentum=0.95, nesterov=True)
    for _ in range(3):
        give_gradients(model)
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None
            copies[name].grad = parameter.grad.clone()
            if name in matrices:
                matrices[name].grad = parameter.grad.T.clone()
        optimizer.step(LR)
        adamw.step()
        muon.step()
    ours = dict(model.named_parameters())
    for name, role in roles.items():
        if role != "experts":
            expected = matrices[name].T if name in matrices else copies[name]
            torch.testing.assert_close(ours[name], expected, rtol=1e-5, atol=1e-5, msg=f"{name} ({role})")


def test_weights_shrink_alike_at_every_width() -> None:
    shrunk: dict[Role, list[float]] = {}
    for width in (32, 256):
        model, optimizer = built(configured(width, grad_clip=0.0))
        before = {role: members[0].detach().clone() for role, members in by_role(model).items()}
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step(LR)
        for role, members in by_role(model).items():
            shrunk.setdefault(role, []).append(float((members[0].detach() / before[role]).median()))
    for role in ("embedding", "head", "router"):
        assert shrunk[role] == pytest.approx([1 - LR * 0.1 * 0.1] * 2, abs=1e-6)


@pytest.mark.slow
def test_at_its_base_width_it_is_the_standard_one_bit_for_bit(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus.jsonl")
    curves = []
    for name, settings in (
        ("standard", {}),
        ("spectral", {"model.parametrization": "spectral", "model.base_width": 16, "model.router_exponent": 0.5}),
    ):
        run = make_run(tmp_path / name, tiny_config(corpus, {"model.dropout": 0.1} | settings))
        code, output = train(run)
        assert code == 0, output
        records = MetricsReader(run.metrics_file).read()
        curves.append([(r.get("train_loss"), r.get("val_loss"), r.get("grad_norm")) for r in records])
    assert curves[0] == curves[1]
    assert len(curves[0]) > 5


def test_the_standard_parametrization_knows_no_width() -> None:
    assert width_rules(configured(64, base=None).model) == STANDARD
    for role in ("embedding", "head", "router", "attention", "experts", "gain"):
        assert (STANDARD.init(role), STANDARD.rate(role, "adamw"), STANDARD.decay(role, "muon")) == (1.0, 1.0, 1.0)
    assert STANDARD.output == 1.0


def test_disputed_exponents_are_switches() -> None:
    rules = WidthRules(4.0, router_exponent=0.5, embedding_exponent=1.0)
    assert (rules.init("router"), rules.rate("router", "adamw")) == (0.5, 0.5)
    assert (rules.init("embedding"), rules.rate("embedding", "adamw")) == (0.5, 0.25)
    assert rules.rate("head", "adamw") == 0.5


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": {"parametrization": "spectral"}}, "needs model.base_width"),
        ({"optimizer": {"kind": "sgd"}}, "no rule for optimizer.kind"),
        ({"optimizer": {"muon_targets": ["experts", "router"]}}, "no rule for Muon on the router"),
    ],
)
def test_what_has_no_rule_is_refused(settings: dict[str, Any], words: str) -> None:
    tree = {"model": {"parametrization": "spectral", "base_width": 64}} | settings
    with pytest.raises(ConfigError, match=words):
        resolve(tree)
