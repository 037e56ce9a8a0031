from collections.abc import Sequence

from moetui.core.catalogue.records import RunRecord, Status
from moetui.tui.live.lineup import ROOM, assign_slots, followed, given, launches, study_of

NOW = 10_000.0


def launch(
    prefix: str, statuses: Sequence[Status], *, at: float, study: str = "s", ended: float = 0.0
) -> list[RunRecord]:
    """Runs queued together at a time, as `enqueue` stamps them."""
    return [
        RunRecord(
            id=f"{prefix}{index}",
            name=f"{study}/{index}",
            study=study,
            status=status,
            created=at + index * 1e-3,
            ended=ended or None,
            path=f"runs/{prefix}{index}",
        )
        for index, status in enumerate(statuses)
    ]


def newest_first(*parts: list[RunRecord]) -> list[RunRecord]:
    return sorted((run for part in parts for run in part), key=lambda run: -run.created)


def ids(runs: Sequence[RunRecord]) -> list[str]:
    return [run.id for run in runs]


def test_runs_queued_together_keep_their_order_and_the_newest_launch_comes_first() -> None:
    groups = launches(newest_first(launch("a", ["finished"] * 2, at=100), launch("b", ["queued"] * 3, at=200)))
    assert [ids(group) for group in groups] == [["b0", "b1", "b2"], ["a0", "a1"]]


def test_a_change_of_status_moves_no_run() -> None:
    before = newest_first(launch("a", ["running", "queued", "queued"], at=100), launch("b", ["queued"], at=200))
    after = newest_first(launch("a", ["finished", "killed", "running"], at=100), launch("b", ["failed"], at=200))
    assert [ids(group) for group in launches(before)] == [ids(group) for group in launches(after)]


def test_published_results_are_not_listed() -> None:
    published = RunRecord(id="p", name="published/x", status="published", published=True)
    assert launches([published]) == []


def test_given_runs_come_in_the_order_they_were_given_and_nothing_else_does() -> None:
    runs = newest_first(launch("a", ["finished"] * 3, at=100))
    assert [ids(group) for group in given(runs, ("a2", "gone", "a0", "a2"))] == [["a2", "a0"]]
    assert given(runs, ("gone",)) == []


def test_the_newest_launch_that_has_begun_is_followed() -> None:
    groups = launches(
        newest_first(
            launch("a", ["running", "queued"], at=100),
            launch("b", ["queued"], at=200),
        )
    )
    assert ids(followed(groups, NOW)) == ["a0", "a1"]


def test_waiting_runs_are_followed_if_nothing_has_begun_yet() -> None:
    groups = launches(newest_first(launch("a", ["finished"], at=100, ended=200), launch("b", ["queued"] * 2, at=300)))
    assert ids(followed(groups, NOW)) == ["b0", "b1"]


def test_a_launch_that_just_ended_stays_before_an_older_one_that_trains() -> None:
    old = launch("a", ["running"], at=100)
    assert ids(followed(launches(newest_first(old, launch("b", ["finished"], at=200, ended=NOW - 5))), NOW)) == [
        "b0",
        "a0",
    ]
    assert ids(followed(launches(newest_first(old, launch("b", ["finished"], at=200, ended=300))), NOW)) == ["a0"]


def test_the_choice_is_the_same_between_the_end_of_a_run_and_the_start_of_the_next() -> None:
    running = launches(launch("a", ["finished", "running", "queued"], at=100, ended=NOW))
    between = launches(launch("a", ["finished", "finished", "queued"], at=100, ended=NOW))
    assert ids(followed(running, NOW)) == ids(followed(between, NOW)) == ["a0", "a1", "a2"]


def test_of_a_large_study_the_runs_that_started_last_are_followed() -> None:
    ended: list[Status] = ["finished"] * 10
    waiting: list[Status] = ["queued"] * 5
    chosen = followed(launches(launch("a", [*ended, "running", *waiting], at=100)), NOW)
    assert ids(chosen) == [f"a{index}" for index in range(3, 11)]


def test_when_nothing_runs_the_newest_launch_is_shown() -> None:
    groups = launches(newest_first(launch("a", ["finished"], at=1, ended=2), launch("b", ["killed"], at=100)))
    assert ids(followed(groups, NOW)) == ["b0"]
    assert followed([], NOW) == []


def test_a_study_is_its_runs_of_all_launches_those_launched_together_first() -> None:
    groups = launches(
        newest_first(
            launch("a", ["finished"] * 2, at=100),
            launch("b", ["finished"] * 2, at=200, study="other"),
            launch("c", ["finished"], at=300),
        )
    )
    assert ids(study_of(groups[2][0], groups)) == ["a0", "a1", "c0"]


def test_a_run_without_a_study_belongs_to_its_launch() -> None:
    groups = launches(
        newest_first(launch("a", ["finished"] * 2, at=100, study=""), launch("b", ["finished"], at=200, study=""))
    )
    assert ids(study_of(groups[1][0], groups)) == ["a0", "a1"]


def test_a_run_has_the_slot_of_its_place_in_its_launch() -> None:
    groups = launches(launch("a", ["finished"] * 5, at=100))
    assert assign_slots(groups[0][1:4], groups, {}) == {"a1": 1, "a2": 2, "a3": 3}


def test_no_two_runs_share_a_slot_and_a_run_keeps_the_one_it_has() -> None:
    groups = launches(newest_first(launch("a", ["running"] * 4, at=100), launch("b", ["running"] * 4, at=200)))
    charted = [*groups[0], *groups[1]]
    slots = assign_slots(charted, groups, {})
    assert sorted(slots.values()) == list(range(ROOM))
    fewer = assign_slots(charted[2:], groups, slots)
    assert fewer == {run.id: slots[run.id] for run in charted[2:]}


def test_a_window_that_moves_on_reuses_the_slot_that_became_free() -> None:
    groups = launches(launch("a", ["running"] * 9, at=100))
    before = assign_slots(groups[0][:8], groups, {})
    assert assign_slots(groups[0][1:9], groups, before)["a8"] == before["a0"]
