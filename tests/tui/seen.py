"""What one sees of a running app."""

from textual.app import App


def seen(app: App[None]) -> str:
    """Everything on the screen, as text."""
    return "\n".join("".join(part.text for part in strip) for strip in app.screen._compositor.render_strips())
