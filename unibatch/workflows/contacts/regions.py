"""The country of a row's phone number, from a column that names it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from unibatch.core.errors import InvalidInput
from unibatch.workflows.contacts.headers import BLANK, COUNTRY, simple

_OTHER_NAMES = {
    "uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "greatbritain": "GB",
    "grossbritannien": "GB",
    "usa": "US",
    "unitedstatesofamerica": "US",
    "uae": "AE",
    "holland": "NL",
    "korea": "KR",
}


def region_of(row: Mapping[str, Any], columns: Sequence[str], number: Any, region: str | None) -> str | None:
    """The region of a row: that of its country columns, or else that of all rows.

    Raises:
        InvalidInput: A number in national form stands beside a country that is not known, or beside two.
    """
    if not columns or (isinstance(number, str) and number.lstrip(BLANK + "='\"(").startswith("+")):
        return region
    found: set[str] = set()
    for header in columns:
        value = row.get(header)
        if not isinstance(value, str | int) or isinstance(value, bool):
            continue
        text = str(value).strip(BLANK)
        if not text:
            continue
        code = _region(text)
        if code is None:
            raise InvalidInput(f"its country {text[:40]!r} is not known; write its two-letter code, such as US or GB")
        found.add(code)
    if len(found) > 1:
        raise InvalidInput(f"it names several countries: {', '.join(sorted(found))}")
    return found.pop() if found else region


def is_country(header: str, target: str) -> bool:
    """Whether a column names the country of the row's number; it is custom data all the same."""
    return target.startswith("fields.") and (simple(header) in COUNTRY or simple(target.partition(".")[2]) in COUNTRY)


@functools.lru_cache(maxsize=1000)
def _region(text: str) -> str | None:
    """The ISO 3166 code of a country: of its code, its name, or its calling code."""
    import phonenumbers  # noqa: PLC0415 - takes long to import

    code = text.upper()
    if code in phonenumbers.SUPPORTED_REGIONS:
        return code
    if calling := re.fullmatch(r"(?:\+|00)?([1-9][0-9]{0,2})", text):
        region = phonenumbers.region_code_for_country_code(int(calling[1]))
        return region if region in phonenumbers.SUPPORTED_REGIONS else None
    return _OTHER_NAMES.get(simple(text)) or _names().get(simple(text))


@functools.cache
def _names() -> Mapping[str, str]:
    """The names of countries in several languages, by their simple form; those of two countries are left out."""
    import phonenumbers  # noqa: PLC0415 - takes long to import
    from phonenumbers.geodata.locale import LOCALE_DATA  # noqa: PLC0415 - same

    names: dict[str, set[str]] = {}
    for region, by_language in LOCALE_DATA.items():
        if region in phonenumbers.SUPPORTED_REGIONS:
            for name in by_language.values():
                names.setdefault(simple(name.lstrip("*")), set()).add(region)
    return {name: regions.pop() for name, regions in names.items() if name and len(regions) == 1}
