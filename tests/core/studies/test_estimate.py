"""What planned runs will cost, told from the runs of this machine."""

from collections.abc import Mapping
from typing import Any

import pytest

from engine.runfiles.host import hostname
from moetui.core.catalogue.records import RunRecord
from moetui.core.machine.devices import CPU, Device
from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.planning.settings import own_settings
from moetui.core.studies.estimate import Estimate, estimate

LIBRARY = Library.load()
ONE_CPU = [Device(CPU, "CPU")]
ONE_GPU = [Device("GPU-1", "H200"), *ONE_CPU]
DAY = 86400.0

SMALL: Mapping[str, Any] = {
    "model.vocab_size": 512,
    "model.d_model": 32,
    "model.n_layers": 2,
    "model.n_heads": 2,
    "model.d_ff": 64,
    "model.n_experts": 4,
    "data.tokenizer": "bpe:512",
    "data.sequence_length": 64,
    "training.batch_size": 4,
}
"""A model of 58,000 parameters, whose update takes 20 ms on one core of a processor."""


def planned(preset: str = "base/moe-tiny", **settings: Any) -> PlannedRun:
    (run,) = plan(
        LIBRARY, Selection(presets=(preset,), settings={k.replace("__", "."): v for k, v in settings.items()})
    )
    return run


def small(**settings: Any) -> PlannedRun:
    return planned(**{key.replace(".", "__"): value for key, value in SMALL.items()} | settings)


def measured(run: PlannedRun, seconds: float, **fields: Any) -> RunRecord:
    """A run that ended, whose updates took so many seconds each."""
    config = run.config
    facts: dict[str, Any] = {
        "id": "a",
        "name": run.name,
        "status": "finished",
        "path": "runs/a",
        "device": CPU,
        "host": hostname(),
        "update": config.training.updates,
        "settings": own_settings(config),
        "active_parameters": config.model.active_parameters,
        "tokens_per_update": config.tokens_per_update,
        "tokens_per_second": config.tokens_per_update / seconds,
    }
    return RunRecord.model_validate(facts | fields)


def training(cost: Estimate, run: PlannedRun) -> float:
    """Seconds of one update."""
    return (cost.seconds - cost.evaluation) / run.config.training.updates


def test_runs_of_a_tiny_model_do_not_foretell_months_for_a_large_one() -> None:
    here = [measured(small(), seconds) for seconds in (0.0195, 0.021, 0.019)]
    study = plan(LIBRARY, Selection(presets=("exp/all",)))
    cost = estimate(study, here, ONE_CPU)
    at_their_speed = sum(
        0.0195 * run.config.model.active_parameters * run.config.tokens / (small().config.model.active_parameters * 256)
        for run in study
    )
    assert at_their_speed > 40 * DAY
    assert cost.seconds < 12 * DAY
    assert cost.low < cost.seconds < cost.high
    # An update of moe-79m takes about 250 s on the core on which the small one takes 20 ms.
    one = planned("base/moe-79m", training__updates=1)
    assert estimate([one], here, ONE_CPU).low < 250 < estimate([one], here, ONE_CPU).high


def test_an_extrapolation_over_more_than_a_factor_of_ten_is_said_to_be_one() -> None:
    here = [measured(small(), 0.02)]
    far, near = planned("base/moe-79m"), small(training__batch_size=32)
    assert estimate([near], here, ONE_CPU).basis == "fitted"
    assert estimate([near], here, ONE_CPU).measured
    cost = estimate([far], here, ONE_CPU)
    assert (cost.basis, cost.measured) == ("extrapolated", False)
    assert cost.reach > 1e5
    assert "extrapolated" in cost.reason
    assert "rule of thumb" in cost.reason
    assert estimate([near, far], here, ONE_CPU).basis == "extrapolated"
    back = estimate([small()], [measured(far, 60.0)], ONE_CPU)
    assert back.basis == "extrapolated"
    assert back.reach < 1e-5
    assert "times fewer operations" in back.reason
    assert "times more operations" in estimate([near, far], here, ONE_CPU).reason


def test_a_size_between_measured_ones_is_no_extrapolation() -> None:
    here = [measured(small(), 0.02), measured(planned("base/moe-9m"), 3.1)]
    assert estimate([planned()], here, ONE_CPU).basis == "fitted"


def test_a_size_that_was_measured_takes_as_long_as_it_did() -> None:
    times = (0.70, 0.74, 0.90)
    here = [*(measured(planned(), seconds) for seconds in times), measured(small(), 0.02)]
    run = planned(optimizer__lr=0.001, seed=7)
    cost = estimate([run], here, ONE_CPU)
    assert cost.basis == "measured"
    assert training(cost, run) == pytest.approx(0.74)
    updates = run.config.training.updates
    assert cost.low < updates * min(times) < updates * max(times) < cost.high


def test_without_measurements_it_is_a_rule_of_thumb_with_a_wide_range() -> None:
    cost = estimate([planned()], [], ONE_CPU)
    assert (cost.basis, cost.measured) == ("rule of thumb", False)
    assert "rule of thumb" in cost.reason
    assert cost.low < cost.seconds / 5
    assert cost.high > cost.seconds * 5
    run = planned("base/moe-79m")
    assert estimate([run], [], ONE_GPU).seconds < estimate([run], [], ONE_CPU).seconds / 50


@pytest.mark.parametrize(
    "fields",
    [
        {"path": ""},
        {"backend": "imported"},
        {"status": "published", "published": True, "path": ""},
        {"host": "elsewhere"},
        {"device": "GPU-of-another-machine", "host": "elsewhere"},
        {"update": 1},
        {"settings": None},
        {"tokens_per_second": None},
    ],
)
def test_runs_that_tell_nothing_of_this_machine_do_not_count(fields: dict[str, Any]) -> None:
    cost = estimate([planned()], [measured(planned(), 0.001, **fields)], ONE_GPU[1:])
    assert cost == estimate([planned()], [], ONE_CPU)


def test_a_gpu_and_the_processor_are_measured_apart() -> None:
    here = [measured(planned(), 0.05, device="GPU-1", host="an earlier name"), measured(planned(), 0.7)]
    on_gpu, on_cpu = planned(), planned(training__device="cpu")
    assert training(estimate([on_gpu], here, ONE_GPU), on_gpu) == pytest.approx(0.05)
    assert training(estimate([on_cpu], here, ONE_GPU), on_cpu) == pytest.approx(0.7)
    assert estimate([planned()], here[:1], ONE_CPU).basis == "rule of thumb"


def test_a_mixture_of_sizes_adds_up() -> None:
    here = [measured(small(), 0.02), measured(planned(), 0.7)]
    runs = [small(), planned(), planned("base/moe-9m"), planned("base/moe-9m", seed=2)]
    parts = [estimate([run], here, ONE_CPU) for run in runs]
    whole = estimate(runs, here, ONE_CPU)
    assert whole.seconds == pytest.approx(sum(part.seconds for part in parts))
    assert whole.low == pytest.approx(sum(part.low for part in parts))
    assert whole.high == pytest.approx(sum(part.high for part in parts))
    assert whole.device_hours == pytest.approx(whole.seconds / 3600)


def test_evaluation_counts_where_its_size_is_known() -> None:
    here = [measured(planned(), 0.7)]
    unknown = estimate([planned()], here, ONE_CPU)
    assert unknown.left_out == ("evaluation", "start-up")
    assert unknown.evaluation == 0
    limited = estimate([planned(evaluation__max_sequences=48)], here, ONE_CPU)
    assert limited.left_out == ("start-up",)
    # 48 sequences are three updates forward only, so about one update; there are 11 evaluations.
    assert 11 * 0.7 / 2 < limited.evaluation < 11 * 0.7 * 2
    assert limited.seconds == pytest.approx(unknown.seconds + limited.evaluation)
    seen = estimate([planned()], [measured(planned(), 0.7, validation_tokens=60_000)], ONE_CPU)
    assert seen.left_out == ("start-up",)
    assert seen.evaluation > 5 * limited.evaluation
    other_text = estimate(
        [planned(data__max_documents=7)], [measured(planned(), 0.7, validation_tokens=60_000)], ONE_CPU
    )
    assert other_text.left_out == ("evaluation", "start-up")


def test_a_run_from_a_version_with_other_settings_does_not_count() -> None:
    odd = measured(planned(), 0.7, settings={"model.gone": 3})
    assert estimate([planned()], [odd], ONE_CPU).basis == "rule of thumb"
