"""Numbers in few cells: 0.065, 5.213, 12.3k, 1.2M, 5e-05, 25 %."""

import math
from collections.abc import Sequence

from moetui.tui.chart.spec import NumberFormat

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k"))
VALUE_WIDTH = 6  # cells of a value in the legend: fixed, so that a new value moves nothing else


def tick_labels(ticks: Sequence[float], style: NumberFormat = "number") -> list[str]:
    """Labels with just the digits that tell the ticks apart, in one unit for the whole axis."""
    size = max((abs(tick) for tick in ticks), default=0.0)
    if style == "percent" and (size == 0 or 1e-5 <= size < 1e3):
        return [f"{label} %" for label in _fixed([tick * 100 for tick in ticks])]
    if style == "percent":
        return [f"{_scientific(tick * 100)} %" for tick in ticks]
    if size >= 1e15 or 0 < size < 1e-3:
        return [_scientific(tick) for tick in ticks]
    divisor, prefix = next(((d, p) for d, p in PREFIXES if size >= d), (1.0, ""))
    divisor = 1e3 if prefix == "k" else divisor
    return [label + prefix if float(label) else label for label in _fixed([tick / divisor for tick in ticks])]


def value_text(value: float, style: NumberFormat = "number") -> str:
    """One value with about four digits; never longer than `VALUE_WIDTH` save for a negative one of many digits."""
    if not math.isfinite(value):
        return {"inf": "+inf", "-inf": "-inf"}.get(str(value), "nan")
    if style == "percent":
        return f"{value * 100:.1f} %" if abs(value) < 1000 else _scientific(value)
    size = abs(value)
    if size and not 1e-3 <= size < 1e15:
        return _scientific(value, 2)
    divisor, prefix = next(((d, p) for d, p in PREFIXES if size >= d), (1.0, ""))
    scaled = value / (1e3 if prefix == "k" else divisor)
    decimals = max(0, (3 if size < 1e4 else 2) - max(0, math.floor(math.log10(abs(scaled))) if scaled else 0))
    return f"{scaled:.{decimals + (size < 0.1 and size > 0)}f}{prefix}"


def _fixed(values: list[float]) -> list[str]:
    """All values with the same number of decimals: the fewest that lose none of their digits, nine at most."""
    for decimals in range(10):
        if all(abs(round(v, decimals) - v) <= 1e-6 * max(abs(v), 1e-9) for v in values):
            break
    # Adding zero turns a negative zero into a plain one.
    return [f"{round(v, decimals) + 0.0:.{decimals}f}" for v in values]


def _scientific(value: float, digits: int = 1) -> str:
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{int(exponent)}"
