"""What charts cost: CPU per drawn frame, and bytes that four live charts send to a real terminal, against a full refresh.

    python -m benchmarks.chart

Writes benchmarks/results/chart.md. The bytes are counted at the far end of a pty, between two marks that the application sends
before the first frame and after the last, so that start and end do not count. The two ways of refreshing take turns within one
run of this script, on the same data.
"""

import fcntl
import os
import platform
import pty
import resource
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import RenderableType
from textual.app import App, ComposeResult
from textual.containers import Grid
from textual.screen import Screen

from moetui.tui.chart.draw import draw
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import ChartSpec, Series
from moetui.tui.chart.widget import Chart
from moetui.tui.sparing import SparingApp

RESULTS = Path(__file__).parent / "results" / "chart.md"
FRAMES = 60
RATE = 2  # frames per second of a live screen
UPDATES_PER_FRAME = 5
ROUNDS = 3
TOTAL = 10_000
MARK = b"\a\a"


def specs(points: int, total: int) -> list[ChartSpec]:
    """Learning rate, loss, accuracy and throughput of three runs that have come to update `points` of `total`."""
    charts: list[list[Series]] = [[], [], [], []]
    u = np.arange(1, points + 1)
    evaluated = u[total // 20 - 1 :: total // 20]
    for i in range(3):
        noise = np.random.default_rng(i).normal(size=total)[:points]
        loss = 8.3 - 2.6 * (1 - np.exp(-4 * u / total)) - 0.2 * i
        look, name = slot(i), f"lr {0.04 + 0.02 * i:.2f}"
        charts[0].append(Series(name, u, (0.04 + 0.02 * i) * np.cos(u / total), look))
        charts[1].append(Series(name, u, loss + 0.1 * noise, look, emphasis="faint", legend=False))
        charts[1].append(Series(name, evaluated, loss[evaluated - 1], look, points=True))
        charts[2].append(Series(name, evaluated, 0.3 - loss[evaluated - 1] / 40, look, points=True))
        charts[3].append(Series(name, u, 11_000 + 500 * i + 100 * noise, look))
    titles = ("learning rate", "loss", "accuracy", "tokens/s")
    ranges = (None, (5.0, 9.0), (0.0, 0.3), None)
    return [
        ChartSpec(title, tuple(series), "updates", (0, total), y_range)
        for title, series, y_range in zip(titles, charts, ranges, strict=True)
    ]


class LiveCharts(SparingApp):
    """Four charts that follow three runs, redrawn so many times, then the end. `whole`: as Textual does it by itself."""

    CSS = "Grid { grid-size: 2 2; grid-gutter: 0 1; }"

    def __init__(self, frames: int, whole: bool) -> None:
        super().__init__()
        self.frames, self.whole, self.frame = frames, whole, 0

    def compose(self) -> ComposeResult:
        """Two by two."""
        with Grid():
            for spec in specs(TOTAL // 2, TOTAL):
                yield Chart(spec)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if self.whole:
            App._display(self, screen, renderable)
        else:
            super()._display(screen, renderable)

    def on_mount(self) -> None:
        """Start once the first picture is painted."""
        self.set_timer(1, lambda: self.set_interval(0.1, self.tick))

    def tick(self) -> None:
        """The next frame, or a mark before the first and after the last."""
        if self.frame in (0, self.frames):
            self.bell()
            self.bell()
        if self.frame == self.frames:
            self.exit()
            return
        self.frame += 1
        now = specs(TOTAL // 2 + UPDATES_PER_FRAME * self.frame, TOTAL)
        for chart, spec in zip(self.query(Chart), now, strict=True):
            chart.show(spec)
            if self.whole:
                chart.refresh()


def sent(frames: int, whole: bool, width: int, height: int) -> tuple[int, float]:
    """Bytes that arrive at the terminal from the first frame to the last, and CPU seconds of the whole application."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    command = [sys.executable, "-m", "benchmarks.chart", "app", str(frames), str(int(whole))]
    child = subprocess.Popen(command, stdin=far, stdout=far, stderr=far, env=environment, start_new_session=True)
    os.close(far)
    output = b""
    while True:
        try:
            output += os.read(near, 65536)
        except OSError:  # Linux says so when the last writer is gone
            break
    os.close(near)
    if child.wait():
        raise SystemExit(f"the application ended with {child.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return len(
        output.split(MARK)[1]
    ) if frames else 0, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def traffic(width: int, height: int) -> dict[bool, tuple[float, float]]:
    """Bytes per second at the live rate and CPU milliseconds per frame: changed cells (False), full refresh (True)."""
    found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for whole in (False, True):
            (_, idle_cpu), (count, cpu) = (sent(frames, whole, width, height) for frames in (0, FRAMES))
            found[whole].append((count / FRAMES * RATE, (cpu - idle_cpu) / FRAMES * 1000))
    return {whole: (median(rate for rate, _ in runs), median(cpu for _, cpu in runs)) for whole, runs in found.items()}


def frame_times(points: int, width: int, height: int, frames: int = 20) -> list[float]:
    """CPU milliseconds to draw each of several frames of three series."""
    spec = specs(points, points)[3]
    times = []
    for _ in range(frames):
        start = time.process_time()
        draw(spec, width, height)
        times.append((time.process_time() - start) * 1000)
    return times


def table() -> str:
    """The results in Markdown."""
    lines = [
        "# Charts: CPU per frame and bytes sent",
        "",
        f"`python -m benchmarks.chart` on {platform.machine()}, Python {platform.python_version()}. Medians.",
        "",
        "| drawing one chart, 3 series | cells | CPU ms | slowest |",
        "|---|---|---|---|",
    ]
    for points in (10_000, 100_000):
        for width, height in ((40, 10), (60, 19), (120, 30)):
            times = frame_times(points, width, height)
            lines.append(f"| {points:,} points each | {width}×{height} | {median(times):.1f} | {max(times):.1f} |")
    lines += [
        "",
        f"Four live charts × three runs at {RATE} Hz, half way through {TOTAL:,} updates, {UPDATES_PER_FRAME} updates per frame,"
        f" {FRAMES} frames, {ROUNDS} alternating rounds:",
        "",
        "| terminal | refresh | bytes per second | CPU ms per frame (all four) |",
        "|---|---|---|---|",
    ]
    for width, height in ((80, 24), (120, 40)):
        for whole, (rate, cpu) in traffic(width, height).items():
            way = "whole charts" if whole else "changed cells"
            lines.append(f"| {width}×{height} | {way} | {rate:,.0f} | {cpu:.0f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["app"]:
        LiveCharts(int(sys.argv[2]), bool(int(sys.argv[3]))).run()
    else:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(table(), encoding="utf-8")
        print(RESULTS.read_text(encoding="utf-8"))
