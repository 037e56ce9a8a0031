"""The coordinate check passes the spectral parametrization and fails each way to get it wrong."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.coordcheck.measure import measure
from engine.data.corpus import open_corpus
from engine.data.sides import sides
from engine.spec.roles import Role
from engine.spec.width import Mover, WidthRules
from moetui.core.runs.coordcheck import prepared
from moetui.core.science.coordinates import Measured, Slope, slopes
from tests.engine.tiny import tiny_config, write_corpus

Break = Callable[[pytest.MonkeyPatch], None]

pytestmark = pytest.mark.slow

WIDTHS, AT = (32, 64, 128), (1, 3, 10)
SHAPE: dict[str, Any] = {
    "model.d_model": 64,
    "model.n_layers": 1,
    "model.n_heads": 4,
    "model.d_ff": 128,
    "model.n_experts": 4,
    "model.parametrization": "spectral",
    "model.base_width": 64,
    "data.sequence_length": 64,
    "optimizer.lr": 0.02,
}

rate = WidthRules.rate


def unscaled_rate(role: Role) -> Break:
    def wrong(rules: WidthRules, of: Role, mover: Mover) -> float:
        return 1.0 if of == role else rate(rules, of, mover)

    return lambda patch: patch.setattr(WidthRules, "rate", wrong)


WRONG: dict[str, tuple[Break, set[str]]] = {
    "no factor of the logits": (lambda patch: patch.setattr(WidthRules, "output", 1.0), {"logits"}),
    "embedding's rate": (unscaled_rate("embedding"), {"embedding"}),
    "router's rate": (unscaled_rate("router"), {"router"}),
    "initialization": (
        lambda patch: patch.setattr(WidthRules, "init", lambda rules, role: 1.0),
        {"attention", "experts"},
    ),
    "decay": (
        lambda patch: patch.setattr(WidthRules, "decay", lambda rules, role, mover: 1.0),
        {"embedding", "router"},
    ),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("coordcheck") / "corpus.jsonl", 400)


def checked(corpus: Path, settings: dict[str, Any] | None = None) -> tuple[Slope, ...]:
    configs = prepared(tiny_config(corpus, SHAPE | (settings or {})), WIDTHS, 1)
    data = open_corpus(configs[0].data, configs[0].model.vocab_size, lambda word: None)
    training, validation = sides(data, configs[0].data, torch.device("cpu"))
    measured = [measure(config, training, validation, data.about.end_of_text, AT) for config in configs]
    return slopes([Measured(one.width, one.seed, one.at, one.changes, one.decay) for one in measured])


def failing(found: Sequence[Slope], *, decay: bool) -> set[str]:
    return {one.part for one in found if not one.passed and (one.update is None) == decay}


@pytest.mark.parametrize("scale", ["original", "spectral"])
def test_the_spectral_parametrization_passes(corpus: Path, scale: str) -> None:
    found = checked(corpus, {"optimizer.muon_scale": scale})
    assert [(one.part, one.update, round(one.slope, 2)) for one in found if not one.passed] == []
    assert {(one.part, one.update) for one in found} >= {("embedding", None), ("router", None), ("logits", 10)}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_fails(corpus: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, parts = WRONG[name]
    broken(monkeypatch)
    assert failing(checked(corpus), decay=name == "decay") >= parts


def test_a_scale_that_grows_with_the_width_fails(corpus: Path) -> None:
    assert failing(checked(corpus, {"optimizer.muon_scale": "match-rms-adamw"}), decay=False) >= {
        "attention",
        "experts",
    }


def test_the_standard_parametrization_fails(corpus: Path) -> None:
    found = checked(corpus, {"model.parametrization": "standard", "model.base_width": None})
    assert failing(found, decay=False) >= {"embedding", "attention", "experts", "residual", "logits"}
