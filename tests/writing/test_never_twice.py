"""What creates or adds is sent once for each time it is asked for, and what is there is recognised when asked again."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from tests.bothways import VENDORS
from tests.writing.conftest import Emulating, Emulator, contacts, draft, number, numbers, one_client
from tests.writing.faults import AFTER, EVERY_READ, EVERY_WRITE, FAULTS, Fault, late, patience
from unibatch import ContactDraft, Retry, Start
from unibatch.core.errors import IncompleteListing, InvalidInput, OutcomeUnknown, PartlyDone
from unibatch.sandbox import VendorRequest

pytestmark = [pytest.mark.usefixtures("impatient"), one_client]

LOOKING = ("techladder", "talkifai")
"""Vendors that do not recognise a repeated request."""

EAGER: Mapping[str, Any] = {"retry": Retry(attempts=4)}
"""A client that tries again what may be tried again."""


def sent(emulator: Emulator, path: str) -> list[bytes]:
    """The bodies of the writes whose path ends so."""
    return [arrival.body for arrival in emulator.writes if arrival.path.endswith(path)]


CREATING = {"techladder": "/call-batches", "talkifai": "/batch/create", "truedy": "/batch-calls"}
"""The path to which each vendor's campaigns are sent."""


def without_rows(_: VendorRequest, content: Any) -> Any:
    """A page that gives the number of all rows, and holds none of them."""
    if isinstance(content.get("data"), dict):
        content["data"]["items"] = []
    else:
        content["batchJobs" if "batchJobs" in content else "data"] = []
    return content


EMPTY_PAGE: Fault = {"edit": without_rows}


@pytest.mark.parametrize("fault", FAULTS)
class TestInOneCall:
    @pytest.mark.parametrize("vendor", LOOKING)
    def test_a_campaign_is_created_with_one_request_though_the_answer_is_lost(
        self, vendor: str, fault: str, emulating: Emulating
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4, Start.NOW)
        emulator.fail(EVERY_WRITE, FAULTS[fault])
        client = emulator.join(timeout=patience(fault), **EAGER)
        if fault in AFTER:
            assert [client.create(wanted).id] == list(emulator.campaigns)
        else:
            with pytest.raises(OutcomeUnknown, match=r"new (batch|job) of 4 contacts"):
                client.create(wanted)
        assert len(emulator.writes) == 1
        assert sorted(emulator.dialled) == (numbers(wanted.contacts) if fault in AFTER else [])

    @pytest.mark.usefixtures("small_chunks")
    def test_a_chunk_of_contacts_is_added_with_one_request_though_the_answer_is_lost(
        self, fault: str, emulating: Emulating
    ) -> None:
        emulator = emulating("truedy")
        campaign_id = emulator.join().create(draft("truedy", 2)).id
        emulator.fail(EVERY_WRITE, FAULTS[fault])
        client, given = emulator.join(timeout=patience(fault), **EAGER), contacts("truedy", 9, first=0)
        if fault in AFTER:
            assert len(client.add(campaign_id, given).added) == 9
        else:
            with pytest.raises(OutcomeUnknown):
                client.add(campaign_id, given)
        bodies = sent(emulator, "/contacts")
        assert len(bodies) == len(set(bodies)) == (2 if fault in AFTER else 1)
        assert len(emulator.numbers(campaign_id)) == (11 if fault in AFTER else 2)


@pytest.mark.parametrize("seconds", [None, 0.003, 0.3], ids=["after all looks", "during the looks", "long after them"])
class TestWorkThatIsDoneLate:
    @pytest.mark.parametrize("vendor", VENDORS)
    def test_makes_one_campaign_when_the_program_is_run_again(
        self, vendor: str, seconds: float | None, emulating: Emulating
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4, Start.NOW)
        emulator.fail(CREATING[vendor], late(seconds))
        with contextlib.suppress(OutcomeUnknown):
            emulator.join().create(wanted)
        assert len(sent(emulator, CREATING[vendor])) == 1
        emulator.catch_up()
        emulator.no_faults()
        assert [emulator.join().create(wanted).id] == list(emulator.campaigns)
        assert sorted(emulator.dialled) == numbers(wanted.contacts)

    def test_adds_everybody_once_when_the_program_is_run_again(
        self, seconds: float | None, emulating: Emulating
    ) -> None:
        emulator, given = emulating("truedy"), contacts("truedy", 4, first=0)
        campaign_id = emulator.join().create(draft("truedy", 2)).id
        emulator.fail(EVERY_WRITE, late(seconds))
        with contextlib.suppress(OutcomeUnknown):
            emulator.join().add(campaign_id, given)
        assert len(sent(emulator, "/contacts")) == 1
        emulator.catch_up()
        emulator.no_faults()
        added = emulator.join().add(campaign_id, given)
        assert numbers(added.duplicates) == numbers(given)
        assert sorted(emulator.numbers(campaign_id)) == numbers([*given, *contacts("truedy", 2)])


class TestRecognising:
    @pytest.mark.parametrize("fault", [None, AFTER["cut after"]])
    @pytest.mark.parametrize("missing", [{100}, {103}, {100, 101}])
    def test_a_batch_some_of_whose_contacts_were_not_taken(
        self, missing: set[int], fault: Fault | None, emulating: Emulating
    ) -> None:
        emulator = emulating("techladder", drops=set(map(number, missing)))
        wanted = draft("techladder", 4, Start.NOW)
        if fault is not None:
            emulator.fail(1, fault)
        for _ in range(2):
            with pytest.raises(PartlyDone, match=f"{4 - len(missing)} contacts where 4 were sent"):
                emulator.join().create(wanted)
        assert (len(emulator.campaigns), len(emulator.dialled)) == (1, 4 - len(missing))

    @pytest.mark.parametrize("ours", [True, False])
    def test_a_batch_of_which_the_first_ten_were_not_taken(self, *, ours: bool, emulating: Emulating) -> None:
        people = [
            ContactDraft(phone_number=number(index), external_id=None if ours else f"c-{index}")
            for index in range(100, 130)
        ]
        emulator = emulating("techladder", drops={number(index) for index in range(100, 110)})
        wanted = draft("techladder", contacts=people, start=Start.NOW)
        for _ in range(2):
            with pytest.raises(PartlyDone, match="20 contacts where 30 were sent"):
                emulator.join().create(wanted)
        assert (len(emulator.campaigns), len(emulator.dialled)) == (1, 20)

    def test_a_batch_whose_number_of_contacts_is_not_listed(self, emulating: Emulating) -> None:
        emulator = emulating("techladder", listing_lacks=("total_contacts",), drops={number(103)})
        wanted = draft("techladder", 4)
        for _ in range(2):
            with pytest.raises(PartlyDone):
                emulator.join().create(wanted)
        assert len(emulator.campaigns) == 1

    def test_a_batch_of_many_contacts_with_the_same_id(self, emulating: Emulating) -> None:
        people = [ContactDraft(phone_number=number(5000 - index), external_id="same") for index in range(600)]
        emulator, wanted = emulating("techladder"), draft("techladder", contacts=people)
        placed = [emulator.join().create(wanted).id for _ in range(2)]
        assert placed == list(emulator.campaigns) * 2

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_draft_whose_contacts_come_in_another_order(self, vendor: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        turned = attrs.evolve(wanted, contacts=wanted.contacts[::-1])
        placed = [emulator.join().create(one).id for one in (wanted, turned)]
        assert placed == list(emulator.campaigns) * 2

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_the_part_that_was_placed_before_the_program_was_stopped(self, vendor: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 6)
        turned = attrs.evolve(wanted, contacts=wanted.contacts[::-1])
        emulator.join().create(wanted.split(2)[0])
        for part in turned.split(2):
            emulator.join().create(part)
        assert (len(emulator.campaigns), sorted(emulator.all_numbers())) == (3, numbers(wanted.contacts))

    def test_a_campaign_that_others_were_added_to_since(self, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy", 3)
        campaign_id = emulator.join().create(wanted).id
        emulator.join().add(campaign_id, contacts("truedy", 2, first=500))
        assert emulator.join().create(wanted).id == campaign_id

    def test_a_campaign_that_was_deleted_since_is_not_given_as_placed(self, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy")
        campaign_id = emulator.join().create(wanted).id
        emulator.join().change("delete_campaign", campaign_id)
        with pytest.raises(InvalidInput, match=f"placed before, as {campaign_id}, and that is gone.*idempotency_key"):
            emulator.join().create(wanted)
        emulator.join().create(attrs.evolve(wanted, idempotency_key="once more"))
        assert len(emulator.campaigns) == 1


class TestNotSeeingEverything:
    @pytest.mark.parametrize("vendor", LOOKING)
    def test_of_the_campaigns_sends_nothing(self, vendor: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor)
        emulator.join().create(wanted)
        emulator.fail(EVERY_READ, EMPTY_PAGE)
        with pytest.raises(IncompleteListing):
            emulator.join().create(wanted)
        assert len(emulator.writes) == 1

    @pytest.mark.parametrize("shape", ["schema", "example"])
    def test_of_the_contacts_sends_nothing(self, shape: str, emulating: Emulating) -> None:
        emulator = emulating("truedy", shape=shape)
        campaign_id = emulator.join().create(draft("truedy", 3)).id
        emulator.fail({**EVERY_READ, "path": "/contacts$"}, EMPTY_PAGE)
        with pytest.raises(IncompleteListing):
            emulator.join().add(campaign_id, contacts("truedy", 3))
        assert len(emulator.writes) == 1
