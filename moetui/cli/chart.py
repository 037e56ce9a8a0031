"""Charts as plain text, below the numbers that they are drawn from."""

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from moetui.cli.terminal import chosen_charset

if TYPE_CHECKING:
    from moetui.core.catalogue.records import RunRecord
    from moetui.core.runs.lab import Lab
    from moetui.core.science.measure import Measure
    from moetui.core.science.pareto import Priced
    from moetui.core.science.response import Response
    from moetui.tui.chart.spec import ChartSpec

HEIGHT = 18
LEGEND_ROWS = 3
WIDEST = 120


def print_chart(spec: "ChartSpec") -> None:
    """Draw a chart without colours: as wide as the terminal is, and 80 cells wide in a pipe."""
    from moetui.tui.chart.draw import draw

    width = min(shutil.get_terminal_size((80, 24)).columns, WIDEST)
    drawing = draw(spec, width, HEIGHT, chosen_charset(None))
    typer.echo("\n" + "\n".join(line.rstrip() for line in drawing.plain().splitlines()))


def print_losses(lab: "Lab", runs: "Sequence[RunRecord]") -> None:
    """The losses of several runs in one chart under its legend, which names the best first once all have ended."""
    from moetui.tui.curves.legend import legend_lines
    from moetui.tui.curves.run_charts import overlaid_losses

    spec = overlaid_losses(lab, runs)
    if spec is not None:
        width = min(shutil.get_terminal_size((80, 24)).columns, WIDEST)
        lines = legend_lines(spec, width, LEGEND_ROWS, chosen_charset(None))
        typer.echo("\n" + "\n".join("".join(span.text for span in line).rstrip() for line in lines), nl=False)
        print_chart(spec)


def print_response(responses: "Sequence[Response]", published: "Sequence[RunRecord]") -> None:
    """The response chart, with what documents report of the same presets."""
    from moetui.tui.compare.response_chart import response_chart

    print_chart(response_chart(responses, published=published))


def print_pareto(prices: "Sequence[Priced]", measure: "Measure", cost: str) -> None:
    """The score of each setting against its cost, and which letter of the chart is which setting."""
    from moetui.tui.compare.pareto_chart import letters, pareto_chart

    print_chart(pareto_chart(prices, measure, cost))
    typer.echo("\n".join(f"{letter} {priced.group.label}" for letter, priced in letters(prices)))
