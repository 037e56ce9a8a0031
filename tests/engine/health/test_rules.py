"""What each rule says and does not say, beyond that it finds its fault."""

import math
import os
import statistics
from collections import Counter
from pathlib import Path
from random import Random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.health import spikes
from engine.health.noise import noise, running_median
from engine.health.setting import Setting
from engine.runfiles.metrics import Record
from engine.runfiles.rundir import Finding
from engine.spec.config import HealthConfig, RunConfig, resolve
from tests.engine.health.simulated import clean_run, examine, setting

REPLICATES = Setting(noise=0.0072, replicates=5)
"""The five recorded runs of one configuration: standard deviation of the final validation loss, nats."""


def kinds(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.kind for finding in findings}


def evaluations(losses: list[float], every: int = 10) -> list[Record]:
    return [{"update": every * (place + 1), "val_loss": loss} for place, loss in enumerate(losses)]


def falls_until(best: int, *, rise: float, noise: float = 0.003) -> list[Record]:
    """100 evaluations with their best at `best`, of 1,000 updates, and a loss that has risen by `rise` at the end."""
    draw = Random(3)
    turn = best // 10 - 1
    falling = [4.9 + 6 * (1 + place / 10) ** -1.2 + draw.gauss(0, noise) for place in range(turn)]
    lowest = min(falling) - 0.02
    return evaluations(falling + [lowest + min(1.0, place / 3) * rise for place in range(100 - turn)])


def test_a_rise_of_three_replicate_sds_is_an_inflection_but_only_a_note() -> None:
    (found,) = examine(falls_until(950, rise=0.0207), REPLICATES)
    assert (found.kind, found.update, found.severity) == ("inflection", 950, "note")
    assert "0.0207 above its best" in found.evidence
    assert "2.9 times the standard deviation 0.0072 of 5 replicates" in found.evidence


def test_a_rise_of_ten_replicate_sds_is_a_warning() -> None:
    (found,) = examine(falls_until(950, rise=0.072), REPLICATES)
    assert (found.kind, found.severity) == ("inflection", "warning")
    assert "10.0 times" in found.evidence


def test_without_replicates_the_noise_is_that_of_the_evaluations() -> None:
    (found,) = examine(falls_until(950, rise=0.0207), Setting())
    assert "of this run's evaluations" in found.evidence


def test_two_evaluations_after_the_best_are_not_yet_a_rise() -> None:
    assert examine(falls_until(980, rise=0.1), REPLICATES) == ()
    assert kinds(examine(falls_until(980, rise=0.5), REPLICATES)) == {"spike"}


def test_the_recorded_exp8_curve_shows_its_inflection_after_950() -> None:
    """The file is not part of the project; MOETUI_REFERENCE_DATA names the directory that holds it."""
    folder = Path(os.environ.get("MOETUI_REFERENCE_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not (folder / "exp8_metrics.json").is_file():
        pytest.skip("the recorded curve is not here")
    history = orjson.loads((folder / "exp8_metrics.json").read_bytes())["history"]
    records: list[Record] = [
        {"update": update, "val_loss": loss, "val_accuracy": accuracy, "seconds": 60 * minutes}
        for update, loss, accuracy, minutes in zip(
            history["steps"], history["val_losses"], history["val_accuracies"], history["elapsed_times"], strict=True
        )
    ]
    (found,) = examine(records, REPLICATES)
    assert (found.kind, found.update, found.severity) == ("inflection", 950, "note")
    assert "0.0207 above its best 5.1357" in found.evidence
    assert "2.9 times" in found.evidence


def test_the_noise_of_a_curve_is_found_under_its_trend() -> None:
    draw = Random(5)
    values = [9 * (1 + place / 20) ** -0.5 + draw.gauss(0, 0.01) for place in range(2000)]
    assert noise(values) == pytest.approx(0.01, rel=0.15)


def test_a_run_that_has_come_apart_is_not_also_called_flat_or_spiky() -> None:
    records = clean_run(1, updates=200, every=10)
    for record in records[100:]:
        record["train_loss"] = 50.0 if record["update"] % 2 else 70.0
    assert kinds(examine(records, setting(records))) == {"divergence"}


def test_many_spikes_are_a_warning() -> None:
    records = clean_run(2, updates=400, every=10)
    for update in (100, 200, 300):
        records[update]["train_loss"] += 3.0
    (found,) = examine(records, setting(records))
    assert (found.kind, found.severity, found.update) == (
        "spike",
        "warning",
        max((100, 200, 300), key=lambda u: records[u]["train_loss"]),
    )
    assert "3 spikes" in found.evidence


def test_a_run_is_not_called_flat_before_its_time() -> None:
    records: list[Record] = [{"update": update, "train_loss": 10.8} for update in range(1, 101)]
    assert kinds(examine(records, Setting(updates=400, warmup=40))) == set()
    assert kinds(examine(records, Setting(updates=300, warmup=40))) == {"flat"}
    assert kinds(examine(records, Setting(updates=300, warmup=40, health=HealthConfig(flat_after=0.5)))) == set()


def test_the_limit_of_an_overload_follows_from_the_number_of_experts() -> None:
    """With 4 experts and 2 choices nobody can have more than half, so 0.4 is much; with 1 choice it is not."""
    records: list[Record] = [{"update": u, "expert_load": [[0.4, 0.2, 0.2, 0.2]]} for u in range(1, 5)]
    assert kinds(examine(records, Setting(top_k=2))) == {"overloaded experts"}
    assert kinds(examine(records, Setting(top_k=1))) == set()


def test_a_setting_is_taken_from_the_configuration() -> None:
    config = resolve({"health": {"flat_gain": 0.2}, "optimizer": {"grad_clip": 3.0}})
    found = Setting.of(config, noise=0.1, replicates=4)
    assert (found.updates, found.warmup, found.vocab_size, found.top_k) == (1000, 50, 49152, 2)
    assert (found.grad_clip, found.noise, found.replicates) == (3.0, 0.1, 4)
    assert found.health is config.health


numbers: st.SearchStrategy[object] = st.one_of(
    st.floats(), st.integers(), st.sampled_from(["nan", "inf", "-inf", "oops", None, True, [], {}])
)
loads = st.lists(st.lists(numbers, max_size=4), max_size=3)
record = st.fixed_dictionaries(
    {},
    optional={
        "update": st.one_of(st.integers(-2, 60), numbers),
        "session": st.one_of(st.integers(1, 3), numbers),
        "train_loss": numbers,
        "val_loss": numbers,
        "grad_norm": numbers,
        "tokens_per_second": numbers,
        "expert_load": st.one_of(loads, numbers),
    },
)


@given(st.lists(record, max_size=80), st.sampled_from([Setting(), Setting.of(RunConfig()), REPLICATES]))
def test_no_records_however_damaged_stop_the_examination(records: list[Record], about: Setting) -> None:
    for finding in examine(records, about):
        assert finding.evidence


EXTREMES = [0.0, 1.0, 1.0, 2.0, 2.0, 5.0, -3.0, 1e-300, 5e-324, 1e300, -1e308, 1.7e308, math.inf, -math.inf, math.nan]


@given(st.lists(st.sampled_from(EXTREMES), min_size=48, max_size=70), st.integers(0, 99))
def test_wild_curves_in_any_order_give_the_same_findings(values: list[float], seed: int) -> None:
    records: list[Record] = [
        {"update": u, "train_loss": v, "val_loss": v, "grad_norm": v, "tokens_per_second": v}
        for u, v in enumerate(values)
    ]
    shuffled = Random(seed).sample(records, len(records))
    assert examine(shuffled, Setting(grad_clip=1.0)) == examine(records, Setting(grad_clip=1.0))


class Counted(dict[str, object]):
    """A record that counts how often each of its keys is asked for."""

    asked: Counter[str]

    def get(self, key: str, default: object = None) -> object:
        self.asked[key] += 1
        return super().get(key, default)


def test_a_record_is_looked_at_once_for_each_key_and_not_by_each_detector_anew() -> None:
    asked: Counter[str] = Counter()
    records: list[Record] = [Counted(record) for record in clean_run(1, updates=400, every=10)]
    for record in records:
        vars(record)["asked"] = asked
    examine(records, setting(records))
    assert {key for key, count in asked.items() if count > len(records)} == set()
    assert {"train_loss", "val_loss", "grad_norm", "tokens_per_second"} <= asked.keys()


@given(st.lists(st.sampled_from([*EXTREMES[:9], 1.04, 1.06, 5.3]), max_size=120), st.sampled_from([0.0, 0.05, 0.5]))
def test_no_loss_that_stands_out_is_passed_over(values: list[float], rise: float) -> None:
    slow = {
        place
        for place in range(8, len(values))
        if values[place] - (usual := statistics.median(values[max(0, place - 25) : place])) > rise * abs(usual)
    }
    assert slow <= set(spikes._high(values, rise))


@given(st.lists(st.floats(-1e9, 1e9), max_size=40), st.integers(0, 8))
def test_a_running_median_is_the_median_of_each_window(values: list[float], half: int) -> None:
    slow = [statistics.median(values[max(0, place - half) : place + half + 1]) for place in range(len(values))]
    assert running_median(values, half) == slow
