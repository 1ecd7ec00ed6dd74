"""Filters: by the server where one of its words says what is wanted and nothing moves, otherwise by the client.

Contacts change their status while they are called. In a listing that the server filters they leave it then, others move
up, and the reader passes over those. So the server filters by status only in a campaign that stands still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.bothways import VENDORS, Connect
from tests.client.conftest import Visit, Visitor
from tests.client.replies import CAMPAIGN, CONTACT, Replies, Reply, one, page
from unibatch import CallStatus, CampaignStatus, InvalidInput, NotFound, UnsupportedFeature

RUNNING = {"truedy": "active", "techladder": "active", "talkifai": "running"}
PARAMETER = {"truedy": "status", "techladder": "status", "talkifai": "contactStatus"}
ID = {"truedy": "contact_id", "techladder": "call_id", "talkifai": "id"}
STATUS = {"truedy": "call_status", "techladder": "status", "talkifai": "status"}

FILTERED_BY_THE_SERVER: dict[str, dict[CallStatus, str]] = {
    "truedy": {
        CallStatus.QUEUED: "queued",
        CallStatus.RINGING: "ringing",
        CallStatus.VOICEMAIL: "voicemail",
        CallStatus.NO_ANSWER: "no_answer",
        CallStatus.FAILED: "failed",
        CallStatus.CANCELLED: "cancelled",
    },
    "techladder": {
        CallStatus.PENDING: "pending",
        CallStatus.QUEUED: "queued",
        CallStatus.RINGING: "ringing",
        CallStatus.ANSWERED: "answered",
        CallStatus.IN_PROGRESS: "in_progress",
        CallStatus.COMPLETED: "completed",
        CallStatus.NO_ANSWER: "no_answer",
        CallStatus.BUSY: "busy",
        CallStatus.FAILED: "failed",
        CallStatus.CANCELLED: "cancelled",
    },
    "talkifai": {
        CallStatus.PENDING: "pending",
        CallStatus.RETRY_SCHEDULED: "queued",
        CallStatus.DIALING: "dialing",
        CallStatus.COMPLETED: "completed",
        CallStatus.NO_ANSWER: "no_answer",
        CallStatus.BUSY: "busy",
        CallStatus.TIMEOUT: "timeout",
        CallStatus.BLOCKED: "blocked",
        CallStatus.INVALID_NUMBER: "invalid_number",
        CallStatus.CARRIER_ERROR: "carrier_error",
        CallStatus.FAILED: "failed",
        CallStatus.CANCELLED: "cancelled",
    },
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
"""Words of campaigns that dial, may begin to dial at any time, or do nobody knows what: only Truedy knows drafts."""

CAMPAIGNS_FILTERED_BY_THE_SERVER: dict[str, dict[CampaignStatus, str]] = {
    "truedy": {
        CampaignStatus.DRAFT: "draft",
        CampaignStatus.SCHEDULED: "scheduled",
        CampaignStatus.PAUSED: "paused",
        CampaignStatus.COMPLETED: "completed",
        CampaignStatus.FAILED: "failed",
        CampaignStatus.CANCELLED: "cancelled",
    },
    "techladder": {
        CampaignStatus.PENDING: "pending",
        CampaignStatus.RUNNING: "active",
        CampaignStatus.COMPLETED: "completed",
        CampaignStatus.FAILED: "failed",
        CampaignStatus.CANCELLED: "cancelled",
    },
    "talkifai": {
        CampaignStatus.PENDING: "pending",
        CampaignStatus.SCHEDULED: "scheduled",
        CampaignStatus.RUNNING: "running",
        CampaignStatus.COMPLETED: "completed",
        CampaignStatus.FAILED: "failed",
        CampaignStatus.CANCELLED: "cancelled",
    },
}
"""Truedy has two words for what is running; TalkifAI's filter does not know what its dashboard can do: pause."""


@pytest.fixture(params=VENDORS)
def at(request: pytest.FixtureRequest, visit: Visitor) -> Visit:
    return visit(request.param)


def half_dialled(at: Visit, contacts: int = 120) -> str:
    """A campaign under way, with contacts in many statuses."""
    campaign_id = at.sandbox.create(at.vendor, contacts)
    at.sandbox.set_status(at.vendor, campaign_id, RUNNING[at.vendor])
    at.sandbox.advance(calls=contacts * 3 // 4, vendor=at.vendor)
    return campaign_id


def over(at: Visit, contacts: int = 120) -> str:
    """A campaign that was cancelled when it was under way."""
    campaign_id = half_dialled(at, contacts)
    at.sandbox.set_status(at.vendor, campaign_id, "cancelled")
    return campaign_id


def with_status(vendor: str, word: str) -> Reply:
    return Reply(body=one(vendor, {**CAMPAIGN[vendor], "status": word}))


class TestStatusOfContacts:
    @pytest.mark.parametrize("make", [half_dialled, over])
    @pytest.mark.parametrize("server_filter", [False, True])
    @pytest.mark.parametrize("status", CallStatus)
    def test_whoever_filters_the_result_is_the_same(
        self,
        at: Visit,
        status: CallStatus,
        server_filter: bool,  # noqa: FBT001  # a parameter
        make: Callable[[Visit], str],
    ) -> None:
        campaign_id = make(at)
        everybody = list(at.client.list_contacts(campaign_id))
        assert list(at.client.list_contacts(campaign_id, status=status, server_filter=server_filter)) == [
            contact for contact in everybody if contact.status is status
        ]

    @pytest.mark.parametrize("status", CallStatus)
    def test_where_nothing_moves_the_server_filters_if_one_word_says_exactly_that(
        self, at: Visit, status: CallStatus
    ) -> None:
        list(at.client.list_contacts(over(at, 20), status=status))
        assert at.queries[-1].get(PARAMETER[at.vendor]) == FILTERED_BY_THE_SERVER[at.vendor].get(status)

    @pytest.mark.parametrize("status", CallStatus)
    def test_the_campaign_is_read_once_if_one_word_says_exactly_that_and_otherwise_never(
        self, at: Visit, status: CallStatus
    ) -> None:
        list(at.client.list_contacts(over(at, 20), status=status))
        assert len(at.requests) == 1 + (status in FILTERED_BY_THE_SERVER[at.vendor])

    @pytest.mark.parametrize("status", CallStatus)
    def test_while_a_campaign_moves_the_server_never_filters(self, at: Visit, status: CallStatus) -> None:
        list(at.client.list_contacts(half_dialled(at, 20), status=status))
        assert not any(PARAMETER[at.vendor] in query for query in at.queries)
        assert len(at.requests) == 1 + (status in FILTERED_BY_THE_SERVER[at.vendor])

    @pytest.mark.parametrize("status", CallStatus)
    def test_who_insists_lets_the_server_filter_and_no_campaign_is_read(self, at: Visit, status: CallStatus) -> None:
        list(at.client.list_contacts(half_dialled(at, 20), status=status, server_filter=True))
        [query] = at.queries
        assert query.get(PARAMETER[at.vendor]) == FILTERED_BY_THE_SERVER[at.vendor].get(status)

    @pytest.mark.parametrize(
        ("vendor", "word"), [(vendor, word) for vendor in VENDORS for word in STANDING_STILL[vendor]]
    )
    def test_a_draft_and_whatever_is_over_stands_still(self, connect: Connect, vendor: str, word: str) -> None:
        server = Replies(with_status(vendor, word), Reply(body=page(vendor)))
        list(connect(vendor, answer=server).list_contacts("c-1", status=CallStatus.NO_ANSWER))
        first, then = server.requests
        assert str(first.url) == ASKED_FIRST[vendor]
        assert then.url.params[PARAMETER[vendor]] == "no_answer"

    @pytest.mark.parametrize(("vendor", "word"), [(vendor, word) for vendor in VENDORS for word in MOVING[vendor]])
    def test_whatever_else_a_campaign_does_everything_is_read(self, connect: Connect, vendor: str, word: str) -> None:
        rows = [CONTACT[vendor], {**CONTACT[vendor], ID[vendor]: "2", STATUS[vendor]: "no_answer"}]
        server = Replies(with_status(vendor, word), Reply(body=page(vendor, *rows)))
        contacts = list(connect(vendor, answer=server).list_contacts("c-1", status=CallStatus.NO_ANSWER))
        first, then = server.requests
        assert str(first.url) == ASKED_FIRST[vendor]
        assert PARAMETER[vendor] not in then.url.params
        assert [contact.id for contact in contacts] == ["2"]

    def test_whoever_reads_again_looks_again_whether_it_stands_still(self, connect: Connect) -> None:
        empty = Reply(body=page("truedy"))
        server = Replies(with_status("truedy", "draft"), empty, with_status("truedy", "active"), empty)
        listing = connect("truedy", answer=server).list_contacts("c-1", status=CallStatus.NO_ANSWER)
        list(listing)
        list(listing)
        assert [request.url.params.get("status") for request in server.requests] == [None, "no_answer", None, None]

    def test_nothing_is_read_before_it_is_iterated(self, at: Visit) -> None:
        at.client.list_contacts(over(at, 20), status=CallStatus.NO_ANSWER)
        assert at.requests == []

    def test_a_campaign_that_cannot_be_read_is_an_error_and_no_contact_is_asked_for(self, at: Visit) -> None:
        with pytest.raises(NotFound):
            list(at.client.list_contacts("no-such-campaign", status=CallStatus.NO_ANSWER))
        assert len(at.requests) == 1

    def test_the_report_does_not_count_the_campaign(self, at: Visit) -> None:
        listing = at.client.list_contacts(over(at, 20), status=CallStatus.NO_ANSWER)
        list(listing)
        assert (listing.report.requests, listing.report.complete) == (1, True)

    def test_several_are_filtered_by_the_client(self, at: Visit) -> None:
        campaign_id = half_dialled(at)
        everybody = list(at.client.list_contacts(campaign_id))
        wanted = {CallStatus.NO_ANSWER, CallStatus.FAILED, CallStatus.COMPLETED}
        assert list(at.client.list_contacts(campaign_id, status=wanted)) == [
            contact for contact in everybody if contact.status in wanted
        ]
        assert not any(PARAMETER[at.vendor] in query for query in at.queries)

    def test_for_several_no_campaign_is_read(self, connect: Connect) -> None:
        server = Replies(Reply(body=page("truedy")))
        list(connect("truedy", answer=server).list_contacts("c-1", status=[CallStatus.NO_ANSWER, CallStatus.FAILED]))
        [url] = server.urls
        assert url.endswith("/c-1/contacts?limit=100&offset=0")

    @pytest.mark.parametrize(
        "statuses",
        [
            [CallStatus.NO_ANSWER],
            (CallStatus.NO_ANSWER,),
            {CallStatus.NO_ANSWER},
            frozenset({CallStatus.NO_ANSWER}),
            [CallStatus.NO_ANSWER, CallStatus.NO_ANSWER],
            iter([CallStatus.NO_ANSWER]),
            "no_answer",
            ["no_answer"],
        ],
        ids=repr,
    )
    def test_one_in_any_collection_is_still_one(self, connect: Connect, statuses: Iterable[CallStatus]) -> None:
        server = Replies(with_status("truedy", "draft"), Reply(body=page("truedy")))
        # An iterator is used up by the first of the two clients, so each gets its own.
        wanted = (
            statuses if isinstance(statuses, str | list | tuple | set | frozenset) else iter([CallStatus.NO_ANSWER])
        )
        list(connect("truedy", answer=server).list_contacts("c-1", status=wanted))
        assert server.requests[-1].url.params["status"] == "no_answer"

    @pytest.mark.parametrize("nothing", [[], (), set(), iter([])], ids=repr)
    def test_none_at_all_is_refused(self, connect: Connect, nothing: Iterable[CallStatus]) -> None:
        server = Replies(Reply(body=page("truedy")))
        with pytest.raises(InvalidInput, match="names no status at all"):
            connect("truedy", answer=server).list_contacts("c-1", status=nothing)
        assert server.requests == []

    @pytest.mark.parametrize("word", ["", "dialling", "in-progress", "NO_ANSWER"])
    def test_a_word_that_is_not_canonical_is_refused_and_the_canonical_ones_are_named(
        self, connect: Connect, word: str
    ) -> None:
        server = Replies(Reply(body=page("truedy")))
        with pytest.raises(InvalidInput, match="known are pending, queued, "):
            connect("truedy", answer=server).list_contacts("c-1", status=[word])  # type: ignore[list-item]  # on purpose
        assert server.requests == []


class TestStatusOfCampaigns:
    @pytest.mark.parametrize("status", CampaignStatus)
    def test_the_server_filters_where_one_word_says_exactly_that(self, at: Visit, status: CampaignStatus) -> None:
        list(at.client.list_campaigns(status=status))
        [query] = at.queries
        assert query.get("status") == CAMPAIGNS_FILTERED_BY_THE_SERVER[at.vendor].get(status)

    @pytest.mark.parametrize("status", CampaignStatus)
    def test_whoever_filters_the_result_is_the_same(self, at: Visit, status: CampaignStatus) -> None:
        for word in ("completed", "failed", "cancelled", RUNNING[at.vendor]):
            at.sandbox.create(at.vendor, 2, status=word)
        at.sandbox.create(at.vendor, 2)
        everything = list(at.client.list_campaigns())
        assert list(at.client.list_campaigns(status=status)) == [
            campaign for campaign in everything if campaign.status is status
        ]

    def test_none_at_all_is_refused(self, at: Visit) -> None:
        with pytest.raises(InvalidInput, match="names no status at all"):
            at.client.list_campaigns(status=[])
        assert at.requests == []


class TestAgent:
    @pytest.mark.parametrize("vendor", ["truedy", "techladder"])
    def test_it_is_filtered_by_the_server_where_that_can(self, visit: Visitor, vendor: str) -> None:
        at = visit(vendor)
        list(at.client.list_campaigns(agent_id="agt-1"))
        assert at.queries[0]["agent_id"] == "agt-1"

    def test_it_is_filtered_by_the_client_at_talkifai(self, visit: Visitor) -> None:
        at = visit("talkifai")
        list(at.client.list_campaigns(agent_id="agent_1"))
        assert set(at.queries[0]) == {"organizationId", "page", "pageSize"}

    def test_whoever_filters_the_result_is_the_same(self, at: Visit) -> None:
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
    def test_techladder_filters_it(self, visit: Visitor) -> None:
        at = visit("techladder")
        campaign_id = at.sandbox.create("techladder", 5)
        wanted = at.sandbox.state("techladder", campaign_id).contacts[3]
        [contact] = at.client.list_contacts(campaign_id, external_id=str(wanted.external_id))
        assert (contact.phone_number, contact.external_id) == (wanted.number, wanted.external_id)
        assert at.queries[0]["external_id"] == wanted.external_id

    def test_techladder_filters_it_together_with_a_status_where_nothing_moves(self, visit: Visitor) -> None:
        at = visit("techladder")
        list(at.client.list_contacts(over(at), status=CallStatus.BUSY, external_id="7"))
        assert at.queries == [{}, {"limit": "500", "page": "1", "status": "busy", "external_id": "7"}]

    def test_techladder_filters_it_alone_while_the_campaign_moves(self, visit: Visitor) -> None:
        at = visit("techladder")
        campaign_id = half_dialled(at)
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


class TestAccount:
    @pytest.mark.parametrize("vendor", ["truedy", "talkifai"])
    def test_a_vendor_that_tells_nothing_is_not_asked(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply())
        with pytest.raises(UnsupportedFeature, match=f"{vendor} does not support get_account: .*does not show"):
            connect(vendor, answer=server).get_account()
        assert server.requests == []
