"""The table of the simulations: counting, verdicts on rows, and its place in a document."""

from pathlib import Path

import pytest

from tests.simulations.table import row, table, write
from tests.simulations.tally import Answer, Question, Scenario, Tally, Target, simulate
from tests.simulations.truths import Random


def coin(random: Random) -> dict[str, float]:
    return {"heads": float(random.random() < 0.5)}


def rarely(random: Random) -> dict[str, float]:
    return coin(random) if random.random() < 0.1 else {}


HEADS = Question(asks="heads", outcome="heads", target=Target(low=0.4, high=0.6))
COINS = Scenario(part="Coins", name="coin", cases={"a": coin, "b": coin}, questions=(HEADS,))


def tallied(cases: dict[str, list[float]], target: Target) -> Answer:
    scenario = Scenario(
        part="Coins", name="coin", cases={}, questions=(Question(asks="heads", outcome="heads", target=target),)
    )
    tally = Tally(scenario)
    for case, values in cases.items():
        tally.add(case, [{"heads": value} for value in values])
    return next(tally.answers())


def test_results_do_not_depend_on_the_number_of_processes() -> None:
    alone, together = simulate([COINS], 120), simulate([COINS], 120, processes=2)
    assert alone[0].seen == together[0].seen
    assert len(alone[0].seen["a"]["heads"]) == 60
    assert alone[0].seen["a"] != alone[0].seen["b"]


def test_more_studies_begin_with_the_same_ones() -> None:
    few, many = simulate([COINS], 100)[0], simulate([COINS], 200)[0]
    assert many.seen["a"]["heads"][:50] == few.seen["a"]["heads"]


@pytest.mark.parametrize(
    ("ones", "target", "verdict"),
    [
        (4, Target(high=0.05), "met"),
        (6, Target(high=0.05), "met within 2 s.e."),
        (6, Target(high=0.05, seen=0.01), "met"),
        (15, Target(high=0.05, seen=0.01), "**not met**"),
        (90, Target(low=0.94), "met within 2 s.e."),
        (80, Target(low=0.94), "**not met**"),
        (1, Target(high=0.0), "**not met**"),
        (50, Target(), "–"),
    ],
)
def test_the_verdict_on_a_row(ones: int, target: Target, verdict: str) -> None:
    assert tallied({"": [1.0] * ones + [0.0] * (100 - ones)}, target).verdict == verdict


def test_one_bad_case_is_not_hidden_by_the_others() -> None:
    good = {f"case {number}": [0.0] * 100 for number in range(9)}
    found = tallied({**good, "bad": [1.0] * 20 + [0.0] * 80}, Target(high=0.05))
    assert found.measured is not None
    assert found.measured.value < 0.05
    assert found.worst is not None
    assert found.worst.case == "bad"
    assert found.verdict == "**not met**"
    assert "0.200 at bad (100)" in row(found)


def test_a_question_that_arises_seldom_says_how_often() -> None:
    scenario = Scenario(part="Coins", name="seldom", cases={"": rarely}, questions=(HEADS,))
    text = row(next(simulate([scenario], 200)[0].answers()))
    assert " of 200)" in text
    nothing = Scenario(part="Coins", name="never", cases={"": lambda _: {}}, questions=(HEADS,))
    assert "never (0 of 10)" in row(next(simulate([nothing], 10)[0].answers()))


def test_the_table_stands_between_its_markers_and_nothing_else_changes(tmp_path: Path) -> None:
    document = tmp_path / "methods.md"
    document.write_text("before\n<!-- simulations -->\nold\n<!-- /simulations -->\nafter\n")
    text = table(simulate([COINS], 100), studies=100, date="2026-01-01")
    assert write(text, document)
    assert write(text, document)
    written = document.read_text()
    assert written == f"before\n<!-- simulations -->\n{text}\n<!-- /simulations -->\nafter\n"
    assert "2026-01-01" in text
    assert "| coin | heads | 0.4–0.6 |" in text


def test_a_document_without_markers_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "methods.md"
    document.write_text("nothing here\n")
    assert not write("table", document)
    assert document.read_text() == "nothing here\n"
