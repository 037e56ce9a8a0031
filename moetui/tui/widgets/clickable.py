"""Words that do something when the mouse clicks them, though a key does the same."""

from rich.style import Style


def clickable(look: str, action: str) -> Style:
    """A rich style of words whose click is an action, such as `app.show('runs')`."""
    return Style.parse(look) + Style(meta={"@click": action})
