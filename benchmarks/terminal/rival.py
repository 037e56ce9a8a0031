"""The same four charts drawn by textual-plotext, in the way its documentation shows: clear, plot, refresh.

    python -m benchmarks.terminal.rival WORKSPACE

textual-plotext is no dependency of moetui; without it the benchmark leaves these rows out.
"""

import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import Grid
from textual_plotext import PlotextPlot

from moetui.core.runs.curves import CurveFile

CHARTS = {"Loss": ("train_loss", "val_loss"), "Learning rate": ("lr",), "Accuracy": ("train_accuracy", "val_accuracy")}
CHARTS |= {"Tokens/s": ("tokens_per_second",)}


class RivalApp(App[None]):
    """Reads as moetui does, twice a second, and draws with textual-plotext."""

    CSS = "Grid { grid-size: 2 2; }"

    def __init__(self, workspace: Path) -> None:
        super().__init__()
        self.runs = [CurveFile(path) for path in sorted(workspace.glob("runs/*/metrics.jsonl"))]

    def compose(self) -> ComposeResult:
        """Two by two."""
        with Grid():
            for title in CHARTS:
                yield PlotextPlot(name=title)

    def on_mount(self) -> None:
        """Draw now and twice a second."""
        self.look()
        self.set_interval(0.5, self.look)

    def look(self) -> None:
        """Read what is new and draw everything."""
        for run in self.runs:
            run.read()
        for chart in self.query(PlotextPlot):
            plt = chart.plt
            plt.clear_data()
            plt.title(chart.name)
            for run in self.runs:
                for key in CHARTS[str(chart.name)]:
                    updates, values = run.curves.get(key)
                    plt.plot(updates.tolist(), values.tolist(), marker="braille")
            chart.refresh()


if __name__ == "__main__":
    RivalApp(Path(sys.argv[1])).run()
