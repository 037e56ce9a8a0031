"""What the terminal interface costs and how soon it answers, in a real terminal, beside the targets that were set for it.

    python -m benchmarks.tui [NAME…]

Writes benchmarks/results/tui.md; with names of scenarios it only prints those. CPU seconds and bytes hardly depend on what
else the machine does; seconds of the clock do, so the table tells the load.
"""

import argparse
import importlib.util
import math
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import orjson

from benchmarks.terminal.alive import Alive
from benchmarks.terminal.far_end import FarEnd
from benchmarks.terminal.laboratory import histories, many_runs

RESULTS = Path(__file__).parent / "results" / "tui.md"
SIZE = (120, 40)
RATE = 2  # looks per second
WARM_UP = 20.0
WATCHED_SECONDS = 30.0
STARTS = 5
PRESSES = 200
RIVAL = "textual_plotext"


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table."""

    what: str
    value: str
    target: str


def first_paint(count: int, target: str) -> Iterator[Measured]:
    """Seconds from the start of the process to its first picture, and to the number of runs in it."""
    paints, counts, spent = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        many_runs(Path(folder), count)
        for _ in range(STARTS):
            with moetui(folder) as app:
                paints.append(app.seconds_until("Launch"))
                app.press(b"3")
                counts.append(app.seconds_until(f"{count:,} runs"))
                spent.append(app.cpu)
    told = f"{median(paints):.2f} s ({min(paints):.2f}–{max(paints):.2f}); CPU {median(spent):.2f} s"
    yield Measured(f"first paint, {count:,} runs", told, target)
    yield Measured("… until the list of runs is there, its key pressed at once", f"{median(counts):.2f} s", "")


def four_charts() -> Iterator[Measured]:
    """Four charts of three runs of 1e5 points that go on, at 2 Hz; also as textual-plotext draws them."""
    with tempfile.TemporaryDirectory() as folder:
        _, records = histories(Path(folder), 3, 100_000, 200_000, ended=False)
        with Alive(Path(folder), records, seconds=1 / RATE):
            with moetui(folder) as app:
                go_live(app)
                yield from watched("4 charts × 3 runs × 1e5 points", app, "< 10 % of a core", "< 2 kB/s")
            yield stalls(folder, "live", "4 charts × 3 runs × 1e5 points: stalls of the event loop over 100 ms")
            if importlib.util.find_spec(RIVAL) is None:
                yield Measured("… drawn by textual-plotext", "left out: it is not installed", "")
                return
            with FarEnd(["benchmarks.terminal.rival", folder], SIZE) as app:
                first = app.seconds_until("Tokens/s")
                yield Measured("… drawn by textual-plotext: first picture", f"{first:.1f} s", "")
                yield from watched("… drawn by textual-plotext", app, "", "")


def fifty_runs() -> Iterator[Measured]:
    """Fifty runs that train at once."""
    with tempfile.TemporaryDirectory() as folder:
        _, records = histories(Path(folder), 50, 2_000, 20_000, ended=False)
        with Alive(Path(folder), records, seconds=1 / RATE), moetui(folder) as app:
            go_live(app)
            yield from watched("50 live runs", app, "< 25 % of a core", "")


def idle() -> Iterator[Measured]:
    """Nothing trains and nobody presses a key."""
    with tempfile.TemporaryDirectory() as folder:
        many_runs(Path(folder), 1_000)
        with moetui(folder) as app:
            app.seconds_until("Launch")
            for key, screen in ((b"1", "Launch"), (b"2", "Live"), (b"3", "Runs")):
                app.press(key)
                yield from watched(f"idle on {screen}, 1,000 runs", app, "< 1 % of a core", "0 B/s")


def long_history() -> Iterator[Measured]:
    """From the key of Live to the curves of a run with 1e6 points: as a sketch, and with every point."""
    with tempfile.TemporaryDirectory() as folder:
        histories(Path(folder), 1, 1_000_000, 1_000_000, ended=True)
        with moetui(folder) as app:
            app.seconds_until("Launch")
            app.settle()
            opened = time.monotonic()
            app.press(b"2")
            app.seconds_until("sketch")
            yield Measured("history of 1e6 points opens, as a sketch", f"{time.monotonic() - opened:.2f} s", "< 1 s")
            app.settle()
            app.wait_for_more_than(app.count)
            yield Measured("… and with every point", f"{time.monotonic() - opened:.1f} s", "")
            app.settle()
            yield Measured("… memory (PSS, RSS)", "{:.0f} MB, {:.0f} MB".format(*app.memory()), "")


def keys() -> Iterator[Measured]:
    """From a key press to the first byte of the changed screen, with 10,000 runs."""
    with tempfile.TemporaryDirectory() as folder:
        many_runs(Path(folder), 10_000)
        with moetui(folder) as app:
            app.seconds_until("Launch")
            app.press(b"3")
            app.seconds_until("10,000 runs")
            app.settle()
            for what, pressed in (("move", b"jjjjkj"), ("page", b"\x1b[6~"), ("sort", b"]"), ("first, last", b"Gg")):
                strokes = [pressed] if pressed.startswith(b"\x1b") else [bytes([key]) for key in pressed]
                times = []
                for index in range(PRESSES // 4):
                    seconds = app.press(strokes[index % len(strokes)], within=1.0)
                    if not math.isnan(seconds):  # nothing is sent for a key that changes nothing
                        times.append(seconds)
                    app.settle(0.02)
                yield Measured(f"key to changed screen, 10,000 runs: {what}", spread(times), "p95 < 50 ms")


def memory() -> Iterator[Measured]:
    """Eight runs of 1e5 points on the charts."""
    with tempfile.TemporaryDirectory() as folder:
        histories(Path(folder), 8, 100_000, 100_000, ended=True)
        with moetui(folder) as app:
            go_live(app)
            app.settle(3)
            pss, rss = app.memory()
            yield Measured("memory with 8 runs of 1e5 points", f"PSS {pss:.0f} MB, RSS {rss:.0f} MB", "< 120 MB")


SCENARIOS: dict[str, Callable[[], Iterator[Measured]]] = {
    "start1000": lambda: first_paint(1_000, "< 0.5 s"),
    "start10000": lambda: first_paint(10_000, "< 1 s"),
    "charts": four_charts,
    "fifty": fifty_runs,
    "idle": idle,
    "long": long_history,
    "keys": keys,
    "memory": memory,
}


def moetui(folder: str) -> FarEnd:
    """The application as a user starts it, on a laboratory."""
    return FarEnd(["moetui.cli.main", "--workspace", folder, "--no-tour"], SIZE)


def go_live(app: FarEnd) -> None:
    """Go to Live as soon as the application takes keys."""
    app.seconds_until("Launch")
    app.settle()
    app.press(b"2")
    app.seconds_until("updates")


def watched(what: str, app: FarEnd, cpu: str, traffic: str) -> Iterator[Measured]:
    """CPU and bytes of an application that is left alone for a while."""
    time.sleep(WARM_UP)  # what has to be read at first is not what watching costs
    spent, sent, began = app.cpu, app.count, time.monotonic()
    time.sleep(WATCHED_SECONDS)
    seconds = time.monotonic() - began
    yield Measured(f"{what}: CPU", f"{(app.cpu - spent) / seconds:.1%} of a core", cpu)
    yield Measured(f"{what}: sent", f"{(app.count - sent) / seconds:,.0f} B/s", traffic)


def stalls(folder: str, screen: str, what: str) -> Measured:
    """How often and how long the event loop was late."""
    report = Path(folder) / "stalls.json"
    with FarEnd(["benchmarks.terminal.probed", folder, str(report), screen], SIZE):
        time.sleep(WATCHED_SECONDS)
        told = orjson.loads(report.read_bytes())  # before it is asked to leave, which takes a while
    return Measured(what, f"{told['stalls']} in {told['looks']} looks; longest {told['longest'] * 1000:.0f} ms", "none")


def spread(times: list[float]) -> str:
    """Median and 95th percentile of seconds, in ms."""
    return f"median {median(times) * 1000:.0f} ms, p95 {quantiles(times, n=20)[-1] * 1000:.0f} ms"


def table(measured: list[Measured], load: str) -> str:
    """The results in Markdown."""
    lines = [
        "# The terminal interface: start, answer, CPU, traffic, memory",
        "",
        f"`python -m benchmarks.tui` on {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, a "
        f"terminal of {SIZE[0]}×{SIZE[1]} cells; {load}.",
        "",
        "| what | measured | target |",
        "|---|---|---|",
        *(f"| {one.what} | {one.value} | {one.target} |" for one in measured),
    ]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Measure the named scenarios, or all of them for the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tui", description=main.__doc__)
    parser.add_argument("scenario", nargs="*", help=f"any of {', '.join(SCENARIOS)}")
    names: list[str] = parser.parse_args(arguments).scenario
    if unknown := [name for name in names if name not in SCENARIOS]:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    before = os.getloadavg()[0]
    measured: list[Measured] = []
    for name in names or SCENARIOS:
        for one in SCENARIOS[name]():
            print(f"{one.what}: {one.value}  {one.target}", flush=True)
            measured.append(one)
    if not names:
        load = f"load average before and after {before:.1f} and {os.getloadavg()[0]:.1f}"
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(table(measured, load), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
