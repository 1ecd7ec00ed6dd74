"""Intervals, differences and corrections, against scipy, published examples and simulated campaigns."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from statistics import fmean, median, variance

import pytest
from scipy import stats

from unibatch.workflows.compare.intervals import (
    holm,
    mean_interval,
    newcombe,
    newcombe_p_value,
    quantile,
    quantile_interval,
    t_quantile,
    welch,
    wilson,
)
from unibatch.workflows.compare.mixes import distance, is_much

CAMPAIGNS = 2_000
CONTACTS = 200
REACHED, REACHED_THERE = 0.62, 0.55


@pytest.mark.parametrize(("successes", "total"), [(0, 1), (1, 1), (3, 7), (0, 40), (349, 559), (99_999, 1_000_000)])
def test_wilson_is_that_of_scipy(successes: int, total: int) -> None:
    expected = stats.binomtest(successes, total).proportion_ci(method="wilson")

    assert wilson(successes, total) == pytest.approx((expected.low, expected.high), abs=4e-16)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [  # Newcombe 1998, table II, method 10, of the first less the second
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
    ],
)
def test_newcombe_is_that_of_his_paper(
    first: tuple[int, int], second: tuple[int, int], expected: tuple[float, float]
) -> None:
    assert newcombe(second, first) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("first", "second"), [((56, 70), (48, 80)), ((300, 559), (310, 560)), ((0, 30), (5, 30))])
def test_the_p_value_and_the_interval_of_a_difference_never_disagree(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    p_value = newcombe_p_value(first, second)

    for confidence in (0.999, 0.99, 0.95, 0.9, 0.5, 1 - p_value - 1e-6, 1 - p_value + 1e-6):
        low, high = newcombe(first, second, confidence)
        assert (low > 0 or high < 0) == (p_value < 1 - confidence)


def test_equal_shares_have_no_difference_of_size_zero_by_chance() -> None:
    assert newcombe_p_value((3, 10), (30, 100)) == 1


def test_holm_corrects_in_the_order_of_the_p_values() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


@pytest.mark.parametrize("freedom", [9, 29, 199, 1e6])
@pytest.mark.parametrize("probability", [0.025, 0.5, 0.9, 0.975, 0.995])
def test_the_quantile_of_t_is_that_of_scipy(probability: float, freedom: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), abs=1e-3)


def test_welch_is_that_of_scipy() -> None:
    draw = random.Random(5)
    first = [draw.gauss(200, 40) for _ in range(60)]
    second = [draw.gauss(215, 90) for _ in range(45)]
    expected = stats.ttest_ind(second, first, equal_var=False)

    found = welch((60, fmean(first), variance(first)), (45, fmean(second), variance(second)))

    assert found is not None
    assert found[:2] == pytest.approx(tuple(expected.confidence_interval()), abs=1e-2)
    assert found[2] == pytest.approx(expected.pvalue, abs=1e-4)


@pytest.mark.parametrize("skewness", [0.0, 1e-9, 0.7, -2.5])
def test_the_ends_of_an_interval_of_a_mean_are_those_of_halls_transformation(skewness: float) -> None:
    interval = mean_interval(40, 60.0, 400.0, skewness)

    def transformed(end: float) -> float:
        t = (60 - end) / 20
        return t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / (6 * 40)

    assert interval is not None
    expected = stats.t.ppf(0.975, 39) / math.sqrt(40)
    assert [transformed(end) for end in interval] == pytest.approx([expected, -expected], abs=1e-4)


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_quantile_is_that_of_numpy(probability: float) -> None:
    values = [7.0, 7.0, 9.5, 11.0, 30.0, 31.5, 90.0]
    expected = stats.mstats.mquantiles(values, probability, alphap=1, betap=1)[0]

    assert quantile([(7.0, 2), *((value, 1) for value in values[2:])], probability) == pytest.approx(expected)


def test_too_few_values_have_no_interval() -> None:
    assert mean_interval(29, 60.0, 100.0, 0.5) is None
    assert welch((29, 60.0, 100.0), (500, 60.0, 100.0)) is None
    assert quantile_interval([(float(second), 1) for second in range(10)], 0.9) is None


def covers(intervals: Iterable[tuple[float, float] | None], truth: float) -> float:
    """The share of intervals that hold the truth."""
    held = [interval is not None and interval[0] <= truth <= interval[1] for interval in intervals]
    return sum(held) / len(held)


def lengths(draw: random.Random, number: int) -> list[tuple[float, int]]:
    return [(length, 1) for length in sorted(draw.lognormvariate(5, 0.6) for _ in range(number))]


def of_mean(values: list[tuple[float, int]]) -> tuple[float, float] | None:
    known = [value for value, _ in values]
    return mean_interval(len(known), fmean(known), variance(known), float(stats.skew(known)))


@pytest.mark.parametrize(
    ("interval", "truth", "number"),
    [
        (of_mean, math.exp(5 + 0.6**2 / 2), CONTACTS),
        (of_mean, math.exp(5 + 0.6**2 / 2), 30),
        (lambda values: quantile_interval(values, 0.5), math.exp(5), CONTACTS),
        (lambda values: quantile_interval(values, 0.9), math.exp(5 + 0.6 * 1.2815515655446004), CONTACTS),
    ],
    ids=["mean", "mean of few", "median", "90 %"],
)
def test_intervals_of_durations_hold_the_truth_of_95_in_100_campaigns(
    interval: Callable[[list[tuple[float, int]]], tuple[float, float] | None], truth: float, number: int
) -> None:
    draw = random.Random(11)

    assert 0.93 <= covers((interval(lengths(draw, number)) for _ in range(CAMPAIGNS)), truth) <= 0.97


def test_intervals_of_shares_and_their_differences_hold_the_truth_of_95_in_100_campaigns() -> None:
    draw = random.Random(11)
    counts = [
        [sum(draw.random() < share for _ in range(CONTACTS)) for share in (REACHED, REACHED_THERE)]
        for _ in range(CAMPAIGNS)
    ]
    differences = [newcombe((here, CONTACTS), (there, CONTACTS)) for here, there in counts]

    assert 0.93 <= covers([wilson(here, CONTACTS) for here, _ in counts], REACHED) <= 0.97
    assert 0.93 <= covers(differences, REACHED_THERE - REACHED) <= 0.97


def test_two_lists_drawn_from_one_are_as_far_apart_as_chance_puts_them() -> None:
    draw = random.Random(11)
    drawn = [
        {hour: hours.count(hour) for hour in range(9, 18)}
        for hours in ([draw.randrange(9, 18) for _ in range(120)] for _ in range(400))
    ]
    apart = [distance(first, second) for first, second in zip(drawn[::2], drawn[1::2], strict=True)]

    assert fmean(far for far, _ in apart) == pytest.approx(median(by_chance for _, by_chance in apart), rel=0.1)
    assert sum(is_much(*each) for each in apart) <= len(apart) / 50
    assert is_much(*distance({9: 60, 10: 60}, {10: 60, 17: 60}))
