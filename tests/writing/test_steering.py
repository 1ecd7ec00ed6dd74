"""Campaigns are started, paused, resumed, rescheduled, cancelled and deleted, once, and only where it is possible."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.bothways import VENDORS
from tests.writing.conftest import LATER, Emulating, Emulator, draft, numbers, one_client, settle
from tests.writing.faults import AFTER, BEFORE, EVERY_WRITE, FAULTS, patience
from unibatch import CampaignStatus, Start
from unibatch.core.errors import Conflict, NotFound, OutcomeUnknown, PaymentRequired, ServerError, UnsupportedFeature
from unibatch.sandbox import VendorRequest

pytestmark = pytest.mark.usefixtures("impatient")

WORDS: Mapping[str, tuple[str, ...]] = {
    "truedy": ("draft", "scheduled", "active", "paused", "completed", "failed", "cancelled"),
    "talkifai": ("pending", "scheduled", "running", "paused", "completed", "failed", "cancelled"),
}
"""Every word for a campaign's status."""

POSSIBLE: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("truedy", "start_campaign"): {"draft": "active", "scheduled": "active"},
    ("truedy", "pause_campaign"): {"active": "paused", "scheduled": "paused"},
    ("truedy", "resume_campaign"): {"paused": "active"},
    ("truedy", "reschedule_campaign"): {"draft": "scheduled", "scheduled": "scheduled", "paused": "paused"},
    ("truedy", "delete_campaign"): {"draft": "gone", "failed": "gone", "cancelled": "gone"},
    ("talkifai", "start_campaign"): {"scheduled": "running"},
    ("talkifai", "reschedule_campaign"): {"pending": "scheduled", "scheduled": "scheduled"},
    ("talkifai", "cancel_campaign"): dict.fromkeys(("pending", "scheduled", "running", "paused"), "cancelled"),
}
"""In which state each operation does something, and the campaign's status then."""

DONE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("truedy", "start_campaign"): ("active",),
    ("truedy", "pause_campaign"): ("paused",),
    ("truedy", "resume_campaign"): ("active", "scheduled"),
    ("talkifai", "start_campaign"): ("running",),
    ("talkifai", "cancel_campaign"): ("cancelled",),
}
"""In which state nothing has to be done."""

STEPS = [(vendor, operation, before) for (vendor, operation), steps in POSSIBLE.items() for before in steps]

NOTHING_TO_DO = [(vendor, operation, status) for (vendor, operation), words in DONE.items() for status in words]

WRONG = [
    (vendor, operation, status)
    for (vendor, operation), steps in POSSIBLE.items()
    for status in WORDS[vendor]
    if status not in {*steps, *DONE.get((vendor, operation), ())}
    and (vendor, operation, status) != ("talkifai", "start_campaign", "pending")
]

CHANGES = [f"{verb}_campaign" for verb in ("start", "pause", "resume", "reschedule", "cancel", "delete")]

MISSING = [(vendor, operation) for vendor in VENDORS for operation in CHANGES if (vendor, operation) not in POSSIBLE]

MEANT = {"active": "running"}
"""What a vendor's word is in the library's words, where that is another one."""


def placed(emulating: Emulating, vendor: str, status: str, **options: Any) -> tuple[Emulator, str]:
    """A campaign with this status; nobody of it was called yet."""
    emulator = emulating(vendor, **options)
    campaign_id = emulator.join().create(draft(vendor, 4)).id
    later = LATER + timedelta(days=1) if status == "scheduled" else None
    emulator.set_status(campaign_id, status, starts_at=later)
    return emulator, campaign_id


def allowed(vendor: str, operation: str) -> set[str]:
    """The statuses that a refusal names; TalkifAI may start what is pending, if another program made it."""
    more = {"pending"} if (vendor, operation) == ("talkifai", "start_campaign") else set()
    return {MEANT.get(word, word) for word in POSSIBLE[vendor, operation]} | more


def status_of(emulator: Emulator, campaign_id: str) -> str:
    return emulator.campaigns[campaign_id].status if campaign_id in emulator.campaigns else "gone"


def writes_since_creation(emulator: Emulator) -> int:
    return len(emulator.writes) - 1


@one_client
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("vendor", "operation"), POSSIBLE)
def test_a_campaign_has_the_wanted_status_though_the_answer_is_lost(
    vendor: str, operation: str, fault: str, emulating: Emulating
) -> None:
    before, wanted = next(iter(POSSIBLE[vendor, operation].items()))
    emulator, campaign_id = placed(emulating, vendor, before)
    emulator.fail(1, FAULTS[fault])
    settle(emulator, lambda client: client.change(operation, campaign_id), timeout=patience(fault))
    assert status_of(emulator, campaign_id) == wanted
    assert writes_since_creation(emulator) == (2 if fault in BEFORE else 1)
    dialled = emulator.dialled
    assert len(dialled) == len(set(dialled))


@one_client
@pytest.mark.parametrize(("vendor", "operation", "before"), STEPS)
class TestWhatIsPossible:
    def test_is_done_with_one_request(self, vendor: str, operation: str, before: str, emulating: Emulating) -> None:
        emulator, campaign_id = placed(emulating, vendor, before)
        campaign = emulator.join().change(operation, campaign_id)
        wanted = POSSIBLE[vendor, operation][before]
        assert (status_of(emulator, campaign_id), writes_since_creation(emulator)) == (wanted, 1)
        assert (campaign.status if campaign else "gone") == MEANT.get(wanted, wanted)
        if operation == "reschedule_campaign":
            assert emulator.campaigns[campaign_id].starts_at == (None if wanted == "paused" else LATER)
            assert campaign is not None
            assert campaign.schedule is not None
            assert campaign.schedule.start == LATER
        everybody = numbers(draft(vendor, 4).contacts)
        assert sorted(emulator.dialled) == (everybody if wanted in {"active", "running"} else [])

    def test_is_done_when_it_is_asked_for_again_after_nothing_went_through_for_a_while(
        self, vendor: str, operation: str, before: str, emulating: Emulating
    ) -> None:
        emulator, campaign_id = placed(emulating, vendor, before)
        emulator.fail(EVERY_WRITE, BEFORE["cut before"])
        with pytest.raises(OutcomeUnknown, match=f"look (at the status of|whether) {campaign_id}"):
            emulator.join().change(operation, campaign_id)
        assert status_of(emulator, campaign_id) == before
        emulator.no_faults()
        emulator.join().change(operation, campaign_id)
        assert status_of(emulator, campaign_id) == POSSIBLE[vendor, operation][before]

    def test_is_unknown_where_looking_fails_too_and_is_not_sent_again(
        self, vendor: str, operation: str, before: str, emulating: Emulating
    ) -> None:
        emulator, campaign_id = placed(emulating, vendor, before)
        emulator.fail(1, BEFORE["cut before"])
        emulator.hide_after(2)
        with pytest.raises(OutcomeUnknown) as caught:
            emulator.join().change(operation, campaign_id)
        assert re.fullmatch(
            f"look (at the status of {campaign_id}|whether {campaign_id} is still there)", caught.value.check
        )
        assert writes_since_creation(emulator) == 1

    def test_is_not_tried_where_its_status_cannot_be_seen(
        self, vendor: str, operation: str, before: str, emulating: Emulating
    ) -> None:
        emulator, campaign_id = placed(emulating, vendor, before)
        emulator.hide_after(0)
        with pytest.raises(ServerError):
            emulator.join().change(operation, campaign_id)
        assert writes_since_creation(emulator) == 0

    def test_that_the_vendor_refuses_for_another_reason_raises_that_error(
        self, vendor: str, operation: str, before: str, emulating: Emulating
    ) -> None:
        emulator, campaign_id = placed(emulating, vendor, before)
        emulator.fail(1, {"status": 402})
        with pytest.raises(PaymentRequired):
            emulator.join().change(operation, campaign_id)
        assert writes_since_creation(emulator) == 1

    @pytest.mark.parametrize("conflict", [400, 409])
    def test_that_is_no_longer_possible_when_it_arrives_is_a_conflict_that_names_both_states(
        self, vendor: str, operation: str, before: str, conflict: int, emulating: Emulating
    ) -> None:
        options = {"conflict": conflict} if vendor == "truedy" else {}
        emulator, campaign_id = placed(emulating, vendor, before, **options)
        emulator.fail(1, {"meanwhile": lambda: emulator.set_status(campaign_id, "completed")})
        with pytest.raises(Conflict, match="the campaign is completed; possible while it is ") as caught:
            emulator.join().change(operation, campaign_id)
        assert caught.value.present is CampaignStatus.COMPLETED
        assert caught.value.allowed == allowed(vendor, operation)


@pytest.mark.parametrize(("vendor", "operation", "status"), NOTHING_TO_DO)
def test_what_is_so_already_needs_no_request(vendor: str, operation: str, status: str, emulating: Emulating) -> None:
    emulator, campaign_id = placed(emulating, vendor, status)
    campaign = emulator.join().change(operation, campaign_id)
    assert campaign is not None
    assert campaign.vendor_status == status
    assert writes_since_creation(emulator) == 0


@one_client
@pytest.mark.parametrize(("vendor", "operation", "status"), WRONG)
def test_what_is_not_possible_is_a_conflict_that_names_both_states_and_nothing_is_sent(
    vendor: str, operation: str, status: str, emulating: Emulating
) -> None:
    emulator, campaign_id = placed(emulating, vendor, status)
    present = MEANT.get(status, status)
    with pytest.raises(Conflict, match=f"the campaign is {present}; possible while it is ") as caught:
        emulator.join().change(operation, campaign_id)
    assert caught.value.present == present
    assert caught.value.allowed == allowed(vendor, operation)
    assert (status_of(emulator, campaign_id), writes_since_creation(emulator)) == (status, 0)


@pytest.mark.parametrize(("vendor", "operation"), MISSING)
def test_what_a_vendor_cannot_do_is_refused_before_anything_is_asked(
    vendor: str, operation: str, emulating: Emulating
) -> None:
    emulator = emulating(vendor)
    with pytest.raises(UnsupportedFeature, match=r"dashboard|pause it instead"):
        emulator.join().change(operation, "any")
    assert emulator.arrivals == []


@pytest.mark.parametrize(("vendor", "operation"), POSSIBLE)
def test_a_campaign_that_is_not_there_or_goes_on_the_way_is_not_found(
    vendor: str, operation: str, emulating: Emulating
) -> None:
    emulator, campaign_id = placed(emulating, vendor, next(iter(POSSIBLE[vendor, operation])))
    client = emulator.join()
    with pytest.raises(NotFound):
        client.change(operation, "another")
    assert writes_since_creation(emulator) == 0
    emulator.fail(1, {"meanwhile": lambda: emulator.sandbox.delete(vendor, campaign_id)})
    if operation == "delete_campaign":  # which is what was wanted
        assert client.change(operation, campaign_id) is None
    else:
        with pytest.raises(NotFound):
            client.change(operation, campaign_id)


@pytest.mark.parametrize(("vendor", "operation"), POSSIBLE)
def test_an_unknown_state_is_left_to_the_vendor_to_judge(vendor: str, operation: str, emulating: Emulating) -> None:
    emulator, campaign_id = placed(emulating, vendor, "archived")
    with pytest.raises(Conflict, match="the campaign is unknown"):
        emulator.join().change(operation, campaign_id)
    assert writes_since_creation(emulator) == 1


class TestStarting:
    @one_client
    @pytest.mark.parametrize("fault", AFTER)
    def test_that_was_lost_is_known_to_be_done_even_if_everybody_was_called_since(
        self, fault: str, emulating: Emulating
    ) -> None:
        def over(_: VendorRequest, content: Any) -> Any:
            assert len(emulator.dialled) == 4
            return content

        emulator, wanted = emulating("talkifai"), draft("talkifai", 4)
        campaign_id = emulator.join().create(wanted).id
        emulator.fail(1, {**AFTER[fault], "edit": over})
        emulator.join(timeout=patience(fault)).change("start_campaign", campaign_id)
        assert sorted(emulator.dialled) == numbers(wanted.contacts)

    def test_a_paused_campaign_needs_resuming_and_says_so(self, emulating: Emulating) -> None:
        emulator, campaign_id = placed(emulating, "truedy", "paused")
        with pytest.raises(Conflict, match="is paused"):
            emulator.join().change("start_campaign", campaign_id)
        emulator.join().change("resume_campaign", campaign_id)
        assert len(emulator.dialled) == 4

    @pytest.mark.parametrize("vendor", ["truedy", "talkifai"])
    def test_does_not_show_the_state_before_where_reading_fails_afterwards(
        self, vendor: str, emulating: Emulating
    ) -> None:
        emulator = emulating(vendor)
        campaign_id = emulator.join().create(draft(vendor)).id
        emulator.hide_after(2)
        campaign = emulator.join().change("start_campaign", campaign_id)
        assert campaign is not None
        assert (campaign.id, campaign.status) == (campaign_id, CampaignStatus.UNKNOWN)


def test_a_campaign_that_is_paused_before_its_time_and_resumed_keeps_its_time(emulating: Emulating) -> None:
    emulator = emulating("truedy")
    client = emulator.join()
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    campaign_id = client.create(draft("truedy", 4, Start.at(due))).id
    client.change("pause_campaign", campaign_id)
    client.change("resume_campaign", campaign_id)
    assert (status_of(emulator, campaign_id), emulator.dialled) == ("scheduled", [])
    emulator.now = due
    assert len(emulator.dialled) == 4


class TestRescheduling:
    @pytest.mark.parametrize("vendor", ["truedy", "talkifai"])
    def test_for_the_time_that_it_has_needs_no_request(self, vendor: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4, Start.at(LATER))
        campaign_id = emulator.join().create(wanted).id
        before = len(emulator.writes)
        emulator.join().change("reschedule_campaign", campaign_id)
        assert len(emulator.writes) == before

    @pytest.mark.parametrize(
        ("status", "way"), [("draft", "POST .*/schedule"), ("scheduled", "PATCH"), ("paused", "PATCH")]
    )
    def test_at_truedy_goes_by_the_status_and_keeps_a_pause(self, status: str, way: str, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        client = emulator.join()
        start = Start.HOLD if status == "draft" else Start.at(LATER - timedelta(days=1))
        campaign_id = client.create(draft("truedy", 4, start)).id
        if status == "paused":
            client.change("pause_campaign", campaign_id)
        before = len(emulator.writes)
        for _ in range(2):  # the second time, nothing is left to do
            campaign = client.change("reschedule_campaign", campaign_id)
        assert campaign is not None
        assert campaign.schedule is not None
        assert (campaign.schedule.start, campaign.status) == (LATER, "paused" if status == "paused" else "scheduled")
        (sent,) = emulator.writes[before:]
        assert re.match(way, f"{sent.method} {sent.path}")
        emulator.now = LATER - timedelta(hours=1)
        assert not emulator.sandbox.dialled
        if status == "paused":
            client.change("resume_campaign", campaign_id)
            assert status_of(emulator, campaign_id) == "scheduled"

    @pytest.mark.parametrize("vendor", ["truedy", "talkifai"])
    def test_that_was_lost_is_not_done_because_the_campaign_began_at_its_old_time(
        self, vendor: str, emulating: Emulating
    ) -> None:
        emulator = emulating(vendor)
        campaign_id = emulator.join().create(draft(vendor, start=Start.at(LATER - timedelta(days=1)))).id
        running = {"truedy": "active", "talkifai": "running"}[vendor]
        emulator.fail(1, {"drop": "before", "meanwhile": lambda: emulator.set_status(campaign_id, running)})
        with pytest.raises(OutcomeUnknown, match=f"{campaign_id} is running now"):
            emulator.join().change("reschedule_campaign", campaign_id)
