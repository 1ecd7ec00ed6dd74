"""Phone numbers in E.164 form."""

import random
import re
from collections.abc import Iterator
from typing import Any

import phonenumbers
import pytest

from unibatch.core import phone
from unibatch.core.errors import InvalidInput

ARABIC = "\u0669\u0661\u0669\u0668\u0667\u0666\u0665\u0664\u0663\u0662\u0661\u0660"  # 919876543210


class TestFromVendor:
    @pytest.mark.parametrize("number", ["+15551234567", "+919876543210", "+4420794609581", "+1234567", "+" + "9" * 15])
    def test_e164_is_taken_as_it_is(self, number: str) -> None:
        assert phone.phone_from_vendor(number) == (number, True)

    @pytest.mark.parametrize(
        "number",
        [
            "+1 (212) 555-0123",
            "+1 212 555 0123",
            "+1-212-555-0123",
            "+1.212.555.0123",
            " +12125550123 ",
            "tel:+12125550123",
        ],
    )
    def test_punctuation_is_taken_away(self, number: str) -> None:
        assert phone.phone_from_vendor(number) == ("+12125550123", True)

    def test_a_number_with_punctuation_need_not_exist_in_the_numbering_plan(self) -> None:
        assert phone.phone_from_vendor("+1 (555) 123-4567") == ("+15551234567", True)

    def test_bare_digits_are_a_number_where_the_vendor_writes_them_so(self) -> None:
        assert phone.phone_from_vendor("919876543210", bare_digits=True) == ("+919876543210", True)

    def test_a_plus_is_understood_where_the_vendor_writes_bare_digits(self) -> None:
        assert phone.phone_from_vendor("+919876543210", bare_digits=True) == ("+919876543210", True)

    def test_bare_digits_are_kept_as_they_are_elsewhere(self) -> None:
        assert phone.phone_from_vendor("919876543210") == ("919876543210", False)

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            (None, ""),
            ("", ""),
            ("n/a", "n/a"),
            ("0", "0"),
            ("+0123456789", "+0123456789"),
            ("+1", "+1"),
            ("+12", "+12"),
            ("+1 (212) 555", "+1 (212) 555"),
            ("+" + "9" * 16, "+" + "9" * 16),
            ("+15551234567\n+15551234567", "+15551234567\n+15551234567"),
            ("2125550123", "2125550123"),
            ("+49 171 2345678 Frau", "+49 171 2345678 Frau"),
            ("Fax +49 171 2345678", "Fax +49 171 2345678"),
            ("+1 212 555 0123 ext. 5", "+1 212 555 0123 ext. 5"),
            ("+1-800-FLOWERS", "+1-800-FLOWERS"),
            ("+49 30 901820 / 901821", "+49 30 901820 / 901821"),
            ("\ud800", "\ud800"),
            ("\x00", "\x00"),
            ("9" * 100_000, "9" * 100_000),
            (True, "True"),
            (12.5, "12.5"),
            ([], "[]"),
            ({"number": "+15551234567"}, "{'number': '+15551234567'}"),
        ],
    )
    def test_what_is_no_number_is_kept_as_it_came(self, sent: Any, kept: str) -> None:
        assert phone.phone_from_vendor(sent) == (kept, False)

    def test_a_json_number_is_read_like_its_digits(self) -> None:
        assert phone.phone_from_vendor(919876543210, bare_digits=True) == ("+919876543210", True)
        assert phone.phone_from_vendor(919876543210) == ("919876543210", False)

    def test_digits_of_other_scripts_are_no_bare_digits(self) -> None:
        assert phone.phone_from_vendor(ARABIC, bare_digits=True) == (ARABIC, False)

    def test_a_number_in_digits_of_another_script_comes_out_in_ascii(self) -> None:
        assert phone.phone_from_vendor("+" + ARABIC) == ("+919876543210", True)

    @pytest.mark.parametrize("bare_digits", [False, True])
    def test_an_integer_too_long_to_be_written_is_no_number(self, *, bare_digits: bool) -> None:
        number, valid = phone.phone_from_vendor(10**5000, bare_digits=bare_digits)
        assert isinstance(number, str)
        assert not valid

    def test_data_too_deep_to_be_written_is_no_number(self) -> None:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        number, valid = phone.phone_from_vendor(deep)
        assert isinstance(number, str)
        assert not valid


class TestPageFromVendor:
    """A page of numbers is read as each number alone, in whatever company it comes."""

    USUAL, BARE, ODD = "+15551234567", "919876543210", "+1 (212) 555-0123"

    @pytest.mark.parametrize("bare_digits", [False, True])
    @pytest.mark.parametrize(
        "page",
        [
            [],
            [USUAL],
            [USUAL, USUAL],
            [BARE, BARE],
            [USUAL, BARE],
            [BARE, USUAL],
            [USUAL, ODD, USUAL],
            [""],
            ["", ""],
            [f"{USUAL},{USUAL}"],
            [f"{USUAL},", USUAL],
            [f"{BARE},{BARE}", BARE],
            [USUAL, None, 919876543210, 1.5, ["+1"]],
            [USUAL, USUAL + "\n"],
            [BARE, ARABIC],
            [USUAL, "+0123456789"],
        ],
    )
    def test_each_is_read_as_alone(self, page: list[Any], *, bare_digits: bool) -> None:
        numbers, are_valid = phone.phones_from_vendor(page, bare_digits=bare_digits)
        assert list(zip(numbers, are_valid, strict=False)) == [
            phone.phone_from_vendor(value, bare_digits=bare_digits) for value in page
        ]


class TestFromUser:
    @pytest.mark.parametrize(
        "typed", ["+12125550123", "+1 212 555 0123", "+1 (212) 555-0123", "tel:+1-212-555-0123", " +1.212.555.0123 "]
    )
    def test_an_international_number(self, typed: str) -> None:
        assert phone.from_user(typed) == "+12125550123"

    @pytest.mark.parametrize(
        ("typed", "region", "number"),
        [
            ("(212) 555-0123", "US", "+12125550123"),
            ("212 555 0123", "US", "+12125550123"),
            ("020 7946 0958", "GB", "+442079460958"),
            ("98765 43210", "IN", "+919876543210"),
            ("+12125550123", "IN", "+12125550123"),
        ],
    )
    def test_a_national_number_of_a_region(self, typed: str, region: str, number: str) -> None:
        assert phone.from_user(typed, region=region) == number

    def test_a_national_number_without_a_region_is_refused_and_masked(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            phone.from_user("(212) 555-0123")
        assert str(caught.value) == (
            "(21*) ***-**23 is not a phone number; write it with + and country code, or name a region"
        )

    def test_a_number_outside_of_the_numbering_plan_is_refused_and_masked(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            phone.from_user("+11115550123")
        assert str(caught.value) == "+11*******23 is not a number that exists in its country's numbering plan"

    @pytest.mark.parametrize("typed", ["", " ", "x", "+", "+0", "9" * 1000, "\x00", "\ud800", "+1"])
    def test_what_is_no_number_is_refused(self, typed: str) -> None:
        with pytest.raises(InvalidInput):
            phone.from_user(typed)

    def test_no_hint_about_the_plus_where_it_is_there(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            phone.from_user("+x")
        assert str(caught.value) == "+* is not a phone number"

    def test_an_unknown_region_is_refused(self) -> None:
        with pytest.raises(InvalidInput):
            phone.from_user("212 555 0123", region="XX")

    @pytest.mark.parametrize(
        ("value", "part"),
        [
            (None, "there is no phone number"),
            (float("nan"), "there is no phone number"),
            ("\u200b", "there is no phone number"),
            (1.5, "must be a text, not float"),
            (True, "must be a text, not bool"),
            (-12125550123, "no sign"),
            (10**15, "up to 15 digits"),
        ],
    )
    def test_a_cell_of_another_kind_is_refused(self, value: Any, part: str) -> None:
        with pytest.raises(InvalidInput, match=part):
            phone.from_user(value, region="US")

    @pytest.mark.parametrize("value", [2125550123, 2125550123.0, 12125550123])
    def test_a_whole_number_is_read_like_its_digits(self, value: float) -> None:
        assert phone.from_user(value, region="US") == "+12125550123"


def refused(value: str, region: str | None = "GB") -> str:
    """Why a text is no number; the reason never shows a number in full."""
    with pytest.raises(InvalidInput) as caught:
        phone.from_user(value, region=region)
    assert not re.search("[0-9]{5}", str(caught.value))
    return str(caught.value)


class TestWhatIsNoNumber:
    @pytest.mark.parametrize(
        "text",
        [
            "DO NOT CALL 020 7946 0018",
            "deceased: 020 7946 0018",
            "old 020 7946 0018",
            "Fax +44 20 7946 0018",
            "(work) 020 7946 0018",
            "020 7946 0018 (do not call)",
            "020 7946 0018 mobile",
            "whatsapp:+442079460018",
            "tel: fax 020 7946 0018",
            "n\u00e3o ligar 020 7946 0018",
            "1-800-FLOWERS",
            "O20 7946 0018",
        ],
    )
    def test_letters(self, text: str) -> None:
        assert "it holds letters" in refused(text)

    @pytest.mark.parametrize(
        "end",
        ["x5", " x 5", " ext. 5", " ext5", ";ext=5", " extension 12", "#5", ",5", ",,5", "p5", " (ext 5)", " доб. 12"],
    )
    def test_extensions(self, end: str) -> None:
        assert "it has an extension" in refused("020 7946 0018" + end)
        assert phone.phone_from_vendor("+44 20 7946 0018" + end)[1] is False

    @pytest.mark.parametrize(
        ("text", "region"),
        [
            ("030 901820 / 901821", "DE"),
            ("030 901820/21", "DE"),
            ("030 901820 - 901821", "DE"),
            ("901820/901821", "DE"),
            ("020 7946 0018 or 020 7946 0019", "GB"),
            ("020 7946 0018; 020 7946 0019", "GB"),
            ("020 7946 0018, 020 7946 0019", "GB"),
            ("020 7946 0018 | +44 20 7946 0019", "GB"),
            ("+44 20 7946 0018 +44 20 7946 0019", "GB"),
            ("02079460018 02079460019", "GB"),
        ],
    )
    def test_two_numbers(self, text: str, region: str) -> None:
        assert "it holds more than one number" in refused(text, region)

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028"])
    def test_two_lines(self, end: str) -> None:
        assert "more than one line" in refused(f"020 7946 0018{end}020 7946 0019")

    @pytest.mark.parametrize("mark", ["# ", "#", "// ", "//", "; ", "-- ", "/* ", "\uff03"])
    def test_what_is_commented_out(self, mark: str) -> None:
        assert "it is commented out" in refused(mark + "020 7946 0018")

    @pytest.mark.parametrize("region", ["DE", "DK", "US", "GB"])
    @pytest.mark.parametrize(
        "text",
        ["2024-05-17", "2024/05/17", "17.05.2024", "5/17/2024", "17-05-24", "2024-05-17 10:30", "2024-05-17T10:30Z"],
    )
    def test_dates(self, text: str, region: str) -> None:
        assert "it is a date" in refused(text, region)

    @pytest.mark.parametrize("text", ["10:30", "20:79:46"])
    def test_times(self, text: str) -> None:
        assert "it is a time" in refused(text)

    @pytest.mark.parametrize(
        "text",
        ["48.137154", "2079460018.5", "2079460.00", "\u00a32079460018", "1,500,000", "1.500.000,00", "1 500 000.00"],
    )
    def test_amounts(self, text: str) -> None:
        assert "it is a decimal number or an amount" in refused(text)

    @pytest.mark.parametrize(
        "text",
        [
            "-2079460018",
            "~020 7946 0018",
            "1) 020 7946 0018",
            "(020 7946 0018",
            "020 7946 0018\u00b2",
            "*67 020 7946 0018",
        ],
    )
    def test_other_signs(self, text: str) -> None:
        assert "it holds signs" in refused(text)

    def test_the_number_of_a_list(self) -> None:
        assert "number of a list" in refused("1. 0171 2345678", "DE")

    @pytest.mark.parametrize("text", ["4.91713E+11", "4.917123456E+11", "4,91713e+11"])
    def test_a_number_that_lost_digits(self, text: str) -> None:
        assert "lost digits" in refused(text, "DE")

    @pytest.mark.parametrize("text", ["n/a", "-", "#N/A", "none"])
    def test_a_text_without_digits(self, text: str) -> None:
        assert refused(text).endswith(" is not a phone number")

    def test_no_text_takes_long(self) -> None:
        for text in ("1" * 64, "1 " * 32, "1-" * 31 + "x", "(1)" * 21, "1a" * 32, "1,/ " * 16, "0 1" * 21, "1 - " * 16):
            refused(text)


class TestSpellings:
    @pytest.mark.parametrize(
        "text",
        [
            "tel: 020 7946 0018",
            "Tel. No.: 020 7946 0018",
            "PHONE 020 7946 0018",
            "mob. +44 20 7946 0018",
            "\u260e\ufe0f 020 7946 0018",
            "\uff34\uff25\uff2c\uff1a020 7946 0018",
            "'020 7946 0018",
            "\u2019+44 20 7946 0018",
            '="02079460018"',
            "=+442079460018",
            "2079460018.0",
            "2079460018.00",
            "4.42079460018E+11",
            "020\u00a07946\u202f0018",
            "020\u200b79460018\ufeff",
            "\u202a+44 20 7946 0018\u202c",
            "020\u20117946\u20130018",
            "020\u22127946\u30fc0018",
            "\uff0b\uff14\uff14 \uff12\uff10 \uff17\uff19\uff14\uff16 \uff10\uff10\uff11\uff18",
            "\u0660\u0662\u0660 \u0667\u0669\u0664\u0666 \u0660\u0660\u0661\u0668",
            "\u0966\u0968\u0966 \u096d\u096f\u096a\u096c \u0966\u0966\u0967\u096e",
            "+44 (0)20 7946 0018",
            "+44(0)2079460018",
            "(+44) 20 7946 0018",
            "0044 20 7946 0018",
            "00 44 (0) 20 7946 0018",
            "44 (0)20 7946 0018",
            "44 20 7946 0018",
            "[020] 7946 0018",
            "020.7946.0018",
            "020/7946 0018",
            "020  7946   0018",
            "020 7946 - 0018",
        ],
    )
    def test_one_number_however_it_is_written(self, text: str) -> None:
        assert phone.from_user(text, region="GB") == "+442079460018"

    @pytest.mark.parametrize(
        ("text", "region", "number"),
        [
            ("030/901820", "DE", "+4930901820"),
            ("+49 (0)30 / 90 18 20", "DE", "+4930901820"),
            ("212/555-0123", "US", "+12125550123"),
            ("011 44 20 7946 0018", "US", "+442079460018"),
            ("8 495 123-45-67", "RU", "+74951234567"),
            ("22.33.44.55", "NO", "+4722334455"),
            ("20 24 05 17", "DK", "+4520240517"),
            ("+39 (0)6 1234567", "DE", "+39061234567"),
            ("+34 (0)912 345 678", "DE", "+34912345678"),
        ],
    )
    def test_habits_of_countries(self, text: str, region: str, number: str) -> None:
        assert phone.from_user(text, region=region) == number

    @pytest.mark.parametrize("text", ["+0171 2345678", "+9991234567"])
    def test_a_plus_is_never_taken_away(self, text: str) -> None:
        assert "numbering plan" in refused(text, "DE")


class TestLostPrefixes:
    """A spreadsheet drops the plus, and leading zeros."""

    @pytest.mark.parametrize("text", ["491712345678", "49 171 2345678", "4.91712345678E+11", "491712345678.0"])
    def test_two_readings_are_both_named_and_none_is_taken(self, text: str) -> None:
        assert refused(text, "DE").endswith(
            " can be read as +49********78 without its plus, and as +49**********78, a number of DE; "
            "write + before the country code, or 0 before the area code"
        )

    def test_a_number_of_abroad_without_its_plus_is_no_national_one(self) -> None:
        assert "can be read as +33*******78" in refused("33612345678", "DE")

    def test_no_zero_is_advised_where_nobody_dials_one(self) -> None:
        assert refused("3906123456", "IT").endswith("; write it with + and country code")

    def test_a_number_of_abroad_alone_needs_its_plus(self) -> None:
        assert "write it with +" in refused("491712345678", "US")

    @pytest.mark.parametrize(
        ("text", "region", "number"),
        [
            ("3615550123", "US", "+13615550123"),
            ("6591234567", "IN", "+916591234567"),
            ("84951234567", "RU", "+74951234567"),
        ],
    )
    def test_what_people_write_just_so_is_national(self, text: str, region: str, number: str) -> None:
        """Each of them would be a number of abroad with a plus in front."""
        assert phonenumbers.is_valid_number(phonenumbers.parse("+" + text))
        assert phone.from_user(text, region=region) == number

    @pytest.mark.parametrize("text", ["49 171 23456", "4917123456"])
    def test_a_number_cut_short_is_no_national_one(self, text: str) -> None:
        assert "begins with the country code of DE" in refused(text, "DE")

    def test_digits_of_the_country_code_may_begin_a_national_number(self) -> None:
        assert phone.from_user("91987 65432", region="IN") == "+919198765432"

    def test_no_mobile_of_any_region_becomes_another_one(self) -> None:
        for region in sorted(phonenumbers.SUPPORTED_REGIONS):
            for number in mobiles(region):
                parsed = phonenumbers.parse(number)
                spaced = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
                national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
                for text in (number, spaced):
                    assert phone.from_user(text, region=region) == number
                # In New Caledonia a number is written like a date.
                assert read(national, region) in ({number, None} if region == "NC" else {number})
                for text in (number[1:], spaced[1:], number[1:] + ".0", f"{number[1]}.{number[2:]}E+{len(number) - 2}"):
                    assert read(text, region) in {number, None}


def read(text: str, region: str) -> str | None:
    try:
        return phone.from_user(text, region=region)
    except InvalidInput:
        return None


def mobiles(region: str) -> Iterator[str]:
    """The example of a mobile number, and random ones."""
    example = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return
    dice = random.Random(region)
    number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    kept = len(str(example.country_code)) + 1
    for _ in range(12):
        yield number
        for _ in range(100):
            digits = "".join(dice.choices("0123456789", k=len(number) - kept - dice.randrange(4)))
            candidate = phonenumbers.parse(number[: len(number) - len(digits)] + digits)
            if phonenumbers.is_valid_number_for_region(candidate, region):
                number = phonenumbers.format_number(candidate, phonenumbers.PhoneNumberFormat.E164)
                break


class TestOneSubscriber:
    @pytest.mark.parametrize(
        ("text", "region", "number"),
        [
            ("+52 1 55 5550 0123", None, "+525555500123"),
            ("52 1 55 5550 0123", "MX", "+525555500123"),
            ("044 55 5550 0123", "MX", "+525555500123"),
            ("01 55 5550 0123", "MX", "+525555500123"),
            ("+55 11 8550-0123", None, "+5511985500123"),
            ("(11) 8550-0123", "BR", "+5511985500123"),
            ("55 11 8550 0123", "BR", "+5511985500123"),
            ("(11) 2345-6789", "BR", "+551123456789"),
            ("011 15 5550-0123", "AR", "+5491155500123"),
        ],
    )
    def test_an_old_form_becomes_the_new_one(self, text: str, region: str | None, number: str) -> None:
        assert phone.from_user(text, region=region) == number

    def test_an_old_form_that_could_be_another_number_does_not(self) -> None:
        assert "can be read as" in refused("1 33 1234 5678", "MX")

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("+5215555500123", "+525555500123"),
            ("+5491155500123", "+541155500123"),
            ("+551185500123", "+5511985500123"),
            ("+390549886377", "+3780549886377"),
        ],
    )
    def test_two_spellings_have_one_key(self, one: str, other: str) -> None:
        assert phone.subscriber_key(one) == phone.subscriber_key(other)

    @pytest.mark.parametrize(
        "number", ["+12125550123", "+551123456789", "+551175500123", "+525555500123", "+390612345678", "n/a", ""]
    )
    def test_any_other_number_is_its_own_key(self, number: str) -> None:
        assert phone.subscriber_key(number) == number


class TestDialRisk:
    @pytest.mark.parametrize(
        ("number", "part"),
        [
            ("+19002345678", "premium-rate"),
            ("+979123456789", "premium-rate"),
            ("+491805123456", "shared-cost"),
            ("+447012345678", "personal"),
            ("+878101234567890", "personal"),
            ("+447640123456", "pager"),
            ("+870773112345", "satellite"),
            ("+881612345678", "satellite"),
            ("+882161234567", "international network"),
            ("+883510012345", "international network"),
            ("+4911833", "short code"),
            ("12345", "short code"),
            ("+49112", "emergency"),
            ("+1911", "emergency"),
            ("999", "emergency"),
        ],
    )
    def test_what_costs_or_is_no_person(self, number: str, part: str) -> None:
        assert re.search(part, phone.dial_risk(number) or "")

    @pytest.mark.parametrize(
        "number",
        [*("+12125550123", "+442079460018", "+4915123456789", "+18002345678", "+80012345678"), *("+1", "+", "", "n/a")],
    )
    def test_an_ordinary_number(self, number: str) -> None:
        assert phone.dial_risk(number) is None
