"""What is sent makes the terminal show what was drawn, and nothing is sent that it shows already."""

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from moetui.tui.shown import Shown, cells_of

WIDTH, HEIGHT = 12, 3
CONSOLE = Console(color_system="truecolor", force_terminal=True)
RED, BLUE = Style(color="red"), Style(color="blue")
STYLE = re.compile(r"\x1b\[[0-9;]*m")
MOVE = re.compile(r"\x1b\[(\d+);(\d+)H")


class Terminal:
    """A terminal that knows how to move the cursor, to colour, and what becomes of a wide character that is half overwritten."""

    def __init__(self) -> None:
        self.rows: list[list[tuple[str, str]]] = [[(" ", "")] * WIDTH for _ in range(HEIGHT)]

    def write(self, text: str) -> None:
        x = y = 0
        colour = ""
        for escape, character in re.findall(r"(\x1b\[[0-9;]*[A-Za-z])|(.)", text):
            if moved := MOVE.fullmatch(escape):
                y, x = int(moved[1]) - 1, int(moved[2]) - 1
            elif escape:
                colour = "" if escape == "\x1b[0m" else escape
            elif not cell_len(character):
                self.rows[y][x - 1] = (self.rows[y][x - 1][0] + character, colour)
            else:
                for _ in range(cell_len(character)):
                    self._break(x, y)
                    self.rows[y][x] = ("", colour)
                    x += 1
                self.rows[y][x - cell_len(character)] = (character, colour)

    def _break(self, x: int, y: int) -> None:
        row = self.rows[y]
        if row[x][0] == "" and x:
            row[x - 1] = (" ", "")
        elif x + 1 < WIDTH and row[x + 1][0] == "":
            row[x + 1] = (" ", "")


def line(words: list[tuple[str, Style]]) -> Strip:
    """A line of exactly the width of the terminal."""
    return Strip([Segment(text, style) for text, style in words]).adjust_cell_length(WIDTH, RED)


words = st.lists(st.tuples(st.text("aaab 日本", min_size=1, max_size=6), st.sampled_from([RED, BLUE])), max_size=4)
lines = st.builds(line, words)
pictures = st.lists(lines, min_size=HEIGHT, max_size=HEIGHT)


def whole(picture: list[Strip], cuts: list[int]) -> LayoutUpdate:
    """A picture as Textual hands it over: each line in the pieces of its widgets."""
    return LayoutUpdate([line.divide([*cuts, WIDTH]) for line in picture], Region(0, 0, WIDTH, HEIGHT))


def part(picture: list[Strip], cuts: list[int], spans: list[tuple[int, int, int]]) -> ChopsUpdate:
    """The spans of a picture, as Textual hands them over: with all that stands on their lines, or nothing where none is."""
    ends = [*cuts, WIDTH]
    drawn = {y for y, _, _ in spans}
    chops = [
        dict(zip([0, *cuts], line.divide(ends) if y in drawn else [None] * len(ends), strict=True))
        for y, line in enumerate(picture)
    ]
    return ChopsUpdate(chops, spans, [ends] * HEIGHT)


def sent(shown: Shown, update: LayoutUpdate | ChopsUpdate) -> str:
    changes = shown.changes(update)
    return changes.render_segments(CONSOLE) if changes is not None else ""


def painted(picture: list[Strip]) -> Terminal:
    """A terminal that was sent everything."""
    terminal = Terminal()
    terminal.write(sent(Shown(Size(WIDTH, HEIGHT)), whole(picture, [])))
    return terminal


def cuts_beside_wide_characters(pictures: list[list[Strip]], wanted: set[int]) -> list[int]:
    """Widgets never share a wide character: Textual crops it to a blank."""
    return [
        cut for cut in sorted(wanted) if all(cells_of(line)[cut][0] != "" for picture in pictures for line in picture)
    ]


@given(st.lists(pictures, min_size=2, max_size=4), st.sets(st.integers(1, WIDTH - 1), max_size=3))
def test_the_terminal_shows_the_last_of_several_pictures(shots: list[list[Strip]], wanted: set[int]) -> None:
    cuts = cuts_beside_wide_characters(shots, wanted)
    shown, terminal = Shown(Size(WIDTH, HEIGHT)), Terminal()
    for picture in shots:
        terminal.write(sent(shown, whole(picture, cuts)))
        assert terminal.rows == painted(picture).rows


@given(pictures, pictures, st.sets(st.integers(1, WIDTH - 1), max_size=3), st.data())
def test_a_span_changes_its_cells_and_no_other(
    before: list[Strip], after: list[Strip], wanted: set[int], data: st.DataObject
) -> None:
    cuts = cuts_beside_wide_characters([before, after], wanted)
    places = [x for x in range(WIDTH) if cells_of(before[1])[x][0] != "" and cells_of(after[1])[x][0] != ""] + [WIDTH]
    left, right = sorted(data.draw(st.sets(st.sampled_from(places), min_size=2, max_size=2)))
    shown, terminal = Shown(Size(WIDTH, HEIGHT)), Terminal()
    terminal.write(sent(shown, whole(before, cuts)))
    terminal.write(sent(shown, part(after, cuts, [(1, left, right)])))
    mixed = Strip.join([before[1].crop(0, left), after[1].crop(left, right), before[1].crop(right, WIDTH)])
    expected = [before[0], mixed, before[2]]
    assert terminal.rows == painted(expected).rows
    assert sent(shown, whole(expected, cuts)) == ""


@given(pictures)
def test_what_is_shown_already_is_not_sent(picture: list[Strip]) -> None:
    shown = Shown(Size(WIDTH, HEIGHT))
    assert sent(shown, whole(picture, []))
    assert shown.changes(whole(picture, [])) is None


def test_only_what_changed_is_sent_and_what_lies_close_together_in_one_go() -> None:
    shown = Shown(Size(WIDTH, 1))
    texts = [
        STYLE.sub("", sent(shown, LayoutUpdate([[line([(text, RED)])]], Region(0, 0, WIDTH, 1))))
        for text in ("abcdefghijkl", "abXdefghijkl", "abcdeXghiXkl", "Ybcde1ghi1kl", "Zbcde1ghi1kZ")
    ]
    assert texts == [
        "\x1b[1;1Habcdefghijkl",
        "\x1b[1;3HX",
        "\x1b[1;3HcdeXghiX",
        "\x1b[1;1HYbcde1ghi1",
        "\x1b[1;1HZ\x1b[1;12HZ",
    ]


def test_a_colour_alone_is_a_change() -> None:
    shown = Shown(Size(WIDTH, 1))
    sent(shown, LayoutUpdate([[line([("abc", RED)])]], Region(0, 0, WIDTH, 1)))
    assert "b" in sent(shown, LayoutUpdate([[line([("a", RED), ("b", BLUE), ("c", RED)])]], Region(0, 0, WIDTH, 1)))


def test_what_is_not_known_of_a_terminal_is_sent() -> None:
    shown = Shown()
    picture = [line([("abcdefghijkl", RED)])] * HEIGHT
    for _ in range(2):
        assert STYLE.sub("", sent(shown, whole(picture, []))).count("abcdefghijkl") == HEIGHT
