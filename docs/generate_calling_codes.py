"""Writes unibatch/workflows/compare/calling_codes.py from what the library phonenumbers knows.

python docs/generate_calling_codes.py
"""
# ruff: noqa: INP001 - a script, not a package

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from unibatch.workflows.compare.countries import NOWHERE, by_library

TARGET = Path(__file__).parents[1] / "unibatch" / "workflows" / "compare" / "calling_codes.py"
DIGITS = "0123456789"
LENGTH = 4
WIDTH = 120
NORTH_AMERICA = "1"  # one code for many countries, of which each area code is listed
HEAD = '''"""Which country a number belongs to, by its first digits. Made by ``docs/generate_calling_codes.py``.

The library phonenumbers, from which it comes, takes longer to import and to ask than it takes to list ten thousand
contacts.
"""

from collections.abc import Mapping

CALLING_CODES: Mapping[str, str] = {
'''
TAIL = """}
\"\"\"For each country the beginnings of its numbers without plus, of which the longest decides.

The countries are ISO 3166 codes, or the calling code itself where it is none of a country. Of North America, "1" is for
the area codes that are not in use.
\"\"\"
"""


def beginnings(known: Mapping[str, str], start: str = "", inherited: str = NOWHERE) -> Iterator[tuple[str, str]]:
    """The shortest beginnings that say the same."""
    within = Counter(country for digits, country in known.items() if digits.startswith(start))
    ((most, _),) = within.most_common(1)
    is_shared = start.startswith(NORTH_AMERICA) and start != NORTH_AMERICA and len(within) > 1
    if start and most != inherited and not is_shared:
        yield start, most
        inherited = most
    if len(within) > 1:
        for digit in DIGITS:
            yield from beginnings(known, start + digit, inherited)


def generate() -> str:
    """The text of the file."""
    known = {f"{number}": by_library(f"+{number}") for number in range(10 ** (LENGTH - 1), 10**LENGTH)}
    known |= dict.fromkeys((f"0{number:03}" for number in range(10 ** (LENGTH - 1))), NOWHERE)
    countries: dict[str, list[str]] = {}
    for digits, country in beginnings(known):
        countries.setdefault(country, []).append(digits)
    lines = []
    for country, found in sorted(countries.items()):
        line = f'    "{country}": "{" ".join(found)}",'
        if len(line) <= WIDTH:
            lines.append(line)
        else:
            *parts, last = textwrap.wrap(" ".join(found), WIDTH - 12)
            strings = [f'        "{part} "' for part in parts] + [f'        "{last}"']
            lines += [f'    "{country}": (', *strings, "    ),"]
    return HEAD + "\n".join(lines) + "\n" + TAIL


if __name__ == "__main__":
    TARGET.write_text(generate(), encoding="utf-8")
