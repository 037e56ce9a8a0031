"""What a chart of a given size can afford: every row and column goes to what helps most."""

from dataclasses import dataclass

MIN_WIDTH, MIN_HEIGHT = 10, 3  # below this nothing can be read off a curve


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of a chart, from the first that a small one gives up to the last."""

    legend_rows: int
    """Rows of title and legend; 0 leaves both away."""
    x_line: bool
    """Whether the x axis has a line above its labels."""
    y_ticks: bool
    x_ticks: bool


def plan(width: int, height: int, curves: int, *, pairs: bool = False) -> Layout | None:
    """The layout of a chart with so many curves in its legend, None where a chart is too small to be drawn.

    `pairs`: the legend gives two values of a curve.
    """
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return None
    extra = 0 if curves < 3 else max(0, (height - 8) // 8)
    extra += pairs and height >= 8
    return Layout(
        legend_rows=0 if height < 5 else 1 + extra,
        x_line=height >= 9,
        y_ticks=width >= 20,
        x_ticks=height >= 4 and width >= 20,
    )
