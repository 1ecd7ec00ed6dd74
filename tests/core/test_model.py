"""Canonical objects: frozen, hashable, and without personal data in their repr."""

import copy
import pickle
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest

from unibatch.core.model import Account, Campaign, Contact, Counts, Money, RedialPolicy, Schedule, fold
from unibatch.core.paging import Page
from unibatch.core.provider import ContactFilter
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.providers.truedy import Truedy
from unibatch.testing import play

CONTACT = Contact(
    id="c1",
    provider="acme",
    campaign_id="b1",
    phone_number="+15551234567",
    phone_valid=True,
    name="Jane Doe",
    email="jane@example.com",
    fields={"plan": "pro"},
    status=CallStatus.COMPLETED,
    vendor_status="ended",
    is_final=True,
    last_attempt_at=datetime(2026, 3, 5, 9, tzinfo=UTC),
    raw={"id": "c1", "phone": "+15551234567"},
)

CAMPAIGN = Campaign(
    id="b1",
    provider="acme",
    name="Spring",
    status=CampaignStatus.RUNNING,
    from_numbers=("+15557654321",),
    counts=Counts(total=1, by_status={CallStatus.COMPLETED: 1}),
    schedule=Schedule(weekdays=(1, 2)),
    retry=RedialPolicy(retry_on=frozenset({CallStatus.BUSY})),
    cost=Money(Decimal("1.50"), "USD"),
    raw={"id": "b1"},
)

ACCOUNT = Account(id="a1", provider="acme", email="jane@example.com", raw={"account_id": "a1"})

OBJECTS: tuple[Contact | Campaign | Account, ...] = (CONTACT, CAMPAIGN, ACCOUNT)


def contacts_of_a_page() -> list[Contact]:
    """Contacts as a provider makes them, which takes another way than calling the class."""
    rows = [{"id": f"c{number}", "phone": "+15551234567", "new_key": [number]} for number in (1, 2)]
    page: Page[Contact] = play(Truedy({}).list_contacts("b1", 0, ContactFilter()), {"data": rows}).value
    return list(page.items)


@pytest.mark.parametrize("thing", [*OBJECTS, contacts_of_a_page()[1]], ids=["contact", "campaign", "account", "row"])
class TestEvery:
    def test_object_survives_pickling_and_copying(self, thing: Contact | Campaign | Account) -> None:
        for again in (pickle.loads(pickle.dumps(thing)), copy.copy(thing), copy.deepcopy(thing)):
            assert (again, again.raw) == (thing, thing.raw)

    def test_object_is_hashable(self, thing: Contact | Campaign | Account) -> None:
        assert len({thing, copy.deepcopy(thing)}) == 1

    def test_object_is_frozen(self, thing: Contact | Campaign | Account) -> None:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            thing.id = "other"  # type: ignore[misc]  # on purpose
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            del thing.id
        with pytest.raises(AttributeError):
            thing.anything = 1  # type: ignore[union-attr]  # on purpose
        for mapping in (thing.raw, *([thing.fields] if isinstance(thing, Contact) else [])):
            with pytest.raises(TypeError):
                mapping["new"] = 1  # type: ignore[index]  # on purpose

    def test_object_can_be_evolved(self, thing: Contact | Campaign | Account) -> None:
        other = attrs.evolve(thing, id="other")
        assert (other.id, other.provider, other.raw) == ("other", thing.provider, thing.raw)
        assert other != thing

    def test_object_is_the_same_whatever_the_raw_data(self, thing: Contact | Campaign | Account) -> None:
        assert attrs.evolve(thing, raw={"new": 1}) == thing

    def test_object_shows_no_personal_data(self, thing: Contact | Campaign | Account) -> None:
        shown = repr(thing)
        assert [private for private in ("+1555", "Jane", "jane@example.com") if private in shown] == []


class TestContact:
    def test_its_repr_masks_the_number(self) -> None:
        assert repr(CONTACT) == (
            "Contact(id='c1', provider='acme', campaign_id='b1', phone_number='+15*******67', phone_valid=True, "
            "status=<CallStatus.COMPLETED: 'completed'>, vendor_status='ended', is_final=True, "
            "attempts=None, max_attempts=None)"
        )

    def test_its_fields_count_in_a_comparison(self) -> None:
        assert attrs.evolve(CONTACT, fields={}) != CONTACT

    def test_what_is_not_given_is_none_and_empty(self) -> None:
        bare = Contact(
            id="c1",
            provider="acme",
            campaign_id="b1",
            phone_number="",
            phone_valid=False,
            status=CallStatus.UNKNOWN,
            is_final=False,
        )
        filled = {field.alias for field in attrs.fields(Contact) if getattr(bare, str(field.alias)) not in (None, {})}
        assert filled == {"id", "provider", "campaign_id", "phone_number", "phone_valid", "status", "is_final"}

    @pytest.mark.parametrize("name", ["company_name", "Company Name", "companyname", "COMPANY-NAME", "companyName"])
    def test_a_field_is_found_however_the_vendor_respelt_it(self, name: str) -> None:
        contact = attrs.evolve(CONTACT, fields={"Company Name": "Acme"})
        assert contact.field(name) == "Acme"

    def test_an_exact_match_wins(self) -> None:
        contact = attrs.evolve(CONTACT, fields={"Plan": "basic", "plan": "pro"})
        assert (contact.field("plan"), contact.field("Plan"), contact.field("PLAN")) == ("pro", "basic", "basic")

    def test_a_field_that_is_null_is_there(self) -> None:
        contact = attrs.evolve(CONTACT, fields={"plan": None})
        assert contact.field("plan", "none") is None
        assert (contact.field("company"), contact.field("company", "none")) == (None, "none")


class TestContactsOfAPage:
    def test_each_keeps_its_own_raw_data(self) -> None:
        assert [dict(contact.raw) for contact in contacts_of_a_page()] == [
            {"id": "c1", "phone": "+15551234567", "new_key": [1]},
            {"id": "c2", "phone": "+15551234567", "new_key": [2]},
        ]

    def test_they_are_contacts_like_any_other(self) -> None:
        contact = contacts_of_a_page()[0]
        assert type(contact) is Contact
        assert contact == Contact(
            id="c1",
            provider="truedy",
            campaign_id="b1",
            phone_number="+15551234567",
            phone_valid=True,
            status=CallStatus.UNKNOWN,
            is_final=False,
        )

    def test_what_one_is_given_no_other_gets(self) -> None:
        one, other = contacts_of_a_page()
        assert attrs.evolve(one, fields={"a": 1}).fields == {"a": 1}
        assert (one.fields, other.fields) == ({}, {})


class TestOthers:
    def test_counts_by_status_are_read_only(self) -> None:
        with pytest.raises(TypeError):
            CAMPAIGN.counts.by_status[CallStatus.BUSY] = 1  # type: ignore[index]  # on purpose

    def test_money_reads_as_people_write_it(self) -> None:
        assert str(Money(Decimal("1.50"), "USD")) == "1.50 USD"

    @pytest.mark.parametrize(
        ("word", "folded"),
        [("company_name", "companyname"), ("Company  Name", "companyname"), ("in-progress", "inprogress"), ("ß", "ss")],
    )
    def test_folding(self, word: str, folded: str) -> None:
        assert fold(word) == folded
