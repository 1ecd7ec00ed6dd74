"""The numbering plans that ``phonenumbers`` holds, compiled: what one look says about a number in E.164 form.

``phonenumbers`` parses a text, finds its region, and tries one pattern after the other; reading a list of people is
mostly that. Here the patterns of a country code for numbers of one length are one regular expression, made when it is
first needed. What they say is the same, but for numbers that have only zeros behind the country code: they are none.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import attrs

from unibatch.core.base_errors import InvalidInput

_KINDS = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail"),
    *("fixed_line", "mobile"),
)
"""The kinds of numbers as attributes of the metadata, in the order in which ``phonenumbers`` tries them."""

_Match = Callable[[str], "re.Match[str] | None"]


def country_code(digits: str) -> tuple[int, str]:
    """The country code that digits begin with, 0 for none, and what follows it."""
    codes = _codes()
    for length in (1, 2, 3):
        if code := codes.get(digits[:length]):
            return code, digits[length:]
    return 0, digits


def kind(code: int, rest: str) -> str:
    """The kind of a number, by its country code and the digits behind it, of which nothing is taken for a prefix.

    Returns:
        Empty if there is no such number in the plan of its country; otherwise one of ``"premium_rate"``,
        ``"toll_free"``, ``"shared_cost"``, ``"voip"``, ``"personal_number"``, ``"pager"``, ``"uan"``, ``"voicemail"``,
        ``"fixed_line"`` (where numbers do not show it, mobiles as well) and ``"mobile"``.
    """
    regions = _regions(code)
    if len(regions) > 1 and not _any_form(code)(rest):
        return ""
    for region, leads in regions:
        if leads is None:
            if match := _form(code, region, len(rest))(rest):
                return match.lastgroup or ""
        elif leads(rest):
            match = _form(code, region, len(rest))(rest)
            return match.lastgroup or "" if match else ""
    return ""


def exists(number: str) -> bool:
    """Whether a text of a plus and digits is a valid number without any change."""
    code, rest = country_code(number[1:])
    return len(rest) in _lengths(code) and bool(kind(code, rest))


@attrs.frozen
class Plan:
    """How people of a region write its numbers.

    Attributes:
        code: The country code.
        digits: The same as a text.
        no_prefix: Any national number may be written without a prefix.
        abroad: Matches the prefix for calls abroad, such as ``00``.
        within: Matches the prefix for calls within the country, such as ``0``; ``None`` if there is none.
        changes: Where the last group of ``within`` matches, other digits are put in its place.
        has_form: Matches what may be a national number.
        lengths: How many digits national numbers have.
        within_main: The same as ``within`` of the main region of the country code, by which a number is read that
            begins with it.
        forms: How numbers are grouped: whether digits begin like a group of them, whether they have its form, and
            whether people write them without a prefix. Empty but for main regions.
    """

    code: int
    digits: str
    no_prefix: bool
    abroad: _Match
    within: _Match | None
    changes: bool
    has_form: _Match
    lengths: frozenset[int]
    within_main: _Match | None
    forms: tuple[tuple[_Match, _Match, bool], ...]

    def national(self, digits: str) -> str | None:
        """The national number that digits plainly are, without a prefix; ``None`` if they may be anything else.

        They begin neither with the prefix for calls abroad nor with the country code, and what is left without the
        prefix for calls within the country has the form of a national number. Whether it exists is not asked.
        """
        if digits.startswith((self.digits, "00")) or self.abroad(digits):
            return None
        rest = digits
        if self.within is not None and (prefix := self.within(digits)):
            rest = digits[prefix.end() :]
            if (self.changes and prefix[prefix.re.groups] is not None) or len(rest) not in self.lengths:
                return None
            if not self.has_form(rest):
                return None
        return rest

    def behind_code(self, digits: str) -> str | None:
        """The national number in digits that plainly begin with the country code; ``None`` if that is not so plain."""
        if not digits.startswith(self.digits) or self.abroad(digits) or self.has_form(digits):
            return None
        rest = digits[len(self.digits) :]
        if not self.has_form(rest) or any(within and within(rest) for within in (self.within, self.within_main)):
            return None
        return rest

    def is_customary(self, digits: str) -> bool:
        """Whether digits that begin with the country code have the form of a national number, just as people write it.

        That is said only where neither they nor the digits behind the country code begin with a prefix.
        """
        if len(digits) not in self.lengths or not self.has_form(digits) or self.abroad(digits):
            return False
        if self.within is not None and (self.within(digits) or self.within(digits[len(self.digits) :])):
            return False
        return next((bare for begins, has_form, bare in self.forms if begins(digits) and has_form(digits)), False)


@functools.cache
def plan(region: str) -> Plan:
    """The plan of a region.

    Raises:
        InvalidInput: There is no such region.
    """
    import phonenumbers  # noqa: PLC0415 - takes long to import

    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput(f"region {region!r} is none: use a two-letter ISO 3166 country code, such as US, GB or IN")
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region(region)
    main = _metadata(metadata.country_code, phonenumbers.region_code_for_country_code(metadata.country_code))
    within, within_main = (
        re.compile(of.national_prefix_for_parsing).match if of.national_prefix_for_parsing else None
        for of in (metadata, main)
    )
    return Plan(
        code=metadata.country_code,
        digits=str(metadata.country_code),
        no_prefix=all(
            form.national_prefix_optional_when_formatting or _adds_nothing(form) for form in metadata.number_format
        ),
        abroad=re.compile(metadata.international_prefix or "(?!)").match,
        within=within,
        changes=bool(metadata.national_prefix_transform_rule),
        has_form=re.compile(metadata.general_desc.national_number_pattern or "(?!)").fullmatch,
        lengths=frozenset(metadata.general_desc.possible_length),
        within_main=within_main,
        forms=tuple(map(_form_of, metadata.number_format)) if metadata is main else (),
    )


def _form_of(form: Any) -> tuple[_Match, _Match, bool]:
    pattern = re.compile(form.pattern)
    in_order = re.findall("[0-9]+", form.format) == [str(number) for number in range(1, pattern.groups + 1)]
    is_whole = re.fullmatch(r"(?:\([^()]*\))+", form.pattern) is not None
    return (
        re.compile(form.leading_digits_pattern[-1] if form.leading_digits_pattern else "").match,
        pattern.fullmatch,
        bool(form.national_prefix_optional_when_formatting) or (_adds_nothing(form) and in_order and is_whole),
    )


def _adds_nothing(form: Any) -> bool:
    """Whether people write numbers of a form without a prefix."""
    return (form.national_prefix_formatting_rule or "\\1").strip("()") == "\\1"


@functools.cache
def _codes() -> dict[str, int]:
    import phonenumbers  # noqa: PLC0415 - takes long to import

    return {str(code): code for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}


def _metadata(code: int, region: str) -> Any:
    import phonenumbers  # noqa: PLC0415 - takes long to import

    return phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)


@functools.cache
def _lengths(code: int) -> frozenset[int]:
    """How many digits national numbers have in the main region of a country code."""
    import phonenumbers  # noqa: PLC0415 - takes long to import

    metadata = _metadata(code, phonenumbers.region_code_for_country_code(code))
    return frozenset(metadata.general_desc.possible_length if metadata and metadata.general_desc else ())


@functools.cache
def _regions(code: int) -> tuple[tuple[str, _Match | None], ...]:
    """The regions of a country code, each with the first digits by which it is told from the others, if it has any."""
    import phonenumbers  # noqa: PLC0415 - takes long to import

    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    leading = {region: metadata.leading_digits for region in regions if (metadata := _metadata(code, region))}
    return tuple(
        (region, re.compile(leads).match if leads is not None and len(regions) > 1 else None)
        for region, leads in leading.items()
    )


@functools.cache
def _any_form(code: int) -> _Match:
    """Matches what may be a national number of any region of a country code."""
    descriptions = [_metadata(code, region).general_desc for region, _ in _regions(code)]
    patterns = [of.national_number_pattern for of in descriptions if of and of.national_number_pattern]
    return re.compile("|".join(f"(?:{pattern})" for pattern in dict.fromkeys(patterns)) or "(?!)").fullmatch


@functools.cache
def _form(code: int, region: str, length: int) -> _Match:
    """Matches the national numbers of a region that have so many digits; the last group is named for their kind."""
    metadata = _metadata(code, region)

    def pattern_of(description: Any) -> str | None:
        lengths = description.possible_length if description else None
        return description.national_number_pattern if description and (not lengths or length in lengths) else None

    general = pattern_of(metadata.general_desc)
    kinds = ((name, pattern_of(getattr(metadata, name))) for name in _KINDS)
    groups = "|".join(f"(?P<{name}>{pattern})" for name, pattern in kinds if pattern)
    if not general or not groups:
        return re.compile("(?!)").fullmatch
    return re.compile(rf"(?=0*[1-9])(?=(?:{general})\Z)(?:{groups})").fullmatch  # nobody's number is all zeros
