"""Everybody who is added to a campaign is there once, and the result is given for everybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.writing.conftest import Emulating, Emulator, contacts, draft, number, numbers, one_client, settle
from tests.writing.faults import AFTER, BEFORE, BRIEF, EVERY_WRITE, FAULTS, Fault, late, patience
from unibatch import CampaignStatus, ContactDraft
from unibatch.core.draft import AddedContacts
from unibatch.core.errors import (
    Conflict,
    DraftRefused,
    NotFound,
    OutcomeUnknown,
    PartlyDone,
    PaymentRequired,
    ServerError,
    UnsupportedFeature,
)

pytestmark = pytest.mark.usefixtures("impatient")

CHUNK = 500
"""How many contacts one request adds."""


def prepared(emulating: Emulating, there: int = 2, **options: Any) -> tuple[Emulator, str]:
    """A campaign with a few contacts, of the indexes from 0 on."""
    emulator = emulating("truedy", **options)
    wanted = draft("truedy", contacts=contacts("truedy", there, first=0))
    return emulator, emulator.join().create(wanted).id


def require_all(result: AddedContacts | None, given: Sequence[ContactDraft]) -> AddedContacts:
    """Everybody who was given is accounted for, once each."""
    assert result is not None
    rejected = (refused.contact for refused in result.rejected)
    assert numbers([*result.added, *result.duplicates, *rejected, *result.unknown]) == numbers(given)
    return result


class TestManyContacts:
    @pytest.mark.parametrize("shape", ["schema", "example"])
    def test_are_added_in_chunks_and_all_accounted_for(self, shape: str, emulating: Emulating) -> None:
        refused = {number(index) for index in range(700, 720)}
        emulator, campaign_id = prepared(emulating, 34, shape=shape, drops=refused)
        given = [*contacts("truedy", 1234, first=0), *contacts("truedy", 6, first=100)]
        progress: list[tuple[int, int]] = []
        result = emulator.join().add(campaign_id, given, on_progress=lambda *step: progress.append(step))
        require_all(result, given)
        assert numbers(result.duplicates) == numbers([*contacts("truedy", 34, 0), *contacts("truedy", 6, 100)])
        assert {refusal.contact.phone_number for refusal in result.rejected} == refused
        assert (len(result.added), result.unknown) == (1234 - 34 - 20, ())
        assert sorted(emulator.numbers(campaign_id)) == sorted(set(numbers(given)) - refused)
        assert progress == sorted(progress)
        assert (progress[0], progress[-1]) == ((34, 1234), (1234, 1234))
        sizes = [
            len(json.loads(arrival.body)["contacts"])
            for arrival in emulator.writes
            if arrival.path.endswith("/contacts")
        ]
        assert sizes == [CHUNK, CHUNK, 200]

    @pytest.mark.parametrize("shape", ["schema", "example"])
    def test_that_are_all_there_are_not_sent_again(self, shape: str, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating, 250, shape=shape)
        result = emulator.join().add(campaign_id, contacts("truedy", 250, first=0))
        assert (len(result.duplicates), len(emulator.writes)) == (250, 1)

    def test_may_be_none_at_all(self, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating)
        with pytest.raises(DraftRefused, match="no contacts"):
            emulator.join().add(campaign_id, [])
        assert len(emulator.writes) == 1

    def test_can_be_added_to_an_empty_campaign(self, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        campaign_id = emulator.sandbox.create("truedy", 0)
        result = emulator.join().add(campaign_id, contacts("truedy", 3))
        assert (len(result.added), sorted(emulator.numbers(campaign_id))) == (3, numbers(contacts("truedy", 3)))


@one_client
@pytest.mark.parametrize("fault", FAULTS)
class TestALostAnswer:
    @pytest.mark.parametrize("chunk", [1, 3])
    @pytest.mark.usefixtures("small_chunks")
    def test_to_one_chunk_leaves_everybody_there_once(self, fault: str, chunk: int, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating)
        given = contacts("truedy", 14, first=0)
        emulator.fail(chunk, FAULTS[fault])
        result = settle(emulator, lambda client: client.add(campaign_id, given), timeout=patience(fault))
        require_all(result, given)
        assert sorted(emulator.numbers(campaign_id)) == numbers(given)
        assert (result.rejected, result.unknown) == ((), ())

    @pytest.mark.parametrize("shape", ["schema", "example"])
    @pytest.mark.usefixtures("small_chunks")
    def test_to_every_chunk_leaves_everybody_there_once(self, fault: str, shape: str, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating, shape=shape, drops={number(7)})
        given = contacts("truedy", 14, first=0)
        emulator.fail(EVERY_WRITE, FAULTS[fault])
        try:
            require_all(emulator.join(timeout=patience(fault)).add(campaign_id, given), given)
        except (OutcomeUnknown, PartlyDone) as exc:
            require_all(exc.contacts, given)
        emulator.no_faults()
        result = require_all(emulator.join().add(campaign_id, given), given)
        assert [refusal.contact.phone_number for refusal in result.rejected] == [number(7)]
        assert sorted(emulator.numbers(campaign_id)) == sorted(set(numbers(given)) - {number(7)})


class TestNotKnowing:
    @pytest.mark.usefixtures("small_chunks")
    def test_names_who_is_unknown_and_who_was_not_sent(self, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating)
        given = contacts("truedy", 14, first=0)
        emulator.fail(2, BEFORE["stall before"])
        with pytest.raises(OutcomeUnknown, match=f"look which contacts {campaign_id} has") as caught:
            emulator.join(timeout=BRIEF).add(campaign_id, given)
        result = require_all(caught.value.contacts, given)
        assert [len(result.duplicates), len(result.added), len(result.unknown), len(result.rejected)] == [2, 5, 5, 2]
        assert {refusal.reason for refusal in result.rejected} == {"not sent, since something failed before"}
        assert emulator.numbers(campaign_id) == [number(index) for index in range(7)]

    @pytest.mark.parametrize("fault", [BEFORE["cut before"], AFTER["cut after"], AFTER["garbage after"]])
    def test_is_the_end_where_looking_fails(self, fault: Fault, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating)
        given = contacts("truedy", 9, first=0)
        emulator.fail(1, fault)
        emulator.hide_after(2)
        with pytest.raises(OutcomeUnknown) as caught:
            emulator.join().add(campaign_id, given)
        assert len(require_all(caught.value.contacts, given).unknown) == 7
        assert len(emulator.writes) == 2
        emulator.no_faults()
        require_all(emulator.join().add(campaign_id, given), given)
        assert sorted(emulator.numbers(campaign_id)) == numbers(given)

    def test_is_the_end_while_the_vendor_is_at_work_on_the_others(self, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating)
        given = contacts("truedy", 9, first=0)
        emulator.fail(1, {"stall": "after", "portion": 3})  # the others when nobody waits any more
        with pytest.raises(OutcomeUnknown) as caught:
            emulator.join(timeout=BRIEF).add(campaign_id, given)
        result = require_all(caught.value.contacts, given)
        assert (len(result.added), len(result.unknown)) == (3, 4)
        emulator.catch_up()
        require_all(emulator.join().add(campaign_id, given), given)
        assert sorted(emulator.numbers(campaign_id)) == numbers(given)

    def test_is_over_when_the_work_is_seen_that_was_done_late(
        self, monkeypatch: pytest.MonkeyPatch, emulating: Emulating
    ) -> None:
        monkeypatch.setattr("unibatch.core.looking.LOOKS", (0.001, 0.2, 0.001))
        emulator, campaign_id = prepared(emulating)
        given = contacts("truedy", 9, first=0)
        emulator.fail(1, late(0.05))
        result = emulator.join().add(campaign_id, given)
        assert (len(result.added), len(emulator.writes)) == (7, 2)
        assert sorted(emulator.numbers(campaign_id)) == numbers(given)

    @pytest.mark.parametrize("n", [3, 40])
    def test_is_reported_for_everybody_where_some_were_not_taken_and_the_last_look_fails(
        self, n: int, emulating: Emulating
    ) -> None:
        emulator, campaign_id = prepared(emulating, drops={number(501)})
        emulator.hide_after(2)
        given = contacts("truedy", n, first=500)
        with pytest.raises(PartlyDone) as caught:
            emulator.join().add(campaign_id, given)
        assert caught.value.contacts is not None
        assert numbers(caught.value.contacts.unknown) == numbers(given)
        assert len(emulator.writes) == 2

    def test_is_avoided_where_it_cannot_be_seen_who_is_there_and_nothing_is_sent(self, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating)
        emulator.fail(
            lambda arrival: arrival.method == "GET" and arrival.path.endswith("/contacts"), BEFORE["500 before"]
        )
        with pytest.raises(ServerError):
            emulator.join().add(campaign_id, contacts("truedy", 9))
        assert len(emulator.writes) == 1


@pytest.mark.parametrize("shape", ["schema", "example"])
@pytest.mark.usefixtures("small_chunks")
def test_a_refusal_half_way_says_who_was_added_and_asking_again_adds_the_others(
    shape: str, emulating: Emulating
) -> None:
    emulator, campaign_id = prepared(emulating, shape=shape)
    given = contacts("truedy", 14, first=0)
    emulator.fail(2, {"status": 402})
    with pytest.raises(PartlyDone, match=r"5 contacts were added .* 7 were not") as caught:
        emulator.join().add(campaign_id, given)
    require_all(caught.value.contacts, given)
    assert isinstance(caught.value.__cause__, PaymentRequired)
    result = require_all(emulator.join().add(campaign_id, given), given)
    assert (len(result.duplicates), len(result.added)) == (7, 7)
    assert sorted(emulator.numbers(campaign_id)) == numbers(given)


class TestACampaign:
    @pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
    def test_that_is_over_takes_nobody(self, status: str, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating)
        emulator.set_status(campaign_id, status)
        with pytest.raises(Conflict, match=f"the campaign is {status}; possible while it is ") as caught:
            emulator.join().add(campaign_id, contacts("truedy", 3))
        assert caught.value.present == status
        assert CampaignStatus.DRAFT in caught.value.allowed
        assert len(emulator.writes) == 1

    @pytest.mark.parametrize("status", ["draft", "scheduled", "active", "paused"])
    def test_that_is_not_over_takes_everybody(self, status: str, emulating: Emulating) -> None:
        emulator, campaign_id = prepared(emulating)
        emulator.set_status(campaign_id, status)
        result = emulator.join().add(campaign_id, contacts("truedy", 3))
        assert len(result.added) == 3
        expected = numbers([*contacts("truedy", 2, 0), *contacts("truedy", 3)])
        assert sorted(emulator.numbers(campaign_id)) == expected
        assert sorted(emulator.dialled) == (expected if status == "active" else [])

    def test_that_is_not_there_is_not_found(self, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        with pytest.raises(NotFound):
            emulator.join().add("another", contacts("truedy", 3))
        assert emulator.writes == []

    @pytest.mark.parametrize("vendor", ["techladder", "talkifai"])
    def test_of_a_vendor_that_takes_nobody_later_is_not_even_looked_at(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        with pytest.raises(UnsupportedFeature, match="create another one"):
            emulator.join().add("any", contacts(vendor, 3))
        assert emulator.arrivals == []


BAD: Mapping[str, Callable[[], ContactDraft]] = {
    "a national number": lambda: ContactDraft(phone_number="0301234567"),
    "a blank name": lambda: ContactDraft(phone_number=number(1), name=" "),
    "fields that Truedy drops": lambda: ContactDraft(phone_number=number(1), fields={"plan": "gold"}),
}


@pytest.mark.parametrize("bad", BAD)
def test_nobody_is_added_while_one_contact_is_bad(bad: str, emulating: Emulating) -> None:
    emulator, campaign_id = prepared(emulating)
    with pytest.raises(DraftRefused):
        emulator.join().add(campaign_id, [*contacts("truedy", 3), BAD[bad]()])
    assert len(emulator.writes) == 1
