"""What a panel asks to be drawn again."""

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region

from moetui.tui.panel import Panel


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
