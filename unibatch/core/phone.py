"""Phone numbers in E.164 form: a plus, the country code, the national number, nothing else."""

from __future__ import annotations

import re
from typing import Any

from unibatch.core.errors import InvalidInput
from unibatch.core.masking import mask_phone

is_e164 = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
"""Whether a text has the form of an E.164 number. Enough for nearly every number that a vendor sends."""

DIGITS = range(7, 16)
"""How many digits an E.164 number has, country code included; the shortest in use have 7."""

is_e164_without_plus = re.compile(r"[1-9][0-9]{6,14}").fullmatch
"""Whether a text is an E.164 number that lacks only its plus."""


def phone_from_vendor(value: Any, *, bare_digits: bool = False) -> tuple[str, bool]:
    """Read a number that a vendor sent, in any form.

    A regular expression is enough for nearly every number. Only what does not match goes to ``phonenumbers``, which
    understands punctuation such as ``+1 (212) 555-0123``. Nothing is rejected.

    Args:
        value: What the vendor sent, usually a text.
        bare_digits: The vendor writes E.164 numbers without the plus.

    Returns:
        The number in E.164 form and ``True``, or the text as it came (empty for ``null``) and ``False``.
    """
    if isinstance(value, str):
        text = value
    elif isinstance(value, int):
        text = _written(value)
    else:
        return "" if value is None else _written(value), False
    if bare_digits and is_e164_without_plus(text):
        return "+" + text, True
    if is_e164(text):
        return text, True
    import phonenumbers  # noqa: PLC0415 - takes long to import, and most listings never need it

    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return text, False
    if not phonenumbers.is_possible_number(number):
        return text, False
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), True


def _written(value: Any) -> str:
    """The value as text; empty if it is too long or nested too deep to be written."""
    try:
        return str(value)
    except (ValueError, RecursionError):
        return ""


def from_user(text: str, *, region: str | None = None) -> str:
    """Read a number that a person typed, and validate it against the numbering plan of its country.

    Args:
        text: The number, with punctuation or without; in national form only if ``region`` is given.
        region: The ISO 3166 country code of numbers in national form, for example ``"US"``.

    Returns:
        The number in E.164 form.

    Raises:
        InvalidInput: It is not a valid number; the message masks it and says what is wrong.
    """
    import phonenumbers  # noqa: PLC0415 - takes long to import

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as exc:
        hint = "" if region or text.strip().startswith("+") else "; write it with + and country code, or name a region"
        raise InvalidInput(f"{mask_phone(text)} is not a phone number{hint}") from exc
    if not phonenumbers.is_valid_number(number):
        raise InvalidInput(f"{mask_phone(text)} is not a number that exists in its country's numbering plan")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
