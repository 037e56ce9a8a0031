"""Words that people compare by: runs, names, groups, presets and studies."""

import pytest

from moetui.core.errors import NotFoundError, UsageError
from moetui.core.planning.plan import Selection, plan
from moetui.core.planning.presets import Library
from moetui.core.runs.published import published_records
from moetui.core.studies.lookup import find_item
from tests.core.science.records import exp8, record

LIBRARY = Library.load()
PUBLISHED = published_records(LIBRARY)
RUNS = [
    record(5.0, id="aaa1", name="p/lr=0.1/seed=1", group="g1", preset="p", study="s"),
    record(5.1, id="aab2", name="p/lr=0.1/seed=2", group="g1", preset="p", study="s", seed=2),
    record(5.2, id="bbb3", name="p/lr=0.2/seed=1", group="g2", preset="p", study="s"),
    record(5.3, id="ccc4", name="q", group="g3", preset="q", study="s"),
    record(5.4, id="ddd5", name="q/lr=0.3", group="g4", preset="q"),
    record(5.5, id="pub-1", name="published/p", group="published/p", preset="p", study="s", seed=None, published=True),
    record(5.6, id="pub-2", name="published/r", group="published/r", preset="r", study="t", seed=None, published=True),
    *exp8(),
]


@pytest.mark.parametrize(
    ("word", "kind", "ids"),
    [
        ("aaa1", "run", ["aaa1"]),
        ("b", "run", ["bbb3"]),
        ("run:c", "run", ["ccc4"]),
        ("p/lr=0.1", "name", ["aaa1", "aab2"]),
        ("p/lr=0.1/seed=2", "name", ["aab2"]),
        ("g1", "group", ["aaa1", "aab2"]),
        ("p", "preset", ["aaa1", "aab2", "bbb3"]),  # the published result stays out where there are runs
        ("r", "preset", ["pub-2"]),
        ("t", "study", ["pub-2"]),
        ("s", "study", ["aaa1", "aab2", "bbb3", "ccc4"]),
        ("preset:q", "preset", ["ccc4", "ddd5"]),
        ("name:q", "name", ["ccc4"]),
        ("published/p", "group", ["pub-1"]),
    ],
)
def test_a_word_is_found_as_what_it_is(word: str, kind: str, ids: list[str]) -> None:
    found = find_item(word, RUNS)
    assert (found.kind, [run.id for run in found.records]) == (kind, ids)


def test_the_name_of_a_published_group_means_all_its_replicates() -> None:
    assert len(find_item("published/exp8/baseline", RUNS).records) == 5
    assert len(find_item("name:published/exp8/baseline", RUNS).records) == 1
    assert len(find_item("exp8/all", RUNS).records) == 9


def test_a_word_that_means_different_runs_is_refused_with_the_ways_to_write_it() -> None:
    with pytest.raises(UsageError, match=r"q is a name \(1 run\) and a preset \(2 runs\); write name:q or preset:q"):
        find_item("q", RUNS)


def test_a_beginning_of_several_ids_is_refused() -> None:
    with pytest.raises(UsageError, match="aa fits several runs: aaa1, aab2"):
        find_item("aa", RUNS)


@pytest.mark.parametrize(
    ("word", "hint"),
    [("p/lr=0.3", "did you mean"), ("zzzz", "moetui ls"), ("", "moetui ls"), ("preset:nothing", "no run, group")],
)
def test_what_is_not_there_is_said(word: str, hint: str) -> None:
    with pytest.raises(NotFoundError, match=hint):
        find_item(word, RUNS)


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("schedule/baseline", 1),
        ("schedule/baseline-as-published", 1),
        ("schedule/all", 5),
        ("schedule/all-as-published", 5),
        ("exp/quick-suite", 5),
        ("exp8/baseline", 2),
        ("lr-report/phase-1", 2),
    ],
)
def test_where_nothing_was_run_presets_and_studies_are_what_documents_report(word: str, count: int) -> None:
    found = find_item(word, PUBLISHED, LIBRARY).records
    assert len(found) == count
    assert all(run.published for run in found)


@pytest.mark.parametrize("word", ["schedule/baseline@tiny", "schedule/all@tiny", "quickstart", "preset:base/moe-tiny"])
def test_a_preset_that_nobody_ran_or_reported_on_is_told_with_what_runs_it(word: str) -> None:
    name = word.removeprefix("preset:")
    with pytest.raises(NotFoundError, match=f"{name} has no runs here and no published results; `moetui study {name}`"):
        find_item(word, PUBLISHED, LIBRARY)


def test_runs_made_here_stand_before_what_documents_report() -> None:
    here = record(5.0, id="aaa1", preset="schedule/baseline", study="schedule/all")
    for word in ("schedule/baseline", "schedule/all"):
        assert find_item(word, [here, *PUBLISHED], LIBRARY).records == (here,)


def test_a_study_has_the_runs_of_its_configurations_whatever_they_were_made_for() -> None:
    settings = plan(LIBRARY, Selection(presets=("quickstart",)))
    own = record(5.0, id="aaa1", preset="quickstart", study="quickstart", group=settings[0].group)
    borrowed = record(5.0, id="bbb2", preset="base/moe-tiny", group=settings[1].group, seed=7)
    forgotten = record(5.0, id="ccc3", preset="base/moe-tiny", group=settings[1].group, seed=7, created=0.0)
    other = record(5.0, id="ddd4", preset="base/moe-tiny", group="other")
    found = find_item("quickstart", [other, forgotten, borrowed, own], LIBRARY)
    assert (found.kind, found.records) == ("study", (own, borrowed))
    assert find_item("quickstart", [other, borrowed], LIBRARY).records == (borrowed,)
    assert find_item("preset:base/moe-tiny", [other, borrowed], LIBRARY).records == (other, borrowed)
