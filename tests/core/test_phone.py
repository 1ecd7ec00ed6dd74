"""Phone numbers in E.164 form."""

from typing import Any

import pytest

from unibatch.core import phone
from unibatch.core.errors import InvalidInput
from unibatch.core.masking import mask_phone

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

    @pytest.mark.parametrize("sent", ["919876543210", "+919876543210"])
    def test_bare_digits_are_a_number_where_the_vendor_writes_them_so(self, sent: str) -> None:
        assert phone.phone_from_vendor(sent, bare_digits=True) == ("+919876543210", True)
        assert phone.phone_from_vendor(sent) == (sent, sent.startswith("+"))

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

    @pytest.mark.parametrize(
        ("typed", "region", "said"),
        [
            ("(212) 555-0123", None, "is not a phone number; write it with + and country code, or name a region"),
            ("(212) 555-0123", "XX", "is not a phone number"),
            ("+x", None, "is not a phone number"),
            ("+11115550123", None, "is not a number that exists in its country's numbering plan"),
        ],
    )
    def test_any_other_is_refused_masked_and_with_the_remedy(self, typed: str, region: str | None, said: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            phone.from_user(typed, region=region)
        assert str(caught.value) == f"{mask_phone(typed)} {said}"

    @pytest.mark.parametrize("typed", ["", " ", "x", "+", "+0", "9" * 1000, "\x00", "\ud800", "+1"])
    def test_what_is_no_number_is_refused(self, typed: str) -> None:
        with pytest.raises(InvalidInput):
            phone.from_user(typed)
