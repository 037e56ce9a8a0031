"""Silence is not health: what there was to look at is told wherever findings are."""

import pytest

from engine.runfiles.metrics import MetricsWriter
from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.planning.presets import Library
from moetui.core.report.compose import compose
from moetui.core.report.document import Bullets, Paragraph
from moetui.core.report.subject import Subject, gather_subject
from moetui.core.runs.detail import Detail, detail
from moetui.core.runs.lab import Lab
from moetui.core.runs.published import published_records
from moetui.core.runs.scores_alone import replicates, rise_of
from tests.core.report.labs import shipped
from tests.tui.lab_on_disk import end_run, write_run


def named(name: str) -> RunRecord:
    (record,) = [record for record in published_records(Library.load()) if record.name == name]
    return record


def told(found: Detail) -> str:
    return "\n".join(found.health())


def test_the_published_rise_of_exp8_is_graded_against_its_five_replicates(lab: Lab) -> None:
    found = detail(lab, lab.find("published/exp8/baseline"))
    (finding,) = found.findings
    assert (finding.kind, finding.update, finding.severity) == ("inflection", 237, "note")
    assert "5.1564 at update 250, 0.0207 above its best 5.1357 at update 237" in finding.evidence
    assert "2.8 times the standard deviation 0.0073 of 5 replicates" in finding.evidence  # 0.0207 / 0.00728
    assert "no curve to read: of a published result only the scores are known" in told(found)


def test_the_replicates_of_a_record_that_stands_apart_are_those_with_its_settings() -> None:
    every = published_records(Library.load())
    found = replicates(named("published/exp8/baseline"), every)
    assert {run.group for run in found} == {"published/exp8/one-configuration"}
    assert len(found) == 5


def test_a_rise_without_replicates_is_told_and_not_graded(lab: Lab) -> None:
    found = detail(lab, lab.find("published/exp12/constant-lr"))
    assert found.findings == ()
    assert "5.1641 is 0.0454 above its best 5.1187; there are no replicates" in told(found)


def test_a_rise_within_the_noise_of_replicates_is_no_finding(lab: Lab) -> None:
    found = detail(lab, lab.find("published/exp16/short-run"))
    assert found.findings == ()
    assert "0.0127 above its best 5.1436, 1.7 times the standard deviation 0.0073 of 5 replicates" in told(found)


def test_a_best_at_an_unknown_update_is_not_given_one(lab: Lab) -> None:
    (finding,) = detail(lab, lab.find("published/exp8/baseline-again")).findings
    assert "above its best 5.1413: 3.2 times" in finding.evidence


def test_records_without_either_score_tell_no_rise() -> None:
    record = RunRecord(id="a", name="a", status="published", final=Scores(val_loss=5.0))
    assert rise_of(record) is None
    assert rise_of(record.model_copy(update={"best": Scores(val_loss=float("nan"))})) is None


@pytest.mark.parametrize("name", ["published/exp8/baseline", "published/schedule/baseline"])
def test_nothing_says_of_a_published_result_that_nothing_was_found(lab: Lab, name: str) -> None:
    found = detail(lab, lab.find(name))
    for text in (told(found), "\n".join(found.facts()), "\n".join(found.lines())):
        assert "no curve to read" in text
        assert "nothing found" not in text
    for tree in (found.health_tree(), found.tree(history=False)):
        assert tree["looked_at"]["enough"] is False
        assert "published" in tree["looked_at"]["missing"]


def test_a_record_that_came_alone_says_that_its_measurements_are_elsewhere(lab: Lab) -> None:
    record = end_run(lab, write_run(lab, "run1")).model_copy(update={"path": ""})
    assert "the run directory with the measurements is not here" in told(detail(lab, record))


def test_a_run_that_has_not_begun_has_nothing_to_look_at(lab: Lab) -> None:
    found = detail(lab, write_run(lab, "run1"))
    assert told(found) == "no curve to read: nothing has been measured yet"
    assert found.health_tree()["looked_at"]["missing"] == "nothing has been measured yet"


def test_a_few_losses_are_too_few_to_judge(lab: Lab) -> None:
    record = write_run(lab, "run1")
    with MetricsWriter(lab.run_dir(record).metrics_file) as metrics:
        for update in (10, 20, 30):
            metrics.write({"update": update, "session": 1, "train_loss": 8.0, "val_loss": 8.0})
    assert told(detail(lab, record)) == "3 training losses and 3 evaluations: too few to judge a curve"


def test_a_healthy_run_says_what_its_health_rests_on(lab: Lab) -> None:
    record = end_run(lab, write_run(lab, "run1", updates=100), loss=lambda update: 8.0 / update**0.1)
    assert told(detail(lab, record)) == "nothing found in 100 training losses and 10 evaluations"


def test_a_report_without_any_curve_says_why_there_is_none(lab: Lab) -> None:
    said = sentences(gather_subject(lab, "exp/all"))
    assert "No curve to read of any of the 10 runs: of a published result only the scores are known." in said
    assert "Nothing was found in the measurements" not in said


def test_a_report_names_the_runs_without_a_curve_beside_others(lab: Lab) -> None:
    end_run(lab, write_run(lab, "run1", name="a/seed=1", updates=100), loss=lambda update: 8.0 / update**0.1)
    end_run(lab, write_run(lab, "run2", name="a/seed=2", updates=3), loss=lambda update: 8.0)
    said = sentences(gather_subject(lab, "a"))
    assert "1 run without a curve that is long enough to be judged: run2." in said


def test_a_report_counts_the_records_without_a_rise_and_names_those_with_one(lab: Lab) -> None:
    said = sentences(shipped(lab, "schedule/all@tiny"))
    assert "In 15 runs the final validation loss is the lowest of all evaluations." in said
    assert "is the best one" not in said
    assert "above its best" in sentences(gather_subject(lab, "exp/all"))


def sentences(subject: Subject) -> str:
    """Paragraphs and bullets of a report."""
    texts = []
    for block in compose(subject, ()).blocks:
        if isinstance(block, Paragraph):
            texts.append(block.text)
        elif isinstance(block, Bullets):
            texts += block.items
    return " ".join(texts)
