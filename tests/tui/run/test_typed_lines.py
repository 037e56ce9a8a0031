from pathlib import Path

import pytest

from moetui.core.errors import UsageError
from moetui.tui.run.typed_lines import parse_cooldown, parse_export, parse_fork


def test_a_fork_takes_settings_and_a_checkpoint() -> None:
    assert parse_fork("optimizer.lr=0.01 checkpoint=last schedule.kind=linear") == (
        {"optimizer.lr": 0.01, "schedule.kind": "linear"},
        "last",
    )
    assert parse_fork("") == ({}, "best")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("optimizer.lrr=1", "did you mean optimizer.lr?"),
        ("optimizer.lr", "key=value"),
        ("checkpoint=first", "best and last"),
        ("a='", "quotation mark"),
    ],
)
def test_what_is_wrong_with_a_fork_is_said(line: str, fault: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]*$") as caught:
        parse_fork(line)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("line", "parsed"),
    [("0.25,0.5 length=0.2", ([0.25, 0.5], 0.2)), ("100", ([100.0], None)), ("length=0 0.5", ([0.5], 0.0))],
)
def test_branches_have_lengths_and_perhaps_a_decay(line: str, parsed: tuple[list[float], float | None]) -> None:
    assert parse_cooldown(line) == parsed


@pytest.mark.parametrize(
    "line", ["", "0.5 0.7", "half", "0.5 length=2", "0.5 length=x", "0.5 decay=0.1", "0.5 length="]
)
def test_what_is_wrong_with_branches_is_said(line: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]*$"):
        parse_cooldown(line)


@pytest.mark.parametrize(
    ("line", "parsed"),
    [
        ("curves.csv", (Path("curves.csv"), "csv", False)),
        ("a/b.PARQUET --force", (Path("a/b.PARQUET"), "parquet", True)),
        ("logs tensorboard", (Path("logs"), "tensorboard", False)),
        ("'my runs' jsonl", (Path("my runs"), "jsonl", False)),
    ],
)
def test_an_export_takes_a_path_and_if_it_does_not_tell_a_format(line: str, parsed: tuple[Path, str, bool]) -> None:
    assert parse_export(line) == parsed


@pytest.mark.parametrize(
    ("line", "fault"),
    [("", "type a path"), ("curves", "does not tell the format"), ("a.csv xml", "no format xml"), ("a b c", "enough")],
)
def test_what_is_wrong_with_an_export_is_said(line: str, fault: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_export(line)
    assert fault in str(caught.value)
