import contextlib
import math
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moetui.core.catalogue.records import RunRecord, Scores
from moetui.core.query.filtering import FilterError, matching, parse_filter, understood

RUNS = [
    RunRecord(
        id="a1",
        name="quickstart/lr=0.05",
        preset="quickstart",
        study="quickstart",
        status="finished",
        lr=0.05,
        seed=1,
        tags=("Warmup", "keep"),
        final=Scores(val_loss=5.1, val_accuracy=0.25),
        point={"schedule.warmup": 0.1, "schedule.kind": "cosine"},
    ),
    RunRecord(id="b2", name="quickstart/lr=0.1", preset="quickstart", status="diverged", lr=0.1, note="Spike at 20"),
    RunRecord(
        id="c3", name="schedule/no-warmup", preset="schedule/no-warmup", status="published", lr=0.065, published=True
    ),
    RunRecord(id="d4", name="nan", status="failed", final=Scores(val_loss=math.nan)),
]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", "a1 b2 c3 d4"),
        ("   ", "a1 b2 c3 d4"),
        ("QUICKSTART", "a1 b2"),
        ("warmup", "a1 c3"),
        ("quickstart keep", "a1"),
        ("spike", "b2"),
        ("b2", "b2"),
        ("published", "c3"),
        ("nothing-of-the-kind", ""),
        ("status:finished", "a1"),
        ("status:fin tag:warmup", "a1"),
        ("tag:spike", ""),
        ("name:lr=0.1", "b2"),
        ("lr>=0.065", "b2 c3"),
        ("lr=0.05", "a1"),
        ("lr!=0.05", "b2 c3"),
        ("val_loss<5.2", "a1"),
        ("val_loss>0", "a1"),
        ("warmup>=0.1", "a1"),
        ("schedule.warmup>0.1", ""),
        ("lr>=0.05 lr<0.1", "a1 c3"),
        ("lr<1e-1 status:published", "c3"),
        ("lr<=5% tag=keep", "a1"),
        ("tag=kee", ""),
        ("tag!=keep", ""),
        ("status!=finished", "b2 c3 d4"),
        ("NAME=nan", "d4"),
        ("val_loss=nan", "d4"),
        ("val_loss>=nan", ""),
        ("-quickstart", "c3 d4"),
        ("not quickstart", "c3 d4"),
        ("-lr>0", "d4"),
        ("-(lr=0.05 or lr=0.1) -failed", "c3"),
        ("quickstart lr>0.06 or failed", "b2 d4"),
        ("quickstart (lr>0.06 or keep)", "a1 b2"),
        ("status:finished OR status:diverged", "a1 b2"),
        ("quickstart and diverged", "b2"),
        ('note:"spike at"', "b2"),
        ('"spike at" quick', "b2"),
        ('"or"', ""),
        ("is:published", "c3"),
        ("-is:published -is:live", "a1 b2 d4"),
        ("status:[", ""),
        ("* \\", ""),
    ],
)
def test_every_part_of_a_filter_must_hold(query: str, ids: str) -> None:
    assert [run.id for run in matching(RUNS, query)] == ids.split()


HALVES = [
    "lr>",
    "lr>=",
    "quickstart lr<",
    "lr>1e-",
    "lr>-",
    "(lr",
    "lr or",
    "or",
    "or lr",
    "lr or or quickstart",
    "lr and",
    "and lr",
    "lr -",
    "not",
    "lr not",
    "not or lr",
    "not and lr",
    "lr (",
    "lr ()",
    "not (lr>=",
    "(quickstart or lr>=) lr",
    "is:",
    "is:ar",
    "tag:",
    "status:",
    "status=",
    "lr:",
    'tag:""',
    'note:"quick',
    '"quickstart',
    '""',
]


@pytest.mark.parametrize("query", [query for query in HALVES if query not in ('note:"quick', "lr:")])
def test_what_is_still_typed_hides_nothing(query: str) -> None:
    wanted = parse_filter(query, typing=True)
    assert [run.id for run in RUNS if wanted.matches(run)][:2] == ["a1", "b2"]


@pytest.mark.parametrize("query", HALVES)
def test_half_a_filter_is_a_fault_unless_it_is_still_typed(query: str) -> None:
    with pytest.raises(FilterError) as caught:
        matching(RUNS, query)
    assert "\n" not in str(caught.value)
    assert understood(query) == (query, "")


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("lr>=", "lr>=: the value is missing"),
        ("quickstart status:", "status:: the value is missing"),
        ("not", "nothing follows not"),
        ("quickstart or", "nothing follows or"),
        ("or quickstart", "nothing stands before or"),
        ("(", "( is not closed"),
        ("()", "nothing stands between ( and )"),
        ("is:ar", "is:ar: there are archived"),
        ('"two words', "a quotation mark is not closed"),
        ('""', "an empty text"),
    ],
)
def test_the_fault_of_half_a_filter_names_what_is_missing(query: str, fault: str) -> None:
    with pytest.raises(FilterError, match=re.escape(fault)):
        parse_filter(query)


@pytest.mark.parametrize("query", [">=0.05", "not >=0.05", "=x", ":finished", "lr >=0.05"])
def test_a_comparison_without_its_key_is_a_fault(query: str) -> None:
    with pytest.raises(FilterError, match="no key before"):
        parse_filter(query)
    assert understood(query)[1]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("lrr>0.1", "lrr>0.1: no key lrr; did you mean lr?"),
        ("schedule.warmpu=0.1", "did you mean schedule.warmup?"),
        ("xyzzy:1", "`moetui explain` lists the keys"),
        ("kind=cosine", "kind is optimizer.kind and schedule.kind; write one of them"),
        ("lr>=abc", "lr>=abc: lr is compared with a number, such as 0.05 or 1e-3"),
        ("lr=0.05/seed=2", "lr is compared with a number"),
        ("name>b", "name is a text; write : for a part of it, = for the whole"),
        ("seconds>soon", "a length of time, such as 90, 10m or 2h"),
        ("created>soon", "a moment, such as 2026-11-01"),
        ("schedule.kind>cosine", "schedule.kind is compared with a number"),
        ("is:good", "is:good: there are archived, published, live, pending"),
        ("a b) c", "there is no open bracket"),
    ],
)
def test_a_fault_is_one_line_that_names_what_is_wrong(query: str, fault: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(query)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_parts_before_a_fault_still_count() -> None:
    query, fault = understood("quickstart lrr>1 more")
    assert (query, "did you mean lr?" in fault) == ("quickstart", True)
    assert understood("quickstart lr>1") == ("quickstart lr>1", "")


@given(st.text(alphabet='ablr=<>!:()"-. 01en%', max_size=20))
def test_any_text_is_a_filter_or_a_fault(query: str) -> None:
    with contextlib.suppress(FilterError):
        assert set(map(id, matching(RUNS, query))) <= set(map(id, RUNS))


def test_words_do_not_match_across_two_fields() -> None:
    run = RunRecord(id="x", name="ab", preset="cd", status="queued")
    assert matching([run], "abcd") == []


CONFIGURED = RunRecord(
    id="own",
    name="own",
    status="finished",
    parameters=1,
    settings={"model.n_experts": 16, "schedule.kind": "linear", "model.tied_head": False, "data.files": ["a", "b"]},
)
IMPORTED = RunRecord(id="imp", name="imp", status="finished", settings={"schedule.warmup": 0.05})
OLD = RunRecord(id="old", name="old", status="finished", parameters=1, point={"schedule.warmup": 0.2})


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("model.n_experts>=8", "own"),
        ("n_experts=16", "own"),
        ("experts=mlp", "own"),  # the default, which a whole configuration tells
        ("warmup=0.05", "own imp"),
        ("warmup>0.1", "old"),
        ("warmup!=0.05", "old"),
        ("schedule.kind=linear", "own"),
        ("schedule.kind!=cosine", "own"),
        ("schedule.kind:lin", "own"),
        ("tied_head=false", "own"),
        ("data.files:b", "own"),
        ("horizon>0", ""),
        ("parameters<10k", "own old"),
    ],
)
def test_every_key_of_the_configuration_can_be_asked_for(query: str, ids: str) -> None:
    assert [run.id for run in matching([CONFIGURED, IMPORTED, OLD], query)] == ids.split()


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("created=2026-11-01", "eve"),
        ("created>2026-11-01", "now"),
        ("created>=2026-11-01", "eve now"),
        ("created<2026-11-01", ""),
        ("created<=2026-11-01T23:58", ""),
        ("created=2026-11-01T23:59", "eve"),
        ("created>1h", "now"),
        ("created=today", "now"),
        ("created<yesterday", "eve"),
        ("seconds>10m", "now"),
        ("seconds<=600", "eve"),
    ],
)
def test_moments_and_lengths_of_time(query: str, ids: str) -> None:
    eve = time.mktime((2026, 11, 1, 23, 59, 30, 0, 0, -1))
    runs = [
        RunRecord(id="eve", name="eve", status="finished", created=eve, final=Scores(seconds=600.0)),
        RunRecord(id="now", name="now", status="finished", created=time.time(), final=Scores(seconds=601.0)),
    ]
    assert [run.id for run in matching(runs, query)] == ids.split()
