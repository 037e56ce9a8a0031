"""Jumps of the validation loss, of curves that lack the other loss, and rises that other runs with the same data order have too."""

from dataclasses import replace
from random import Random

import pytest

from engine.health.measured import Measured
from engine.health.peers import Peers
from engine.health.setting import Setting
from engine.runfiles.metrics import Record
from engine.runfiles.rundir import Finding
from tests.engine.health.simulated import clean_run, examine, setting

# Validation losses of a public sweep of Adam, every ten updates: at 0.007 one evaluation is 0.48 nats above the one before.
ADAM_007 = [
    10.1360, 8.4162, 8.6256, 8.3317, 8.8135, 7.9304, 7.7882, 7.7009, 7.6629, 7.6476,
    7.6147, 7.5911, 7.5651, 7.5418, 7.5171, 7.4983, 7.4871, 7.4699, 7.4503, 7.4220,
]  # fmt: skip
ADAM_002 = [
    10.5079, 9.5526, 8.8603, 7.9171, 7.7478, 7.7401, 7.6234, 7.5657, 7.4723, 7.3869,
    7.3222, 7.2574, 7.2141, 7.1489, 7.1013, 7.0466, 7.0121, 6.9533, 6.9090, 6.8494,
]  # fmt: skip

# The last 20 of 50 evaluations of four public runs of Muon with one order of the data: all rise after update 420.
NO_WARMUP = [
    5.3317, 5.3147, 5.3260, 5.3471, 5.3440, 5.3384, 5.3149, 5.3072, 5.2936, 5.2669,
    5.2546, 5.2272, 5.2432, 5.2647, 5.2834, 5.2913, 5.2934, 5.2961, 5.2844, 5.2676,
]  # fmt: skip
MOMENTUM_090 = [
    5.3587, 5.3424, 5.3362, 5.3472, 5.3338, 5.3138, 5.3025, 5.2703, 5.2591, 5.2142,
    5.1901, 5.1875, 5.2063, 5.2112, 5.2335, 5.2455, 5.2519, 5.2051, 5.1958, 5.1930,
]  # fmt: skip
MOMENTUM_097 = [
    5.4537, 5.4303, 5.4363, 5.4394, 5.4333, 5.4196, 5.4002, 5.3839, 5.3626, 5.3354,
    5.3171, 5.2904, 5.2970, 5.3053, 5.3175, 5.3108, 5.3138, 5.3101, 5.3017, 5.2865,
]  # fmt: skip
MOMENTUM_099 = [
    5.5373, 5.5127, 5.5127, 5.5164, 5.5103, 5.4969, 5.4791, 5.4646, 5.4535, 5.4209,
    5.4121, 5.3823, 5.3871, 5.3928, 5.3968, 5.3947, 5.3870, 5.3795, 5.3710, 5.3544,
]  # fmt: skip


def evaluations(losses: list[float]) -> list[Record]:
    return [{"update": 10 * place + 10, "val_loss": loss} for place, loss in enumerate(losses)]


def of_kind(kind: str, records: list[Record], about: Setting | None = None) -> Finding | None:
    found = [finding for finding in examine(records, about or Setting()) if finding.kind == kind]
    return found[0] if found else None


def test_a_recorded_jump_of_the_validation_loss_is_found_without_any_training_loss() -> None:
    found = of_kind("spike", evaluations(ADAM_007))
    assert found is not None
    assert found.update == 50
    assert "2 jumps of the validation loss, the largest by 0.482 nats up to update 50" in found.evidence
    assert "8.813 after 8.332 at update 40" in found.evidence


def test_a_curve_that_only_falls_has_no_jump() -> None:
    assert examine(evaluations(ADAM_002), Setting()) == ()


def test_a_jump_over_several_evaluations_is_one_jump_with_its_whole_height() -> None:
    """Muon at 0.08 rises from 7.516 to 7.963 in two evaluations."""
    losses = [10.60, 8.53, 7.516, 7.710, 7.963, 7.272, 6.976, 6.662, 6.514, 6.341, 6.311, 6.250, 6.158, 6.098, 6.065]
    losses += [5.989, 5.939, 5.862, 5.817, 5.749]
    found = of_kind("spike", evaluations(losses))
    assert found is not None
    assert (
        "a jump of the validation loss by 0.447 nats up to update 50: 7.963 after 7.516 at update 30" in found.evidence
    )


def test_a_loss_that_rises_steadily_has_an_inflection_and_no_jump() -> None:
    falling = [8.0 - 0.1 * place for place in range(40)]
    steady = [4.2 + 0.07 * place for place in range(10)]
    assert [finding.kind for finding in examine(evaluations(falling + steady), Setting())] == ["inflection"]
    leaping = [4.6 + 0.01 * place for place in range(10)]
    kinds = {finding.kind for finding in examine(evaluations(falling + leaping), Setting())}
    assert kinds == {"inflection", "spike"}


@pytest.mark.parametrize("kept", ["val_loss", "both"])
@pytest.mark.parametrize("shape", ["one", "lasting", "fading"])
def test_planted_jumps_of_a_tenth_to_half_a_nat_are_found(kept: str, shape: str) -> None:
    missed = []
    for seed in range(60):
        draw = Random(seed)
        records = clean_run(seed, updates=400, every=10)
        height, at = draw.uniform(0.1, 0.5), 10 * draw.randrange(8, 39)
        for record in records:
            if "val_loss" in record and record["update"] >= at:
                later = (record["update"] - at) // 10
                record["val_loss"] += height * {"one": float(later == 0), "lasting": 1.0, "fading": 0.5**later}[shape]
            if kept == "val_loss":
                record.pop("train_loss", None)
        found = of_kind("spike", records, setting(records))
        if found is None or found.update != at:
            missed.append((seed, height))
    assert len(missed) <= 3, missed
    assert all(height < 0.15 for _, height in missed)


def test_a_training_spike_is_found_without_any_evaluation() -> None:
    records = [{k: v for k, v in r.items() if k != "val_loss"} for r in clean_run(3, updates=200, every=10)]
    records[120]["train_loss"] += 3.0
    found = of_kind("spike", records)
    assert found is not None
    assert found.evidence.startswith("a spike of the training loss at update 120")


def test_spikes_of_both_losses_are_told_in_one_finding() -> None:
    records = clean_run(2, updates=400, every=10)
    records[200]["train_loss"] += 3.0
    records[200]["val_loss"] += 0.4
    found = of_kind("spike", records, setting(records))
    assert found is not None
    assert "a spike of the training loss at update 200" in found.evidence
    assert "a jump of the validation loss by 0." in found.evidence


@pytest.mark.parametrize("losses", [("val_loss",), ("train_loss",)])
def test_healthy_runs_of_which_one_curve_is_known_raise_no_alarm(losses: tuple[str, ...]) -> None:
    """A twentieth of the full number, with its expectation; the full number is in `test_false_alarms`."""
    assert sum(bool(one_curve(seed, losses)) for seed in range(40)) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("losses", [("val_loss",), ("train_loss",)])
def test_of_200_healthy_runs_of_which_one_curve_is_known_fewer_than_one_in_twenty_raises_an_alarm(
    losses: tuple[str, ...],
) -> None:
    alarms = {seed: one_curve(seed, losses) for seed in range(200)}
    assert sum(bool(findings) for findings in alarms.values()) < 10, alarms


def one_curve(seed: int, losses: tuple[str, ...]) -> tuple[Finding, ...]:
    whole = clean_run(seed)
    records: list[Record] = [{k: v for k, v in r.items() if k in ("update", "session", *losses)} for r in whole]
    return examine(records, setting(whole))


def whole(losses: list[float]) -> list[Record]:
    """The 50 evaluations of a run of which the last 20 are given; those before fall smoothly to the first of these."""
    return evaluations([losses[0] + 0.0005 * (30 - place) ** 2 + 0.02 * (30 - place) for place in range(30)] + losses)


def beside(*runs: list[Record]) -> Peers:
    return Peers(tuple(map(Measured, runs)))


def peers(*curves: list[float]) -> Setting:
    return Setting(peers=beside(*map(whole, curves)))


def test_a_rise_that_most_runs_with_the_same_data_order_have_is_a_note_that_says_so() -> None:
    records = whole(NO_WARMUP)
    replicated = replace(peers(MOMENTUM_090, MOMENTUM_097, MOMENTUM_099), noise=0.004, replicates=3)
    alone = of_kind("inflection", records, replace(replicated, peers=Peers()))
    assert alone is not None
    assert alone.severity == "warning"
    common = of_kind("inflection", records, replicated)
    assert common is not None
    assert common.severity == "note"
    assert "also in 3 of 3 runs with the same data order" in common.evidence
    assert "no mark of this setting" in common.advice


def test_a_rise_that_runs_with_the_same_data_order_do_not_have_stays_a_warning() -> None:
    falling = [5.5 - 0.012 * place + 0.002 * (place % 2) for place in range(20)]
    records = whole(NO_WARMUP)
    found = of_kind("inflection", records, replace(peers(falling, falling, MOMENTUM_099), noise=0.004, replicates=3))
    assert found is not None
    assert found.severity == "warning"
    assert "also in 1 of 3 runs with the same data order" in found.evidence


def test_runs_without_evaluations_at_the_rise_do_not_count() -> None:
    records = whole(NO_WARMUP)
    short = Setting(peers=beside(whole(MOMENTUM_090[:12]), []))
    found = of_kind("inflection", records, short)
    assert found is not None
    assert "same data order" not in found.evidence


def test_a_batch_that_is_hard_for_all_runs_makes_no_warning_of_one() -> None:
    def with_spikes(seed: int, at: tuple[int, ...]) -> list[Record]:
        records = clean_run(seed, updates=400, every=10)
        for update in at:
            records[update]["train_loss"] += 3.0
        return records

    common = (100, 200, 300)
    others = beside(*(with_spikes(seed, common) for seed in (5, 6, 7)))
    records = with_spikes(2, common)
    alone = of_kind("spike", records, setting(records))
    assert alone is not None
    assert alone.severity == "warning"
    shared = of_kind("spike", records, replace(setting(records), peers=others))
    assert shared is not None
    assert shared.severity == "note"
    assert "also in 3 of 3 runs with the same data order" in shared.evidence
    own = with_spikes(2, (*common, 350))
    found = of_kind("spike", own, replace(setting(own), peers=others))
    assert found is not None
    assert (found.update, found.severity) == (350, "note")
    assert "also in" not in found.evidence


def test_runs_that_share_nothing_seldom_seem_to_share_a_rise() -> None:
    """Each of 200 runs has a jump of its own; of its two healthy neighbours hardly ever both seem to have it."""
    wrong = 0
    for seed in range(200):
        records = clean_run(seed, updates=200, every=10)
        for record in records:
            if record["update"] == 120:
                record["val_loss"] += 0.3
        healthy = beside(*(clean_run(other + seed, updates=200, every=10) for other in (1000, 2000)))
        found = of_kind("spike", records, replace(setting(records), peers=healthy))
        wrong += found is not None and "also in" in found.evidence
    assert wrong <= 10
