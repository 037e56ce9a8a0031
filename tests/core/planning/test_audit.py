"""The schedule audit: silent on sound schedules, and never silent on a planted fault."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec.config import RunConfig, resolve
from moetui.core.planning.audit import Cliff, Curve, audit, diverged_before, planned, recorded
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.planning.settings import nest

LIBRARY = Library.load()


def config(**settings: Any) -> RunConfig:
    """A configuration from keys with `__` for the dot."""
    return resolve(nest({key.replace("__", "."): value for key, value in settings.items()}))


def kinds(of: RunConfig, **more: Any) -> list[str]:
    return [finding.kind for finding in audit(of, **more)]


@st.composite
def sound(draw: st.DrawFn, kind: str | None = None) -> dict[str, Any]:
    """Settings of a schedule with a warm-up of 2 updates to a quarter of the run that does within the run what it is for."""
    kind = kind or draw(
        st.sampled_from(
            ["constant", "cosine", "linear", "step", "wsd", "restarts", "stages", "inverse-sqrt", "plateau"]
        )
    )
    updates = draw(st.integers(40, 400))
    warmup = draw(st.integers(2, updates // 4))
    settings: dict[str, Any] = {
        "schedule.kind": kind,
        "schedule.warmup_updates": warmup,
        "schedule.floor": draw(st.floats(0, 0.5)),
        "optimizer.lr": draw(st.floats(1e-5, 1)),
        "evaluation.every": 5,
    }
    if kind == "step":
        settings |= {"schedule.step_every": draw(st.integers(1, updates // 2)), "schedule.step_gamma": 0.9}
    if kind == "wsd":
        settings |= {"schedule.decay": draw(st.floats(0.1, 0.7))}
    if kind == "restarts":
        every = draw(st.integers(2, 50))
        updates = warmup + every * -(-4 * warmup // every) - 1
        settings |= {"schedule.restart_every": every}
    if kind == "stages":
        settings |= {"schedule.stages": [[0.4, 0.5], [draw(st.floats(0.5, 0.9)), draw(st.floats(0, 0.4))]]}
    return settings | {"training.updates": updates}


@given(sound())
def test_a_sound_schedule_has_no_finding(settings: dict[str, Any]) -> None:
    assert kinds(resolve(nest(settings))) == []


@given(st.integers(2, 20), st.integers(2, 30), st.sampled_from(["cosine", "linear"]))
def test_a_schedule_stepped_per_epoch_has_no_finding(epoch: int, epochs: int, kind: str) -> None:
    whole = {"training__updates": 8 * epoch * epochs, "schedule__warmup_updates": 2 * epoch}
    assert kinds(config(schedule__kind=kind, schedule__epoch_updates=epoch, **whole)) == []


@given(sound(), st.integers(2, 10))
def test_a_horizon_beyond_the_run_is_found_where_the_decay_depends_on_it(settings: dict[str, Any], times: int) -> None:
    updates = settings["training.updates"]
    found = audit(resolve(nest(settings | {"schedule.horizon": times * updates})))
    if settings["schedule.kind"] in {"cosine", "linear", "wsd"}:
        assert [(finding.kind, finding.update) for finding in found] == [("horizon-not-reached", updates)]
    else:
        assert "horizon-not-reached" not in [finding.kind for finding in found]


@given(sound("cosine"), st.floats(0.3, 0.9))
def test_a_run_that_outlasts_its_horizon_is_found(settings: dict[str, Any], share: float) -> None:
    span = round(share * settings["training.updates"])
    (finding,) = audit(resolve(nest(settings | {"schedule.horizon": span})))
    assert (finding.kind, finding.update) == ("horizon-overrun", span)


@given(sound("linear"), st.floats(0.3, 1.0))
def test_a_long_warm_up_is_found(settings: dict[str, Any], share: float) -> None:
    updates = settings["training.updates"]
    assert "long-warm-up" in kinds(resolve(nest(settings | {"schedule.warmup_updates": round(share * updates)})))


@given(sound())
def test_a_run_without_a_warm_up_is_noted(settings: dict[str, Any]) -> None:
    assert "no-warm-up" in kinds(resolve(nest(settings | {"schedule.warmup_updates": 0})))


@given(sound())
def test_a_warm_up_of_one_update_is_none(settings: dict[str, Any]) -> None:
    found = audit(resolve(nest(settings | {"schedule.warmup_updates": 1})))
    assert ("warm-up-vanishes", "warning", 1) in [(one.kind, one.severity, one.update) for one in found]


@pytest.mark.parametrize(("updates", "says"), [(50, "is 1 update"), (20, "is 0 updates"), (75, ""), (100, "")])
def test_a_share_that_rounding_leaves_nothing_of_is_found_with_its_numbers(updates: int, says: str) -> None:
    found = audit(config(training__updates=updates, schedule__warmup=0.02))
    expected = [f"a warm-up of 2 % of {updates} updates {says}, that is none: the first update is at the peak"]
    assert [one.evidence for one in found if one.kind == "warm-up-vanishes"] == (expected if says else [])
    assert "no-warm-up" not in [one.kind for one in found]


def test_a_first_update_at_rate_0_is_an_idle_start_and_no_vanished_warm_up() -> None:
    assert kinds(config(training__updates=50, schedule__warmup=0.02, schedule__count_from_zero=True)) == ["idle-start"]


@given(sound())
def test_a_first_update_without_a_learning_rate_is_found(settings: dict[str, Any]) -> None:
    found = audit(resolve(nest(settings | {"schedule.count_from_zero": True})))
    assert (found[0].kind, found[0].update) == ("idle-start", 1)


@given(sound(), st.floats(1e-3, 0.09))
def test_a_jump_is_found_at_its_update(settings: dict[str, Any], start: float) -> None:
    jump = {"schedule.warmup_shape": "constant", "schedule.warmup_start": start}
    found = [finding for finding in audit(resolve(nest(settings | jump))) if finding.kind == "lr-jump"]
    assert [finding.update for finding in found] == [settings["schedule.warmup_updates"] + 1]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("decay-never-begins", {"schedule__kind": "step", "schedule__step_every": 100}),
        ("decay-never-begins", {"schedule__kind": "stages", "schedule__stages": [[0.5, 0.5], [101, 0.1]]}),
        ("decay-never-begins", {"schedule__kind": "plateau", "evaluation__every": 20}),
        ("floor-not-reached", {"schedule__kind": "restarts", "schedule__restart_every": 70}),
        ("floor-not-reached", {"schedule__kind": "wsd", "schedule__decay": 0.0}),
    ],
)
def test_a_decay_that_does_not_come_to_its_end_is_found(kind: str, settings: dict[str, Any]) -> None:
    assert kinds(config(training__updates=100, **settings)) == [kind]


def test_the_flaw_of_the_published_schedule_is_named_with_its_numbers() -> None:
    (run,) = plan(LIBRARY, Selection(presets=("exp8/baseline-as-published",)))
    evidence = {finding.kind: finding.evidence for finding in audit(run.config)}
    assert evidence["horizon-not-reached"] == "uses 25 % of its horizon of 1000 updates, ends at 90.6 % of the peak"


def test_the_jump_of_the_broken_warm_up_is_named_with_its_numbers() -> None:
    (run,) = plan(LIBRARY, Selection(presets=("step-decay/broken-warmup",)))
    (jump,) = [finding for finding in audit(run.config) if finding.kind == "lr-jump"]
    assert (jump.update, jump.evidence) == (106, "grows × 100 at once, from 2e-05 to 0.002")


def test_the_corrected_presets_of_the_documents_have_no_warning() -> None:
    flawed = ("-as-published", "step-decay/broken-warmup")
    names = [preset.name for preset in LIBRARY if not preset.name.endswith(flawed) and not preset.members]
    runs = [run for name in names for run in plan(LIBRARY, Selection(presets=(name,)))]
    warned = {(run.name, f.kind) for run in runs for f in audit(run.config) if f.severity != "note"}
    # Its document asks for 2 % of 50 updates.
    assert warned == {("schedule/aggressive-warmup", "warm-up-vanishes")}


def cliff(**settings: Any) -> Cliff:
    return Cliff("abc", "mine", 30, config(**settings))


def test_a_rate_at_or_above_one_that_diverged_here_is_found() -> None:
    cliffs = [cliff(optimizer__lr=0.4), cliff(optimizer__lr=0.2)]
    for above in (
        config(optimizer__lr=0.2, schedule__warmup=0.1),
        config(optimizer__lr=0.21),
        config(optimizer__lr=0.2, schedule__floor=0.2),
    ):
        (finding,) = audit(above, cliffs)
        assert finding.kind == "above-cliff"
        assert "0.2, at which mine (abc) diverged at update 30" in finding.evidence
    assert kinds(config(optimizer__lr=0.19), cliffs=cliffs) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_a_setting_of_which_a_seed_diverged_is_no_cliff_of_its_own(seed: int) -> None:
    cliffs = [cliff(optimizer__lr=0.2, seed=1)]
    again = config(optimizer__lr=0.2, seed=seed)
    assert kinds(again, cliffs=cliffs) == []
    assert kinds(again, cliffs=[*cliffs, cliff(optimizer__lr=0.1)]) == ["above-cliff"]
    before = diverged_before(again, cliffs)
    assert before is not None
    assert before.evidence == "this setting has diverged: seed 1 at update 30 (abc)"
    assert diverged_before(config(optimizer__lr=0.3, seed=seed), cliffs) is None


@pytest.mark.parametrize("other", [{"model__n_layers": 2}, {"optimizer__momentum": 0.5}, {"optimizer__kind": "adamw"}])
def test_a_divergence_of_another_model_or_optimizer_says_nothing(other: dict[str, Any]) -> None:
    assert kinds(config(optimizer__lr=1.0), cliffs=[cliff(optimizer__lr=0.1, **other)]) == []
    assert kinds(config(optimizer__lr=1.0, **other), cliffs=[cliff(optimizer__lr=0.1, **other)]) == ["above-cliff"]


@given(sound(), st.integers(1, 20))
def test_the_log_of_a_sound_run_has_no_finding_however_rarely_it_was_written(
    settings: dict[str, Any], every: int
) -> None:
    of = resolve(nest(settings | {"training.log_every": every}))
    whole = planned(of)
    logged = [(u, f) for u, f in zip(whole.updates, whole.factors, strict=True) if u % every == 0 or u == 1]
    curve = recorded(of, [{"update": u, "lr": f * of.optimizer.lr, "train_loss": 1.0} for u, f in logged])
    assert kinds(of, curve=curve) == []


def test_a_jump_that_only_the_record_shows_is_found() -> None:
    of = config(training__updates=100)
    records: list[dict[str, object]] = [
        {"update": u, "lr": of.lr_at(u) * (0.01 if u < 50 else 1.0)} for u in range(1, 101)
    ]
    (finding,) = audit(of, curve=recorded(of, records))
    assert (finding.kind, finding.update) == ("lr-jump", 50)


def test_a_run_that_ended_early_did_not_come_to_the_end_of_its_decay() -> None:
    of = config(training__updates=100)
    curve = Curve(tuple(range(1, 51)), planned(of).factors[:50])
    (finding,) = audit(of, curve=curve)
    assert (finding.kind, finding.update, finding.severity) == ("horizon-not-reached", 50, "note")


def test_a_run_that_logged_no_learning_rate_has_no_recorded_curve() -> None:
    assert recorded(config(), [{"update": 1, "val_loss": 3.0}]) is None
