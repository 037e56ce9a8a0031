"""The lines of the Devices screen, from readings as they would be taken."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from moetui.core.machine.devices import CPU
from moetui.core.machine.nvml import Gpu, GpuUser
from moetui.core.queue.telemetry import Processor, Reading, Worker
from moetui.tui.chart.charset import in_charset
from moetui.tui.chart.spec import Charset
from moetui.tui.devices.gauges import gauges, sparkline
from moetui.tui.devices.history import KEPT, History
from moetui.tui.devices.past_charts import past_charts
from moetui.tui.devices.workers import worker_lines

GIB = 2**30


def gpu(index: int = 0, **facts: object) -> Gpu:
    told: dict[str, object] = {
        "id": f"GPU-{index}",
        "index": index,
        "name": "NVIDIA H100 80GB HBM3",
        "memory_total": 80 * GIB,
        "memory_used": 43 * GIB,
        "utilization": 0.87,
        "power": 312.0,
        "power_limit": 700.0,
        "temperature": 64.0,
        "users": (GpuUser(7, GIB),),
    }
    return Gpu(**(told | facts))  # type: ignore[arg-type]


def reading(*gpus: Gpu, taken: float = 0.0, workers: tuple[Worker, ...] = (), cores: int = 2) -> Reading:
    processor = Processor(cores=(0.5,) * cores, load=(1.0, 2.0, 3.0), memory_used=6 * GIB, memory_total=24 * GIB)
    return Reading(taken=taken, gpus=gpus, processor=processor, workers=workers)


@pytest.mark.parametrize("width", [58, 78, 118])
@pytest.mark.parametrize("charset", get_args(Charset))
def test_every_device_is_told_in_one_line_that_fits(width: int, charset: Charset) -> None:
    found, history = reading(gpu(), gpu(1, utilization=None, power=None, temperature=None), cores=200), History()
    for second in range(40):
        history.add(reading(gpu(), gpu(1), taken=float(second)))
    lines = gauges(found, history, width, charset)
    assert len(lines) == 4
    assert all(cell_len(line.plain) <= width for line in lines)
    for words in ("87 %", "43.0/80 GiB", "312/700 W", "64 °C"):
        assert words in lines[0].plain
    assert "–" in lines[1].plain
    assert "50 %" in lines[2].plain
    assert "load 1.0 2.0 3.0" in lines[2].plain
    assert lines[3].plain.split("+")[-1].isdigit()  # the cores that have no room are counted


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=30), st.integers(0, 20))
def test_a_sparkline_shows_the_last_values_and_tells_heights_apart_in_ascii(
    values: list[float | None], width: int
) -> None:
    for charset in get_args(Charset):
        assert len(sparkline(values, width, charset)) == min(len(values), width)
    assert sparkline(values, width, "ascii").isascii()
    heights = [sparkline([value], 1, "ascii") for value in (0.0, 0.02, 0.5, 1.0)]
    assert len(set(heights)) == 4
    assert in_charset("".join(heights), "ascii") == "".join(heights)


def test_processes_are_named_by_their_run_and_those_of_others_as_they_are() -> None:
    ours = Worker(pid=7, device="GPU-0", run="quickstart/lr=0.05", memory=GIB, load=0.98)
    others = tuple(Worker(pid=8 + n, device="GPU-0", command="python", user="eve", memory=None) for n in range(4))
    lines = [line.plain for line in worker_lines(reading(gpu(), workers=(ours, *others)), 78, 3)]
    assert "quickstart/lr=0.05" in lines[0]
    assert "pid 7" in lines[0]
    assert "GPU 0" in lines[0]
    assert "98 %" in lines[0]
    assert "python of eve" in lines[1]
    assert lines[2] == "+3 more"
    assert all(cell_len(line) <= 78 for line in lines)


def test_the_charts_look_back_over_what_was_kept() -> None:
    history = History()
    for second in range(KEPT + 5):
        history.add(reading(gpu(utilization=None if second % 2 else 0.25), taken=float(second)))
    assert len(history.of(CPU)) == KEPT
    used, filled = past_charts(reading(gpu(), taken=float(KEPT + 5)), history)
    assert [series.name for series in used.series] == ["GPU 0", "CPU"]
    assert set(used.series[0].y) == {0.25}
    assert max(used.series[0].x) < 0
    assert set(filled.series[1].y) == {0.25}
