"""Keys and phone numbers stay out of what people and log files get to see."""

import pytest

from unibatch.core.masking import mask_phone, mask_text

NUMBERS = [
    ("+15551234567", "+15*******67"),
    ("call +1 (212) 555-0123 now", "call +1 (2**) ***-**23 now"),
    ("+1-212-555-0123", "+1-2**-***-**23"),
    ("+1.212.555.0123", "+1.2**.***.**23"),
    ("+44 20 7946 0958", "+44 ** **** **58"),
    ("+91 98765 43210", "+91 ***** ***10"),
    ("15551234567", "15*******67"),
    ("919876543210", "91********10"),
    ("00442079460958", "00**********58"),
    ("2125550123", "21******23"),
    ("(212) 555-0123", "(21*) ***-**23"),
    ("212-555-0123", "21*-***-**23"),
    ("212.555.0123", "21*.***.**23"),
    ("212 555 0123", "21* *** **23"),
    ("1 212 555 0123", "1 2** *** **23"),
    ("to 1-212-555-0123: no", "to 1-2**-***-**23: no"),
    ("1 (212) 555-0123", "1 (2**) ***-**23"),
    ("1.212.555.0123", "1.2**.***.**23"),
    ("+1\u00a0212\u2011555\u20110123", "+1\u00a02**\u2011***\u2011**23"),
    ("+12125550123x5", "+12*******23x5"),
    ("020 7946 0018", "02* **** **18"),
    ("(020) 7946-0018", "(02*) ****-**18"),
    ("0171/2345678", "01**/*****78"),
    ("01.99.00.12.34", "01.**.**.**.34"),
    ("49 171 2345678", "49 *** *****78"),
    ("91 98765 43210", "91 ***** ***10"),
    ("tel:+15551234567", "tel:+15*******67"),
    ("sip:15551234567@example.com", "sip:15*******67@example.com"),
    ("'+15551234567', '+15557654321'", "'+15*******67', '+15*******21'"),
    ("is +15551234567.", "is +15*******67."),
    ('{"phone": "+15551234567"}', '{"phone": "+15*******67"}'),
    ("?external_id=%2B15551234567&page=1", "?external_id=%2B1********67&page=1"),
]

READABLE = [
    "batch_c3d4e5f6",
    "req_32e7531c-8",
    "ctc_aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "num_11111111-1111-1111-1111-111111111111",
    "call_a1b2c3d4",
    "sched_12345678",
    "2026-03-05",
    "2026-03-05 09:15",
    "2026-03-05 09:15:00.000000 UTC",
    "192.168.100.200",
    "42 of 1300 contacts",
    "2026-03-05T09:15:00.000000Z",
    "2026-03-05T09:15:00+05:30",
    "HTTP 404",
    "147.5",
    "0.1234567890123",
    "127.0.0.1:54321",
    "$.data[1234].phone_number",
    "1250 contacts, 559 called",
    "555-0123",
]


@pytest.mark.parametrize(("before", "after"), NUMBERS)
def test_numbers_are_masked_in_every_spelling(before: str, after: str) -> None:
    assert mask_text(before) == after


@pytest.mark.parametrize("text", READABLE)
def test_ids_and_times_stay_readable(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(("before", "_after"), NUMBERS)
def test_masking_twice_shows_no_more(before: str, _after: str) -> None:
    assert mask_text(mask_text(before)).count("*") >= mask_text(before).count("*")


class TestMaskPhone:
    @pytest.mark.parametrize(
        ("number", "masked"),
        [
            ("+15551234567", "+15*******67"),
            ("+1 (212) 555-0123", "+1 (2**) ***-**23"),
            ("123456", "12**56"),
            ("12345", "*****"),
            ("+1", "+*"),
            ("", ""),
            ("n/a", "*/*"),
            ("\u0661\u0662\u0663\u0664\u0665\u0666\u0667", "\u0661\u0662***\u0666\u0667"),
        ],
    )
    def test_the_first_two_and_the_last_two_digits_stay(self, number: str, masked: str) -> None:
        assert mask_phone(number) == masked


class TestSecrets:
    def test_every_occurrence_is_hidden(self) -> None:
        assert mask_text("key sk_1, again sk_1, other sk_2", "sk_1", "sk_2") == "key ***, again ***, other ***"

    def test_a_secret_with_special_characters(self) -> None:
        assert mask_text("Bearer a.b*c", "a.b*c") == "Bearer ***"

    def test_an_empty_secret_hides_nothing(self) -> None:
        assert mask_text("nothing to hide", "") == "nothing to hide"

    def test_a_secret_of_digits_is_hidden_as_a_whole(self) -> None:
        assert mask_text("key 15551234567", "15551234567") == "key ***"
