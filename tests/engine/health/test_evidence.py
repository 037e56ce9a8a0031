"""What a finding says: its update, its evidence, and that thresholds decide. The numbers can be worked out by hand."""

import math
from dataclasses import fields, replace
from typing import Any

import pytest

from engine.health.detectors import DETECTORS
from engine.health.measured import Measured
from engine.health.peers import Peers
from engine.health.setting import Setting
from engine.health.thresholds import DEFAULT, Thresholds
from engine.health.watch import DivergenceWatch
from engine.runfiles.metrics import Record
from engine.spec.config import HealthConfig
from tests.engine.health.simulated import examine

WIGGLE = (0.01, -0.01, 0.02, -0.02, 0.0, 0.015, -0.005)


def measured(values: list[float], key: str = "train_loss", every: int = 1) -> list[Record]:
    return [{"update": every * (place + 1), "session": 1, key: value} for place, value in enumerate(values)]


def level(count: int) -> list[float]:
    return [5.0 + WIGGLE[place % 7] for place in range(count)]


def load(*shares: float) -> list[Record]:
    return [{"update": update, "expert_load": [list(shares)]} for update in (10, 20, 30)]


RISING = measured(
    [6 - 0.05 * place for place in range(30)] + [4.55 + 0.05 * place for place in range(1, 7)], "val_loss", 10
)
JUMPING = measured([6 - 0.05 * place + 0.4 * (place >= 20) for place in range(40)], "val_loss", 10)
MEMORIZING: list[Record] = [
    {
        "update": 10 * (place + 1),
        "train_loss": 6 - 0.1 * place,
        "val_loss": 6 - 0.1 * min(place, 14) + 0.001 * (place % 2),
    }
    for place in range(30)
]
SWINGING = measured([5 + 0.5 * math.sin(2 * math.pi * place / 8) for place in range(96)])
SPIKY = measured([*level(30), 7.5, *level(10)])
REPLICATES = Setting(noise=0.05, replicates=3)

CASES: dict[str, tuple[list[Record], Setting, str, int, str]] = {
    "nan": (measured([5.0] * 6 + [math.nan, 5.0]), Setting(), "non-finite", 7, "the training loss is nan at update 7"),
    "infinite norm": (
        measured([1.0] * 3 + [math.inf], "grad_norm"), Setting(), "non-finite", 4, "the gradient norm is inf at update 4",
    ),
    "above guessing": (
        measured([3.0] * 10 + [20.0] * 7), Setting(vocab_size=100), "divergence", 15,
        "the training loss was above 9.21 for 5 updates and is 20.00 at update 15",
    ),
    "relapse": (
        measured([9 - 0.1 * place for place in range(40)] + [9.0] * 20), Setting(), "divergence", 38,
        "the loss was 5.30 around update 38 and has come back up to 9.00",
    ),
    "spike": (SPIKY, Setting(updates=1000), "spike", 31, "a spike of the training loss at update 31: 7.50 after 5.00"),
    "jump": (JUMPING, Setting(), "spike", 210,
        "a jump of the validation loss by 0.350 nats up to update 210: 5.400 after 5.050 at update 200",
   ),
    "flat": (
        measured([5.0 + 0.001 * (place % 3) for place in range(40)]), Setting(updates=40), "flat", 40,
        "the training loss has gone from 5.00 to 5.00 in 40 updates",
    ),
    "oscillation": (
        SWINGING, Setting(), "oscillation", 96,
        "the training loss swings with a period of 8 updates, by 9.7 % of its level to either side",
    ),
    "inflection": (
        RISING, REPLICATES, "inflection", 300,
        "the validation loss is 4.8500 at update 360, 0.3000 above its best 4.5500 at update 300: "
        "6.0 times the standard deviation 0.0500 of 3 replicates",
    ),
    "overfitting": (
        MEMORIZING, Setting(), "overfitting", 120,
        "since update 120 validation loss less training loss has grown by 1.40 to 1.20 at update 300, the training loss falling",
    ),
    "dead": (
        load(0.5, 0.498, 0.002), Setting(), "dead experts", 30,
        "layer 1 expert 3 got less than 0.1 of an equal share in the last 3 evaluations",
    ),
    "overloaded": (
        load(0.8, 0.1, 0.1), Setting(), "overloaded experts", 30,
        "layer 1 expert 1 got too much in the last 3 evaluations; the most is 80 % of a layer",
    ),
    "clipping": (
        measured([3.0] * 39 + [0.5], "grad_norm"), Setting(grad_clip=1.0, warmup=10), "clipping", 40,
        "29 of 30 gradients since the warm-up were clipped; their norm is 3 in the middle, the limit 1",
    ),
    "throughput": (
        measured([900.0] * 40 + [500.0] * 10, "tokens_per_second"), Setting(), "throughput", 46,
        "500 tokens per second over the last 5 records, 900 before",
    ),
}  # fmt: skip


def found(records: list[Record], about: Setting, kind: str, **changed: Any) -> Any:
    """The finding of a kind with some thresholds changed, or None."""
    findings = examine(records, about, replace(DEFAULT, **changed))
    return next((finding for finding in findings if finding.kind == kind), None)


def test_there_is_a_case_for_every_detector() -> None:
    assert {kind for _, _, kind, _, _ in CASES.values()} == DETECTORS.keys()


@pytest.mark.parametrize("case", CASES)
def test_a_finding_tells_where_and_what(case: str) -> None:
    records, about, kind, update, evidence = CASES[case]
    finding = found(records, about, kind)
    assert (finding.update, finding.evidence) == (update, evidence)
    assert finding.advice


SILENCING: dict[str, tuple[str, float]] = {
    "relapse": ("relapse", 1e9),
    "spike_sds": ("spike", 1e9),
    "spike_rise": ("spike", 1e9),
    "jump_sds": ("jump", 1e9),
    "jump_nats": ("jump", 1e9),
    "oscillation_correlation": ("oscillation", 1.1),
    "oscillation_swing": ("oscillation", 1e9),
    "inflection_sds": ("inflection", 1e9),
    "gap_growth": ("overfitting", 1e9),
    "dead_share": ("dead", 0.0),
    "overload": ("overloaded", 1.0),
    "load_evaluations": ("dead", 4),
    "clipped_share": ("clipping", 1.1),
    "throughput": ("throughput", 0.0),
}
"""A value of each threshold with which the case is no finding."""
GRADING = {"spikes_many", "inflection_warning"}
PEERING = {"peer_spike_sds", "peer_rise_sds", "peer_excess_sds"}


def test_every_threshold_is_tested() -> None:
    assert SILENCING.keys() | GRADING | PEERING == {field.name for field in fields(Thresholds)}


@pytest.mark.parametrize("threshold", SILENCING)
def test_a_threshold_that_is_set_decides(threshold: str) -> None:
    case, value = SILENCING[threshold]
    records, about, kind, _, _ = CASES[case]
    assert found(records, about, kind) is not None
    assert found(records, about, kind, **{threshold: value}) is None


def test_thresholds_decide_how_grave_a_finding_is() -> None:
    spiky = CASES["spike"]
    assert found(*spiky[:3]).severity == "note"
    assert found(*spiky[:3], spikes_many=1).severity == "warning"
    rising = CASES["inflection"]
    assert found(*rising[:3]).severity == "warning"
    assert found(*rising[:3], inflection_warning=6.5).severity == "note"


@pytest.mark.parametrize(
    ("records", "kind", "threshold"),
    [
        (SPIKY, "spike", "peer_spike_sds"),
        (RISING, "inflection", "peer_rise_sds"),
        (RISING, "inflection", "peer_excess_sds"),
    ],
)
def test_thresholds_decide_what_other_runs_share(records: list[Record], kind: str, threshold: str) -> None:
    beside = replace(REPLICATES, updates=1000, peers=Peers((Measured(records),)))
    assert "also in 1 of 1 runs" in found(records, beside, kind).evidence
    assert "also in" not in found(records, beside, kind, **{threshold: 1e9}).evidence


def test_the_last_loss_of_a_run_and_of_its_peers_counts() -> None:
    records = measured([*level(30), 7.5])
    beside = Setting(updates=1000, peers=Peers((Measured(records),)))
    assert "also in 1 of 1 runs" in found(records, beside, "spike").evidence


def test_a_loss_at_the_limit_is_not_above_it() -> None:
    watch = DivergenceWatch(HealthConfig(divergence_factor=2.0, divergence_patience=2), guessing=2.0)
    assert [watch.look(update, 4.0) for update in range(1, 9)] == [None] * 8
    assert watch.look(9, 4.1) is None
    assert watch.look(10, 4.1) is not None
