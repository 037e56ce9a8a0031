"""Eight runs whose ends differ by 0.05 nats: a program reads off the screen which curve is which and how they rank."""

import math
import random
import re
from collections.abc import Mapping, Sequence

import pytest
from rich.segment import Segment
from textual.pilot import Pilot

from moetui.core.runs.lab import Lab
from moetui.core.terminal import Charset
from moetui.tui.app import MoetuiApp
from moetui.tui.chart.palette import PALETTE
from tests.tui.lab_on_disk import end_run, write_run
from tests.tui.seen import shows

ORDER = (4, 1, 6, 0, 7, 2, 5, 3)
"""The place of each run among all, from the best; no order of rates, slots or names."""

GAP = 0.05
RATES = (0.003, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15)
RANKED = [f"lr={rate:g}" for _, rate in sorted(zip(ORDER, RATES, strict=True))]

Screen = Sequence[Sequence[Segment]]
"""The rows of a screen, each with one segment a cell."""


@pytest.fixture
def eight(lab: Lab) -> None:
    for index, (place, rate) in enumerate(zip(ORDER, RATES, strict=True)):
        noise = random.Random(index)
        curve = [
            3.0
            + GAP * place
            + 7.5 * math.exp(-update / (18 + index))
            + 0.4 * (1 - update / 200)
            + noise.gauss(0, 0.004)
            for update in range(201)
        ]
        curve[-1] = 3.0 + GAP * place
        settings = {"optimizer": {"lr": rate}}
        name = f"sweep/moe-9m/lr={rate:g}/warmup=0.1"
        run = write_run(
            lab, f"run{index}", name=name, study="sweep", created=index * 1e-3, updates=200, settings=settings
        )
        end_run(lab, run, loss=lambda update, curve=curve: curve[update])  # type: ignore[misc]


def cells_of(app: MoetuiApp) -> Screen:
    strips = app.screen._compositor.render_strips()
    return [[Segment(char, part.style) for part in strip for char in part.text] for strip in strips]


def names_by_marker(screen: Screen, markers: Mapping[str, int]) -> dict[str, str]:
    """What the legend says: marker, name and value of each run."""
    text = "\n".join("".join(cell.text for cell in row) for row in screen)
    signs = "".join(map(re.escape, markers))
    return dict(re.findall(rf"([{signs}]) (lr=[\d.]+) +\d\.\d{{3}}", text))


def loss_rows(screen: Screen) -> tuple[list[int], int, int]:
    """The rows of the canvas of the loss chart, and its first column and the one behind its last."""
    lines = ["".join(cell.text for cell in row) for row in screen]
    head = next(y for y, line in enumerate(lines) if line.startswith("Loss"))
    left = next(line.index(char) for line in lines[head + 1 :] for char in line if char in "│┤|+")
    foot = next(y for y in range(head + 1, len(lines)) if lines[y][left] in "└+" and lines[y][left + 1] not in " ")
    right = lines[head].find("Learning rate")
    return list(range(head + 1, foot)), left + 1, right - 2 if right > 0 else len(lines[head]) - 1


async def overlay(pilot: Pilot[None]) -> Screen:
    await shows(pilot, "close")
    await pilot.pause()
    app = pilot.app
    assert isinstance(app, MoetuiApp)
    return cells_of(app)


@pytest.mark.slow
@pytest.mark.usefixtures("eight")
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("charset", ["braille", "block", "ascii"])
async def test_order_and_identity_are_read_off_the_end_of_the_chart(
    lab: Lab, charset: Charset, size: tuple[int, int]
) -> None:
    markers = {(slot.marker if charset == "braille" else slot.ascii_marker): i for i, slot in enumerate(PALETTE)}
    async with MoetuiApp(lab, start="live", remote=False, charset=charset).run_test(size=size) as pilot:
        screen = await overlay(pilot)
        named = names_by_marker(screen, markers)
        rows, _, end = loss_rows(screen)
        read = [named[cell.text] for y in reversed(rows) if (cell := screen[y][end]).text in markers]
    assert read == RANKED


@pytest.mark.slow
@pytest.mark.usefixtures("eight")
async def test_the_curves_themselves_end_one_above_the_other_in_their_colours(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    async with MoetuiApp(lab, start="live", remote=False, charset="braille").run_test(size=(80, 24)) as pilot:
        screen = await overlay(pilot)
        named = names_by_marker(screen, {slot.marker: i for i, slot in enumerate(PALETTE)})
        rows, _, end = loss_rows(screen)
        heights: dict[str, list[float]] = {}
        for column in range(end - 8, end):
            for y in rows:
                cell = screen[y][column]
                if 0x2800 < ord(cell.text) < 0x2900 and cell.style is not None and cell.style.color is not None:
                    heights.setdefault(cell.style.color.name, []).append(rows[-1] - y)
    means = {color: sum(found) / len(found) for color, found in heights.items()}
    assert [named[slot.marker] for slot in sorted(PALETTE, key=lambda slot: means[slot.color])] == RANKED
