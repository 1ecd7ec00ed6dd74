"""Keeps keys and phone numbers out of messages and log files."""

from __future__ import annotations

import re
from functools import cache

_BETWEEN = r"[ ()./\-\u00a0\u2010-\u2013\u202f]"  # blanks and hyphens of any kind

_PHONE = rf"""
    (?: (?<![\w.-])                            # not inside an id, a hash or a decimal number
      | (?<=%[0-9A-F]{{2}}) )                  # but behind an escape in a URL, such as that of a space
    (?: (?:\+|%2B) [0-9] (?:{_BETWEEN}{{0,2}}[0-9]){{6,14}} (?![0-9])  # an international number, in URLs too
      | [0-9]{{8,15}} (?!\w)                   # or just the digits of one
      | \(?[0-9]{{3}}\)?[ .-][0-9]{{3}}[ .-][0-9]{{4}} (?!\w)  # or a North American number as people write it
      | 0[0-9](?:\.[0-9]{{2}}){{4}} (?!\w)     # or a French one
      | (?P<groups> (?![12][0-9]{{3}}-[01][0-9]-[0-3][0-9](?![0-9]))  # or groups of digits that do not begin with a day
          \(?[0-9]{{1,5}}\)? (?:(?!\.){_BETWEEN}{{1,2}}\(?[0-9]{{1,10}}\)?){{1,7}} (?!\w)
        | 1\.[0-9]{{3}}\.[0-9]{{3}}\.[0-9]{{4}} (?!\w) )
    )
    """


@cache
def _phone() -> re.Pattern[str]:
    """What looks like a phone number; compiled when it is first needed, since that takes a millisecond."""
    return re.compile(_PHONE, re.VERBOSE)


_FEWEST_IN_GROUPS = 9  # digits: a day without a time has 8


def mask_phone(number: str) -> str:
    """Hide all but the first two digits and the last two: ``+15551234567`` gives ``+15*******67``."""
    digits = sum(map(str.isdigit, number))
    if digits < 6:  # noqa: PLR2004 - too short to show any of it
        return re.sub(r"\w", "*", number)
    shown = {0, 1, digits - 2, digits - 1}
    out = []
    position = -1
    for char in number:
        if char.isdigit():
            position += 1
            out.append(char if position in shown else "*")
        else:
            out.append(char)
    return "".join(out)


def mask_text(text: str, *secrets: str) -> str:
    """Hide the secrets, and everything that looks like a phone number."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return _phone().sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    is_short = match["groups"] is not None and sum(map(str.isdigit, match[0])) < _FEWEST_IN_GROUPS
    return match[0] if is_short else mask_phone(match[0])
