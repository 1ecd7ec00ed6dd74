"""What is looked at before something is sent, and before it is sent again: tried with plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from unibatch.core.errors import NotFound, OutcomeUnknown, PartlyDone, RateLimited, ServerError
from unibatch.core.flow import Response
from unibatch.core.looking import LOOKS, recent
from unibatch.core.model import Campaign
from unibatch.core.status import CampaignStatus
from unibatch.core.steering import carry_out
from unibatch.providers.talkifai import TalkifAI
from unibatch.providers.truedy import Truedy
from unibatch.testing import play

LOST = OutcomeUnknown(provider="truedy", operation="delete_campaign", subject="batch_1", reason="the connection broke")
GONE = NotFound(provider="truedy", operation="get_campaign", subject="batch_1", http_status=404)
DRAFT = Response(status=200, content=b'{"data": {"id": "batch_1", "status": "draft"}}')
NUMBER = "+12125550101"


def test_a_deletion_whose_answer_was_lost_is_followed_by_a_look_after_a_pause() -> None:
    """Without the pause, the vendor may still be at work on it, and the look proves nothing."""
    flow = Truedy({}).delete_campaign("batch_1")
    first = next(flow)
    deletion = flow.send(DRAFT)
    look = flow.throw(LOST)
    assert deletion.method != "GET"
    assert [(first.method, first.after), (look.method, look.after)] == [("GET", 0), ("GET", LOOKS[0])]
    with pytest.raises(StopIteration):
        flow.throw(GONE)


def test_a_refused_deletion_whose_look_fails_is_not_an_unknown_outcome() -> None:
    """The vendor has said that it deleted nothing, so the error is that of the look."""
    failed = ServerError(provider="truedy", operation="get_campaign", subject="batch_1", http_status=500)
    flow = Truedy({}).delete_campaign("batch_1")
    next(flow)
    flow.send(DRAFT)
    flow.send(Response(status=200, content=b'{"data": {"failed_ids": ["batch_1"]}}'))
    with pytest.raises(ServerError):
        flow.throw(failed)


def test_contacts_are_not_added_unseen_where_the_vendor_does_not_say_how_many_there_are() -> None:
    """Only a campaign that is said to be empty need not be looked through: who is there already is not called twice."""
    row = {"contact_id": "ctc_1", "phone_number": NUMBER, "call_status": "pending"}
    played = play(
        Truedy({}).add_contacts("batch_1", {NUMBER: {"phone_number": NUMBER}}, lambda _settled, _total: None),
        {"data": {"id": "batch_1", "status": "draft"}},
        {"data": [row], "pagination": {"total": 1, "limit": 100, "offset": 0, "has_more": False}},
    )
    assert [request.method for request in played.requests] == ["GET", "GET"]
    assert played.value.present == [NUMBER]


def test_a_campaign_dated_in_the_future_hides_no_other_from_the_look() -> None:
    """Vendors' clocks differ; what is not recognised as created before is created again."""
    now = datetime(2026, 3, 10, 9, tzinfo=UTC)
    ages = {"future": timedelta(days=-30), "yesterday": timedelta(days=1), "old": timedelta(days=91)}
    campaigns = [
        Campaign(id=name, provider="truedy", status=CampaignStatus.DRAFT, created_at=now - age)
        for name, age in ages.items()
    ]
    assert [campaign.id for campaign in recent(campaigns, now)] == ["future", "yesterday"]


@pytest.mark.parametrize("lost", ["the connection broke", "429"])
def test_a_start_is_not_sent_again_where_the_calls_may_be_enqueued_already(lost: str) -> None:
    """At TalkifAI a pending job may have its contacts enqueued, and a second start would enqueue them twice."""
    about: dict[str, Any] = {"provider": "talkifai", "operation": "start_campaign", "subject": "job_1"}
    provider = TalkifAI({})
    flow = carry_out(provider, provider.change("start_campaign", "job_1"), lambda job: job.status == "running")
    next(flow)
    start = flow.send(Response(status=200, content=b'{"id": "job_1", "status": "scheduled"}'))
    error = RateLimited(**about, http_status=429) if lost == "429" else OutcomeUnknown(**about, reason=lost)
    if isinstance(error, RateLimited):
        error.waited = True
    look = flow.throw(error)
    assert (start.method, start.looks_first, look.method) == ("POST", True, "GET")
    with pytest.raises(OutcomeUnknown):
        flow.send(Response(status=200, content=b'{"id": "job_1", "status": "pending"}'))


def test_a_campaign_that_goes_on_although_the_vendor_says_it_was_stopped_is_an_error() -> None:
    provider = Truedy({})
    flow = carry_out(provider, provider.change("pause_campaign", "batch_1"), lambda now: now.status == "paused")
    active = Response(status=200, content=b'{"data": {"id": "batch_1", "status": "active"}}')
    next(flow)
    flow.send(active)
    looks = [flow.send(Response(status=200, content=b'{"data": {"id": "batch_1", "status": "paused"}}'))]
    looks += [flow.send(active) for _ in LOOKS]
    with pytest.raises(PartlyDone, match="it is running still"):
        flow.send(active)
    assert [look.after for look in looks] == [0, *LOOKS]


@pytest.mark.parametrize("late", [0, 2])
def test_after_a_429_contacts_are_looked_for_some_times_before_they_are_added_again(late: int) -> None:
    empty = {"data": [], "pagination": {"total": 0, "limit": 100, "offset": 0, "has_more": False}}
    row = {"contact_id": "ctc_1", "phone_number": NUMBER, "call_status": "pending"}
    refused = RateLimited(provider="truedy", operation="add_contacts", subject="batch_1", http_status=429)
    refused.waited = True
    campaigns = [{"data": {"id": "batch_1", "status": "draft", "total_contacts": total}} for total in (0, 1)]
    played = play(
        Truedy({}).add_contacts("batch_1", {NUMBER: {"phone_number": NUMBER}}, lambda _settled, _total: None),
        campaigns[0],
        empty,
        refused,
        *[campaigns[0]] * late,
        campaigns[1],
        {"data": [row], "pagination": {"total": 1, "limit": 100, "offset": 0, "has_more": False}},
    )
    assert [request.method for request in played.requests] == ["GET", "GET", "POST", *["GET"] * (late + 2)]
    assert [request.after for request in played.requests[3:-1]] == [*LOOKS][: late + 1]
    assert played.value.added == [NUMBER]


def test_a_campaign_that_is_a_draft_still_after_it_was_started_is_an_error() -> None:
    provider = Truedy({})
    flow = carry_out(provider, provider.change("start_campaign", "batch_1"), lambda now: now.status == "running")
    next(flow)
    flow.send(DRAFT)
    looks = [flow.send(Response(status=200, content=b'{"data": {"id": "batch_1", "status": "scheduled"}}'))]
    looks += [flow.send(DRAFT) for _ in LOOKS]
    with pytest.raises(PartlyDone, match="it is draft still"):
        flow.send(DRAFT)
    assert [look.after for look in looks] == [0, *LOOKS]
