"""What preflight lets through, the vendor accepts, and takes as it was meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bothways import VENDORS
from tests.writing.conftest import Emulating, Emulator, contacts, draft, number, numbers, one_client
from unibatch import ContactDraft, Preflight, RedialPolicy, Schedule, Start, preflight
from unibatch.core.draft import CampaignDraft
from unibatch.core.errors import DraftRefused
from unibatch.sandbox import ContactState

pytestmark = [pytest.mark.usefixtures("impatient"), one_client]


def place(vendor: str, wanted: CampaignDraft, emulating: Emulating) -> Emulator:
    """The vendor, after the draft was placed there twice."""
    emulator = emulating(vendor)
    placed = [emulator.join().create(wanted, every_loss(vendor, wanted)).id for _ in range(2)]
    assert placed == [*emulator.campaigns] * 2
    return emulator


def every_loss(vendor: str, wanted: CampaignDraft) -> list[str]:
    found: Preflight = preflight(wanted, vendor)
    return [finding.field for finding in found.findings if finding.acceptable]


def fields_of(contact: ContactState) -> Mapping[str, Any]:
    """A contact's custom data as a vendor was sent it."""
    if "phone" in contact.sent:  # TalkifAI, which keeps them beside the number and the name
        return {name: value for name, value in contact.sent.items() if name not in {"phone", "name"}}
    fields: Mapping[str, Any] = contact.sent.get("custom_fields") or contact.sent.get("metadata") or {}
    return fields


def kept(contact: ContactState) -> dict[str, Any]:
    """The custom data without what the library adds to it."""
    return {name: value for name, value in fields_of(contact).items() if not name.startswith("unibatch")}


ODD_TEXTS = [
    "Zoë Ångström", "李小龍", "محمد", "👩‍👩‍👧‍👦 Family", 'O\'Brien "Bob" \\ <b>', "a\u0000b", "\u202egnirts",
    "line\nbreak\ttab", "A" * 100_000, "null", "{}",
]  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
class TestOddTexts:
    def test_are_names_of_people(self, vendor: str, emulating: Emulating) -> None:
        field = "first_name" if vendor == "truedy" else "name"
        about: list[dict[str, Any]] = [{"phone_number": number(i), field: text} for i, text in enumerate(ODD_TEXTS)]
        wanted = draft(vendor, contacts=[ContactDraft(**person) for person in about])
        (campaign,) = place(vendor, wanted, emulating).campaigns.values()
        assert [row.name for row in campaign.contacts] == ODD_TEXTS

    def test_are_custom_data(self, vendor: str, emulating: Emulating) -> None:
        fields = [{"note": text, "more": {"list": [text, 1, 2.5, None, True]}} for text in ODD_TEXTS]
        people = [ContactDraft(phone_number=number(i), fields=data) for i, data in enumerate(fields)]
        (campaign,) = place(vendor, draft(vendor, contacts=people), emulating).campaigns.values()
        assert [kept(row) for row in campaign.contacts] == fields

    def test_are_ids_of_your_own(self, vendor: str, emulating: Emulating) -> None:
        most = 1000 if vendor == "techladder" else None  # there an id goes into the address of a request
        ids = [text[:most] for text in ODD_TEXTS]
        people = [ContactDraft(phone_number=number(i), external_id=own) for i, own in enumerate(ids)]
        (campaign,) = place(vendor, draft(vendor, contacts=people), emulating).campaigns.values()
        assert [row.external_id or fields_of(row).get("external_id") for row in campaign.contacts] == ids


def test_a_batch_is_found_by_an_odd_id_of_its_only_contact(emulating: Emulating) -> None:
    """At TechLadder, where the id goes into the address of a request."""
    for text in ODD_TEXTS:
        person = ContactDraft(phone_number=number(1), external_id=text[:1000])
        place("techladder", draft("techladder", contacts=[person]), emulating)


VENDORS_OWN_NAMES = [
    "phone_number", "contact_id", "status", "id", "custom_fields", "metadata", "contacts", "contactData",
    "Company Name",
]  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
class TestOddDrafts:
    @pytest.mark.parametrize("same", [1, 3])
    def test_ids_that_are_all_the_same_are_kept(self, vendor: str, same: int, emulating: Emulating) -> None:
        people = [ContactDraft(phone_number=number(index), external_id="same") for index in range(same, 0, -1)]
        emulator = place(vendor, draft(vendor, contacts=people), emulating)
        assert sorted(emulator.all_numbers()) == numbers(people)

    def test_two_drafts_with_the_same_ids_are_two_campaigns(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        people = [ContactDraft(phone_number=number(index), external_id=str(index)) for index in range(3)]
        for name in ("one", "two", "one"):
            emulator.join().create(draft(vendor, contacts=people, name=name))
        assert len(emulator.campaigns) == 2

    def test_one_person_is_enough(self, vendor: str, emulating: Emulating) -> None:
        assert place(vendor, draft(vendor, 1), emulating).all_numbers() == [number(100)]

    def test_a_number_that_comes_again_is_called_once(self, vendor: str, emulating: Emulating) -> None:
        people = [*contacts(vendor, 3), *contacts(vendor, 2)]
        emulator = place(vendor, draft(vendor, contacts=people, start=Start.NOW), emulating)
        assert sorted(emulator.dialled) == numbers(contacts(vendor, 3))

    def test_numbers_of_any_length_are_taken_or_refused_before_anything_is_sent(
        self, vendor: str, emulating: Emulating
    ) -> None:
        phones = ["+" + "4930123456789012"[:digits] for digits in range(7, 16)]
        short = [phone for phone in phones if vendor == "techladder" and len(phone) <= 10]
        if short:
            emulator = emulating(vendor)
            with pytest.raises(DraftRefused, match="at least 10 digits") as caught:
                emulator.join().create(draft(vendor, contacts=[ContactDraft(phone_number=phone) for phone in short]))
            assert str(caught.value).count("+49") == len(short) == 3
            assert emulator.arrivals == []
        people = [ContactDraft(phone_number=phone) for phone in phones if phone not in short]
        assert place(vendor, draft(vendor, contacts=people), emulating).all_numbers() == numbers(people)

    @pytest.mark.parametrize("key", ["x", "a b", "~" * 200, 'a:b"\\,;=', "[unibatch:0123]", "%0d%0a", "-1-of-2"])
    def test_a_key_of_your_own_makes_a_campaign_of_its_own(self, vendor: str, key: str, emulating: Emulating) -> None:
        emulator = place(vendor, draft(vendor, idempotency_key=key), emulating)
        emulator.join().create(draft(vendor, idempotency_key=key[:-1] + "?"))
        assert len(emulator.campaigns) == 2

    @pytest.mark.parametrize("key", ["", " ", " a", "a ", "a\nb", "ü", "x" * 256])
    def test_a_key_that_a_header_cannot_hold_is_refused(self, vendor: str, key: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        with pytest.raises(DraftRefused, match="idempotency_key"):
            emulator.join().create(draft(vendor, idempotency_key=key))
        assert emulator.arrivals == []

    @pytest.mark.parametrize("name", VENDORS_OWN_NAMES)
    def test_custom_data_may_be_named_as_the_vendor_names_something_else(
        self, vendor: str, name: str, emulating: Emulating
    ) -> None:
        people = [ContactDraft(phone_number=number(1), fields={name: "mine"})]
        emulator = place(vendor, draft(vendor, contacts=people), emulating)
        (campaign,) = emulator.campaigns.values()
        assert [kept(row) for row in campaign.contacts] == [{name: "mine"}]
        assert emulator.all_numbers() == [number(1)]

    def test_the_longest_names_and_descriptions_are_taken(self, vendor: str, emulating: Emulating) -> None:
        place(vendor, draft(vendor, name="N" * 200, description="D" * 900), emulating)

    def test_a_description_that_ends_like_a_mark_is_no_mark(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        for index in range(2):
            wanted = draft(vendor, name=f"n{index}", description="[unibatch:0123456789abcdef01234567]")
            emulator.join().create(wanted, every_loss(vendor, wanted))
        assert len(emulator.campaigns) == 2


@pytest.mark.parametrize(
    ("vendor", "about"),
    [
        ("truedy", {"external_id": "mine", "fields": {"external_id": "other"}}),
        ("truedy", {"name": "Countess", "first_name": "Ada", "fields": {"name": "other"}}),
        ("techladder", {"first_name": "Ada", "fields": {"first_name": "Bob"}}),
        ("techladder", {"email": "a@example.org", "fields": {"email": "b@example.org"}}),
        ("techladder", {"fields": {"unibatch_draft": "mine"}}),
    ],
)
def test_custom_data_does_not_replace_what_a_contact_is(
    vendor: str, about: dict[str, Any], emulating: Emulating
) -> None:
    emulator, person = emulating(vendor), ContactDraft(phone_number=number(1), **about)
    with pytest.raises(DraftRefused, match="are needed for the contact's own"):
        emulator.join().create(draft(vendor, contacts=[person]))
    assert emulator.arrivals == []


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
MAYBE_TEXT = st.none() | TEXTS
PEOPLE = st.builds(
    ContactDraft,
    phone_number=st.from_regex(r"\+[1-9][0-9]{5,15}", fullmatch=True),
    name=MAYBE_TEXT,
    first_name=MAYBE_TEXT,
    last_name=MAYBE_TEXT,
    email=MAYBE_TEXT,
    external_id=MAYBE_TEXT,
    fields=st.dictionaries(
        TEXTS | st.sampled_from(["name", "phone", "unibatch_draft", "external_id"]), JSON, max_size=3
    ),
)
SCHEDULES = st.builds(
    Schedule,
    timezone=st.sampled_from([None, "UTC", "Europe/Berlin", "Asia/Kathmandu"]),
    window_start=st.none() | st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    window_end=st.none() | st.just(time(23, 59)),
    weekdays=st.lists(st.integers(0, 8), max_size=3).map(tuple),
    max_calls_per_day=st.none() | st.integers(0, 100),
)
LATER = datetime.now(UTC) + timedelta(days=2)
STARTS = st.sampled_from(
    [Start.HOLD, Start.NOW, Start.at(LATER), Start.at(LATER.replace(tzinfo=None), "America/New_York")]
)
CHANGES: Mapping[str, st.SearchStrategy[Any]] = {
    "name": TEXTS,
    "contacts": st.lists(PEOPLE, max_size=4),
    "description": MAYBE_TEXT,
    "schedule": st.none() | SCHEDULES,
    "max_concurrency": st.none() | st.integers(0, 60),
    "retry": st.none() | st.builds(RedialPolicy, max_attempts=st.none() | st.integers(0, 12)),
    "metadata": st.dictionaries(TEXTS | st.sampled_from(["name", "part"]), JSON, max_size=2),
    "from_number_ids": st.lists(TEXTS, max_size=2),
    "hold_until": st.none() | st.just(LATER),
    "idempotency_key": st.none() | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
}


@st.composite
def drafts(pick: Callable[[st.SearchStrategy[Any]], Any], vendor: str) -> CampaignDraft:
    """Drafts of which each has a few things that are out of the ordinary."""
    wanted = draft(vendor, 2, pick(STARTS))
    chosen = pick(st.lists(st.sampled_from(sorted(CHANGES)), max_size=4, unique=True))
    changes = {name: pick(CHANGES[name]) for name in chosen}
    return attrs.evolve(wanted, **changes)


@pytest.mark.parametrize("vendor", VENDORS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_what_preflight_lets_through_the_vendor_accepts(vendor: str, emulating: Emulating, data: st.DataObject) -> None:
    wanted = data.draw(drafts(vendor))
    losses = every_loss(vendor, wanted)
    emulator = emulating(vendor)
    client = emulator.join()
    if preflight(wanted, vendor).obstacles(losses):
        with pytest.raises(DraftRefused):
            client.create(wanted, losses)
        assert emulator.arrivals == []
        return
    placed = {client.create(wanted, losses).id for _ in range(2)}
    assert placed == emulator.campaigns.keys()
    people = sorted({contact.phone_number for contact in wanted.contacts})
    assert sorted(emulator.all_numbers()) == people
    assert sorted(emulator.dialled) == (people if wanted.start == Start.NOW else [])
