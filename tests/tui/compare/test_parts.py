"""What the Compare screen shows, worked out without a screen: subjects, answers, charts, tables."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from moetui.core.catalogue.records import RunRecord
from moetui.core.errors import NotFoundError, UsageError
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.runs.lab import Lab
from moetui.core.runs.published import published_records
from moetui.core.science.measure import MEASURES
from moetui.core.science.pareto import COSTS, priced
from moetui.core.science.questions import Cost
from moetui.core.studies.gather import gather
from moetui.core.studies.judge import Terms, judge, responses
from moetui.tui.chart.draw import draw
from moetui.tui.compare import words
from moetui.tui.compare.bench import Bench
from moetui.tui.compare.pareto_chart import DOT, letters, pareto_chart
from moetui.tui.compare.response_chart import PUBLISHED, response_chart
from moetui.tui.compare.subjects import named, subjects
from moetui.tui.compare.table import table
from tests.tui.compare.labs import LRS, grid, trained
from tests.tui.lab_on_disk import end_run, write_planned, write_run


def test_a_typed_study_has_the_runs_that_were_made_for_another(lab: Lab) -> None:
    library = lab.library()
    planned = plan(library, Selection(presets=("quickstart",)))
    record = write_planned(lab, "own", planned[0])
    other = lab.catalogue.change(record.id, study="mine", preset="mine/other")
    assert named("quickstart", [other], library).records == (other,)
    with pytest.raises(NotFoundError):
        named("quickstart", [other])


def test_subjects_are_marked_runs_typed_words_studies_presets_and_documents_in_that_order(lab: Lab) -> None:
    lab.catalogue.add(published_records(Library.load()))
    runs = grid(lab)
    end_run(lab, write_run(lab, "loose"))
    everything = lab.snapshot().runs
    found = subjects(everything, marked=[runs[0].id, "gone"], typed=["grid/lr=0.05 grid/lr=0.1", "vanished"])
    assert [one.key for one in found][:4] == [
        "marked",
        "typed:grid/lr=0.05 grid/lr=0.1",
        "study:grid",
        "preset:some/preset",
    ]
    assert [len(one.records) for one in found][:3] == [1, 6, 12]
    assert {one.kind for one in found[4:]} == {"published"}
    with pytest.raises(NotFoundError):
        named("vanished", everything)


def test_the_same_question_is_answered_from_memory_until_a_run_ends(lab: Lab) -> None:
    runs = grid(lab, seeds=1)
    late = write_run(lab, "late", study="grid", settings={"optimizer": {"lr": 0.2}})
    bench = Bench(lab)

    def ask(terms: Terms = Terms()) -> object:  # noqa: B008  # frozen
        everything = lab.snapshot(dispatch=False).runs
        (subject,) = [one for one in subjects(everything) if one.key == "study:grid"]
        return bench.answer(subject, terms, everything)

    first = ask()
    assert ask() is first
    lab.catalogue.change(late.id, update=7)  # it goes on, which changes nothing
    assert ask() is first
    assert ask(Terms(measure=MEASURES["seconds"])) is not first
    end_run(lab, late)
    again = ask()
    assert again is not first
    assert len(runs) == len(LRS)


def test_numbers_are_those_of_the_core(lab: Lab) -> None:
    records = grid(lab)
    evidence = gather(lab, records)
    (subject,) = subjects(records)
    answer = Bench(lab).answer(subject, Terms(), records)
    assert answer.judged == judge(evidence, Terms())
    assert answer.found == responses(evidence, Terms())
    assert answer.found.responses[0].comparison is answer.judged.comparison


def test_the_response_chart_has_the_means_their_intervals_zone_cliff_and_best(lab: Lab) -> None:
    records = grid(lab)
    trained(lab, 0.3, 1, math.nan, status="diverged")
    found = responses(gather(lab, lab.snapshot().runs), Terms())
    (response,) = found.responses
    published = [_as_large(run, records[0]) for run in published_records(Library.load()) if run.lr == 0.05][:1]
    spec = response_chart(found.responses, published=published)
    curve, diverged, reported = spec.series
    assert list(curve.x) == list(LRS)
    assert list(curve.y) == [point.group.mean for point in response.points if point.group.n]
    assert curve.bars is not None
    assert list(curve.bars[0]) == [point.group.summary.low for point in response.points if point.group.n]
    assert (list(diverged.x), diverged.line) == ([0.3], False)
    assert (reported.slot, reported.line) == (PUBLISHED, False)
    assert response.zone is not None
    assert response.cliff is not None
    assert response.optimum is not None
    zone, cliff = spec.bands
    assert zone.low < response.zone.low <= response.zone.high < zone.high
    assert cliff.high == response.cliff.beyond
    (rule,) = spec.rules
    assert (rule.x, rule.interval) == (response.optimum.lr, response.optimum.stated)
    text = draw(spec, 80, 20).plain()
    assert all(sign in text for sign in ("░", "╱", "┊", "◇", "×", "├", "learning rate"))
    assert len(records) == 12


def _as_large(published: RunRecord, own: RunRecord) -> RunRecord:
    """A published result as if its model had been as large as this one, and its score as good."""
    return published.model_copy(update={"parameters": own.parameters, "final": own.final})


def test_published_scores_of_other_models_are_told_in_the_legend_and_squeeze_no_axis(lab: Lab) -> None:
    grid(lab)
    found = responses(gather(lab, lab.snapshot().runs), Terms())
    published = [run for run in published_records(Library.load()) if run.lr == 0.05 and run.final]
    spec, alone = response_chart(found.responses, published=published), response_chart(found.responses)
    assert (spec.x_range, spec.y_range) == (alone.x_range, alone.y_range)
    told = spec.series[-1]
    assert (len(told.x), told.name) == (0, "published, 79.1M: 5.7000")
    assert told.name in draw(spec, 120, 20).plain()


def test_a_close_up_shows_the_best_and_little_more(lab: Lab) -> None:
    grid(lab)
    found = responses(gather(lab, lab.snapshot().runs), Terms())
    (response,) = found.responses
    spec = response_chart(found.responses, close=True)
    assert spec.y_range is not None
    assert response.best is not None
    low, high = spec.y_range
    assert low < response.best.group.mean < high
    assert high - low == pytest.approx(0.04 * response.best.group.mean)


@pytest.mark.parametrize("cost", COSTS)
def test_the_pareto_chart_has_a_letter_for_each_setting_with_a_cost(lab: Lab, cost: Cost) -> None:
    evidence = gather(lab, grid(lab))
    judged = judge(evidence, Terms())
    prices = priced(judged.comparison.groups, evidence, cost, Terms().measure)
    spec = pareto_chart(prices, Terms().measure, cost)
    letters = {one.slot.marker for one in spec.series if not one.line}
    assert letters == (set() if cost == "memory" else {"a", "b", "c", "d"})  # nothing noted its memory
    assert "no setting" in draw(spec, 80, 20).plain() if cost == "memory" else "a" in draw(spec, 80, 20).plain()


def test_the_verdict_table_says_everything_in_columns_and_as_cards(lab: Lab) -> None:
    records = grid(lab)
    (subject,) = subjects(records)
    answer = Bench(lab).answer(subject, Terms(), records)
    wide, narrow = (words.verdict_words(answer, width).plain for width in (120, 50))
    assert all(header in wide for header in words.HEADERS[:-1])
    for text in (wide, narrow):
        assert "lr=0.05" in text
        assert "worse" in text
        assert "±" in text
    difference = answer.judged.comparison.of(answer.judged.comparison.groups[-1])
    assert difference is not None
    assert f"{difference.p_adjusted:.3f}" in wide or "<0.001" in wide


CELLS = st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"]), max_size=12)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=5), st.integers(20, 80))
def test_no_line_of_a_table_is_longer_than_its_width(rows: list[tuple[str, ...]], width: int) -> None:
    headers = ("name", "one", "two", "verdict")
    rows = [(f"n{row[0]}", *row[1:]) for row in rows]
    text = table(headers, rows, width, right=("one",), verdict="verdict").plain
    longest = max(map(cell_len, text.splitlines()))
    assert longest <= max(width, 2 + 4 + 12, 8 + 1 + 12)
    assert all(cell in text for row in rows for cell in row[1:])


def test_the_front_lies_over_the_other_settings(lab: Lab) -> None:
    grid(lab)
    prices = Bench(lab).answer(subjects(lab.snapshot().runs)[0], Terms(), lab.snapshot().runs).prices["tokens"]
    front = [next(one.front for one in prices if one.cost == series.x[0] and one.group.mean == series.y[0])
             for series in pareto_chart(prices, Terms().measure, "tokens").series if not series.line]  # fmt: skip
    assert front == sorted(front)
    assert any(front)


def test_no_two_settings_share_a_letter_and_the_front_always_has_one(lab: Lab) -> None:
    grid(lab)
    prices = Bench(lab).answer(subjects(lab.snapshot().runs)[0], Terms(), lab.snapshot().runs).prices["tokens"]
    many = [replace(prices[0], front=place == 69) for place in range(70)]
    signs = [letter for letter, _ in letters(many)]
    told = [sign for sign in signs if sign != DOT]
    assert len(set(told)) == len(told) == 52
    assert signs[69] != DOT


def test_the_legend_never_cuts_the_best_learning_rate_at_the_usual_size(lab: Lab) -> None:
    grid(lab)
    found = responses(gather(lab, lab.snapshot().runs), Terms()).responses
    for width in (46, 50, 53, 80):
        head = draw(response_chart(found), width, 12).plain().splitlines()[0]
        assert f"┊ best tried {found[0].optimum.lr:.3g}" in head if width == 80 and found[0].optimum else True
        assert found[0].optimum is not None
        assert f" {found[0].optimum.lr:.3g}" in head


def test_an_interval_beside_corrected_verdicts_says_that_it_is_not(lab: Lab) -> None:
    grid(lab)
    answer = Bench(lab).answer(subjects(lab.snapshot().runs)[0], Terms(), lab.snapshot().runs)
    for text in (
        words.verdict_words(answer, 80),
        words.response_words(answer, 0),
        words.pareto_words(answer, "tokens", 80),
    ):
        assert "uncorrected" in text.plain


def test_what_is_typed_may_be_a_filter(lab: Lab) -> None:
    grid(lab)
    runs = lab.snapshot().runs
    assert {run.lr for run in named("study:grid lr>=0.05 not status:failed", runs).records} == {0.05, 0.1}
    with pytest.raises(UsageError, match="the value is missing"):
        named("lr>=", runs)
    with pytest.raises(NotFoundError):
        named("lr>=9", runs)


def test_the_verdicts_are_a_table_from_96_columns_on(lab: Lab) -> None:
    records = grid(lab)
    answer = Bench(lab).answer(subjects(records)[0], Terms(), records)
    room = 96 - 3  # padding and scrollbar; the list of subjects gives way
    lines = words.verdict_words(answer, room).plain.splitlines()
    head = next(line for line in lines if line.startswith("setting"))
    assert [word for word in ("setting", "verdict") if word in head] == ["setting", "verdict"]
    assert max(cell_len(line) for line in lines[lines.index(head) :][:5]) <= room


@pytest.mark.parametrize(("width", "said"), [(40, "no verdict (n = 1)"), (30, "no verdict")])
def test_reasons_leave_a_table_before_it_becomes_cards(width: int, said: str) -> None:
    lines = table(
        ("setting", "verdict"), [("a-rather-long-name", "no verdict (n = 1)")], width, right=(), verdict="verdict"
    )
    assert lines.plain.splitlines()[1].endswith(said)
    assert len(lines.plain.splitlines()) == 2


def test_the_caption_begins_with_the_answer(lab: Lab) -> None:
    records = grid(lab)
    answer = Bench(lab).answer(subjects(records)[0], Terms(), records)
    (response,) = answer.found.responses
    assert response.optimum is not None
    low, high = response.optimum.stated
    assert low is not None
    assert high is None or f"{low:.3g}–{high:.3g}" in words.caption(answer, "response", response).plain
    assert words.caption(answer, "response", response).plain.startswith(f"best tried {response.optimum.lr:g}, 95 % ")
    assert words.caption(answer, "verdicts", response).plain.startswith("best lr=")
    assert words.caption(answer, "pareto", response).plain.startswith(answer.subject.title)
