import pytest
from rich.cells import cell_len

from moetui.core.catalogue.records import RunRecord
from moetui.tui.run.side_by_side import side_by_side

RUNS = [RunRecord(id=f"r{number}", name=f"study/lr={number}", status="finished") for number in range(12)]
CONFIGS = {run.id: {"optimizer.lr": number / 10, "seed": 1, "data.files": []} for number, run in enumerate(RUNS)}


def lines(count: int, width: int, *, whole: bool = False) -> list[str]:
    text = side_by_side(RUNS[:count], CONFIGS, {"r0": 0}, width, whole=whole)
    return text.plain.splitlines()


def test_only_what_differs_is_shown_a_run_in_each_column() -> None:
    head, row = lines(2, 80)
    assert head.split() == ["●", "lr=0", "lr=1"]
    assert row.split() == ["optimizer.lr", "0.0", "0.1"]


def test_the_whole_shows_what_is_the_same_too() -> None:
    assert [line.split()[0] for line in lines(2, 80, whole=True)[1:]] == ["optimizer.lr", "seed", "data.files"]


@pytest.mark.parametrize("width", [56, 77, 117, 197])
def test_runs_for_which_there_is_no_room_come_below_and_no_line_is_too_wide(width: int) -> None:
    shown = lines(12, width)
    assert max(map(cell_len, shown)) <= width
    assert sum(line.split().count(f"{number / 10}") for line in shown for number in range(12)) == 12


def test_without_two_known_configurations_nothing_is_said_to_be_equal() -> None:
    assert "fewer than two" in side_by_side(RUNS[:2], {"r0": {}}, {}, 80, whole=False).plain


def test_equal_configurations_are_said_to_be_equal() -> None:
    same = {run.id: {"optimizer.lr": 0.1} for run in RUNS}
    assert "the same" in side_by_side(RUNS[:2], same, {}, 80, whole=False).plain
