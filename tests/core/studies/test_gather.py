"""What is read of runs before they are compared, and how often."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.studies import Shape, study
from engine.runfiles.rundir import RunDir
from engine.spec.config import RunConfig
from moetui.core.planning.plan import flat_config
from moetui.core.planning.presets import Library
from moetui.core.planning.settings import default_settings
from moetui.core.runs.lab import Lab
from moetui.core.studies import gather as gathering
from moetui.core.studies.gather import gather
from moetui.core.studies.judge import Terms, judge, responses

IN_DIRECTORIES = Shape(name="in directories", rates=3, warmups=2, seeds=4, directories=True)
BY_PRESET = Shape(name="by preset", rates=3, warmups=2, seeds=4, settings=False)
BY_SETTINGS = Shape(name="by settings", rates=3, warmups=2, seeds=4)


def counted(monkeypatch: pytest.MonkeyPatch, holder: type, name: str) -> Counter[str]:
    """Counts the calls of a method."""
    calls: Counter[str] = Counter()
    real = getattr(holder, name)

    def call(*arguments: object) -> object:
        calls[name] += 1
        return real(*arguments)

    monkeypatch.setattr(holder, name, call)
    return calls


@pytest.fixture(params=[IN_DIRECTORIES, BY_PRESET, BY_SETTINGS], ids=lambda shape: shape.name)
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Lab:
    return study(tmp_path, request.param)


def test_the_keys_that_are_known_without_the_configuration_are_those_of_the_configuration(lab: Lab) -> None:
    for run in gather(lab, lab.records()):
        assert run.config is not None
        assert run.own is not None
        assert run.config.seed == run.record.seed
        whole = flat_config(run.config)
        assert {key: run.setting(key) for key in default_settings() if key != "seed"} == {
            key: value for key, value in whole.items() if key != "seed"
        }


def test_a_preset_is_resolved_once_whatever_the_number_of_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = study(tmp_path, BY_PRESET)
    calls = counted(monkeypatch, Library, "chain")
    found = gather(lab, lab.records())
    assert len(found) == 24
    assert calls.total() == 1


def test_comparing_reads_no_configuration_and_whoever_needs_it_reads_it_once_for_each_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = study(tmp_path, IN_DIRECTORIES)
    calls = counted(monkeypatch, RunDir, "config")
    found = gather(lab, lab.records())
    responses(found, Terms(), judge(found, Terms()))
    assert calls.total() == 0
    assert all(isinstance(run.config, RunConfig) for run in found)
    assert calls.total() == 6


def test_the_device_is_read_from_the_directory(tmp_path: Path) -> None:
    (run, *_) = gather(lab := study(tmp_path, IN_DIRECTORIES), lab.records())
    assert (run.device_name, run.peak_memory) == ("NVIDIA H200", 2**30)


def test_a_preset_that_is_gone_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = study(tmp_path, BY_PRESET)
    lab.catalogue.update_many(
        [run.id for run in lab.records()], lambda run: run.model_copy(update={"preset": "gone", "point": {}})
    )
    calls = counted(monkeypatch, Library, "chain")
    found = gathering.gather(lab, lab.records())
    assert [run.config for run in found] == [None] * 24
    assert calls.total() == 1
