"""Sends the cells that changed, and not all that stands before them on the line of their widget, as Textual 8.2 does."""

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor


class ThriftyCompositor(Compositor):
    """Textual's, for links on which bytes count."""

    def render_partial_update(self) -> ChopsUpdate | None:
        """What changed since the last update."""
        update = super().render_partial_update()
        return None if update is None else CellsUpdate(update.chops, update.spans, update.chop_ends)


class CellsUpdate(ChopsUpdate):
    """An update whose strips are cropped at both ends; Textual crops them at the right end only."""

    def render_segments(self, console: Console) -> str:
        """The escape sequences and the text of the changed spans."""
        sent: list[str] = []
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, left), min(end, right)
                if strip is not None and start < stop:
                    sent.append(Control.move_to(start, y).segment.text)
                    sent.append(strip.crop(start - x, stop - x).render(console))
        return "".join(sent)
