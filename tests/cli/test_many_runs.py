"""Commands over many runs: half a filter names none, and what changes more than a few runs asks first."""

import io
import sys

import pytest

from moetui.core.runs.lab import Lab
from tests.cli.conftest import Cli
from tests.tui.lab_on_disk import end_run, write_run

MANY = 6


class Terminal(io.StringIO):
    """A stdin at which somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def ids(lab: Lab) -> list[str]:
    """Runs that have ended."""
    lab.catalogue.replace_all([])
    return [end_run(lab, write_run(lab, f"run{index}", created=float(index))).id for index in range(MANY)]


@pytest.mark.parametrize(
    "filter_words", ["lr>=", "status:", "not", "(", "or", "lr>=0.1 or", "is:", '"run', "", "-lr>="]
)
@pytest.mark.parametrize("how", [("--ids",), ("--json",), ("--group-by", "lr"), ()])
def test_half_a_filter_lists_nothing(cli: Cli, ids: list[str], filter_words: str, how: tuple[str, ...]) -> None:
    code, out, err = cli("ls", *how, "--", filter_words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_an_empty_word_among_others_is_half_a_filter(cli: Cli, ids: list[str]) -> None:
    assert cli("ls", "status:finished", "", "--ids")[:2] == (2, "")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("rm",), "nothing was deleted"),
        (("stop",), "nothing was stopped"),
        (("stop", "--force"), "nothing was stopped"),
        (("label", "--archive", "--tag", "old"), "nothing was archived"),
    ],
)
def test_more_than_a_few_runs_need_a_yes(
    cli: Cli, lab: Lab, ids: list[str], command: tuple[str, ...], told: str
) -> None:
    before = lab.records()
    code, out, err = cli(*command, *ids)
    assert (code, out) == (2, "")
    assert told in err
    assert f"{MANY} runs" in err
    assert "--yes" in err
    assert len(err.splitlines()) == 1
    assert lab.records() == before


def test_stop_all_counts_the_runs_it_means(cli: Cli, lab: Lab) -> None:
    for index in range(MANY):
        write_run(lab, f"run{index}")
    code, _, err = cli("stop", "--all")
    assert code == 2
    assert f"{MANY} runs" in err
    assert len(cli.json("stop", "--all", "--yes")) == MANY


def test_runs_that_are_named_twice_count_once(cli: Cli, lab: Lab, ids: list[str]) -> None:
    assert len(cli.json("rm", *ids[:3], *ids[:3])) == 3


def test_with_yes_nobody_is_asked(cli: Cli, lab: Lab, ids: list[str]) -> None:
    assert len(cli.json("label", *ids, "--archive", "--yes")) == MANY
    assert len(cli.json("rm", *ids, "--yes")) == MANY
    assert lab.records() == []


@pytest.mark.parametrize(("answer", "left"), [("n\n", MANY), ("y\n", 0)])
def test_a_terminal_is_asked_with_the_count(
    cli: Cli, lab: Lab, ids: list[str], monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    code, out, err = cli("rm", *ids)
    assert (code, out) == (0, "")
    assert f"Delete {MANY} runs?" in err
    assert len(lab.records()) == left


def test_a_few_runs_and_what_hides_nothing_are_done_at_once(cli: Cli, lab: Lab, ids: list[str]) -> None:
    assert len(cli.json("label", *ids, "--tag", "kept")) == MANY
    cli("label", *ids, "--archive", "--yes")
    assert len(cli.json("label", *ids, "--no-archive")) == MANY
    assert len(cli.json("rm", *ids[:5])) == 5
    assert len(cli.json("restore", *ids[:5])) == 5
