"""An application that draws with the characters and the colours that its terminal has and its user wants."""

from collections.abc import Sequence

from rich.color import ColorSystem
from textual.binding import Binding
from textual.filter import LineFilter

from moetui.core.preferences import Preferences, Theme, remember
from moetui.core.terminal import Charset, detect_charset
from moetui.tui import terminal_ground
from moetui.tui.filters import NO_COLOR, PALETTES, CharsetFilter, HarmlessFilter
from moetui.tui.keyed import KeyedApp
from moetui.tui.terminal_ground import Ground, remember_ground, remembered_ground
from moetui.tui.themes import DEPTHS, THEMES, WHITE


class ThemedApp(KeyedApp):
    """What is None is as the preferences say, and where they say nothing as the terminal tells."""

    def __init__(self, preferences: Preferences, charset: Charset | None, theme: Theme | None) -> None:
        super().__init__()
        wanted = charset or preferences.charset
        self.charset: Charset = detect_charset()[0] if wanted == "auto" else wanted
        self._harmless_filter = HarmlessFilter()
        self._charset_filter = CharsetFilter(self.charset)
        self.chosen_theme: Theme = "terminal" if self.no_color else theme or preferences.theme
        self._ground = remembered_ground()
        self.register_theme(WHITE)
        self.theme = THEMES[self.palette]
        terminal_ground.listen()

    @property
    def palette(self) -> Theme:
        """The theme that is shown: the chosen one or, where that is left to the terminal, the one of its background."""
        return self._ground if self.chosen_theme == "auto" else self.chosen_theme

    def ask_for_ground(self) -> None:
        """Ask the terminal for its background, if the theme is left to it."""
        if self.chosen_theme == "auto":
            terminal_ground.ask(self._driver)

    def on_ground_told(self, told: terminal_ground.GroundTold) -> None:
        """Take the theme of the terminal's background, and begin with it the next time."""
        ground: Ground = "light" if told.light else "dark"
        if ground != self._ground:
            self._ground = ground
            remember_ground(ground)
            self.theme = THEMES[self.palette]

    def action_theme(self) -> None:
        """Take the next theme, and take it from now on."""
        if self.no_color:
            self.notify("NO_COLOR is set: there is nothing to choose from.", severity="warning", markup=False)
            return
        other: Theme = "light" if self._ground == "dark" else "dark"
        order: tuple[Theme, ...] = ("auto", other, self._ground, "terminal")
        self.chosen_theme = order[(order.index(self.chosen_theme) + 1) % len(order)]
        self.theme = THEMES[self.palette]
        self.ask_for_ground()
        told = f"as the terminal's background ({self.palette})" if self.chosen_theme == "auto" else self.palette
        self.notify(f"Theme: {told}", markup=False)
        self.remember("theme", self.chosen_theme)

    def remember(self, key: str, value: bool | str) -> None:
        """Keep a preference for the next time, or say why it cannot be kept."""
        try:
            remember(key, value)
        except OSError as error:
            self.notify(f"{error.filename}: {error.strerror}; not remembered", severity="warning", markup=False)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own and ours; where no colour is wanted, ours alone, as Textual's would leave shades of grey."""
        if self.no_color:
            return [self._harmless_filter, NO_COLOR, self._charset_filter]
        system = DEPTHS.get(self.console.color_system or "", ColorSystem.TRUECOLOR)
        ours = [PALETTES[ColorSystem.STANDARD if self.palette == "terminal" else system], self._charset_filter]
        return [self._harmless_filter, *super().get_line_filters(), *(one for one in ours if one.enabled)]

    def get_key_display(self, binding: Binding) -> str:
        """The key as the footer names it; the arrow of enter has no likeness in ASCII."""
        return "enter" if binding.key == "enter" and self.charset != "braille" else super().get_key_display(binding)
