"""Runs that do not learn, and what a run says about its health in its result."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.runfiles.metrics import MetricsWriter
from engine.runfiles.progress import Progress
from engine.runfiles.rundir import Result
from engine.spec.config import resolve
from engine.training.flatness import FlatnessWatch
from engine.training.worker import _findings
from tests.engine.tiny import make_run, tiny_config, train, write_corpus

NEVER_LEARNS = {"optimizer.lr": 1e-7, "training.updates": 40, "evaluation.every": 5, "health.flat_after": 0.3}


def result_of(tmp_path: Path, settings: Mapping[str, object]) -> Result:
    run = make_run(tmp_path / "run", tiny_config(write_corpus(tmp_path / "corpus.jsonl"), settings))
    code, output = train(run)
    assert code == 0, output
    result = run.result()
    assert result is not None
    return result


def test_a_run_that_does_not_learn_is_stopped_if_asked(tmp_path: Path) -> None:
    result = result_of(tmp_path, {**NEVER_LEARNS, "health.stop_on_flat": True})
    assert (result.status, result.update) == ("stopped", 15)  # the first evaluation after 2 of warm-up and 12
    assert "the training loss has gone from" in result.reason
    assert [finding.kind for finding in result.findings] == ["flat"]


def test_else_it_runs_to_its_end_and_the_result_says_so(tmp_path: Path) -> None:
    result = result_of(tmp_path, NEVER_LEARNS)
    assert (result.status, result.update, result.reason) == ("finished", 40, "")
    assert ("flat", 40) in {(finding.kind, finding.update) for finding in result.findings}


@pytest.mark.parametrize("clip", [1e-6, 0.0])
def test_a_clip_that_always_cuts_is_noted(tmp_path: Path, clip: float) -> None:
    result = result_of(tmp_path, {"optimizer.grad_clip": clip, "training.updates": 30})
    assert ("clipping" in {finding.kind for finding in result.findings}) == (clip > 0)


@pytest.mark.parametrize(("gain", "kinds"), [(0.05, ["flat"]), (1e-9, [])])
def test_the_thresholds_are_those_of_the_configuration(tmp_path: Path, gain: float, kinds: list[str]) -> None:
    config = resolve({"health": {"flat_gain": gain}, "training": {"updates": 40}})
    run = make_run(tmp_path / "run", config)
    with MetricsWriter(run.metrics_file) as metrics:
        for update in range(1, 41):
            metrics.write({"update": update, "session": 1, "train_loss": 5.0 - 0.001 * update})
    noticed = FlatnessWatch(run, config).look()
    assert [finding.kind for finding in (noticed, *_findings(run, config, Progress())) if finding] == kinds * 2
