"""Names of settings as short as they can be while they still tell the settings apart."""

from collections.abc import Sequence


def distinctive(names: Sequence[str]) -> list[str]:
    """The names without the parts between slashes that all of them have: `grid/lr=0.1/floor=0` among others is `lr=0.1`.

    A name with nothing else keeps its last part. Names that would become equal stay as they are.
    """
    if len(names) < 2:
        return list(names)
    parts = [name.split("/") for name in names]
    shared = set[str](parts[0]).intersection(*parts)
    short = ["/".join(part for part in own if part not in shared) or own[-1] for own in parts]
    return short if len(set(short)) == len(set(names)) else list(names)


def middle(text: str, width: int) -> str:
    """The text in at most `width` characters: what is too long loses its middle, since names differ at their ends."""
    if len(text) <= width:
        return text
    if width < 2:
        return text[:width]
    tail = (width - 1) * 2 // 3
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"
