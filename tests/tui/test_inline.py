"""The dashboard in place: one block that renews itself, and the same printed once."""

import io
import re
import time
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.text import Text

from moetui.core.runs.lab import Lab
from moetui.core.terminal import Charset
from moetui.tui.inline import Dashboard, Painter, print_once, watch_inline
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.slow_reading import read_slowly

Behave = Callable[[str], None]


class Glass:
    """A terminal of a few rows: what the painter writes, as one would see it."""

    def __init__(self, rows: int = 30) -> None:
        self.rows = [""] * rows
        self.y = 0

    def take(self, text: str) -> None:
        """Act on the sequences that the painter uses; a line written anew replaces the old one."""
        for part in re.findall(r"\x1b\[\d*[ABJK]|\r|\n|[^\x1b\r\n]+", text):
            if part == "\n":
                self.y += 1
            elif part.endswith("A") and part[0] == "\x1b":
                self.y -= int(part[2:-1])
            elif part.endswith("B") and part[0] == "\x1b":
                self.y += int(part[2:-1])
            elif part == "\x1b[J":
                self.rows[self.y :] = [""] * (len(self.rows) - self.y)
            elif part[0] not in "\x1b\r":
                self.rows[self.y] = part

    @property
    def text(self) -> list[str]:
        return [row for row in self.rows if row]


def painted(*blocks: tuple[list[str], int]) -> tuple[Glass, list[str]]:
    """The glass after these blocks of lines, each with its width, and what was written for each."""
    glass, stream, written = Glass(), io.StringIO(), []
    painter = Painter(stream, Console(file=stream, color_system=None))
    for lines, width in blocks:
        stream.seek(0)
        stream.truncate()
        painter.draw([Text(line) for line in lines], width)
        written.append(stream.getvalue())
        glass.take(stream.getvalue())
    return glass, written


def test_a_block_takes_the_place_of_the_last_and_only_changed_lines_are_sent() -> None:
    glass, written = painted((["one", "two", "three"], 80), (["one", "2", "three"], 80), (["one", "2", "three"], 80))
    assert glass.text == ["one", "2", "three"]
    assert glass.y == 3
    assert "one" not in written[1]
    assert "2" in written[1]
    assert written[2] == ""


def test_a_block_of_another_height_leaves_nothing_of_the_last() -> None:
    glass, _ = painted((["one", "two", "three"], 80), (["four"], 80), (["five", "six"], 80))
    assert glass.text == ["five", "six"]


def test_lines_that_a_narrower_terminal_has_wrapped_are_all_taken_away() -> None:
    _, written = painted((["x" * 70, "y" * 30], 80), (["z"], 40))
    assert written[1].startswith("\x1b[3A")  # 70 cells have become two lines of 40, 30 are still one


@pytest.mark.parametrize("charset", ["braille", "block", "ascii"])
def test_the_block_has_runs_and_curves_and_fits(lab: Lab, charset: Charset) -> None:
    for index in range(6):
        end_run(lab, write_run(lab, f"run{index}", study="s", created=time.time() + index))
    dashboard = Dashboard(lab, ["run0", "run1"], charset)
    for width, height in ((59, 14), (79, 23), (119, 39), (30, 5), (0, 0)):
        lines = dashboard.lines(width, height)
        assert len(lines) <= height
        assert all(line.cell_len <= width for line in lines)
    text = "\n".join(line.plain for line in dashboard.lines(119, 39))
    assert "run0" in text
    assert "run2" not in text
    assert "Loss" in text
    assert "Learning rate" in text
    assert text.isascii() == (charset == "ascii")
    assert [run.id for run in dashboard.runs] == ["run0", "run1"]


def test_what_has_no_room_is_counted(lab: Lab) -> None:
    for index in range(12):
        end_run(lab, write_run(lab, f"run{index}", study="s", created=time.time() + index))
    lines = [line.plain for line in Dashboard(lab, [f"run{i}" for i in range(12)], "braille").lines(100, 16)]
    assert any("… and 9 finished" in line for line in lines)


def test_printed_once_it_is_text_without_any_sequence(lab: Lab) -> None:
    end_run(lab, write_run(lab, "a", study="s", created=time.time()))
    stream = io.StringIO()
    print_once(Dashboard(lab, (), "braille"), stream)
    assert "a " in stream.getvalue()
    assert "Loss" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("watched", [False, True])
def test_what_stays_on_the_terminal_is_whole_however_slow_the_disk_is(
    lab: Lab, watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_run(lab, write_run(lab, "a", updates=5000))
    at_once = io.StringIO()
    print_once(Dashboard(lab, (), "ascii"), at_once)
    read_slowly(monkeypatch)
    stream = io.StringIO()
    dashboard = Dashboard(lab, ["a"], "ascii")
    watch_inline(dashboard, stream, pause=0) if watched else print_once(dashboard, stream)
    glass = Glass(rows=80)
    glass.take(stream.getvalue())
    (told,) = re.findall(r"^Loss.* (o a val [\d.]+)", at_once.getvalue(), re.MULTILINE)
    assert any(row.startswith("Loss") and told in row for row in glass.text)  # the last value of the run
