"""The one module that knows plotext: it draws the frame, the axes with their ticks, and the cells of the curves.

plotext 5.3.x only. Its data are numbers of cells here, never measurements, so that it meets neither NaN nor infinity, and
its colours are numbers of inks: the drawn matrix is read back as it is, without a way through escape sequences.
"""

from collections.abc import Mapping, Sequence

from plotext._figure import _figure_class as Figure  # the public functions share one global figure; this is a fresh one

from moetui.tui.chart.drawing import FRAME, PLAIN, Cell, Ink
from moetui.tui.chart.ticks import Tick

Place = tuple[int, int]  # column from the left, row from the bottom


def draw_frame(
    width: int,
    height: int,
    cells: Mapping[Place, Cell],
    y_ticks: Sequence[Tick],
    x_ticks: Sequence[Tick],
    x_line: bool,
) -> list[list[Cell]]:
    """`height` rows of `width` cells from the top: curves, axes and ticks. With `x_line` the x axis has a line of its own.

    The canvas is as wide as the labels and the line of the y axis leave it, and as high as those of the x axis leave it.
    """
    inks: list[Ink] = [FRAME, *sorted({cell.ink for cell in cells.values()} - {FRAME})]
    numbers = {ink: number for number, ink in enumerate(inks)}
    figure = Figure()
    figure._limit_size(False, False)
    figure.plot_size(width, height)
    figure.xaxes(x_line, False)
    figure.yaxes(bool(y_ticks), False)
    for paint in (figure.canvas_color, figure.axes_color):
        paint("default")
    figure.ticks_color(numbers[FRAME])
    canvas_width, canvas_height = canvas_size(width, height, y_ticks, x_ticks, x_line)
    figure.xlim(0, max(canvas_width - 1, 1))
    figure.ylim(0, max(canvas_height - 1, 1))
    figure.yticks([row for row, _ in y_ticks], [label for _, label in y_ticks])
    figure.xticks([column for column, _ in x_ticks], [label for _, label in x_ticks])
    if cells:
        figure.scatter(
            [column for column, _ in cells],
            [row for _, row in cells],
            marker=[cell.char for cell in cells.values()],
            color=[numbers[cell.ink] for cell in cells.values()],
        )
    figure._set_sizes()
    figure._build_matrix()
    matrix = figure.monitor.matrix
    return [
        [
            Cell(char, inks[color] if isinstance(color, int) else PLAIN)
            for char, color in zip(chars, colors, strict=True)
        ]
        for chars, colors in zip(reversed(matrix.marker), reversed(matrix.fullground), strict=True)
    ]


def canvas_size(
    width: int, height: int, y_ticks: Sequence[Tick], x_ticks: Sequence[Tick], x_line: bool
) -> tuple[int, int]:
    """Columns and rows that the curves have."""
    labels = max((len(label) for _, label in y_ticks), default=-1) + 1
    return width - labels, height - x_line - bool(x_ticks)
