"""Student's t and the normal distribution. scipy is imported at the first call: it takes longer than most commands."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Truths = npt.NDArray[np.bool_]

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
POWER = 0.8


def quantile(df: float, level: float = ALPHA) -> float:
    """The value that |t| with `df` degrees of freedom exceeds with probability `level`."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 1 - level / 2))


def two_sided_p(t: "Numbers", df: "Numbers") -> "Numbers":
    """The probability of a |t| at least so large if there is no difference."""
    import numpy as np
    from scipy.special import stdtr

    p: Numbers = 2 * stdtr(df, -np.abs(t))
    return p


def power(noncentrality: float, df: float, critical: float) -> float:
    """The probability that t with `df` degrees of freedom and this noncentrality is above `critical` (Cohen 1988, §2.2)."""
    from scipy.special import nctdtr

    return float(1 - nctdtr(df, noncentrality, critical))


def normal_quantile(level: float = ALPHA) -> float:
    """The two-sided quantile of the normal distribution; 1.96 at 5 %."""
    from scipy.special import ndtri

    return float(-ndtri(level / 2))


def t_as_z(t: "Numbers", df: "Numbers") -> "Numbers":
    """A t as the normal quantile of the same tail, so that values with few and with many degrees of freedom share a scale."""
    import numpy as np
    from scipy.special import ndtri, stdtr

    z: Numbers = -np.sign(t) * ndtri(stdtr(df, -np.abs(t)))
    return z


def z_as_t(z: "Numbers | float", df: "Numbers") -> "Numbers":
    """The t with `df` degrees of freedom that has the tail of the normal quantile `z`."""
    from scipy.special import ndtr, stdtrit

    t: Numbers = -stdtrit(df, ndtr(-z))
    return t


def any_below(t: "Numbers", df: "Numbers", z: "Numbers | float") -> "Truths":
    """Whether any t of a row, the last axis, is below `z` as a normal quantile, where `z` is negative.

    The tails of t are heavier than the normal ones, so only the few values below `z` have to be looked at closely.
    """
    import numpy as np

    below = t < z
    below[below] = t_as_z(t[below], df[below]) < np.broadcast_to(z, t.shape)[below]
    found: Truths = np.asarray(below.any(axis=-1))
    return found


def all_above(t: "Numbers", df: "Numbers", z: float) -> "Truths":
    """Whether every t of a row, the last axis, is at least `z` as a normal quantile, where `z` is positive.

    What is above the t of the fewest degrees of freedom needs no closer look, what is below the normal quantile neither.
    """
    import numpy as np

    above = t >= z
    near = above & (t < z_as_t(z, df.min()))
    above[near] = t_as_z(t[near], df[near]) >= z
    found: Truths = np.asarray(above.all(axis=-1))
    return found


def upper_sd_factor(df: float, confidence: float) -> float:
    """What a standard deviation with `df` degrees of freedom is multiplied by to give its upper limit at this confidence."""
    from scipy.special import chdtri

    return float((df / chdtri(df, confidence)) ** 0.5)
