"""Themes, colours and character sets."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.widgets import Input

from moetui.core.preferences import Theme, read_settings
from moetui.core.runs.lab import Lab
from moetui.core.terminal import Charset
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.charset import in_charset
from moetui.tui.chart.draw import draw
from moetui.tui.chart.palette import CUBE, PALETTE, SIXTEEN
from moetui.tui.chart.spec import ChartSpec, Series
from moetui.tui.filters import NoColorFilter, PaletteFilter
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.seen import seen, until
from tests.tui.test_goldens import settled

BLACK = Color(0, 0, 0)
CONSOLE = set("".join(bytes([code]).decode("cp437") for code in range(32, 256))) | set("↑↓→←\n")
"""What the font of a Linux console has."""


def written(app: MoetuiApp) -> list[Style]:
    """The styles of everything on the screen as they go to the terminal."""
    return [part.style for strip in app.screen._compositor.render_strips() for part in strip if part.style]


@pytest.mark.parametrize("charset", ["block", "ascii"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_screen_is_drawn_with_the_characters_that_there_are(
    lab: Lab, charset: Charset, size: tuple[int, int]
) -> None:
    for index in range(3):
        record = write_run(lab, f"run{index}", name=f"größe/{index} 日本", study="s", created=time.time() + index)
        end_run(lab, record)
    app = MoetuiApp(lab, start="launch", charset=charset)
    places = [
        ["2", "f"],
        ["3"],
        ["4"],
        ["v"],
        ["p"],
        ["5"],
        ["1", "e"],
        ["escape", "3", "space", "space", "o"],
        ["c"],
        ["p"],
    ]
    async with app.run_test(size=size, notifications=True) as pilot:
        for keys in (*places, ["question_mark"], ["escape", "escape", "t"], ["escape", "f4"]):
            await pilot.press(*keys)
            text = await settled(pilot)
            assert text.strip()
            strange = set(text) - CONSOLE if charset == "block" else {char for char in text if not char.isascii()}
            assert not strange
        await pilot.press("escape", "escape", "2")
        await until(pilot, lambda: re.search("[▄▀█.:]", seen(app)))


def test_half_blocks_draw_a_rising_line_from_the_lower_left_to_the_upper_right() -> None:
    spec = ChartSpec("", (Series("a", range(40), range(40), legend=False),))
    rows = draw(spec, 40, 12, "block").plain().splitlines()
    inked = [(y, x) for y, row in enumerate(rows) for x, char in enumerate(row) if char in "▄▀█"]
    assert len(inked) > 20
    assert all(right >= left for (upper, right) in inked for (lower, left) in inked if upper < lower)
    highest, lowest = min(inked), max(inked)
    assert highest[1] > 30
    assert lowest[1] < 12


def test_every_run_keeps_a_sign_of_its_own_in_every_character_set() -> None:
    for charset in ("braille", "block", "ascii"):
        assert len({in_charset(slot.marker, charset) for slot in PALETTE}) == len(PALETTE)


async def test_a_theme_is_chosen_by_key_and_remembered(lab: Lab, user: Path) -> None:
    app = MoetuiApp(lab)
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.theme == "textual-dark"
        await pilot.press("f2")
        assert app.theme == "moetui-light"
    again = MoetuiApp(lab)
    assert (again.theme, read_settings(lab.workspace).preferences.theme) == ("moetui-light", "light")
    assert MoetuiApp(lab, theme="dark").theme == "textual-dark"


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_everything_has_a_colour_of_the_theme(lab: Lab, theme: Theme) -> None:
    """Where a text has none, the terminal's own is taken, which may be that of the ground."""
    end_run(lab, write_run(lab, "a", created=time.time()))
    app = MoetuiApp(lab, theme=theme)
    async with app.run_test(size=(120, 45), notifications=True) as pilot:
        for keys in (
            [],
            ["e"],
            ["escape", "2"],
            ["l"],
            ["escape", "3"],
            ["enter"],
            ["f"],
            ["escape", "4"],
            ["5"],
            ["f4"],
        ):
            await pilot.press(*keys)
            await until(pilot, lambda: app.picture.snapshot.taken)
            await app.workers.wait_for_complete()
            await pilot.pause(0.2)
            strips = app.screen._compositor.render_strips()
            bare = [part.text for strip in strips for part in strip if part.text.strip() and not _coloured(part.style)]
            assert bare == [], keys


def _coloured(style: Style | None) -> bool:
    return style is not None and style.color is not None and style.bgcolor is not None


async def test_the_theme_of_the_terminal_takes_its_sixteen_colours_only(lab: Lab) -> None:
    end_run(lab, write_run(lab, "a", created=time.time()))
    app = MoetuiApp(lab, start="live", theme="terminal")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause(0.3)
        colors = [color for style in written(app) for color in (style.color, style.bgcolor) if color is not None]
        assert colors
        assert {color.type.name for color in colors} <= {"DEFAULT", "STANDARD"}


async def test_without_colour_every_screen_still_shows_its_cursor(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    end_run(lab, write_run(lab, "a", created=time.time()))
    for place in ("launch", "live", "runs"):
        monkeypatch.setenv("NO_COLOR", "1")  # Textual takes it out of the environment
        app = MoetuiApp(lab, start=place)
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause(0.3)
            styles = written(app)
            assert all(style.color is None or style.color.is_default for style in styles)
            assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
            assert any(style.reverse for style in styles) or "›" in seen(app)


def test_a_ground_of_its_own_is_reversed_where_there_are_no_colours() -> None:
    plain, chosen = Segment("a", Style.parse("red")), Segment("b", Style.parse("white on blue"))
    first, second = NoColorFilter().apply([plain, chosen], BLACK)
    assert first.style is not None
    assert second.style is not None
    assert (first.style.reverse, second.style.reverse) == (False, True)


def test_the_palette_keeps_what_belongs_to_it() -> None:
    kept = Segment("a", Style.parse("bold bright_red"))
    assert PaletteFilter(ColorSystem.STANDARD).apply([kept], BLACK) == [kept]
    (changed,) = PaletteFilter(ColorSystem.STANDARD).apply([Segment("b", Style.parse("#ff0000"))], BLACK)
    assert changed.style is not None
    assert changed.style.color is not None
    assert changed.style.color.type.name == "STANDARD"


@pytest.mark.parametrize(("system", "numbers"), [(ColorSystem.STANDARD, SIXTEEN), (ColorSystem.EIGHT_BIT, CUBE)])
def test_runs_keep_colours_that_were_chosen_for_a_smaller_palette(
    system: ColorSystem, numbers: Mapping[str, int]
) -> None:
    for one in PALETTE:
        (segment,) = PaletteFilter(system).apply([Segment("a", Style.parse(one.color))], BLACK)
        assert segment.style is not None
        assert segment.style.color is not None
        assert segment.style.color.number == numbers[one.color]


@pytest.mark.parametrize(
    ("place", "keys"),
    [
        ("launch", ["slash"]),
        ("launch", ["e", "slash"]),
        ("runs", ["slash"]),
        ("runs", ["question_mark", "slash"]),
        ("live", ["colon"]),
    ],
)
async def test_no_cursor_blinks(lab: Lab, place: str, keys: list[str]) -> None:
    app = MoetuiApp(lab, start=place)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in keys:
            await pilot.press(key)
        await until(pilot, lambda: isinstance(app.focused, Input))
        assert not any(line.cursor_blink for line in app.screen.query(Input))
