"""The compiled numbering plans, and the short way of reading a number: both say what the long way says."""

import random
from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibatch.core import numbering, phone
from unibatch.core.errors import InvalidInput

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = phonenumbers.PhoneNumberType
NAMES = {getattr(TYPES, name.upper()): name for name in numbering._KINDS} | {
    TYPES.FIXED_LINE_OR_MOBILE: "fixed_line",
    TYPES.UNKNOWN: "",
}


def examples(region: str) -> list[str]:
    """National numbers of every kind that a region has, and one that does not exist."""
    found = [phonenumbers.example_number_for_type(region, kind) for kind in NAMES]
    found.append(phonenumbers.invalid_example_number(region))
    return sorted({phonenumbers.national_significant_number(number) for number in found if number})


EXAMPLES = {region: examples(region) for region in REGIONS}
GLOBAL = {
    code: phonenumbers.national_significant_number(example)
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
    if (example := phonenumbers.example_number_for_non_geo_entity(code))
}
CODES = {region: phonenumbers.country_code_for_region(region) for region in REGIONS}


def neighbours(national: str, chance: random.Random) -> Iterator[str]:
    """A number, one digit more and one less, another digit in one place, another end, a zero or a one in front."""
    place, digit = chance.randrange(len(national)), str(chance.randrange(10))
    half = len(national) // 2
    yield national
    yield national + digit
    yield national[:-1]
    yield national[:place] + digit + national[place + 1 :]
    yield national[:half] + "".join(str(chance.randrange(10)) for _ in national[half:])
    yield from ("0" + national, "1" + national)


def kind_of(number: str) -> str:
    return numbering.kind(*numbering.country_code(number[1:]))


def kind_by_phonenumbers(number: str) -> str:
    """What ``phonenumbers`` calls a number of which nothing is taken for a prefix."""
    code, rest = numbering.country_code(number[1:])
    if not code or not rest.strip("0"):
        return ""
    zeros = len(rest) - len(rest.lstrip("0"))
    parsed = phonenumbers.PhoneNumber(
        country_code=code,
        national_number=int(rest),
        italian_leading_zero=zeros > 0,
        number_of_leading_zeros=zeros or None,
    )
    return NAMES[phonenumbers.number_type(parsed)]


@pytest.mark.parametrize("seed", [*range(3)])
def test_every_country_has_the_kinds_that_phonenumbers_finds(seed: int) -> None:
    chance = random.Random(seed)
    bases = [(CODES[region], national) for region in REGIONS for national in EXAMPLES[region]]
    numbers = [
        f"+{code}{near}" for code, national in [*bases, *GLOBAL.items()] for near in neighbours(national, chance)
    ]
    kinds = {number: kind_of(number) for number in numbers}
    assert kinds == {number: kind_by_phonenumbers(number) for number in numbers}
    assert set(kinds.values()) == set(NAMES.values())


@given(st.from_regex(r"\+[0-9]{1,17}", fullmatch=True))
def test_any_digits_have_the_kind_that_phonenumbers_finds(number: str) -> None:
    assert kind_of(number) == kind_by_phonenumbers(number)


@pytest.mark.parametrize("number", ["+992000000000", "+80000000000", "+390000000", "+12", "+", "+0", "+999123456"])
def test_digits_that_are_nobodys(number: str) -> None:
    assert kind_of(number) == ""
    assert not numbering.exists(number)


@pytest.mark.parametrize("text", ["+012125550123", "+0012125550123", "+0 44 20 7946 0018"])
def test_no_country_code_begins_with_a_zero(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a number that exists"):
        phone.from_user(text, region="US")


def both_ways(text: str, region: str | None) -> tuple[str, str]:
    """The number or the message, by the short way and by the long one alone."""

    def read() -> str:
        try:
            return phone.from_user(text, region=region)
        except InvalidInput as exc:
            return f"refused: {exc}"

    short = read()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phone, "_plainly", lambda _digits, _own: None)
        return short, read()


WAYS = (
    *("+{code}{national}", "+{code} {national}", "{national}", "{within}{national}", "{code}{national}"),
    *("00{code}{national}", "011{code}{national}", "+{code}{within}{national}", "{code}{within}{national}"),
    *("+{code} ({within}){national}", "{code} (0){national}", "0{national}", "1{national}", "8{national}"),
    *("00{national}", "+{national}", "+0{code}{national}", "{within}{within}{national}", "{national} ext. 5"),
    *("{code}{code}{national}", "{national}x1", "Tel. {within}{national}", "call {national}"),
)
"""How people write numbers, rightly and wrongly."""

SCRIPTS = ["".join(chr(zero + digit) for digit in range(10)) for zero in (0x30, 0x660, 0x966, 0xFF10)]
"""Digits of ASCII, Arabic, Hindi, and wide ones."""


def written(way: str, region: str, national: str) -> str:
    within = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""
    return way.format(code=CODES[region], national=national, within=within)


@pytest.mark.parametrize("seed", [*range(2)])
def test_a_number_of_every_country_is_read_the_same_both_ways(seed: int) -> None:
    chance = random.Random(seed)
    for region in REGIONS:
        for national in EXAMPLES[region]:
            code = str(CODES[region])
            near = chance.choice([*neighbours(national, chance), code + national[len(code) :]])
            for way in chance.sample(WAYS, 5):
                text = written(way, region, near)
                short, long = both_ways(text, region)
                assert short == long, (text, region)


@given(data=st.data(), region=st.sampled_from(REGIONS), other=st.sampled_from([None, *REGIONS]))
def test_any_spelling_is_read_the_same_both_ways(data: st.DataObject, region: str, other: str | None) -> None:
    digits = st.text("0123456789", min_size=1, max_size=14)
    national = data.draw(st.sampled_from(EXAMPLES[region] or ["1"]) | digits)
    at = data.draw(st.integers(0, len(national)))
    national = national[:at] + data.draw(st.sampled_from(["", " ", "-", ".", "(", ") ", "0", "7"])) + national[at:]
    text = written(data.draw(st.sampled_from(WAYS)), region, national)
    text = text.translate(str.maketrans(SCRIPTS[0], data.draw(st.sampled_from(SCRIPTS))))
    for chosen in {region, other}:
        short, long = both_ways(text, chosen)
        assert short == long


@pytest.mark.parametrize(
    ("text", "region"),
    [
        *(("(212) 555-0123", "US"), ("1 212 555 0123", "US"), ("+1 212 555 0123", None), ("604 555 0123", "CA")),
        *(("020 7946 0018", "GB"), ("0171 2345678", "DE"), ("06 6982 1234", "IT"), ("8 912 345-67-89", "RU")),
        *(("98765 43210", "IN"), ("098765 43210", "IN"), ("+91 98765 43210", "US"), ("55 1234 5678", "MX")),
        *(("01 70 18 99 00", "FR"), ("4930901820", "DE"), ("447911123456", "GB"), ("87012345678", "KZ")),
        *(("393 123 4567", "IT"), ("91765 41234", "IN"), ("55 99123-4567", "BR"), ("090-1234-5678", "JP")),
    ],
)
def test_what_most_lists_hold_goes_the_short_way(
    text: str, region: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, long = both_ways(text, region)
    monkeypatch.delattr(phone, "_carefully")
    assert phone.from_user(text, region=region) == long
