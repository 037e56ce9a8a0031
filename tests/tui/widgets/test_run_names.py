from moetui.core.catalogue.records import RunRecord
from moetui.tui.widgets.run_names import short_names


def run(run_id: str, name: str) -> RunRecord:
    return RunRecord(id=run_id, name=name, status="finished")


def test_the_parts_that_all_names_share_are_left_out() -> None:
    runs = [run("a", "lr-report/phase-1/lr=0.1"), run("b", "lr-report/phase-1/lr=0.3")]
    assert short_names(runs) == {"a": "lr=0.1", "b": "lr=0.3"}


def test_a_run_alone_keeps_its_whole_name() -> None:
    assert short_names([run("a", "quickstart/lr=0.05")]) == {"a": "quickstart/lr=0.05"}


def test_names_that_differ_from_the_first_part_on_stay_whole() -> None:
    runs = [run("a", "quickstart/lr=0.1"), run("b", "schedule/baseline")]
    assert short_names(runs) == {"a": "quickstart/lr=0.1", "b": "schedule/baseline"}


def test_runs_of_the_same_name_are_told_apart_by_their_ids() -> None:
    runs = [run("abcdefgh", "quickstart/lr=0.1"), run("wxyzwxyz", "quickstart/lr=0.1"), run("c", "quickstart/lr=0.3")]
    assert short_names(runs) == {"abcdefgh": "lr=0.1 abcd", "wxyzwxyz": "lr=0.1 wxyz", "c": "lr=0.3"}


def test_no_runs_have_no_names() -> None:
    assert short_names([]) == {}
