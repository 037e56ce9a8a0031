"""The arrays that charts are computed with. What only shows a chart does not import this: numpy takes longer than a start may."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
