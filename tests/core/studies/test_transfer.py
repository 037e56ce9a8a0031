"""Ladders found among runs, and what is said of them."""

import math
from typing import Any

import pytest

from engine.spec.config import resolve
from moetui.core.planning.ladder import Ladder, resized
from moetui.core.science.evidence import Evidence
from moetui.core.studies.transfer import transfers
from moetui.core.studies.transfer_words import prediction, sentences, tree
from tests.core.science.records import record

MODEL = {"d_model": 64, "n_heads": 4, "d_ff": 128, "n_experts": 4, "vocab_size": 512, "n_layers": 2}
NOISE = (0.004, -0.003, 0.001, -0.002, 0.003, 0.002, -0.004)


def runs(ladder: Ladder, exponent: float, *, base: dict[str, Any] | None = None, **optimizer: Any) -> list[Evidence]:
    """Sweeps of seven rates with two seeds at each size, about a best rate that moves by the exponent."""
    config = resolve({"model": MODEL | (base or {}), "training": {"updates": 80}, "optimizer": optimizer})
    found = []
    for size in ladder.sizes:
        sized = resized(ladder, config, size)
        star = -2.5 + exponent * math.log(size / ladder.sizes[0])
        for step in range(-6, 4):
            lr = math.exp(-2.5 + 0.35 * step)
            for seed in (1, 2):
                loss = 4 + 0.4 * (math.log(lr) - star) ** 2 + NOISE[(step + 3 * seed + size) % 7]
                own = sized.model_copy(
                    update={"seed": seed, "optimizer": sized.optimizer.model_copy(update={"lr": lr})}
                )
                name = f"{size}-{lr}-{exponent}-{sorted(optimizer.items())}"
                found.append(Evidence(record(loss, setting=name, seed=seed, lr=lr), own))
    return found


@pytest.mark.parametrize(
    ("ladder", "exponent"),
    [
        (Ladder("width", (32, 64, 128, 256)), -0.4),
        (Ladder("width", (32, 64, 128, 256), per_parameter=True), -0.4),
        (Ladder("d_ff", (64, 128, 256, 512)), -0.2),
        (Ladder("granularity", (1, 2, 4, 8)), 0.0),
        (Ladder("batch", (6, 12, 24, 48)), 0.3),
    ],
)
def test_a_ladder_is_known_by_what_moves(ladder: Ladder, exponent: float) -> None:
    (found,) = transfers(runs(ladder, exponent))
    assert found.axis == ladder.axis
    assert found.per_parameter == ladder.per_parameter
    assert len(found.sizes) == 4
    assert found.line is not None
    assert found.line.exponent == pytest.approx(exponent, abs=0.05)
    assert found.held is not None


def test_what_is_no_size_parts_ladders() -> None:
    ladder = Ladder("width", (32, 64, 128))
    both = runs(ladder, -0.4) + runs(ladder, 0.0, muon_scale="spectral")
    found = {one.name: one.line.exponent for one in transfers(both) if one.line}
    assert found["optimizer.muon_scale = spectral"] == pytest.approx(0.0, abs=0.05)
    assert found["optimizer.muon_scale = original"] == pytest.approx(-0.4, abs=0.05)


def test_sentences_name_hypotheses_tuning_and_the_largest_left_out() -> None:
    (found,) = transfers(runs(Ladder("width", (32, 64, 128, 256)), -0.4))
    words = " ".join(sentences(found))
    assert "adamw_ratio was not tuned at any of these sizes: only 0.1 tried" in words
    assert "The data rule out the formula and the advice" not in words
    assert "The data rule out the formula." in words
    assert "Leaving out the largest, the others predict" in words
    assert "would be found in 80 % of such ladders" in words
    assert tree(found, 512.0)["prediction"]["lr"] == pytest.approx(math.exp(-2.5) * 16**-0.4, rel=0.1)


def test_ratios_tried_at_one_size_of_the_ladder_are_its_tuning() -> None:
    ladder = Ladder("width", (32, 64, 128))
    tuning = [run for ratio in (0.3, 1.0) for run in runs(Ladder("width", (64,)), 0.0, adamw_ratio=ratio)]
    (found,) = [one for one in transfers([*runs(ladder, -0.4), *tuning]) if len(one.sizes) > 1]
    assert (found.tuned_at, found.ratios) == (64, (0.1, 0.3, 1.0))
    assert "was tuned at width 64: 0.1 and 0.3 and 1 were tried" in " ".join(sentences(found))
    spectral = runs(ladder, 0.0, base={"parametrization": "spectral", "base_width": 64})
    at_base = [one for one in transfers([*spectral, *tuning]) if one.axis == "width"]
    assert [(one.tuned_at, one.ratios) for one in at_base] == [(64, (0.1, 0.3, 1.0))]


def test_a_size_beyond_the_reach_is_refused_and_one_within_says_of_what() -> None:
    (found,) = transfers(runs(Ladder("width", (32, 64, 128)), -0.4))
    assert "bears predictions up to 256" in prediction(found, 512)
    assert "At width 256, 2× the largest width tried" in prediction(found, 256)
    assert tree(found, 512.0)["prediction"] is None
