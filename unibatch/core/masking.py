"""Keeps keys and phone numbers out of messages and log files."""

from __future__ import annotations

import re

_PHONE = re.compile(
    r"""
    (?: (?<![\w.-])                            # not inside an id, a hash or a decimal number
      | (?<=%[0-9A-F]{2}) )                    # but behind an escape in a URL, such as that of a space
    (?: (?:\+|%2B) [0-9] (?:[ ().-]{0,2}[0-9]){6,14}  # anything that begins like an international number, in URLs too
      | [0-9]{8,15}                            # or just the digits of one
      | \(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4}  # or a North American number as people write it
    )
    (?![\w])
    """,
    re.VERBOSE,
)


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
    return _PHONE.sub(lambda match: mask_phone(match[0]), text)
