"""The devices in lines: bars, numbers and what has been a moment ago."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from moetui.core.machine.devices import CPU
from moetui.core.machine.nvml import Gpu
from moetui.core.queue.telemetry import Processor, Reading
from moetui.core.science.labels import middle
from moetui.tui.chart.spec import Charset
from moetui.tui.devices.history import History

FULL, REST = "█", "░"
RAMPS: dict[Charset, str] = {"braille": " ▁▂▃▄▅▆▇█", "block": " ░▒▓█", "ascii": " .:-=+*#@"}
"""Heights from nothing to full; where there are no eighths of a block, darker signs stand for more."""
BAR = 10
HOT, WARM = 0.9, 0.6
"""Shares from which on a number is coloured; the bar says the same without colour."""
GIB = 2**30
WIDE = 76
"""Cells from which on there is room for bars."""


def gauges(reading: Reading, history: History, width: int, charset: Charset) -> list[Text]:
    """One line for each GPU, then one for the processor and one for its cores."""
    lines = [_gpu(gpu, width) for gpu in reading.gpus]
    lines.append(_processor(reading.processor, width))
    lines = [
        _with_past(line, [moment.utilization for moment in history.of(device)], width, charset)
        for line, device in zip(lines, [*(gpu.id for gpu in reading.gpus), CPU], strict=True)
    ]
    return [*lines, _cores(reading.processor, width, charset)]


def sparkline(values: Sequence[float | None], width: int, charset: Charset) -> str:
    """The last values, fractions from 0 to 1, one cell each."""
    ramp = RAMPS[charset]
    shown = values[-width:] if width > 0 else ()
    return "".join("?" if value is None else ramp[_step(value, len(ramp))] for value in shown)


def _gpu(gpu: Gpu, width: int) -> Text:
    line = Text(f"{gpu.index} ", "bold", no_wrap=True)
    line.append(f"{middle(gpu.name.removeprefix('NVIDIA '), 14):<15}")
    _share(line, gpu.utilization, wide=width >= WIDE)
    if gpu.memory_used is None or gpu.memory_total is None:
        line.append(" memory unknown")
    else:
        line.append(f" {gpu.memory_used / GIB:.1f}/{gpu.memory_total / GIB:.0f} GiB")
        if width >= WIDE:
            line.append_text(_bar(gpu.memory_used / gpu.memory_total if gpu.memory_total else 0.0, BAR // 2))
    if gpu.power is not None:
        line.append(f" {gpu.power:.0f}{f'/{gpu.power_limit:.0f}' if gpu.power_limit else ''} W")
    if gpu.temperature is not None:
        line.append(f" {gpu.temperature:.0f} °C")
    return line


def _processor(processor: Processor, width: int) -> Text:
    line = Text("CPU ", "bold", no_wrap=True)
    _share(line, processor.utilization, wide=width >= WIDE)
    line.append(f"  load {' '.join(f'{load:.1f}' for load in processor.load)}")
    line.append(f"  memory {processor.memory_used / GIB:.1f}/{processor.memory_total / GIB:.1f} GiB")
    if width >= WIDE:
        line.append(" ").append_text(_bar(processor.memory_used / processor.memory_total, BAR // 2))
    return line


def _cores(processor: Processor, width: int, charset: Charset) -> Text:
    """Each core by the height of its sign; beyond the width the rest is counted."""
    label = f"{len(processor.cores)} core{'s' if len(processor.cores) != 1 else ''} "
    room = max(width - len(label) - len(f"[] +{len(processor.cores)}"), 1)
    more = len(processor.cores) - room
    signs = sparkline(processor.cores[:room], room, charset)
    return Text(label, "dim", no_wrap=True).append(f"[{signs}]").append(f" +{more}" if more > 0 else "", "dim")


def _share(line: Text, share: float | None, *, wide: bool) -> None:
    if share is None:
        line.append(f"{'–':>5}", "dim")
        return
    style = "bold red" if share >= HOT else "yellow" if share >= WARM else ""
    line.append(f"{100 * share:3.0f} %", style)
    if wide:
        line.append(" ").append_text(_bar(share, BAR))


def _bar(share: float, width: int) -> Text:
    full = round(min(max(share, 0.0), 1.0) * width)
    return Text(FULL * full).append(REST * (width - full), "dim")


def _with_past(line: Text, values: Sequence[float | None], width: int, charset: Charset) -> Text:
    room = width - cell_len(line.plain) - 2
    if room >= 6:
        past = sparkline(values, room, charset)
        line.append(" " * (2 + room - len(past))).append(past, "cyan")
    return line


def _step(value: float, steps: int) -> int:
    """Anything above zero is seen."""
    return 0 if value <= 0.005 else min(1 + int(value * (steps - 1)), steps - 1)


def memory_text(count: int | None) -> str:
    """Bytes as people read them."""
    return "–" if count is None else f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / 2**20:.0f} MiB"


def device_names(reading: Reading) -> Iterator[tuple[str, str]]:
    """Each device by its id with a short name."""
    yield from ((gpu.id, f"GPU {gpu.index}") for gpu in reading.gpus)
    yield CPU, "CPU"
