"""Ladders: what moves with a size, what stays, and which sizes are refused."""

from typing import Any

import pytest

from engine.spec.config import RunConfig, resolve
from moetui.core.errors import UsageError
from moetui.core.planning.ladder import Ladder, base_config, parse_ladder, resized, variants
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library

MODEL = {"d_model": 64, "n_heads": 4, "d_ff": 128, "n_experts": 4, "top_k": 2, "vocab_size": 512, "n_layers": 2}


def base(**model: Any) -> RunConfig:
    return resolve(
        {"model": MODEL | model, "training": {"updates": 80, "batch_size": 8}, "data": {"sequence_length": 64}}
    )


@pytest.mark.parametrize("width", [32, 96, 256])
def test_a_width_keeps_ratios_and_what_is_no_width(width: int) -> None:
    before, after = base(n_kv_heads=2), resized(Ladder("width", (width,)), base(n_kv_heads=2), width)
    assert after.model.d_model == width
    assert after.model.head_width == before.model.head_width
    assert after.model.n_heads / after.model.kv_heads == 2
    assert after.model.d_ff / after.model.d_model == 2
    stays = {"n_layers", "n_experts", "top_k", "vocab_size"}
    assert after.model.model_dump(include=stays) == before.model.model_dump(include=stays)
    assert after.training == before.training


def test_tokens_per_parameter_are_fixed_only_if_asked_for() -> None:
    after = resized(Ladder("width", (128,), per_parameter=True), base(), 128)
    grown = after.model.parameters / base().model.parameters
    assert grown > 2
    assert after.training.updates == round(80 * grown)


def test_finer_experts_have_as_many_parameters_and_as_many_active() -> None:
    after = resized(Ladder("granularity", (4,)), base(shared_experts=1), 4)
    assert (after.model.d_ff, after.model.n_experts, after.model.top_k, after.model.shared_experts) == (32, 16, 8, 4)
    routers = 2 * 64 * (16 - 4)
    assert after.model.parameters - routers == base(shared_experts=1).model.parameters
    assert after.model.active_parameters - routers == base(shared_experts=1).model.active_parameters


def test_tokens_set_updates_and_a_batch_keeps_tokens() -> None:
    assert resized(Ladder("tokens", (20480,)), base(), 20480).training.updates == 40
    for size, micro, accumulation, updates in ((4, 4, 1, 160), (8, 8, 1, 80), (32, 8, 4, 20)):
        training = resized(Ladder("batch", (size,)), base(), size).training
        assert (training.batch_size, training.accumulation, training.updates) == (micro, accumulation, updates)


@pytest.mark.parametrize(
    ("ladder", "words"),
    [
        (Ladder("width", (72,)), "width 72: heads stay 16 wide, so a width is a multiple of 16; near: 64, 80"),
        (Ladder("granularity", (3,)), "cannot be split into 3 equal parts"),
        (Ladder("batch", (12,)), "not a multiple of the micro-batch"),
        (Ladder("tokens", (100,)), "an update alone learns from 512"),
        (Ladder("granularity", (128,)), "granularity 128: model.d_ff"),
    ],
)
def test_a_size_that_the_base_cannot_have_is_refused(ladder: Ladder, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        resized(ladder, base(), ladder.sizes[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("depth=1,2", "axes: width, granularity, d_ff, tokens, batch"),
        ("width", "write an axis and its sizes"),
        ("width=32,x", "whole numbers"),
        ("width=32", "two sizes or more"),
    ],
)
def test_what_is_no_ladder_is_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_ladder(text)


def test_tokens_per_parameter_need_a_ladder_over_the_model() -> None:
    with pytest.raises(UsageError, match="not over tokens"):
        parse_ladder("tokens=1000,2000", per_parameter=True)


def test_a_ladder_crosses_the_grid_of_its_preset_and_names_its_runs() -> None:
    library = Library.load()
    ladder = parse_ladder("width=64,128")
    sizes = variants(ladder, base_config(library, "quickstart", {}))
    runs = plan(library, Selection(presets=("quickstart",), variants=sizes))
    assert {run.config.model.d_model for run in runs} == {64, 128}
    assert len({(run.config.model.d_model, run.config.optimizer.lr) for run in runs}) == len(runs) == 6
    assert runs[0].name.startswith("quickstart/width=64/lr=")
    assert runs[0].point["model.d_model"] == 64


def test_a_ladder_needs_one_preset() -> None:
    with pytest.raises(UsageError, match="is a study of several presets"):
        base_config(Library.load(), "schedule/all", {})
