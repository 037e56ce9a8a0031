"""Student's t distribution, central and not. scipy is imported at the first call: it takes longer than most commands."""

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
POWER = 0.8


def quantile(df: float, level: float = ALPHA) -> float:
    """The value that |t| with `df` degrees of freedom exceeds with probability `level`."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 1 - level / 2))


def two_sided_p(t: float, df: float) -> float:
    """The probability of a |t| at least so large if there is no difference."""
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(t)))


def power(noncentrality: float, df: float, level: float = ALPHA) -> float:
    """The probability that a two-sided t test at `level` finds a difference of that size (Cohen 1988, §2.2).

    Finding it with the wrong sign does not count as finding it.
    """
    from scipy.special import nctdtr

    return float(1 - nctdtr(df, noncentrality, quantile(df, level)))


def normal_quantile() -> float:
    """The two-sided 95 % quantile of the normal distribution, 1.96."""
    from scipy.special import ndtri

    return float(ndtri(1 - ALPHA / 2))
