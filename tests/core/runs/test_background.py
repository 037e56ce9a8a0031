from engine.runfiles.jsonfile import write_file
from engine.runfiles.rundir import Finding, Result
from moetui.core.catalogue.records import RunRecord
from moetui.core.runs.background import MOST_BYTES, PAUSE_SECONDS, SHARE, Background, Backgrounds
from moetui.core.runs.lab import Lab, Snapshot
from tests.tui.lab_on_disk import end_run, write_metrics, write_run

SPIKE = Finding(kind="spike", update=7, severity="note", evidence="9.9 after 5.0", advice="wait")


def ended_with(lab: Lab, finding: Finding) -> RunRecord:
    record = end_run(lab, write_run(lab, "a"))
    run = lab.run_dir(record)
    result = run.result()
    assert result is not None
    write_file(run.result_file, Result.model_validate(result.model_dump() | {"findings": [finding.model_dump()]}))
    return record


def test_an_ended_run_has_what_its_trainer_noted(lab: Lab) -> None:
    record = ended_with(lab, SPIKE)
    (background,) = Backgrounds(lab).look(Snapshot((record,)), [record.id]).values()
    assert background.findings == (SPIKE,)
    assert background.config == lab.run_dir(record).config().config


def test_what_has_not_changed_is_the_same_object(lab: Lab) -> None:
    record = ended_with(lab, SPIKE)
    backgrounds = Backgrounds(lab)
    first, second = (backgrounds.look(Snapshot((record,)), [record.id]) for _ in range(2))
    assert first[record.id] is second[record.id]


def test_a_live_run_is_examined_again_after_a_while(lab: Lab) -> None:
    record = write_run(lab, "a", updates=1000).model_copy(update={"status": "running"})
    now = 100.0
    backgrounds = Backgrounds(lab, clock=lambda: now)
    write_metrics(lab.run_dir(record), 40)
    snapshot = Snapshot((record,))
    assert not backgrounds.look(snapshot, ["a"])["a"].findings
    lab.run_dir(record).metrics_file.unlink()
    write_metrics(lab.run_dir(record), 60, loss=lambda update: float("nan") if update > 50 else 8.0 - update / 100)
    assert not backgrounds.look(snapshot, ["a"])["a"].findings
    now += PAUSE_SECONDS
    assert backgrounds.look(snapshot, ["a"])["a"].findings[0].kind == "non-finite"


def test_a_damaged_run_has_an_empty_background(lab: Lab) -> None:
    record = ended_with(lab, SPIKE)
    run = lab.run_dir(record)
    run.config_file.write_text("{")
    run.result_file.write_text("{")
    (background,) = Backgrounds(lab).look(Snapshot((record,)), [record.id]).values()
    assert (background.config, background.findings) == (None, ())


def test_live_runs_together_take_no_more_than_their_share_of_the_time(lab: Lab) -> None:
    runs = [write_run(lab, name).model_copy(update={"status": "running"}) for name in ("a", "b", "c")]
    ticks = iter(range(10**6))
    read: list[str] = []

    class Slow(Backgrounds):
        """Each look at the clock is a second later, so that each examination takes one."""

        def _read(self, run: RunRecord, snapshot: Snapshot) -> Background:
            read.append(run.id)
            return super()._read(run, snapshot)

    backgrounds = Slow(lab, clock=lambda: float(next(ticks)))
    for _ in range(200):
        backgrounds.look(Snapshot(tuple(runs)), [run.id for run in runs])
    assert sorted(read[:3]) == ["a", "b", "c"]  # the first look is due to everybody
    again = read[3:]
    assert len(again) <= next(ticks) * SHARE
    assert abs(again.count("a") - again.count("c")) <= 1


def test_too_long_a_history_is_left_to_the_trainer(lab: Lab) -> None:
    record = write_run(lab, "a").model_copy(update={"status": "running"})
    run = lab.run_dir(record)
    write_metrics(run, 60, loss=lambda update: float("nan") if update > 50 else 8.0)
    with run.metrics_file.open("ab") as file:
        file.truncate(MOST_BYTES + 1)
    assert Backgrounds(lab).look(Snapshot((record,)), ["a"])["a"].findings == ()
