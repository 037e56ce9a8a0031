"""summary_table.png: the settings with their scores and verdicts, as a picture."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from moetui.core.report.figures import style
from moetui.core.report.results import result_table
from moetui.core.report.subject import Subject

ROWS = 40
"""So many settings fit on a picture; the file of the same name has them all."""


@style.styled
def draw(subject: Subject) -> Figure:
    """A row for each setting, the best first."""
    results = result_table(subject)
    rows = [[style.label(cell, 48) for cell in row] for row in results.rows]
    left_out = len(rows) - ROWS
    rows = rows[:ROWS]
    figure = Figure(figsize=(13, 0.9 + 0.26 * (len(rows) + 1)))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    widths = _widths(results.headers, rows)
    table = axes.table(
        cellText=rows, colLabels=list(results.headers), loc="upper center", cellLoc="right", colWidths=widths
    )
    table.auto_set_font_size(False)
    table.set_fontsize(8.5)
    height = 1.0 / (len(rows) + 2.5)
    for (row, column), cell in table.get_celld().items():
        cell.set_height(height)
        cell.set_linewidth(0.4)
        cell.set_edgecolor("#bbbbbb")
        if results.headers[column] not in results.right:
            cell.set_text_props(ha="left")
        if row == 0:
            cell.set_text_props(weight="bold")
            cell.set_facecolor("#eeeeee")
    more = f"; {left_out} more in summary_table.csv" if left_out > 0 else ""
    legend = "± is half a 95 % interval: of a mean its own, of a difference in loss that of all pairs together"
    axes.text(0.5, 0.02, f"{legend}; verdicts by the validation loss{more}", ha="center")
    return figure


def _widths(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[float]:
    lengths = [max(6, *(len(cell) for cell in column)) + 2 for column in zip(headers, *rows, strict=True)]
    return [length / sum(lengths) for length in lengths]
