"""The words for what a plan costs."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runfiles.rundir import Finding
from moetui.core.catalogue.records import RunRecord
from moetui.core.cluster.execution import Execution
from moetui.core.machine.devices import CPU, Device
from moetui.core.planning.plan import PlannedRun, Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.planning.settings import own_settings
from moetui.core.studies.audits import Shared
from moetui.tui.amounts import count_text, duration_text, span_text
from moetui.tui.bill import bill
from moetui.tui.launch.card import Words, card_text
from moetui.tui.launch.findings import findings_line, findings_text
from moetui.tui.launch.run_list import line_segments, run_lines
from moetui.tui.launch.summary import question, source_text, totals

LIBRARY = Library.load()
ONE_CPU = (Device(CPU, "CPU"),)
TWO_GPUS = (Device("GPU-1", "H200"), Device("GPU-2", "H200"), *ONE_CPU)


def planned(preset: str = "quickstart", seeds: tuple[int, ...] = ()) -> list[PlannedRun]:
    return plan(LIBRARY, Selection(presets=(preset,), seeds=seeds))


def test_the_devices_of_each_run_are_told_and_that_the_time_is_that_of_one() -> None:
    runs = planned()
    text = totals(runs, runs, bill(runs, (), ONE_CPU), pending=0, execution=Execution(devices=2)).plain
    assert text.startswith("3 runs on 2 devices each ·")
    assert text.endswith("on one device each")
    assert "devices" not in totals(runs, runs, bill(runs, (), ONE_CPU), pending=0).plain


def test_no_time_is_told_of_runs_on_a_cluster_and_many_are_asked_about() -> None:
    runs, there = planned(), Execution(backend="slurm", devices=2)
    text = totals(runs, runs, bill(runs, (), ONE_CPU), pending=3, execution=there).plain
    assert text.startswith("3 runs on 2 devices each ·")
    assert text.splitlines()[0].endswith("· on slurm")
    assert text.splitlines()[1].endswith("each)")
    assert totals(runs, runs, None, pending=0, execution=there).plain == text
    assert question(runs, bill(runs, (), ONE_CPU), execution=there) == ""
    asked = question(runs, bill(runs, (), ONE_CPU), execution=there, first=True)
    assert asked.startswith("Start 3 runs on slurm?\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (950, "950"), (999.6, "1.00k"), (2_890_000, "2.89M"), (79_059_840, "79.1M"), (36.6e9, "36.6G")],
)
def test_counts_have_three_digits(value: float, text: str) -> None:
    assert count_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.1, "5 s"),
        (41, "40 s"),
        (58, "1 min"),
        (600, "10 min"),
        (3600, "1.0 h"),
        (36_000, "10 h"),
        (200_000, "2.3 days"),
    ],
)
def test_durations_are_no_more_exact_than_an_estimate(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_totals_name_runs_parameters_tokens_place_and_time() -> None:
    runs = planned()
    text = totals(runs, runs, bill(runs, (), ONE_CPU), pending=2).plain
    model = runs[0].config.model
    for part in (
        "3 runs",
        count_text(model.parameters),
        count_text(model.active_parameters),
        "on CPU",
        " to ",
        "(a guess)",
    ):
        assert part in text
    assert f"{count_text(3 * runs[0].config.tokens)} tokens ({count_text(runs[0].config.tokens)} each)" in text
    assert "after 2 runs" in text
    assert all(len(line) <= 53 for line in totals(runs, runs, bill(runs, (), ONE_CPU), pending=0).plain.splitlines())


def test_until_the_devices_are_known_nothing_is_said_of_time() -> None:
    text = totals(planned(), planned(), None, pending=0).plain
    assert "looking for GPUs" in text
    assert "about" not in text


def test_a_run_that_was_measured_makes_the_estimate_a_measurement() -> None:
    runs = planned()
    before = RunRecord(
        id="a", name="a", status="finished", device="cpu", path="runs/a", update=80, tokens_per_second=1000.0,
        settings=own_settings(runs[0].config), tokens_per_update=runs[0].config.tokens_per_update,
    )  # fmt: skip
    cost = bill(runs, (before,), ONE_CPU)
    assert cost.seconds == pytest.approx(sum(run.config.tokens for run in runs) / 1000)
    assert "(measured)" in cost.duration
    far = bill(planned("base/moe-79m"), (before,), ONE_CPU)
    assert "(extrapolated)" in far.duration


def test_a_duration_is_a_range_unless_both_ends_read_the_same() -> None:
    assert span_text(40, 190) == "40 s to 3 min"
    assert span_text(181, 190) == "about 3 min"


def test_two_gpus_take_half_the_time_of_one_but_one_run_stays_on_one() -> None:
    runs = planned(seeds=(1, 2))
    assert bill(runs, (), TWO_GPUS).seconds == pytest.approx(bill(runs, (), TWO_GPUS[1:]).seconds / 2)
    assert bill(runs[:1], (), TWO_GPUS).seconds == pytest.approx(bill(runs[:1], (), TWO_GPUS[1:]).seconds)
    assert bill(runs, (), TWO_GPUS).place == "2 × H200"


def test_few_and_short_runs_are_not_asked_about() -> None:
    few, many, long = planned(), planned(seeds=(1, 2, 3)), planned("base/moe-79m")
    assert question(few, bill(few, (), ONE_CPU)) == ""
    asked = question(few, bill(few, (), ONE_CPU), first=True)
    assert (asked == "") == (len(few) == 1)
    assert all(f"\n  {run.name}" in question(many, bill(many, (), ONE_CPU), first=True) for run in many[:6])
    assert question(many, bill(many, (), ONE_CPU)).startswith("Start 9 runs on CPU, ")
    assert "1 run on CPU" in question(long, bill(long, (), ONE_CPU))


def test_a_preset_of_the_hub_says_that_it_needs_the_network() -> None:
    hub = LIBRARY.get("base/moe-79m")
    assert "needs the network" in source_text(hub, planned("base/moe-79m"), offline=False)
    assert source_text(LIBRARY.get("quickstart"), planned(), offline=False) == "text: pydocs"
    own = replace(LIBRARY.get("quickstart"), path=Path("/home/a/presets/lab/presets/x/mine.toml"), built_in=False)
    assert source_text(own, planned(), offline=False) == "text: pydocs · your preset, presets/x/mine.toml"


def test_a_card_keeps_its_source_however_long_the_description() -> None:
    lines = card_text(Words("Title", "word " * 100, "source"), 20, 4).plain.splitlines()
    assert len(lines) == 4
    assert lines[0] == "Title"
    assert lines[2].endswith("…")
    assert lines[3] == "source"
    assert all(len(line) <= 20 for line in lines)


def test_what_is_here_already_costs_nothing() -> None:
    runs = planned()
    text = totals(runs, runs[2:], bill(runs[2:], (), ONE_CPU), pending=0).plain
    assert text.startswith("3 runs, 2 here already")
    assert f"{count_text(runs[2].config.tokens)} tokens" in text
    assert "nothing to run" in totals(runs, [], bill([], (), ONE_CPU, like=runs), pending=0).plain
    assert bill([], (), TWO_GPUS, like=runs).place == "2 × H200"


def test_gpu_hours_are_told_where_there_are_gpus() -> None:
    runs = planned("base/moe-79m")
    cost = bill(runs, (), TWO_GPUS)
    assert f"{cost.cost.device_hours:.2g} GPU-hours" in cost.duration
    assert "GPU-hours" not in bill(planned(), (), ONE_CPU).duration


def test_a_warning_is_asked_about_with_what_to_try() -> None:
    runs = planned()
    found = Finding(kind="lr-jump", update=3, severity="warning", evidence="grows", advice="do less")
    asked = question(runs, bill(runs, (), ONE_CPU), [Shared(found, ("a", "b"))] * 6)
    assert asked.startswith("! lr-jump (2 runs): grows; try: do less")
    assert "and 2 more" in asked
    assert "Start 3 runs" in asked


def test_findings_are_listed_with_the_severe_ones_first() -> None:
    note = Shared(Finding(kind="no-warm-up", update=1, severity="note", evidence="e", advice="a"), ("x", "y"))
    warning = Shared(Finding(kind="lr-jump", update=3, severity="warning", evidence="grows", advice="do less"), ("x",))
    text = findings_text([note, warning], 2).plain.splitlines()
    assert text[1] == "! warning: lr-jump at update 3 · x"
    assert text[2] == "  grows; try: do less"
    assert text[3] == "· note: no-warm-up at update 1 · every run"
    assert findings_line([note, warning]).plain == "! lr-jump (1 run) · no-warm-up (2 runs)"
    assert "nothing found" in findings_text([], 2).plain
    assert findings_line([]).plain == ""


@given(st.integers(20, 200), st.sampled_from(["", "aaaaaaaa 4.562", "new"]))
def test_a_line_of_the_table_fits_its_width(width: int, here: str) -> None:
    (line,) = run_lines(planned()[:1], [0], (), None, reuse=True)
    text = "".join(segment.text for segment in line_segments(0, replace(line, here=here), width))
    assert len(text) <= max(width, 49)
    assert here in text
