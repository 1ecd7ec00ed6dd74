"""Phone numbers in E.164 form: a plus, the country code, the national number, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any

from unibatch.core.base_errors import InvalidInput
from unibatch.core.masking import mask_phone
from unibatch.core.numbering import Plan, country_code, exists, kind, plan
from unibatch.core.phone_text import TRUNK_MARK, plain

is_e164 = re.compile(r"\+[1-9][0-9]{6,14}").fullmatch
"""Whether a text has the form of an E.164 number. Decides nearly every number that a vendor sends."""

DIGITS = range(7, 16)
"""How many digits an E.164 number has, country code included; the shortest in use have 7."""

is_e164_without_plus = re.compile(r"[1-9][0-9]{6,14}").fullmatch
"""Whether a text is an E.164 number that lacks only its plus."""

_RENUMBERED = (
    (re.compile(r"\+521([0-9]{10})"), r"+52\1"),  # Mexico, 2019: mobiles lost the 1
    (re.compile(r"\+55([1-9]{2})([689][0-9]{7})"), r"+55\g<1>9\2"),  # Brazil, 2012 to 2016: mobiles got a ninth digit
)
"""Old forms that are no numbers any more, and the only number that each can be."""

_SPELLINGS = (
    *_RENUMBERED,
    (re.compile(r"\+549([0-9]{10})"), r"+54\1"),  # Argentina: a 9 for mobiles, the digits behind it are nobody else's
    (re.compile(r"\+390549([0-9]{6})"), r"+3780549\1"),  # San Marino is reached through Italy, too
)

_OLD_TRUNK_PREFIXES = MappingProxyType({"MX": re.compile(r"(?:01|04[45]|1)([0-9]{10})")})
"""What people dialled before a national number until 2019, and still write."""

_RISKY_NETWORKS = MappingProxyType(
    {
        878: "is a personal number that follows its owner, which costs extra to call",
        870: "is a satellite number, which costs extra to call",
        881: "is a satellite number, which costs extra to call",
        882: "is a number of an international network (ships, aircraft, machines), which costs extra to call",
        883: "is a number of an international network (ships, aircraft, machines), which costs extra to call",
    }
)
"""By the country code, which is none of a country."""

_RISKY_KINDS = MappingProxyType(
    {
        "premium_rate": "is a premium-rate number, which costs extra to call",
        "shared_cost": "is a shared-cost number, which costs extra to call",
        "personal_number": "is a personal number that follows its owner, which costs extra to call",
        "uan": "is the one number of a whole company, which reaches no certain person and may cost extra",
        "pager": "is a pager, which nobody answers",
        "voicemail": "is a voicemail box, which nobody answers",
    }
)
"""By the kind of number, as `numbering.kind` names it."""

_EMERGENCY = "is an emergency number"
_SHORT = "is a short code, which reaches a service and no person"
_SHORTEST = DIGITS.start
_EMERGENCIES = frozenset({"110", "111", "112", "113", "115", "117", "118", "119", "000", "911", "999"})


def phone_from_vendor(value: Any, *, bare_digits: bool = False) -> tuple[str, bool]:
    """Read a number that a vendor sent, in any form.

    The form of nearly every number is settled by a regular expression. Of the others only those with a plus are read,
    by the rules of `phone_text.plain`: punctuation as in ``+1 (212) 555-0123`` is taken away, but a text with words, an
    extension or a second number is no number. It need not exist in its country's numbering plan. Nothing is ever
    rejected.

    Args:
        value: What the vendor sent: a text, as a rule.
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
    try:
        number = plain(text)
    except InvalidInput:
        return text, False
    if not number.startswith("+"):
        return text, False
    import phonenumbers  # noqa: PLC0415 - takes long to import, and most listings never need it

    try:
        parsed = phonenumbers.parse(number.replace(TRUNK_MARK, "0"))
    except phonenumbers.NumberParseException:
        return text, False
    if not phonenumbers.is_possible_number(parsed):
        return text, False
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), True


def phones_from_vendor(values: Sequence[Any], *, bare_digits: bool = False) -> tuple[Sequence[str], Sequence[bool]]:
    """Read the numbers of a page, each as `phone_from_vendor` reads it.

    If all have the usual form, which one look at the page shows, it takes a third of the time.

    Args:
        values: What the vendor sent, one for each contact.
        bare_digits: The vendor writes E.164 numbers without the plus.

    Returns:
        The numbers, or texts as they came, and of each whether it is a number.
    """
    try:
        text = ",".join(values)
    except TypeError:  # not all are texts
        text = ""
    if text.count(",") == len(values) - 1:  # no number contains one
        if bare_digits and _all_without_plus(text):
            return ["+" + value for value in values], [True] * len(values)
        if _all_e164(text):
            return values, [True] * len(values)
    is_usual, plus = (is_e164_without_plus, "+") if bare_digits else (is_e164, "")
    read = [
        (plus + value, True)
        if type(value) is str and is_usual(value)
        else phone_from_vendor(value, bare_digits=bare_digits)
        for value in values
    ]
    return [number for number, _ in read], [is_valid for _, is_valid in read]


_all_e164 = re.compile(r"\+[1-9][0-9]{6,14}(?:,\+[1-9][0-9]{6,14})*+").fullmatch
_all_without_plus = re.compile(r"[1-9][0-9]{6,14}(?:,[1-9][0-9]{6,14})*+").fullmatch


def _written(value: Any) -> str:
    """The value as text; empty if it is too long or nested too deep to be written."""
    try:
        return str(value)
    except (ValueError, RecursionError):
        return ""


def from_user(value: Any, *, region: str | None = None) -> str:
    """Read a number that a person typed or a spreadsheet holds, and validate it against its country's numbering plan.

    What the text may hold is the rule of `phone_text.plain`. What number it is:

    1. With a plus it is international. Without one, it is a number only if ``region`` is given.
    2. With the region's prefix for calls abroad (``00``, ``011``) it is international; with its prefix for calls
       within (``0``, in Russia ``8``) it is national.
    3. Without any of them, either the region's prefix or the plus may have got lost, as in spreadsheets. If only one
       of the readings is a valid number, and it is one of the region's country code, it is that. But a text that
       begins with the region's country code is no national number that lost its prefix: digits may be missing.
    4. If both are valid, the national one is taken only where the other has another country code, and people of the
       region write national numbers just so (``212 555 0123`` in the United States, ``98765 43210`` in India). Any
       other is rejected, with both readings.
    5. A zero in brackets, ``44 (0)20 7946 0018``, says that a country code stands before it.
    6. The old form of a number is brought into the new one where that is certain: Mexico's 1 is taken out, and Brazil's
       ninth digit put in.

    Args:
        value: The number, with punctuation or without; in national form only if ``region`` is given. A whole number
            is read like its digits.
        region: The ISO 3166 country code of numbers in national form, for example ``"US"``.

    Returns:
        The number in E.164 form.

    Raises:
        InvalidInput: It is not a valid number; the message masks it and says what is wrong.
    """
    text = _cell(value)
    digits = plain(text)
    own = None if region is None else plan(region)
    return _plainly(digits, own) or _carefully(text, digits, region, own)


def _plainly(digits: str, own: Plan | None) -> str | None:
    """The number that digits are where nothing else has to be considered; it is what `_carefully` returns, too.

    Nearly all numbers of a list are read here, in a fraction of the time.

    Returns:
        The number; ``None`` if more has to be considered, or if it is none.
    """
    if TRUNK_MARK in digits:
        return None
    if digits.startswith("+"):
        number = _renumbered(digits)
        return number if exists(number) else None
    if own is None:
        return None
    has_code = digits.startswith(own.digits)
    rest = own.behind_code(digits) if has_code else own.national(digits)
    if has_code and rest is None and own.is_customary(digits) and not _is_complete(digits, own):
        rest = digits
    if rest is None or not kind(own.code, rest):
        return None
    is_certain = has_code or digits.startswith("0") or (own.no_prefix and rest == digits)
    return f"+{own.digits}{rest}" if is_certain or not exists(f"+{digits}") else None


def _is_complete(digits: str, own: Plan) -> bool:
    """Whether digits that begin with a region's country code may be a number that lacks only its plus."""
    number = f"+{digits}"
    return _renumbered(number) != number or bool(kind(own.code, digits[len(own.digits) :]))


def _carefully(text: str, digits: str, region: str | None, own: Plan | None) -> str:
    """The number that digits are, by all the rules of `from_user`, which raises what this raises."""
    if digits.startswith("+"):
        found = _marked(digits[1:]) if TRUNK_MARK in digits else _international(digits[1:])
        if found is None:
            raise InvalidInput(f"{mask_phone(digits)} is not a number that exists in its country's numbering plan")
        return found
    if region is None or own is None:
        raise InvalidInput(
            f"{mask_phone(text)} is not a phone number; write it with + and country code, or name a region"
        )
    national = None if TRUNK_MARK in digits else _national(digits, region)
    other = _without_plus(digits, national, region, own)
    if national and other and national != other:
        raise InvalidInput(
            f"{mask_phone(text)} can be read as {mask_phone(other)} without its plus, and as {mask_phone(national)}, "
            f"a number of {region}; {_remedy(digits, region)}"
        )
    found = national or other
    is_short = bool(found) and found == f"+{own.digits}{digits}" and digits.startswith(own.digits)
    if found and is_short and not _is_customary(digits, found, region):
        raise InvalidInput(
            f"{mask_phone(text)} begins with the country code of {region}, and is no number with a plus in front; "
            f"{_remedy(digits, region)}"
        )
    if found is None:
        raise InvalidInput(
            f"{mask_phone(text)} is not a number that exists in its country's numbering plan ({region}); "
            "write it with + and country code if it is of another country"
        )
    return found


def _cell(value: Any) -> str:
    """What a cell holds, as text.

    Raises:
        InvalidInput: It is empty, or holds neither a text nor a whole number.
    """
    if isinstance(value, str):
        return value
    if value is None or value != value:  # noqa: PLR0124 - only the NaN of an empty cell differs from itself
        raise InvalidInput("there is no phone number")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidInput(f"the phone number must be a text, not {type(value).__name__}")
    if not 0 < value < 10 ** DIGITS[-1]:
        raise InvalidInput(f"a phone number has up to {DIGITS[-1]} digits and no sign")
    return str(value)


def _renumbered(number: str) -> str:
    """The number in the form that is valid today."""
    if number.startswith(("+52", "+55")):
        for pattern, new in _RENUMBERED:
            if pattern.fullmatch(number):
                return pattern.sub(new, number)
    return number


def _international(digits: str) -> str | None:
    """The valid number that begins with its country code, perhaps with a trunk prefix behind that; or ``None``."""
    number = _renumbered("+" + digits)
    return number if exists(number) else _parsed("+" + digits, None)


def _marked(digits: str) -> str | None:
    """The only valid number with or without the zero that was in brackets; it is dialled from abroad in Italy."""
    found = {_international(digits.replace(TRUNK_MARK, zero)) for zero in ("", "0")} - {None}
    return found.pop() if len(found) == 1 else None


def _parsed(text: str, region: str | None) -> str | None:
    """What ``phonenumbers`` makes of digits, if it is valid."""
    import phonenumbers  # noqa: PLC0415 - takes long to import

    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if kind(*country_code(number[1:])):
        return number
    new = _renumbered(number)
    return new if new != number and exists(new) else None


def _national(digits: str, region: str) -> str | None:
    """The valid number that digits without a plus are in a region, perhaps with a prefix; or ``None``."""
    if number := _parsed(digits, region):
        return number
    old = _OLD_TRUNK_PREFIXES.get(region)
    return _parsed(match[1], region) if old and (match := old.fullmatch(digits)) else None


def _without_plus(digits: str, national: str | None, region: str, own: Plan) -> str | None:
    """The valid number that the digits are if they begin with a country code, where that has to be considered."""
    if own.no_prefix and national == f"+{own.digits}{digits}" and not digits.startswith(own.digits):
        return None
    if TRUNK_MARK in digits:
        other = _marked(digits)
        return other if other and country_code(other[1:])[0] == own.code else None
    if digits.startswith("00"):  # some regions dial 00 and a carrier's digits
        return _international(digits[2:]) if national else None
    if digits.startswith("0") or national == "+" + digits:
        return None
    if digits.startswith(own.digits):
        return _international(digits)
    is_other = national and exists("+" + digits) and not _is_customary(digits, national, region)
    return "+" + digits if is_other else None


def _is_customary(digits: str, number: str, region: str) -> bool:
    """Whether people of a region write a number with just these digits."""
    import phonenumbers  # noqa: PLC0415 - takes long to import

    parsed = phonenumbers.parse(number)
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    if digits == re.sub("[^0-9]", "", written):
        return True
    if digits != phonenumbers.national_significant_number(parsed):
        return False
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    for form in metadata.number_format if metadata else ():
        leading = form.leading_digits_pattern
        if (not leading or re.match(leading[-1], digits)) and re.fullmatch(form.pattern or "", digits):
            return bool(form.national_prefix_optional_when_formatting)
    return False


def _remedy(digits: str, region: str) -> str:
    import phonenumbers  # noqa: PLC0415 - takes long to import

    prefix = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True)
    if not prefix or digits.startswith("00"):
        return "write it with + and country code"
    return f"write + before the country code, or {prefix} before the area code"


def subscriber_key(number: str) -> str:
    """What is the same for all spellings of one subscriber's number, and differs for any two subscribers.

    Numbers in E.164 form are their own key, but for these: Mexico's with the old 1, Brazil's mobiles without the ninth
    digit, Argentina's with the 9 of mobiles and without it, San Marino's with Italy's country code. A key is for
    comparing, not for dialling. Digits without a plus are taken for a number that lacks it. A text in any other form is
    its own key.
    """
    if number[:1] != "+" and is_e164_without_plus(number):
        number = "+" + number
    if number.startswith(("+52", "+55", "+54", "+39")):
        for pattern, key in _SPELLINGS:
            if pattern.fullmatch(number):
                return pattern.sub(key, number)
    return number


def may_be_one_of(number: str, others: Iterable[str]) -> bool:
    """Whether a vendor's text that is no number in E.164 form may be one of these numbers, which are in that form.

    It may if it has too few digits to tell, if some are masked, or if its digits are those of one without the country
    code, or with something behind.
    """
    digits = "".join(filter(str.isdigit, number)).lstrip("0")
    if len(digits) < DIGITS[0] or _MASKED_DIGITS.search(number):
        return True
    known = [other.removeprefix("+") for other in others]
    return any(other.endswith(digits) or digits.startswith(other) for other in known)


_MASKED_DIGITS = re.compile(r"[*#?_\u2022\u2026]|[xX]{2}")


def dial_risk(number: str) -> str | None:
    """Why a number should not be called without asking: it costs extra, or no person answers it.

    By the numbering plans in ``phonenumbers``: premium-rate, shared-cost, personal (they follow their owner, at the
    caller's cost), company-wide numbers, pagers and voicemail; satellites (+870, +881) and international networks
    (+882, +883); emergency and other short numbers, with their country code or without. Toll-free numbers and
    numbers of internet telephony are ordinary. Whether a number exists is not asked.

    Args:
        number: In E.164 form.

    Returns:
        The reason, to follow "it" in a sentence; ``None`` for an ordinary number, and for what is no number.
    """
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return None
    if digits == number:
        return _EMERGENCY if digits in _EMERGENCIES else _SHORT if len(digits) < _SHORTEST else None
    code, rest = country_code(digits)
    if code in _RISKY_NETWORKS:
        return _RISKY_NETWORKS[code]
    if not code or not rest or len(digits) > DIGITS[-1]:
        return None
    if found := kind(code, rest):
        return _RISKY_KINDS.get(found)
    return _short_risk(code, rest)


def _short_risk(code: int, rest: str) -> str | None:
    """Why a number should not be called that has a country code and is none of the country's ordinary ones."""
    import phonenumbers  # noqa: PLC0415 - takes long to import

    zeros = len(rest) - len(rest.lstrip("0"))
    parsed = phonenumbers.PhoneNumber(
        country_code=code,
        national_number=int(rest),
        italian_leading_zero=bool(zeros) or None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )
    if any(phonenumbers.is_emergency_number(rest, region) for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[code]):
        return _EMERGENCY
    return _SHORT if phonenumbers.is_valid_short_number(parsed) else None
