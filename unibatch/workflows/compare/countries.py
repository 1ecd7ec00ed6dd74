"""The country of a phone number, by its first characters."""

from __future__ import annotations

import functools
import re

from unibatch.workflows.compare.calling_codes import CALLING_CODES

NOWHERE = "?"
"""The country of a text that is no number."""

_NORTH_AMERICA = 1
_SUBSCRIBER = "5550123"  # any will do: the area code decides
_AREA_CODE = 3  # digits


_COUNTRIES = {digits: country for country, codes in CALLING_CODES.items() for digits in codes.split()}
_MOST_DIGITS = 4


def country_of(prefix: str) -> str:
    """The ISO 3166 code of the country that a number with this beginning belongs to.

    Args:
        prefix: The first five characters of a number in E.164 form, plus included, or more.

    Returns:
        The code, such as ``"DE"``; the calling code, such as ``"+800"``, where it is none of a country, or where an
        area code of North America is not in use; ``"?"`` if it is no number.
    """
    digits = prefix[1 : 1 + _MOST_DIGITS]
    is_beginning = len(digits) == _MOST_DIGITS and digits.isascii() and digits.isdigit() and digits[0] != "0"
    if not prefix.startswith("+") or not is_beginning:
        return by_library(prefix)
    found = _COUNTRIES.get
    return found(digits) or found(digits[:3]) or found(digits[:2]) or found(digits[:1]) or NOWHERE


@functools.lru_cache(maxsize=8192)
def by_library(prefix: str) -> str:
    """As `country_of`, by the library phonenumbers: for what is no beginning of a number, and to make the table."""
    digits = prefix[1:]
    if not prefix.startswith("+") or not (digits.isascii() and digits.isdigit()):
        return NOWHERE
    import phonenumbers  # noqa: PLC0415 - takes long to import

    for length in (1, 2, 3):
        code = int(digits[:length])
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code)
        if regions:
            break
    else:
        return NOWHERE
    rest = digits[length:]
    if code == _NORTH_AMERICA:
        number = phonenumbers.PhoneNumber(country_code=code, national_number=int(rest[:_AREA_CODE] + _SUBSCRIBER))
        return phonenumbers.region_code_for_number(number) or f"+{code}"
    for region in regions[1:]:  # the first one is the main country of the code
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
        if metadata is not None and metadata.leading_digits and re.match(metadata.leading_digits, rest):
            return region
    return regions[0] if regions[0].isalpha() else f"+{code}"
