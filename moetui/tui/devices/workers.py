"""The processes on the devices in lines: ours by the name of their run, those of other people as they are, to be looked at only."""

from rich.text import Text

from moetui.core.queue.telemetry import Reading, Worker
from moetui.core.science.labels import middle
from moetui.tui.devices.gauges import device_names, memory_text

FACTS = 37
"""Cells of a line behind the name."""


def worker_lines(reading: Reading, width: int, most: int) -> list[Text]:
    """A line for each process, ours first; at most so many, the rest is counted."""
    names = dict(device_names(reading))
    shown = reading.workers if len(reading.workers) <= most else reading.workers[: max(most - 1, 0)]
    lines = [_line(worker, names.get(worker.device, worker.device), width) for worker in shown]
    if more := len(reading.workers) - len(shown):
        lines.append(Text(f"+{more} more", "dim"))
    if any(gpu.users is None for gpu in reading.gpus):
        lines.append(Text("Other processes on a GPU are unknown: the driver does not list them.", "dim"))
    elif not reading.workers:
        lines.append(Text("No process of a run is at work.", "dim"))
    return lines[:most]


def _line(worker: Worker, device: str, width: int) -> Text:
    name = worker.run or f"{worker.command or 'process'} of {worker.user or 'somebody'}"
    room = max(width - FACTS, 10)
    line = Text(f"{middle(name, room):<{room}} ", "" if worker.run else "dim", no_wrap=True)
    load = "" if worker.load is None else f"{100 * worker.load:.0f} %"
    return line.append(f"{device:<6} pid {worker.pid:<8} {memory_text(worker.memory):>8} {load:>6}", "dim")
