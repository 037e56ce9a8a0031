"""The list of subjects; the screen moves its cursor, which follows its subject as the list changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from moetui.core.science.labels import middle
from moetui.tui.compare.subjects import Subject

SIGNS = {"marked": "●", "typed": "/", "study": " ", "preset": "·", "published": "◇"}
"""What kind of thing a subject is; published ones are hollow."""


class SubjectList(OptionList, can_focus=False):
    """One line for each subject: its kind, its name and how many of its runs have ended."""

    DEFAULT_CSS = """
    SubjectList { width: 25; height: 1fr; border: none; border-right: tall $panel; padding: 0; background: $background; }
    SubjectList > .option-list--option { padding: 0; text-wrap: nowrap; text-overflow: ellipsis; }
    SubjectList > .option-list--option-highlighted { background: $block-cursor-background; color: $block-cursor-foreground; }
    """

    @dataclass
    class Moved(Message):
        """Another subject, or none, is under the cursor."""

        subject: Subject | None

        def can_replace(self, message: Message) -> bool:
            """Of a burst, the last one counts."""
            return isinstance(message, SubjectList.Moved)

    def __init__(self) -> None:
        super().__init__()
        self._subjects: tuple[Subject, ...] = ()

    @property
    def current(self) -> Subject | None:
        """The subject under the cursor."""
        row = self.highlighted
        return self._subjects[row] if row is not None and row < len(self._subjects) else None

    def show(self, subjects: Sequence[Subject], *, go_to: str = "") -> None:
        """List these subjects. The cursor stays on its subject, or goes to the one with the key `go_to`."""
        before = self.current
        old, self._subjects = self._subjects, tuple(subjects)
        if [_line(one) for one in old] != [_line(one) for one in subjects]:
            self.clear_options()
            self.add_options(Option(_line(one)) for one in subjects)
        keys = [one.key for one in subjects]
        wanted = go_to if go_to in keys else before.key if before else ""
        if subjects:
            self.highlighted = keys.index(wanted) if wanted in keys else 0
        after = self.current
        if (before and before.key) != (after and after.key):
            self.post_message(self.Moved(after))

    def move(self, step: int) -> None:
        """Move the cursor by so many subjects, as far as the list goes."""
        if self._subjects:
            self.highlighted = min(max((self.highlighted or 0) + step, 0), len(self._subjects) - 1)
            self.post_message(self.Moved(self.current))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """A click moves the cursor as well."""
        event.stop()
        self.post_message(self.Moved(self.current))


def _line(subject: Subject) -> Text:
    count = (
        f" {subject.ended}/{len(subject.records)}"
        if subject.ended < len(subject.records)
        else f" {len(subject.records)}"
    )
    name = middle(subject.title, 21 - len(count))
    return Text(f"{SIGNS[subject.kind]} ", no_wrap=True).append(name).append(count, "dim")
