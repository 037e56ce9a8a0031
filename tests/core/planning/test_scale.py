"""A study at another scale: the base is exchanged, and what the study is about stays."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moetui.core.errors import NotFoundError, UsageError
from moetui.core.planning.plan import PlannedRun, Selection, flat_config, plan, resolve_chain
from moetui.core.planning.presets import Library

LIBRARY = Library.load()
STUDIES = [preset.name for preset in LIBRARY if preset.scales and not preset.name.startswith("base/")]


def runs_of(name: str, library: Library = LIBRARY) -> list[PlannedRun]:
    return plan(library, Selection(presets=(name,)))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(STUDIES), st.sampled_from(["tiny", "9m", "79m", "283m"]))
def test_a_scaled_study_has_the_model_text_and_batch_of_the_other_base_and_the_rest_of_its_own(
    name: str, scale: str
) -> None:
    base = flat_config(resolve_chain(LIBRARY.chain(f"base/moe-{scale}"), {}))
    own, scaled = runs_of(name), runs_of(f"{name}@{scale}")
    of_base = [f"model.{key}" for key in ("vocab_size", "d_model", "n_layers", "n_heads", "d_ff")]
    of_base += [f"data.{key}" for key in ("source", "tokenizer", "sequence_length")]
    sections = ("optimizer.", "schedule.", "evaluation.", "training.updates")
    for before, after in zip(own, scaled, strict=True):
        old, new = flat_config(before.config), flat_config(after.config)
        assert {key: new[key] for key in of_base} == {key: base[key] for key in of_base}
        assert [new[key] for key in new if key.startswith(sections)] == [
            old[key] for key in old if key.startswith(sections)
        ]
        assert after.point == before.point


def test_names_tell_the_scale_and_a_study_on_that_base_already_keeps_its_plain_name() -> None:
    (run, *_) = runs_of("lr-report/phase-1@tiny")
    assert run.name == "lr-report/phase-1@tiny/lr=0.001"
    assert (run.study, run.preset) == ("lr-report/phase-1@tiny", "lr-report/phase-1@tiny")
    assert runs_of("schedule/all@79m") == runs_of("schedule/all")
    assert runs_of("quickstart@tiny") == runs_of("quickstart")


def test_what_a_study_sets_of_the_model_beyond_its_size_stays() -> None:
    assert [run.config.model.n_experts for run in runs_of("experts/count@tiny")] == [4, 8, 16, 32]
    dropouts = {run.preset: run.config.model.dropout for run in runs_of("exp/all@tiny")}
    assert dropouts["exp13/higher-dropout@tiny"] == 0.2
    assert dropouts["exp8/baseline@tiny"] == 0.1
    residual = {run.preset: run.config.model.residual_dropout for run in runs_of("exp/all@tiny")}
    assert residual == dropouts
    assert not runs_of("exp8/baseline-as-published@tiny")[0].config.data.end_of_text


def test_runs_of_different_scales_never_share_a_group() -> None:
    groups = [{run.group for run in runs_of(f"exp/all@{scale}")} for scale in ("tiny", "9m", "79m")]
    assert len(set.union(*groups)) == sum(map(len, groups))


def test_a_base_of_ones_own_is_a_scale(tmp_path: Path) -> None:
    text = '[preset]\nname = "base/moe-mine"\ntitle = "Mine"\nextends = "base/moe-tiny"\n[config]\nmodel.d_model = 64\n'
    (tmp_path / "mine.toml").write_text(text)
    runs = runs_of("schedule/all@mine", Library.load(tmp_path))
    assert {(run.config.model.d_model, run.config.model.vocab_size) for run in runs} == {(64, 4096)}


def test_an_unknown_scale_names_those_there_are() -> None:
    with pytest.raises(NotFoundError, match="no scale 'huge'; there are 283m, 79m, 9m, tiny"):
        runs_of("schedule/all@huge")
    with pytest.raises(NotFoundError, match="did you mean schedule/all"):
        runs_of("schedule/al@tiny")


@pytest.mark.parametrize("name", ["size-scaled/all", "size-scaled/small-formula", "size-scaled/large-advice"])
def test_a_study_of_sizes_has_no_other_scale(name: str) -> None:
    with pytest.raises(
        UsageError, match=f"^{name} is about the size of its model, so it has no other scale; leave @tiny"
    ):
        runs_of(f"{name}@tiny")
    assert runs_of("size-scaled/reference@79m") == runs_of("size-scaled/reference")


def test_the_sign_of_the_scale_is_not_for_names(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[preset]\nname = "a@b"\ntitle = "A"\n')
    with pytest.raises(UsageError, match=r"mine\.toml:2: \[preset\] name: @ is kept for the scale"):
        Library.load(tmp_path)
