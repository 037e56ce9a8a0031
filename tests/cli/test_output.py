"""Tables on a terminal that is too narrow for them."""

import re
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.terminal.far_end import FarEnd
from moetui.cli import output
from moetui.cli.output import _widths, narrowed, print_table

HEADERS = ["id", "name", "loss"]
ROWS = [["abcdefgh", "a/very/long/name/of/a/run", "5.1552 ± 0.0090"], ["b", "short", "4.9"]]


def test_a_table_that_fits_is_left_as_it_is() -> None:
    assert _widths(HEADERS, ROWS, ["loss"], 200) == [8, 25, 15]


@pytest.mark.parametrize(("available", "widths"), [(42, [8, 15, 15]), (33, [7, 7, 15]), (10, [6, 6, 15])])
def test_texts_are_cut_the_longest_first_and_numbers_never(available: int, widths: list[int]) -> None:
    assert _widths(HEADERS, ROWS, ["loss"], available) == widths


def test_a_table_without_rows_is_as_wide_as_its_headers() -> None:
    assert _widths(HEADERS, [], ["loss"], 80) == [2, 4, 4]


SETTINGS = ["setting", "mean", "sd", "verdict"]
TABLE = [
    ["lr-report/phase-1/lr=0.05", "5.1552", "0.0073", "not distinguishable"],
    ["lr-report/phase-1/lr=0.1", "5.2", "0.01", "worse"],
]


def test_a_table_with_room_keeps_its_names_and_columns() -> None:
    assert narrowed(SETTINGS, TABLE, ["setting"], ["sd"], 100) == (SETTINGS, TABLE)


def test_names_lose_what_they_share_before_columns_go() -> None:
    headers, rows = narrowed(SETTINGS, TABLE, ["setting"], ["sd"], 60)
    assert headers == SETTINGS
    assert [row[0] for row in rows] == ["lr=0.05", "lr=0.1"]


def test_a_spare_column_goes_where_short_names_are_not_enough() -> None:
    headers, rows = narrowed(SETTINGS, TABLE, ["setting"], ["sd"], 40)
    assert headers == ["setting", "mean", "verdict"]
    assert rows[0] == ["lr=0.05", "5.1552", "not distinguishable"]


@given(st.integers(10, 120))
def test_no_table_is_wider_than_it_has_to_be(available: int) -> None:
    headers, rows = narrowed(SETTINGS, TABLE, ["setting"], ["sd"], available)
    widths = _widths(headers, rows, ["mean", "sd"], available)
    assert sum(widths) + 2 * (len(widths) - 1) <= max(available, 6 + 6 + 6 + 4)


def test_the_list_of_runs_keeps_ids_and_names_whole_on_eighty_columns(tmp_path: Path) -> None:
    with FarEnd(["moetui.cli.main", "--workspace", str(tmp_path), "ls", "schedule/baseline"], (80, 24)) as terminal:
        terminal.wait()
        terminal.settle(0.2)
        printed = b"".join(piece for _, piece in terminal.pieces).decode()
    assert "published/schedule/baseline  published" in printed
    assert re.search(r"pub-[0-9a-f]{6}  ", printed)


CELL = st.text(st.sampled_from("ab/=[]é漢…−\n\t "), max_size=20)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=4), st.sampled_from((30, 60, 200)))
def test_a_row_looks_as_rich_would_draw_it(rows: list[list[str]], width: int) -> None:
    drawn = []
    for by_rich in (False, True):
        stream = StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdout", stream)
            patch.setattr(stream, "isatty", lambda: True, raising=False)
            patch.setenv("COLUMNS", str(width))
            if by_rich:
                patch.setattr(output, "_plain", lambda row: False)
            print_table(["name", "loss", "tags"], rows, right=["loss"], names=["name"])
        drawn.append(stream.getvalue())
    assert drawn[0] == drawn[1]


def test_rich_draws_only_the_header_of_a_long_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[int] = []
    real = output._by_rich

    def by_rich(columns, rows, *, header=True):  # type: ignore[no-untyped-def]
        drawn.append(len(rows))
        return real(columns, rows, header=header)

    monkeypatch.setattr(output, "_by_rich", by_rich)
    print_table(["name", "loss"], [[f"run {index}", "5.1"] for index in range(500)], right=["loss"])
    assert drawn == [0]
    assert len(capsys.readouterr().out.splitlines()) == 501
