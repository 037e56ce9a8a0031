"""Every fault is planted into healthy runs, none like another, and must be found in each."""

import math
from collections.abc import Callable
from random import Random

import pytest

from engine.health.detectors import DETECTORS
from engine.runfiles.metrics import Record
from tests.engine.health.simulated import clean_run, examine, setting

Fault = Callable[[list[Record], Random], None]
UPDATES = 400


def not_a_number(records: list[Record], draw: Random) -> None:
    records[draw.randrange(50, 350)]["train_loss"] = draw.choice((math.nan, math.inf, "nan", "inf"))


def above_guessing(records: list[Record], draw: Random) -> None:
    for record in records[draw.randrange(50, 350) :]:
        record["train_loss"] = draw.uniform(25, 40)


def back_to_the_start(records: list[Record], draw: Random) -> None:
    for record in records[draw.randrange(100, 300) :]:
        record["train_loss"] = records[1]["train_loss"] + draw.gauss(0, 0.05)


def one_high_loss(records: list[Record], draw: Random) -> None:
    records[draw.randrange(50, 350)]["train_loss"] += draw.uniform(1.5, 4)


def nothing_learned(records: list[Record], draw: Random) -> None:
    for record in records[1:]:
        record["train_loss"] = 10.8 - 0.3 * record["update"] / UPDATES + draw.gauss(0, 0.02)


def to_and_fro(records: list[Record], draw: Random) -> None:
    period, swing = draw.randrange(2, 17, 2), draw.uniform(0.5, 1.0)
    for record in records[1:]:
        record["train_loss"] += swing * math.cos(2 * math.pi * record["update"] / period)


def a_rise_of_the_validation_loss(records: list[Record], draw: Random) -> None:
    turn, slope = draw.randrange(150, 300), draw.uniform(2e-3, 1e-2)
    lowest = min(record["val_loss"] for record in records[:turn] if "val_loss" in record)
    for record in records[turn:]:
        if "val_loss" in record:
            record["val_loss"] = lowest + slope * (record["update"] - turn) + draw.gauss(0, 0.005)


def memorizing(records: list[Record], draw: Random) -> None:
    turn = draw.randrange(150, 200)
    for record in records[turn:]:
        record["train_loss"] -= 0.01 * (record["update"] - turn)


def a_dead_expert(records: list[Record], draw: Random) -> None:
    layer, expert = draw.randrange(2), draw.randrange(8)
    for record in records[draw.randrange(50, 250) :]:
        if "expert_load" in record:
            record["expert_load"][layer][expert] = draw.uniform(0, 0.005)


def an_overloaded_expert(records: list[Record], draw: Random) -> None:
    layer, expert = draw.randrange(2), draw.randrange(8)
    for record in records[draw.randrange(50, 250) :]:
        if "expert_load" in record:
            record["expert_load"][layer] = [0.6 / 7] * 8
            record["expert_load"][layer][expert] = 0.4


def a_clip_below_every_norm(records: list[Record], draw: Random) -> None:
    for record in records[1:]:
        record["grad_norm"] += 1.0


def half_the_speed(records: list[Record], draw: Random) -> None:
    for record in records[draw.randrange(50, 350) :]:
        record["tokens_per_second"] *= draw.uniform(0.35, 0.6)


FAULTS = [
    pytest.param(not_a_number, "non-finite", "error", id="non-finite"),
    pytest.param(above_guessing, "divergence", "error", id="divergence"),
    pytest.param(back_to_the_start, "divergence", "error", id="relapse"),
    pytest.param(one_high_loss, "spike", "note", id="spike"),
    pytest.param(nothing_learned, "flat", "warning", id="flat"),
    pytest.param(to_and_fro, "oscillation", "warning", id="oscillation"),
    pytest.param(a_rise_of_the_validation_loss, "inflection", "warning", id="inflection"),
    pytest.param(memorizing, "overfitting", None, id="overfitting"),
    pytest.param(a_dead_expert, "dead experts", "warning", id="dead"),
    pytest.param(an_overloaded_expert, "overloaded experts", "warning", id="overloaded"),
    pytest.param(a_clip_below_every_norm, "clipping", "note", id="clipping"),
    pytest.param(half_the_speed, "throughput", "warning", id="throughput"),
]


def test_for_every_detector_there_is_a_fault_to_plant() -> None:
    assert {parameters.values[1] for parameters in FAULTS} == DETECTORS.keys()


@pytest.mark.parametrize(("plant", "kind", "severity"), FAULTS)
def test_a_planted_fault_is_found(plant: Fault, kind: str, severity: str | None) -> None:
    for seed in range(10):
        records = clean_run(seed, updates=UPDATES, every=10)
        assert kind not in {finding.kind for finding in examine(records, setting(records))}
        plant(records, Random(1000 + seed))
        found = {finding.kind: finding for finding in examine(records, setting(records))}
        assert kind in found, seed
        assert severity in (None, found[kind].severity)
        assert found[kind].evidence
        assert found[kind].advice
