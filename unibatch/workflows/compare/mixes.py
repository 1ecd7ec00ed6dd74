"""Whether two lists are alike in what is none of the vendor's doing: their countries, and the hours of the calls."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

MUCH = 0.2
"""From which total variation distance on two mixes differ much: every fifth contact would have to be another one."""

_OF_CHANCE = 2
"""How many times as far as by chance they must be apart."""


def distance(first: Mapping[K, int], second: Mapping[K, int]) -> tuple[float, float]:
    """The total variation distance of two mixes, and which one chance alone would give, about.

    Args:
        first: How often each value is there in the one; at least one.
        second: The same of the other.

    Returns:
        The distance, 0 (the same mix) to 1 (nothing in common), and what is to be expected of two lists of these sizes
        that are drawn from the same mix.
    """
    number_1, number_2 = sum(first.values()), sum(second.values())
    both = number_1 + number_2
    apart, chance = [], []
    for value in first.keys() | second.keys():
        count_1, count_2 = first.get(value, 0), second.get(value, 0)
        apart.append(abs(count_1 / number_1 - count_2 / number_2))
        share = (count_1 + count_2) / both
        chance.append(math.sqrt(2 / math.pi * share * (1 - share) * (1 / number_1 + 1 / number_2)))
    # The order of a set of texts is another one in each process, and must not show in the last digit.
    return math.fsum(apart) / 2, math.fsum(chance) / 2


def is_much(apart: float, by_chance: float) -> bool:
    """Whether two mixes that are so far apart differ much."""
    return apart >= MUCH and apart >= _OF_CHANCE * by_chance
