"""What a panel asks to be drawn again."""

from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from moetui.tui.panel import Panel
from tests.tui.seen import seen, until


class OnePanel(App[None]):
    def compose(self) -> ComposeResult:
        yield Panel()


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("abc", "abc", None),
        ("abc", "aXc", [1]),
        ("abc", "XbX", [0, 2]),
        ("abc", "ab", []),
        ("", "abc", []),
    ],
)
async def test_the_lines_that_differ_or_all_if_they_are_not_as_many(
    old: str, new: str, lines: list[int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = OnePanel()
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.pause()
        asked: list[tuple[Region, ...]] = []
        monkeypatch.setattr(Panel, "refresh", lambda self, *regions, **_: asked.append(regions))
        app.query_one(Panel).refresh_changed(old, new)
        assert asked == ([] if lines is None else [tuple(Region(0, y, 20, 1) for y in lines)])


async def test_a_fault_of_what_is_called_after_a_refresh_stays_in_its_panel(user: Path) -> None:
    app = OnePanel()
    async with app.run_test(size=(60, 5)) as pilot:
        panel = app.query_one(Panel)
        panel.call_after_refresh(_break)
        await until(pilot, lambda: "This part broke down" in seen(app))
    (user / "tui.log").unlink()


def _break() -> None:
    raise ZeroDivisionError
