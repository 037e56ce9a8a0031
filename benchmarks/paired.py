"""Comparing speeds on a machine that others use too: contestants take turns beside a control, and ratios are taken in pairs.

A burst of other work slows whoever runs at that moment. So rounds are short and many, each contestant runs between two runs of
a control (a small fixed work) and is measured in units of them, and a ratio is that of one round. The median of these ratios
hardly feels a burst, and its interval assumes nothing about how times are distributed.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

CONFIDENCE = 0.95
"""Of the interval of a ratio, where there are rounds enough for it (six)."""
BUSY = 0.1
"""Share of the cores that other processes may use."""
SPREAD = 0.15
"""How far apart the quartiles of the control may lie, as a share of its median."""
PROBE_SECONDS = 2.0

Timed = Callable[[], Mapping[str, float]]
"""One turn of a contestant: the seconds of each part of it."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of paired ratios, and the interval that holds the true median with this confidence."""

    middle: float
    low: float
    high: float
    confidence: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f}–{self.high:.2f})"


def speedup(slow: Sequence[float], fast: Sequence[float]) -> Ratio:
    """How many times faster one is than another: both measured in the same rounds, by seconds or in units of a control."""
    return middle([a / b for a, b in zip(slow, fast, strict=True)])


def middle(values: Sequence[float]) -> Ratio:
    """The median of independent values, between two of them in order (the interval of the sign test).

    With fewer than six values it is between the least and the largest, at a lower confidence.
    """
    ordered, count = sorted(values), len(values)
    below, tail = 0, 2.0 ** (1 - count)  # values left out at each end, and the chance that the true median is outside
    while below + 1 < count / 2:
        more = tail + 2.0 ** (1 - count) * math.comb(count, below + 1)
        if more > 1.0 - CONFIDENCE:
            break
        below, tail = below + 1, more
    return Ratio(median(ordered), ordered[below], ordered[-1 - below], 1.0 - tail)


@dataclass(slots=True)
class Turns:
    """What a number of rounds took: seconds of each part of each contestant, the same in units of the control, the control."""

    seconds: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    relative: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    control: list[float] = field(default_factory=list)

    @property
    def spread(self) -> float:
        """Distance of the quartiles of the control as a share of its median; none is known before four runs."""
        if len(self.control) < 4:
            return 0.0
        low, _, high = quantiles(self.control, n=4)
        return (high - low) / median(self.control)


def take_turns(
    contestants: Mapping[str, Timed],
    control: Callable[[], float],
    rounds: int,
    told: Callable[[int], None] = lambda number: None,
) -> Turns:
    """Let every contestant run once a round, a different one first each time; a round before the first warms up.

    `control` returns its seconds; `told` hears of each round that is done.
    """
    turns = Turns()
    names = list(contestants)
    for number in range(rounds + 1):
        start = number % len(names)
        before = control()
        controls = [before]
        for name in names[start:] + names[:start]:
            parts = contestants[name]()
            after = control()
            controls.append(after)
            if number > 0:
                for part, seconds in parts.items():
                    turns.seconds.setdefault(name, {}).setdefault(part, []).append(seconds)
                    unit = (before + after) / 2
                    turns.relative.setdefault(name, {}).setdefault(part, []).append(seconds / unit)
            before = after
        if number > 0:
            turns.control += controls
        told(number)
    return turns


class OtherWork:
    """How much of the machine processes other than this one and its children use, from when it is made. Linux only."""

    def __init__(self, stat: Path = Path("/proc/stat")) -> None:
        self._stat = stat
        self._start = self._read()

    def share(self) -> float:
        """Their share of the cores since then; 0 where it cannot be known."""
        busy, all_of_it, own = (now - then for now, then in zip(self._read(), self._start, strict=True))
        return max(0.0, (busy - own) / all_of_it) if all_of_it > 0 else 0.0

    def _read(self) -> tuple[float, float, float]:
        """Seconds of all cores so far: those in use, all, and those that this process and ended children used."""
        times = os.times()
        own = times.user + times.system + times.children_user + times.children_system
        try:
            ticks = [int(word) for word in self._stat.read_text(encoding="utf-8").split("\n", 1)[0].split()[1:9]]
        except (OSError, ValueError):
            return 0.0, 0.0, own
        per_second = os.sysconf("SC_CLK_TCK")
        idle = sum(ticks[3:5])  # idle, and waiting for a disk
        return (sum(ticks) - idle) / per_second, sum(ticks) / per_second, own


def unrest(busy: float, spread: float) -> str:
    """What makes a machine too noisy to compare speeds on it; empty if nothing does."""
    if busy > BUSY:
        return f"other processes use {busy:.0%} of the cores (at most {BUSY:.0%})"
    if spread > SPREAD:
        return f"the quartiles of the control lie {spread:.0%} of its median apart (at most {SPREAD:.0%})"
    return ""


def add_option(parser: argparse.ArgumentParser) -> None:
    """`--noisy`, which measures whatever the machine does."""
    parser.add_argument(
        "--noisy", action="store_true", help="measure although the machine is not quiet; the table says so"
    )


def insist_on_quiet(*, noisy: bool) -> str:
    """Look at what else runs on this machine before measuring. Ends the process if that is too much, unless `noisy`.

    Returns a sentence for the table.
    """
    other = OtherWork()
    time.sleep(PROBE_SECONDS)
    return judge(other.share(), 0.0, noisy=noisy)


def judge(busy: float, spread: float, *, noisy: bool) -> str:
    """Say how quiet the machine is; ends the process with a line if it is not, unless `noisy`."""
    words = unrest(busy, spread)
    if words and not noisy:
        sys.exit(f"the machine is not quiet: {words}; wait until it is, or measure all the same with --noisy")
    state = f"others used {busy:.0%} of the cores" + (
        f", quartiles of the control {spread:.0%} apart" if spread else ""
    )
    return f"**Not measured on a quiet machine: {words}.**" if words else f"Quiet machine: {state}."
