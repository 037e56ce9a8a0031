"""What there is to say of the entry under the cursor: a title, a description of a few lines, and a source."""

from dataclasses import dataclass

from rich.console import Console
from rich.text import Text
from textual.reactive import reactive

from moetui.core.planning.presets import Fault
from moetui.tui.panel import Panel

_CONSOLE = Console()  # rich wraps text with the help of a console; nothing is ever printed on it


@dataclass(frozen=True, slots=True)
class Words:
    """The three parts of a card; `bad` marks a fault."""

    title: str = ""
    about: str = ""
    source: str = ""
    bad: bool = False


class Card(Panel):
    """Shows the title on the first line, the source on the last, and as much of the description as fits between them."""

    DEFAULT_CSS = """
    Card { height: 4; }
    """

    words: reactive[Words] = reactive(Words(), layout=False)

    def render(self) -> Text:
        """Exactly as many lines as the card is high."""
        return card_text(self.words, self.size.width, self.size.height)


def card_text(words: Words, width: int, height: int) -> Text:
    """The card as `height` lines at most, each `width` cells at most."""
    lines = [Text(words.title, style="bold red" if words.bad else "bold")]
    room = height - 1 - bool(words.source)
    about = list(Text(words.about).wrap(_CONSOLE, max(width, 1)))
    if len(about) > room > 0:
        about[room - 1].append(" …")
    lines += about[: max(room, 0)]
    if words.source:
        lines.append(Text(words.source, style="dim"))
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Text("\n").join(lines[:height])


def folder_words(name: str) -> Words:
    """What to say of a folder."""
    return Words(f"{name}/", "A folder: space folds it, ↓ goes to its presets.")


def fault_words(fault: Fault) -> Words:
    """What is wrong with a preset file."""
    return Words(f"{fault.path.name} cannot be read", fault.message, "Mend it, then press r.", bad=True)
