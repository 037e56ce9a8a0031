"""The line of keys."""

import gc
import weakref
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets._footer import FooterKey

from moetui.tui.widgets.footer import KeysFooter


class Keys(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("a", "none", "First"), ("question_mark", "help", "Help")]

    def compose(self) -> ComposeResult:
        yield KeysFooter()


async def test_keys_that_are_shown_no_longer_are_let_go() -> None:
    app = Keys()
    async with app.run_test() as pilot:
        footer = app.query_one(KeysFooter)
        await pilot.pause()
        shown = len(app.query(FooterKey))
        former = [weakref.ref(one) for key in app.query(FooterKey) for one in (key, key._styles_cache)]
        assert former
        for _ in range(3):
            footer.refresh(recompose=True)
            await pilot.pause()
        gc.collect()
        assert [one() for one in former] == [None] * len(former)
        assert len(app.query(FooterKey)) == shown
