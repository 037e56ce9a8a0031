"""One axis: the way from values to pixels, linear or logarithmic."""

import math
from dataclasses import dataclass

import numpy as np

from moetui.tui.chart.arrays import FloatArray

FAR = 1e9  # pixels: beyond this a point is only a direction, and arithmetic stays finite


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps `low` to the centre of pixel 0 and `high` to the centre of the last of `pixels`. A log axis needs `low` > 0."""

    low: float
    high: float
    pixels: int
    log: bool = False

    def scale(self, values: FloatArray) -> FloatArray:
        """The values as the axis counts them: themselves, or their log10, which is NaN where there is none."""
        if not self.log:
            return values
        return np.log10(np.where(values > 0, values, np.nan))

    def pixel(self, scaled: FloatArray) -> FloatArray:
        """Pixel coordinates, fractional, of values that went through `scale`; far outside they are clipped."""
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)
        # Halves first: the distance between -1e308 and 1e308 is not a finite number.
        span = (high * 0.5 - low * 0.5) or 1.0
        with np.errstate(over="ignore"):
            return np.clip((scaled * 0.5 - low * 0.5) / span * (self.pixels - 1), -FAR, FAR)

    def place(self, value: float) -> int:
        """The pixel nearest to one value."""
        return int(np.rint(self.pixel(self.scale(np.array([value])))[0]))
