"""What the keys of moving do on a screen whose cursor is in a table of runs."""

from textual.screen import Screen

from moetui.tui.widgets.run_table import RunTable


class TableKeys(Screen[None]):
    """A screen with one `RunTable`."""

    def action_cursor(self, rows: int) -> None:
        """Move the cursor."""
        self.query_one(RunTable).move(rows)

    def action_page(self, pages: int) -> None:
        """Move the cursor by screens."""
        self.query_one(RunTable).page(pages)

    def action_row(self, row: int) -> None:
        """Go to the first run or, with -1, to the last."""
        self.query_one(RunTable).go(row)
