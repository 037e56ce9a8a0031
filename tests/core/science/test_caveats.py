"""Unequal circumstances are named with the runs that have them."""

from typing import Any

import pytest

from engine.spec.config import RunConfig
from moetui.core.science.caveats import UNKNOWN, caveats, reservations
from moetui.core.science.evidence import Evidence
from tests.core.science.records import record


def evidence(
    config: dict[str, Any] | None = None, *, device_name: str = "", dtype: str = "", **fields: Any
) -> Evidence:
    return Evidence(record(5.0, **fields), RunConfig.model_validate(config or {}), device_name, dtype)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (evidence(data_fingerprint="d2"), "data fingerprints"),
        (evidence(updates=200), "updates"),
        (evidence(tokens_per_update=4096), "tokens per update"),
        (evidence({"evaluation": {"max_sequences": 10}}), "evaluation sets"),
        (evidence({"data": {"split": "overlap"}}), "evaluation sets"),
        (evidence(device_name="some GPU"), "devices"),
        (evidence({"training": {"dtype": "bfloat16"}}), "precisions"),
        (evidence(published=True), "origins"),
        (evidence(parent="r00000"), "origins"),
    ],
)
def test_each_circumstance_that_differs_is_named(other: Evidence, what: str) -> None:
    usual = evidence()
    (found,) = caveats([usual, other])
    assert found.what == what
    assert [[run.id for run in runs] for _, runs in found.values] == [[usual.record.id], [other.record.id]]


def test_equal_runs_have_no_caveat() -> None:
    assert caveats([evidence(), evidence(seed=2)]) == ()
    assert caveats([]) == ()


def test_what_is_known_of_some_only_counts_as_different() -> None:
    (found,) = caveats([evidence(), evidence(data_fingerprint="")])
    assert [value for value, _ in found.values] == ["d1", UNKNOWN]


def test_a_note_on_published_results_is_told_once_with_those_it_belongs_to() -> None:
    facts = {"published": True, "note": "One seed."}
    told = [record(5.0, setting=name, seed=None, name=f"published/{name}", **facts) for name in "abc"]
    mine = record(5.0, note="for me alone")
    assert reservations([*told, mine]) == ("published/a, published/b and 1 more: One seed.",)


def test_the_words_name_values_and_settings() -> None:
    runs = [evidence(setting=name, updates=updates) for name, updates in (("a", 50), ("b", 50), ("c", 50), ("d", 75))]
    (found,) = caveats(runs)
    assert found.text == "updates differ: 50 (a, b and 1 more), 75 (d)"


def test_a_diverged_run_was_meant_to_be_as_long_as_the_others() -> None:
    early = record(None, status="diverged", update=7)
    assert caveats([evidence(), Evidence(early, RunConfig())]) == ()


@pytest.mark.parametrize(
    ("device", "asked", "told", "precision"),
    [
        ("cpu", "auto", "", "float32"),
        ("GPU-1", "auto", "bfloat16", "bfloat16"),
        ("GPU-1", "auto", "float32", "float32"),  # a T4 or V100
        ("GPU-1", "auto", "", ""),
        ("", "auto", "", ""),
        ("cpu", "bfloat16", "", "bfloat16"),
    ],
)
def test_the_precision_is_what_was_asked_for_or_what_the_trainer_chose(
    device: str, asked: str, told: str, precision: str
) -> None:
    assert evidence({"training": {"dtype": asked}}, device=device, dtype=told).dtype == precision


def test_two_gpus_without_a_name_are_of_one_kind() -> None:
    assert caveats([evidence(device="GPU-1"), evidence(device="GPU-2")]) == ()
