"""Each kind of optimizer is one entry: help and code go by it."""

import re

import pytest

from engine.optim.optimizer import BUILDERS
from engine.spec.config import describe, resolve
from engine.spec.optimizers import OPTIMIZERS


def test_every_kind_has_code() -> None:
    assert BUILDERS.keys() == OPTIMIZERS.keys()


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_kind_has_its_help(kind: str) -> None:
    entry = OPTIMIZERS[kind]
    help_of = {info.key.removeprefix("optimizer."): info for info in describe() if info.key.startswith("optimizer.")}
    assert set(entry.keys) <= help_of.keys()
    assert kind in help_of["kind"].choices
    assert re.search(rf"\b{kind}\b[^;]*: {entry.help}", help_of["kind"].description)
    own = {key for key, info in help_of.items() if f"For kind = {kind}" in info.description}
    assert own <= set(entry.keys)


def test_every_key_belongs_to_a_kind_or_to_all() -> None:
    of_all = {"kind", "lr", "grad_clip", "decay_matrices", "decay_embedding", "decay_gains"}
    keys = {info.key.removeprefix("optimizer.") for info in describe() if info.key.startswith("optimizer.")}
    assert keys == of_all.union(*(entry.keys for entry in OPTIMIZERS.values()))


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_rates_in_the_metrics_are_those_of_the_parts(kind: str) -> None:
    rates = resolve({"optimizer": {"kind": kind, "adamw_ratio": 0.25}}).optimizer.rates(0.4)
    assert rates == ({"lr": 0.4, "adamw_lr": 0.1} if kind == "muon" else {"lr": 0.4})
