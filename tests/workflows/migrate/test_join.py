"""What a source does not return comes from the file that its campaign was placed with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from unibatch import CallStatus, Contact, ContactDraft, InvalidInput
from unibatch.workflows.migrate.join import read_placed_file

NUMBER, OTHER = "+12125550123", "+12125550124"
ONE_SUBSCRIBER = ("+525555501234", "+5215555501234")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    lines = (
        "Phone,Name,Email,Customer ID,company_name,Plan,DNC",
        f"{NUMBER},Ann Lee,ann@example.com,10001,Heron Ltd,gold,",
        f"{ONE_SUBSCRIBER[0]},Bob Ray,,10002,,silver,",
        "+12125550199,Not There,,,,,",
        f"{OTHER},Cy Orr,,,,,yes",
        "not a number,,,,,,",
    )
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        ({}, {"name": "Ann Lee", "email": "ann@example.com", "external_id": "10001"}),
        ({"name": "Ann", "first_name": "Ann"}, {"name": "Ann Lee", "first_name": None}),
        ({"name": "Zoe Lee", "email": "z@example.com"}, {"name": "Zoe Lee", "email": "z@example.com"}),
        ({"external_id": "7"}, {"external_id": "7"}),
        ({"fields": {}}, {"fields": {"company_name": "Heron Ltd", "Plan": "gold"}}),
        (
            {"fields": {"Company Name": "Egret Ltd", "Team": 2}},
            {"fields": {"company_name": "Egret Ltd", "Plan": "gold", "Team": 2}},
        ),
    ],
)
def test_what_was_returned_stays_and_the_rest_is_filled(
    file: Path, returned: Mapping[str, Any], expected: Mapping[str, Any]
) -> None:
    (contact,) = read_placed_file(file).join([ContactDraft(phone_number=NUMBER, **returned)]).contacts
    assert {name: getattr(contact, name) for name in expected} == expected


def test_it_says_who_was_joined_and_who_was_not(file: Path) -> None:
    known = ContactDraft(phone_number=ONE_SUBSCRIBER[1])  # the number in another spelling
    strange = ContactDraft(phone_number="+12125550177", name="Dee")
    placed = read_placed_file(file)
    joined = placed.join([known, strange])

    assert [contact.phone_number for contact in joined.contacts] == [known.phone_number, strange.phone_number]
    assert joined.contacts[0].external_id == "10002"
    assert (joined.joined, joined.not_in_file, joined.not_in_source) == (1, (strange,), 2)
    assert placed.rejected == 1


def test_who_opted_out_in_the_file_must_not_be_called(file: Path) -> None:
    assert read_placed_file(file).never == {OTHER: "in people.csv, line 5 has the same number, and must not be called"}


@pytest.mark.parametrize(
    ("text", "message"),
    [("Phone,Name\n", r"people\.csv"), ("Phone,Name\nnobody,Ann\n", r"people\.csv has no contacts")],
)
def test_a_file_without_contacts_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "people.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=message):
        read_placed_file(tmp_path / "people.csv")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"missing\.csv"):
        read_placed_file(tmp_path / "missing.csv")


def test_the_finding_names_who_is_not_in_the_file_with_numbers_masked(file: Path) -> None:
    def contact(number: str) -> Contact:
        about: dict[str, Any] = {"provider": "truedy", "campaign_id": "b", "phone_valid": True, "is_final": False}
        return Contact(id=number, phone_number=number, status=CallStatus.PENDING, **about)

    placed = read_placed_file(file)
    some = placed.finding([contact(NUMBER), contact(OTHER), contact("+12125550177")])
    everybody = placed.finding([contact(NUMBER), contact(ONE_SUBSCRIBER[1]), contact("+12125550199")])

    assert (some.fit, everybody.fit) == ("lossy", "mapped")
    assert some.reason == (
        "people.csv: 2 of 3 numbers are in it; not in it: +12*******77; "
        "2 numbers in it are not in the source, and are not moved"
    )
    assert everybody.reason == "people.csv: 3 of 3 numbers are in it"
