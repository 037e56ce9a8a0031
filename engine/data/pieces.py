"""Long documents cut into pieces, before there is a tokenizer: the split goes by their text, whatever tokens it becomes."""

from collections.abc import Iterator
from typing import Final

CHARACTERS_PER_TOKEN: Final = 4
"""Characters that a token of English holds about, by which `data.document_tokens` cuts."""


def cut(text: str, longest: int) -> Iterator[str]:
    """Pieces of `longest` characters, each up to the white space before that if its second half has any."""
    start = 0
    while len(text) - start > longest:
        end = start + longest
        space = max(text.rfind(" ", start + longest // 2, end), text.rfind("\n", start + longest // 2, end))
        end = space + 1 if space >= 0 else end
        yield text[start:end]
        start = end
    yield text[start:]
