"""How sure a figure is: intervals, differences and their correction, as pure functions on `statistics.NormalDist`.

Sources: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; R. G. Newcombe, Statistics in Medicine 17 (1998) 873, method
10; S. Holm, Scand. J. Statist. 6 (1979) 65; M. Abramowitz, I. Stegun, Handbook of Mathematical Functions, 26.7.5 (the
quantile of Student's t); P. Hall, J. R. Statist. Soc. B 54 (1992) 221 (means of skewed values); W. J. Conover,
Practical Nonparametric Statistics, 3.2 (intervals of quantiles by order statistics).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

CONFIDENCE = 0.95

_NORMAL = NormalDist()
_FARTHEST = 38.0  # standard deviations; what lies farther out has a probability of 0 as a float
_HALVINGS = 60
_SYMMETRIC = 1e-6  # a skewness that makes no difference
_FEWEST = 30
"""How many values the interval of a mean needs at least: with fewer that are skewed, as lengths of calls are, it would
promise more than it can keep."""


@cache
def _z(confidence: float) -> float:
    return _NORMAL.inv_cdf((1 + confidence) / 2)


# Shares ---------------------------------------------------------------------------------------------------------------


def wilson(successes: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's interval of a share.

    Args:
        successes: How many of them, 0 to ``total``.
        total: Of how many, 1 or more.
        confidence: How sure it is, above 0 and below 1.

    Returns:
        The lowest and the highest share, 0 to 1.
    """
    return _wilson(successes, total, _z(confidence))


def _wilson(successes: int, total: int, z: float) -> tuple[float, float]:
    share = successes / total
    center = share + z * z / (2 * total)
    half = z / (2 * total) * math.sqrt(4 * total * share * (1 - share) + z * z)
    scale = 1 + z * z / total
    low = 0.0 if successes == 0 else (center - half) / scale
    high = 1.0 if successes == total else (center + half) / scale
    return low, high


def newcombe(first: tuple[int, int], second: tuple[int, int], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Newcombe's interval of the difference of two shares, made of the Wilson intervals of both.

    Args:
        first: Successes and total of the one.
        second: Successes and total of the other.
        confidence: How sure it is, above 0 and below 1.

    Returns:
        The lowest and the highest difference, second less first, -1 to 1.
    """
    return _newcombe(first, second, _z(confidence))


def _newcombe(first: tuple[int, int], second: tuple[int, int], z: float) -> tuple[float, float]:
    share_1, share_2 = first[0] / first[1], second[0] / second[1]
    low_1, high_1 = _wilson(*first, z)
    low_2, high_2 = _wilson(*second, z)
    difference = share_2 - share_1
    return (
        difference - math.hypot(share_2 - low_2, high_1 - share_1),
        difference + math.hypot(high_2 - share_2, share_1 - low_1),
    )


def newcombe_p_value(first: tuple[int, int], second: tuple[int, int]) -> float:
    """The p-value that belongs to `newcombe`: 1 less the highest confidence at which its interval leaves out 0.

    So the interval leaves out 0 just if the p-value is below 1 less its confidence: the two never contradict each
    other.
    """
    if first[0] * second[1] == second[0] * first[1]:
        return 1.0
    low, high = 0.0, _FARTHEST
    for _ in range(_HALVINGS):
        z = (low + high) / 2
        least, most = _newcombe(first, second, z)
        if least > 0 or most < 0:
            low = z
        else:
            high = z
    return two_sided(low)


def two_sided(z: float) -> float:
    """The probability that a normal variable is at least ``z`` standard deviations away from its mean."""
    return math.erfc(abs(z) / math.sqrt(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction of several p-values that belong together, in the order in which they were given.

    If all that is below 5 % after it is called a difference, the chance that any of that is noise is at most 5 %.
    """
    corrected = [1.0] * len(p_values)
    least = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = least
    return corrected


# Means ----------------------------------------------------------------------------------------------------------------


def t_quantile(probability: float, freedom: float) -> float:
    """The quantile of Student's t, by its expansion about the normal one; right to 0.001 from 9 degrees of freedom."""
    z = _NORMAL.inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))


def mean_interval(
    number: int, mean: float, variance: float, skewness: float, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Hall's interval of a mean: Student's, corrected for values that are skewed, as lengths of calls are.

    Args:
        number: How many values.
        mean: Their mean.
        variance: Their variance, of which ``number - 1`` is the divisor.
        skewness: The mean of their third powers, less the mean and in standard deviations; 0 if all are equal.
        confidence: How sure it is, above 0 and below 1.

    Returns:
        The lowest and the highest mean, or ``None`` if there are fewer than 30 values.
    """
    if number < _FEWEST:
        return None
    deviation, half = math.sqrt(variance), t_quantile((1 + confidence) / 2, number - 1) / math.sqrt(number)
    low, high = (mean - deviation * _with_skewness(end, skewness, number) for end in (half, -half))
    return low, high


def _with_skewness(end: float, skewness: float, number: int) -> float:
    """Hall's transformation, inverted."""
    if abs(skewness) < _SYMMETRIC:
        return end
    return 3 / skewness * (math.cbrt(1 + skewness * (end - skewness / (6 * number))) - 1)


def welch(
    first: tuple[int, float, float], second: tuple[int, float, float], confidence: float = CONFIDENCE
) -> tuple[float, float, float] | None:
    """Welch's interval of the difference of two means, and its p-value.

    Args:
        first: Number, mean and variance of the one, as in `mean_interval`.
        second: Those of the other.
        confidence: How sure it is, above 0 and below 1.

    Returns:
        The lowest and the highest difference, second less first, and the p-value; or ``None`` if one of the two has
        fewer than 30 values, or if no value differs from another.
    """
    if min(first[0], second[0]) < _FEWEST:
        return None
    parts = [variance / number for number, _, variance in (first, second)]
    spread = sum(parts)
    if spread == 0:
        return None
    freedom = spread**2 / sum(
        part**2 / (number - 1) for part, (number, _, _) in zip(parts, (first, second), strict=True)
    )
    difference = second[1] - first[1]
    half = t_quantile((1 + confidence) / 2, freedom) * math.sqrt(spread)
    return difference - half, difference + half, _t_p_value(abs(difference) / math.sqrt(spread), freedom)


def _t_p_value(t: float, freedom: float) -> float:
    """The p-value that agrees with `t_quantile`: found by halving, so that it never contradicts the interval."""
    low, high = 0.0, _FARTHEST
    for _ in range(_HALVINGS):
        z = (low + high) / 2
        if t_quantile(_NORMAL.cdf(z), freedom) < t if z < 8 else z < t:  # noqa: PLR2004 - beyond, cdf is 1 as a float
            low = z
        else:
            high = z
    return two_sided(low)


# Quantiles ------------------------------------------------------------------------------------------------------------


def quantile(values: Sequence[tuple[float, int]], probability: float) -> float:
    """A quantile of values with their numbers, in ascending order, interpolated as numpy and pandas do by default.

    Args:
        values: The values and how often each is there; at least one.
        probability: 0 to 1; 0.5 gives the median.
    """
    number = sum(count for _, count in values)
    return _at(values, probability * (number - 1) + 1)


def quantile_interval(
    values: Sequence[tuple[float, int]], probability: float, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """The interval of a quantile by order statistics: it assumes nothing of how the values are distributed.

    Returns:
        The lowest and the highest value, or ``None`` if there are too few values for one.
    """
    number = sum(count for _, count in values)
    half = _z(confidence) * math.sqrt(number * probability * (1 - probability))
    low, high = number * probability - half + 0.5, number * probability + half + 0.5
    if low < 1 or high > number:
        return None
    return _at(values, low), _at(values, high)


def _at(values: Sequence[tuple[float, int]], rank: float) -> float:
    """The value at a rank, from 1; between two ranks, between their values."""
    whole = math.floor(rank)
    below = above = None
    seen = 0
    for value, count in values:
        seen += count
        if below is None and seen >= whole:
            below = value
        if seen >= whole + 1:
            above = value
            break
    if below is None:
        raise ValueError("there are no values")
    return below if above is None or rank == whole else below + (above - below) * (rank - whole)
