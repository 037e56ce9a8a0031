"""The recent past of the devices as two charts: utilization and memory."""

from moetui.core.queue.telemetry import Reading
from moetui.tui.chart.palette import slot
from moetui.tui.chart.spec import ChartSpec, Series
from moetui.tui.devices.gauges import device_names
from moetui.tui.devices.history import KEPT, History

WINDOW = 300.0
"""Seconds that the charts look back."""


def past_charts(reading: Reading, history: History) -> tuple[ChartSpec, ChartSpec]:
    """Utilization and memory of every device over the last minutes; the time is in seconds before now."""
    used, filled = [], []
    for place, (device, name) in enumerate(device_names(reading)):
        moments = history.of(device)[-KEPT:]
        known = [(one.taken - reading.taken, one.utilization) for one in moments if one.utilization is not None]
        full = [(one.taken - reading.taken, one.memory) for one in moments if one.memory is not None]
        used.append(Series(name, [x for x, _ in known], [y for _, y in known], slot(place)))
        filled.append(Series(name, [x for x, _ in full], [y for _, y in full], slot(place)))
    return _spec("Utilization", used), _spec("Memory", filled)


def _spec(title: str, series: list[Series]) -> ChartSpec:
    return ChartSpec(
        title, tuple(series), x_label="seconds", x_range=(-WINDOW, 0.0), y_range=(0.0, 1.0), y_format="percent"
    )
