from moetui.tui.runs.marks import ROOM, Marks


def ids(count: int) -> list[str]:
    return [f"r{number}" for number in range(count)]


def test_any_number_of_runs_is_marked_and_eight_of_them_have_slots() -> None:
    marks = Marks()
    marks.add(ids(20))
    assert len(marks) == 20
    assert dict(marks.slots) == {f"r{number}": number for number in range(ROOM)}
    assert list(marks.all) == ids(20)


def test_a_slot_that_is_free_again_goes_to_the_one_that_was_marked_first_without_one() -> None:
    marks = Marks()
    marks.add(ids(10))
    marks.remove(["r3"])
    assert marks.slots["r8"] == 3
    assert marks.slots["r4"] == 4
    assert "r9" not in marks.slots


def test_a_group_is_unmarked_only_if_all_of_it_is_marked() -> None:
    marks = Marks()
    marks.toggle(["r0"])
    marks.toggle(["r0", "r1"])
    assert list(marks.all) == ["r0", "r1"]
    marks.toggle(["r0", "r1"])
    assert len(marks) == 0


def test_runs_that_are_gone_lose_their_marks() -> None:
    marks = Marks()
    marks.add(ids(3))
    marks.keep({"r1"})
    assert list(marks.all) == ["r1"]
