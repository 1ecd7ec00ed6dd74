"""A draft is placed once, with anything going wrong on the way, and asked for any number of times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from operator import methodcaller
from pathlib import Path

import attrs
import pytest

from tests.bothways import VENDORS
from tests.writing.conftest import Emulating, Emulator, contacts, draft, number, numbers, one_client, settle
from tests.writing.faults import AFTER, BEFORE, EVERY_READ, EVERY_WRITE, FAULTS, When, late, patience
from unibatch import Retry, Start
from unibatch.core.draft import CampaignDraft
from unibatch.core.errors import InvalidInput, OutcomeUnknown, PartlyDone, ProviderError, ServerError, TransportError

pytestmark = pytest.mark.usefixtures("impatient")

STARTS: Mapping[str, Start] = {
    "hold": Start.HOLD,
    "now": Start.NOW,
    "at": Start.at(datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=5)),
}

LOOKING = ("techladder", "talkifai")
"""Vendors that do not recognise a repeated request, so that a campaign has to be looked for."""


def require_once(emulator: Emulator, wanted: CampaignDraft) -> None:
    """What the vendor has is what the draft asks for, once."""
    emulator.catch_up()
    assert len(emulator.campaigns) == 1
    assert sorted(emulator.all_numbers()) == numbers(wanted.contacts)
    dialled = emulator.dialled
    if wanted.start == Start.NOW:
        assert sorted(dialled) == numbers(wanted.contacts)
        return
    assert dialled == []
    (campaign,) = emulator.campaigns.values()
    due = wanted.hold_until if wanted.start == Start.HOLD else wanted.start.moment
    assert campaign.starts_at == due
    if due is not None:
        emulator.now = due - timedelta(seconds=1)
        assert emulator.dialled == []
        emulator.now = due
        assert sorted(emulator.dialled) == numbers(wanted.contacts)


LOST: Mapping[str, tuple[When, str]] = {
    "the first write": (1, "now"),
    "the first write of a held draft": (1, "hold"),
    "every write for a while": (EVERY_WRITE, "now"),
    "the rerun as well": (1, "now"),
}
"""With which requests something goes wrong, and when the campaign begins."""


@one_client
@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_answer_leaves_one_campaign(vendor: str, lost: str, fault: str, emulating: Emulating) -> None:
    when, start = LOST[lost]
    emulator, wanted = emulating(vendor), draft(vendor, 4, STARTS[start])
    if lost == "the rerun as well":
        emulator.fail(1, BEFORE["cut before"])
        with pytest.raises(OutcomeUnknown):
            emulator.join().create(wanted)
        assert (len(emulator.writes), emulator.campaigns) == (1, {})
        emulator.no_faults()
    emulator.fail(when, FAULTS[fault])
    settle(emulator, lambda client: client.create(wanted), timeout=patience(fault))
    require_once(emulator, wanted)


@one_client
@pytest.mark.parametrize("start", ["now", "at"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_answer_to_the_start_at_truedy_leaves_one_campaign_that_begins_when_it_should(
    start: str, fault: str, emulating: Emulating
) -> None:
    emulator, wanted = emulating("truedy"), draft("truedy", 4, STARTS[start])
    emulator.fail("/schedule", FAULTS[fault])
    settle(emulator, lambda client: client.create(wanted), timeout=patience(fault))
    require_once(emulator, wanted)


@one_client
@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - {"garbage after", "nothing after"}))
@pytest.mark.parametrize("start", STARTS)
def test_truedy_is_asked_again_by_itself_since_it_knows_the_key(start: str, fault: str, emulating: Emulating) -> None:
    emulator, wanted = emulating("truedy"), draft("truedy", 4, STARTS[start])
    emulator.fail(1, FAULTS[fault])
    emulator.join(retry=Retry(attempts=3), timeout=patience(fault)).create(wanted)
    require_once(emulator, wanted)


def test_truedy_does_late_work_once_even_if_the_program_is_run_again_before(emulating: Emulating) -> None:
    emulator, wanted = emulating("truedy"), draft("truedy", 4)
    emulator.fail(1, late())
    with pytest.raises(OutcomeUnknown):
        emulator.join().create(wanted)
    emulator.join().create(wanted)
    require_once(emulator, wanted)


@pytest.mark.parametrize("vendor", LOOKING)
class TestLooking:
    def test_finds_what_is_carried_out_while_it_looks(
        self, vendor: str, monkeypatch: pytest.MonkeyPatch, emulating: Emulating
    ) -> None:
        monkeypatch.setattr("unibatch.core.looking.LOOKS", (0.001, 0.2, 0.001))
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        emulator.fail(1, late(0.05))
        emulator.join().create(wanted)
        assert len(emulator.writes) == 1
        require_once(emulator, wanted)

    @one_client
    @pytest.mark.parametrize("fault", FAULTS)
    def test_that_fails_leaves_the_outcome_unknown_and_sends_nothing_again(
        self, vendor: str, fault: str, emulating: Emulating
    ) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        emulator.fail(1, FAULTS[fault])
        emulator.hide_after(1)
        with pytest.raises(OutcomeUnknown, match=r"new (batch|job) of 4 contacts") as caught:
            emulator.join(timeout=patience(fault)).create(wanted)
        assert "placing the draft again looks for it" in caught.value.check
        assert len(emulator.writes) == 1
        emulator.no_faults()
        emulator.join().create(wanted)
        require_once(emulator, wanted)

    def test_that_fails_at_first_goes_on_and_finds_it(
        self, vendor: str, emulating: Emulating, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))  # another test has placed this draft at this address
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        emulator.fail(1, AFTER["cut after"])
        emulator.fail({**EVERY_READ, "after": 1, "times": 1}, BEFORE["500 before"])
        assert [emulator.join().create(wanted).id] == list(emulator.campaigns)
        assert len(emulator.writes) == 1

    def test_that_fails_before_anything_was_sent_sends_nothing(self, vendor: str, emulating: Emulating) -> None:
        emulator = emulating(vendor)
        emulator.fail(EVERY_READ, BEFORE["500 before"])
        with pytest.raises(ServerError):
            emulator.join().create(draft(vendor))
        assert emulator.writes == []

    @pytest.mark.parametrize("lacks", [(), ("description",), ("created_at", "total_contacts", "totalContacts")])
    @one_client
    @pytest.mark.parametrize("order", ["oldest", "newest"])
    def test_finds_it_among_many_with_any_fields_listed(
        self, vendor: str, lacks: tuple[str, ...], order: str, emulating: Emulating
    ) -> None:
        emulator, wanted = emulating(vendor, order=order, listing_lacks=lacks), draft(vendor, 2)
        client = emulator.join()
        for index in range(3):
            client.create(draft(vendor, 2, name=f"before {index}", metadata={}))
        first = client.create(wanted)
        for index in range(3):
            client.create(draft(vendor, 2, name=f"after {index}"))
        assert (client.create(wanted).id, len(emulator.campaigns)) == (first.id, 7)

    def test_finds_it_on_a_later_page(self, vendor: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor, largest_page=2, order="newest"), draft(vendor, 2)
        client = emulator.join()
        first = client.create(wanted)
        for index in range(5):
            client.create(draft(vendor, 2, name=f"after {index}"))
        assert (client.create(wanted).id, len(emulator.writes)) == (first.id, 6)


@one_client
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("vendor", VENDORS)
class TestAskedAgain:
    def test_the_same_draft_is_the_same_campaign(self, vendor: str, start: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4, STARTS[start])
        placed = [emulator.join().create(wanted).id for _ in range(3)]
        assert placed == [*emulator.campaigns] * 3
        require_once(emulator, wanted)

    def test_another_draft_is_another_campaign(self, vendor: str, start: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4, STARTS[start])
        client = emulator.join()
        for changes in (
            {},
            {"name": "Autumn calls"},
            {"idempotency_key": "once more"},
            {"name": "Winter calls", "contacts": contacts(vendor, 5)},
        ):
            client.create(attrs.evolve(wanted, **changes))
        assert len(emulator.campaigns) == 4

    @pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
    def test_for_what_is_over_it_says_so(self, vendor: str, start: str, status: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 2, STARTS[start])
        placed = emulator.join().create(wanted).id
        emulator.set_status(placed, status)
        with pytest.raises(InvalidInput, match=f"placed before, as {placed}, which is {status}.*idempotency_key"):
            emulator.join().create(wanted)
        assert len(emulator.campaigns) == 1


class TestStarting:
    @pytest.mark.parametrize("status", [402, 403, 409, 500])
    @pytest.mark.parametrize("start", ["now", "at"])
    def test_that_fails_carries_the_campaign_and_goes_on_when_it_is_asked_for_again(
        self, status: int, start: str, emulating: Emulating
    ) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy", 4, STARTS[start])
        emulator.fail("/schedule", {"status": status})
        for _ in range(2):
            with pytest.raises(PartlyDone, match="asking for the same again goes on with it") as caught:
                emulator.join().create(wanted)
            assert [caught.value.campaign and caught.value.campaign.id] == list(emulator.campaigns)
            assert isinstance(caught.value.__cause__, ProviderError | OutcomeUnknown)
            assert emulator.dialled == []
        emulator.no_faults()
        emulator.join().create(wanted)
        require_once(emulator, wanted)

    def test_is_not_tried_where_not_everybody_was_taken(self, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy", drops={number(101)}), draft("truedy", 4, Start.NOW)
        with pytest.raises(PartlyDone, match="3 contacts where 4 were sent") as caught:
            emulator.join().create(wanted)
        assert [caught.value.campaign and caught.value.campaign.id] == list(emulator.campaigns)
        with pytest.raises(InvalidInput, match=r"1 contact added.*add_contacts adds who is new"):
            emulator.join().create(wanted)
        assert emulator.dialled == []


@one_client
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 422, 429])
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_refusal_is_raised_and_nothing_is_sent_again(vendor: str, status: int, emulating: Emulating) -> None:
    emulator = emulating(vendor)
    emulator.fail(EVERY_WRITE, {"status": status})
    with pytest.raises(ProviderError) as caught:
        emulator.join().create(draft(vendor))
    assert (caught.value.http_status, len(emulator.writes)) == (status, 1)


@pytest.mark.parametrize("vendor", VENDORS)
class TestReadingAfterwards:
    def test_that_fails_does_not_make_a_written_campaign_fail(self, vendor: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4)
        emulator.hide_after(1)
        assert [emulator.join().create(wanted).id] == list(emulator.campaigns)
        require_once(emulator, wanted)


def test_a_batch_that_is_only_accepted_is_found(emulating: Emulating) -> None:
    emulator = emulating("techladder", created_status=202, created_data="nothing")
    wanted = draft("techladder", 4)
    assert [emulator.join().create(wanted).id] == list(emulator.campaigns)
    require_once(emulator, wanted)


@pytest.mark.parametrize("named", ["schedule_id", "batch_id", "id"])
@pytest.mark.parametrize("code", [201, 202])
def test_the_id_of_a_new_batch_is_found_under_each_name(named: str, code: int, emulating: Emulating) -> None:
    emulator = emulating("techladder", created_data="id", created_id=named, created_status=code)
    assert [emulator.join().create(draft("techladder")).id] == list(emulator.campaigns)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("shape", ["schema", "example"])
def test_truedy_s_two_shapes_are_both_understood(shape: str, start: str, emulating: Emulating) -> None:
    emulator, wanted = emulating("truedy", shape=shape), draft("truedy", 4, STARTS[start])
    for _ in range(2):
        emulator.join().create(wanted)
    require_once(emulator, wanted)


@one_client
@pytest.mark.parametrize("vendor", VENDORS)
class TestManyContacts:
    def test_ten_thousand_are_placed_at_once(self, vendor: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 10_000)
        emulator.fail(1, AFTER["cut after"])
        campaign = settle(emulator, lambda client: client.create(wanted))
        assert campaign.counts.total == 10_000
        require_once(emulator, wanted)

    def test_more_than_fit_are_placed_in_three_parts_once(self, vendor: str, emulating: Emulating) -> None:
        emulator, whole = emulating(vendor), draft(vendor, 2500)
        emulator.fail(2, AFTER["garbage after"])
        parts = whole.split(1000)
        for _ in range(2):
            for part in parts:
                settle(emulator, methodcaller("create", part))
        assert [len(campaign.contacts) for campaign in emulator.campaigns.values()] == [1000, 1000, 500]
        assert sorted(emulator.all_numbers()) == numbers(whole.contacts)
        assert emulator.dialled == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_that_cannot_be_reached_was_sent_nothing(vendor: str, unused_port: int, emulating: Emulating) -> None:
    client = emulating(vendor).join(base_url=f"http://127.0.0.1:{unused_port}")
    with pytest.raises(TransportError):
        client.create(draft(vendor))


@one_client
def test_campaigns_of_other_people_are_read_in_the_first_look_only(emulating: Emulating) -> None:
    emulator = emulating("truedy")
    for index in range(8):
        emulator.join().create(draft("truedy", contacts=contacts("truedy", 3, first=200 + 10 * index)))
    others, before = list(emulator.campaigns), len(emulator.arrivals)
    emulator.fail(1, AFTER["cut after"])
    emulator.join().create(draft("truedy", 3, Start.NOW))
    read = [arrival.path for arrival in emulator.arrivals[before:] if arrival.path.endswith("/contacts")]
    # once to find the campaign, once to see whom others call; three more looks follow the lost answer and the creation
    assert [sum(name in path for path in read) for name in others] == [2] * 8


@one_client
def test_descriptions_that_are_not_listed_are_read_in_the_first_look_only(emulating: Emulating) -> None:
    emulator = emulating("talkifai", listing_lacks=("description",))
    for index in range(8):
        emulator.join().create(draft("talkifai", contacts=contacts("talkifai", 3, first=200 + 10 * index)))
    others, before = list(emulator.campaigns), len(emulator.arrivals)
    emulator.fail(1, BEFORE["cut before"])
    with pytest.raises(OutcomeUnknown):
        emulator.join().create(draft("talkifai", 3, Start.NOW))
    read = [arrival.path for arrival in emulator.arrivals[before:]]
    # each once to find the job, once to see whom others call; three more looks follow the lost answer
    assert [sum(path.endswith(name) for path in read) for name in others] == [2] * 8
