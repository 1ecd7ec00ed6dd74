"""Filters: by the server where one of its words says what is wanted and nothing moves, otherwise by the client.

Contacts change their status while they are called. In a listing that the server filters they leave it then, others move
up, and the reader passes over those. So the server filters by status only in a campaign that stands still.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest

from tests.bothways import ONE_CLIENT, VENDORS, Connect
from tests.client.conftest import RUNNING, Visit, Visitor
from tests.client.replies import CAMPAIGN, CONTACT, ID, STATUS, Replies, Reply, one, page
from unibatch import CallStatus, CampaignStatus, InvalidInput, NotFound, UnsupportedFeature
from unibatch.client.transport import httpx

PARAMETER = {"truedy": "status", "techladder": "status", "talkifai": "contactStatus"}
S = TypeVar("S", CallStatus, CampaignStatus)


def words(kind: type[S], *same: str, **others: str) -> dict[S, str]:
    """The vendor's word for each of these statuses: mostly the canonical one."""
    return {kind(word): word for word in same} | {kind(status): word for status, word in others.items()}


FILTERED_BY_THE_SERVER: dict[str, dict[CallStatus, str]] = {
    "truedy": words(CallStatus, "failed"),
    "techladder": words(
        CallStatus,
        *("pending", "queued", "ringing", "answered", "in_progress"),
        *("completed", "no_answer", "busy", "failed", "cancelled"),
    ),
    "talkifai": words(
        CallStatus,
        *("pending", "dialing", "completed", "no_answer", "busy", "timeout"),
        *("invalid_number", "carrier_error", "cancelled"),
        retry_scheduled="queued",
    ),
}
"""Truedy has two words each for what is pending and what is completed, and spells "in-progress" in one guide only."""

ASKED_FIRST = {
    "truedy": "https://api.truedy.ai/api/public/v1/batch-calls/c-1",
    "techladder": "https://api.staging.techladder.ai/api/v1/public/call-batches/c-1",
    "talkifai": "https://api.talkifai.dev/batch/jobs/c-1?contactsPageSize=1",
}
"""Where the campaign itself is read."""

STANDING_STILL = {
    "truedy": ["draft", "completed", "failed", "cancelled"],
    "techladder": ["completed", "failed", "cancelled"],
    "talkifai": ["completed", "failed", "cancelled"],
}

MOVING = {
    "truedy": ["scheduled", "active", "running", "paused", "winding-down", ""],
    "techladder": ["pending", "active", "winding-down", "draft"],
    "talkifai": ["pending", "scheduled", "running", "paused", "winding-down", "draft"],
}
"""Words of campaigns that dial, may begin to dial at any time, or do something unknown: only Truedy knows drafts."""


def half_dialled(at: Visit) -> str:
    return at.half_dialled()


def over(at: Visit) -> str:
    """A campaign that was cancelled when it was under way."""
    campaign_id = at.half_dialled()
    at.sandbox.set_status(at.vendor, campaign_id, "cancelled")
    return campaign_id


class OneCampaign:
    """A server with one campaign, whose status is this word of the vendor, and two contacts in it."""

    def __init__(self, vendor: str, word: str, status: str = "no_answer") -> None:
        self.vendor = vendor
        self.requests: list[httpx.Request] = []
        self._campaign = one(vendor, {**CAMPAIGN[vendor], "status": word})
        row = CONTACT[vendor]
        self._page = page(vendor, row, {**row, ID[vendor]: "2", STATUS[vendor]: status})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json=self._campaign if str(request.url) == ASKED_FIRST[self.vendor] else self._page)

    @property
    def asked(self) -> list[str | None]:
        """For each request the campaign itself, or the status by which its contacts were filtered."""
        first, parameter = ASKED_FIRST[self.vendor], PARAMETER[self.vendor]
        return [
            "campaign" if str(request.url) == first else request.url.params.get(parameter) for request in self.requests
        ]


@ONE_CLIENT
@pytest.mark.parametrize("vendor", VENDORS)
class TestWhoFilters:
    def test_in_a_campaign_that_is_over_the_server_filters_if_one_word_says_exactly_that(
        self, connect: Connect, vendor: str
    ) -> None:
        """Only then is the campaign read first, once, to know that it is over."""
        for status in CallStatus:
            server = OneCampaign(vendor, "completed")
            list(connect(vendor, answer=server).list_contacts("c-1", status=status))
            word = FILTERED_BY_THE_SERVER[vendor].get(status)
            assert (status, server.asked) == (status, ["campaign", word] if word else [None])

    def test_only_in_a_draft_and_in_what_is_over_the_server_filters(self, connect: Connect, vendor: str) -> None:
        status = CallStatus.FAILED if vendor == "truedy" else CallStatus.NO_ANSWER
        for word in (*STANDING_STILL[vendor], *MOVING[vendor]):
            server = OneCampaign(vendor, word, str(status))
            found = list(connect(vendor, answer=server).list_contacts("c-1", status=status))
            filtered_by = str(status) if word in STANDING_STILL[vendor] else None
            assert (word, server.asked) == (word, ["campaign", filtered_by])
            assert [contact.id for contact in found] == ["2"]

    def test_with_server_filter_the_server_filters_while_the_campaign_moves_and_no_campaign_is_read(
        self, connect: Connect, vendor: str
    ) -> None:
        for status in CallStatus:
            server = OneCampaign(vendor, RUNNING[vendor])
            list(connect(vendor, answer=server).list_contacts("c-1", status=status, server_filter=True))
            assert (status, server.asked) == (status, [FILTERED_BY_THE_SERVER[vendor].get(status)])

    def test_several_statuses_are_filtered_by_the_client_and_no_campaign_is_read(
        self, connect: Connect, vendor: str
    ) -> None:
        server = OneCampaign(vendor, "completed")
        wanted = [CallStatus.NO_ANSWER, CallStatus.FAILED]
        found = connect(vendor, answer=server).list_contacts("c-1", status=wanted)
        assert [contact.id for contact in found] == ["2"]
        assert server.asked == [None]


class TestStatusOfContacts:
    @pytest.mark.parametrize("server_filter", [False, True])
    @pytest.mark.parametrize("make", [half_dialled, over])
    def test_the_result_is_the_same_whoever_filters(
        self,
        at: Visit,
        make: Callable[[Visit], str],
        server_filter: bool,  # noqa: FBT001  # a parameter
    ) -> None:
        campaign_id = make(at)
        everybody = list(at.client.list_contacts(campaign_id))
        for status in CallStatus:
            found = at.client.list_contacts(campaign_id, status=status, server_filter=server_filter)
            assert list(found) == [contact for contact in everybody if contact.status is status]

    def test_several_are_found_together(self, at: Visit) -> None:
        campaign_id = at.half_dialled()
        everybody = list(at.client.list_contacts(campaign_id))
        wanted = {CallStatus.NO_ANSWER, CallStatus.FAILED, CallStatus.COMPLETED}
        found = list(at.client.list_contacts(campaign_id, status=wanted))
        assert found == [contact for contact in everybody if contact.status in wanted]
        assert {contact.status for contact in found} == wanted

    def test_reading_again_looks_again_whether_the_campaign_stands_still(self, connect: Connect) -> None:
        draft, active = ({**CAMPAIGN["truedy"], "status": word} for word in ("draft", "active"))
        empty = Reply(body=page("truedy"))
        server = Replies(Reply(body=one("truedy", draft)), empty, Reply(body=one("truedy", active)), empty)
        listing = connect("truedy", answer=server).list_contacts("c-1", status=CallStatus.FAILED)
        list(listing)
        list(listing)
        assert [request.url.params.get("status") for request in server.requests] == [None, "failed", None, None]

    def test_nothing_is_read_before_it_is_iterated(self, at: Visit) -> None:
        at.client.list_contacts(over(at), status=CallStatus.NO_ANSWER)
        assert at.requests == []

    def test_a_campaign_that_cannot_be_read_is_an_error_and_no_contact_is_asked_for(self, at: Visit) -> None:
        with pytest.raises(NotFound):
            list(at.client.list_contacts("no-such-campaign", status=CallStatus.NO_ANSWER))
        assert len(at.requests) == 1

    def test_the_report_does_not_count_the_campaign(self, at: Visit) -> None:
        listing = at.client.list_contacts(over(at), status=CallStatus.FAILED)
        list(listing)
        assert (listing.report.requests, listing.report.complete) == (1, True)


@ONE_CLIENT
class TestHowStatusesAreNamed:
    @pytest.mark.parametrize(
        "wanted",
        [
            [CallStatus.FAILED],
            (CallStatus.FAILED,),
            frozenset({CallStatus.FAILED}),
            [CallStatus.FAILED, CallStatus.FAILED],
            iter([CallStatus.FAILED]),
            "failed",
            ["failed"],
        ],
        ids=lambda wanted: type(wanted).__name__,
    )
    def test_one_in_any_collection_is_still_one(self, connect: Connect, wanted: Iterable[CallStatus]) -> None:
        server = OneCampaign("truedy", "draft")
        list(connect("truedy", answer=server).list_contacts("c-1", status=wanted))
        assert server.asked == ["campaign", "failed"]

    @pytest.mark.parametrize("nothing", [[], (), set(), iter([])], ids=lambda nothing: type(nothing).__name__)
    def test_none_at_all_is_refused(self, connect: Connect, nothing: Iterable[CallStatus]) -> None:
        server = OneCampaign("truedy", "draft")
        with pytest.raises(InvalidInput, match="status"):
            connect("truedy", answer=server).list_contacts("c-1", status=nothing)
        assert server.asked == []

    @pytest.mark.parametrize(
        ("word", "hint"),
        [
            ("dialling", "did you mean dialing? Known are pending, queued, "),
            ("in-progress", "did you mean in_progress? Known are "),
            ("NO_ANSWER", "did you mean no_answer? Known are "),
            ("", "known are pending, queued, "),
        ],
    )
    def test_a_word_that_is_not_canonical_is_refused_and_the_canonical_ones_are_named(
        self, connect: Connect, word: str, hint: str
    ) -> None:
        server = OneCampaign("truedy", "draft")
        with pytest.raises(InvalidInput, match=re.escape(f"{word!r} is no CallStatus; {hint}")):
            connect("truedy", answer=server).list_contacts("c-1", status=word)
        assert server.asked == []


class TestStatusOfCampaigns:
    def test_the_result_is_the_same_whoever_filters(self, at: Visit) -> None:
        for word in ("completed", "failed", "cancelled", RUNNING[at.vendor]):
            at.sandbox.create(at.vendor, 2, status=word)
        at.sandbox.create(at.vendor, 2)
        everything = list(at.client.list_campaigns())
        for status in CampaignStatus:
            found = list(at.client.list_campaigns(status=status))
            assert found == [campaign for campaign in everything if campaign.status is status]


class TestAgent:
    def test_the_result_is_the_same_whoever_filters(self, at: Visit) -> None:
        at.sandbox.create(at.vendor, 2)
        [campaign] = at.client.list_campaigns()
        assert list(at.client.list_campaigns(agent_id=campaign.agent_id)) == [campaign]
        assert list(at.client.list_campaigns(agent_id="somebody-else")) == []

    def test_it_goes_together_with_a_status(self, at: Visit) -> None:
        at.sandbox.create(at.vendor, 2, status="completed")
        at.sandbox.create(at.vendor, 2, status="failed")
        finished, failed = at.client.list_campaigns()
        found = at.client.list_campaigns(status=CampaignStatus.COMPLETED, agent_id=failed.agent_id)
        assert list(found) == [finished]


class TestExternalId:
    def test_techladder_filters_it_together_with_a_status_where_nothing_moves(self, visit: Visitor) -> None:
        at = visit("techladder")
        list(at.client.list_contacts(over(at), status=CallStatus.BUSY, external_id="7"))
        assert at.queries == [{}, {"limit": "500", "page": "1", "status": "busy", "external_id": "7"}]

    def test_techladder_filters_it_alone_while_the_campaign_moves(self, visit: Visitor) -> None:
        at = visit("techladder")
        campaign_id = at.half_dialled()
        wanted = next(row for row in at.sandbox.state("techladder", campaign_id).contacts if row.status == "no_answer")
        found = at.client.list_contacts(campaign_id, status=CallStatus.NO_ANSWER, external_id=wanted.external_id)
        assert [contact.phone_number for contact in found] == [wanted.number]
        assert at.queries == [{}, {"limit": "500", "page": "1", "external_id": wanted.external_id}]

    @pytest.mark.parametrize("make", [half_dialled, over])
    def test_for_it_alone_no_campaign_is_read(self, visit: Visitor, make: Callable[[Visit], str]) -> None:
        at = visit("techladder")
        list(at.client.list_contacts(make(at), external_id="7"))
        assert at.queries == [{"limit": "500", "page": "1", "external_id": "7"}]

    def test_at_talkifai_the_client_filters_it(self, connect: Connect) -> None:
        rows = [{"id": name, "contactData": {"external_id": name}} for name in ("a", "b", "c")]
        server = Replies(Reply(body=page("talkifai", *rows)))
        contacts = list(connect("talkifai", answer=server).list_contacts("job_1", external_id="b"))
        assert [contact.id for contact in contacts] == ["b"]
        assert set(server.requests[0].url.params) == {"contactsPage", "contactsPageSize"}

    def test_at_truedy_it_is_refused_before_any_request(self, connect: Connect) -> None:
        server = Replies(Reply(body=page("truedy")))
        with pytest.raises(UnsupportedFeature) as caught:
            connect("truedy", answer=server).list_contacts("c-1", external_id="7")
        assert (caught.value.provider, caught.value.feature) == ("truedy", "list_contacts(external_id=...)")
        assert caught.value.instead == "Truedy does not return external ids; look for the phone number"
        assert server.requests == []
