"""The line of keys at the bottom of a screen."""

from textual._styles_cache import StylesCache
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey


class KeysFooter(Footer):
    """Textual's footer, in which the key of the help stays in sight where not all keys have room."""

    DEFAULT_CSS = """
    KeysFooter > FooterKey.-help { dock: right; padding-left: 1; margin-right: 0; background: $footer-background; }
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)

    def compose(self) -> ComposeResult:
        """The keys; that of the help at the right end."""
        for key in super().compose():
            if isinstance(key, FooterKey) and key.action.removeprefix("app.") == "help":
                key.add_class("-help")
            yield key

    async def recompose(self) -> None:
        """Make the keys anew, as other ones hold: after nearly every key that somebody presses.

        Textual forgets the widgets that are bound to a reactive, which the former keys are, only when that is set again; and a
        cache of styles holds on to the lines of the last thousand widgets, whether they are gone or not.
        """
        await super().recompose()
        if self.is_attached:
            self.mutate_reactive(Footer.compact)
            StylesCache.get_inner_outer.cache_clear()
