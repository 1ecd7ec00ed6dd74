"""Writing as a client does it: what is refused before anything is sent, what is rehearsed, and what a loss leads to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest

import unibatch
from tests.bothways import AnyClient, Connect
from tests.client.byhand import KEY, Line
from tests.client.replies import Reply, one, page
from tests.writing.conftest import VENDORS, draft
from unibatch import CampaignDraft, CampaignStatus, ContactDraft, Start
from unibatch.client.operations import Operations
from unibatch.client.transport import httpx
from unibatch.core.errors import (
    ConnectionLost,
    DraftRefused,
    InvalidInput,
    OutcomeUnknown,
    UnsupportedFeature,
)
from unibatch.core.looking import LOOKS
from unibatch.core.preflight import compose
from unibatch.core.steering import carry_out

PERSON = ContactDraft(phone_number="+12125550123", first_name="Ada")
WHOLE = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
LATER = WHOLE - timedelta(microseconds=1)  # is put off to the next whole second

Make: TypeAlias = Callable[[str], AnyClient]


@pytest.fixture
def make(connect: Connect) -> Make:
    """Makes a client that nothing answers: sending something fails."""
    return lambda vendor: connect(vendor, api_key=KEY, base_url="http://127.0.0.1:9")


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


class TestArguments:
    @pytest.mark.parametrize("thing", [None, {}, "draft", [PERSON]])
    def test_a_draft_is_a_campaign_draft(self, make: Make, thing: Any) -> None:
        with pytest.raises(InvalidInput, match=r"^expected a CampaignDraft, got "):
            make("truedy").create_campaign(thing)

    def test_a_draft_that_does_not_fit_is_not_sent(self, make: Make, vendor: str) -> None:
        with pytest.raises(DraftRefused, match=f"^{vendor} create_campaign: nothing was sent: "):
            make(vendor).create_campaign(CampaignDraft(name="", contacts=[], start=Start.NOW))

    @pytest.mark.parametrize("accept", ["description", 5, [5], ["no_such_field"]])
    def test_accepted_losses_are_fields(self, make: Make, accept: Any) -> None:
        with pytest.raises(InvalidInput, match="accept_loss"):
            make("truedy").create_campaign(draft("truedy"), accept_loss=accept)

    @pytest.mark.parametrize("campaign_id", ["", " ", "..", None, 5])
    @pytest.mark.parametrize(
        ("operation", "others"),
        [
            ("start_campaign", ()),
            ("pause_campaign", ()),
            ("resume_campaign", ()),
            ("delete_campaign", ()),
            ("reschedule_campaign", (LATER,)),
            ("add_contacts", ([PERSON],)),
        ],
    )
    def test_an_id_is_a_text(self, make: Make, operation: str, others: tuple[Any, ...], campaign_id: Any) -> None:
        with pytest.raises(InvalidInput, match="an id must be"):
            getattr(make("truedy"), operation)(campaign_id, *others)

    @pytest.mark.parametrize(
        ("start", "reason"),
        [
            *((start, "^reschedule_campaign needs a time") for start in (None, 5, "tomorrow", Start.NOW, Start.HOLD)),
            (datetime(2026, 1, 1, tzinfo=UTC), "is in the past"),
        ],
    )
    def test_another_time_is_a_time_to_come(self, make: Make, start: Any, reason: str) -> None:
        with pytest.raises(InvalidInput, match=reason):
            make("truedy").reschedule_campaign("c-1", start)

    @pytest.mark.parametrize("contacts", [["+12125550123"], [None], [{}]])
    def test_who_is_added_is_a_contact(self, make: Make, contacts: Any) -> None:
        with pytest.raises(InvalidInput, match="contacts must hold ContactDraft objects"):
            make("truedy").add_contacts("c-1", contacts)

    def test_contacts_that_do_not_fit_are_not_sent(self, make: Make) -> None:
        with pytest.raises(DraftRefused, match=r"^truedy add_contacts: nothing was sent: contacts\.phone_number: "):
            make("truedy").add_contacts("c-1", [ContactDraft(phone_number="212-555-0123")])

    def test_no_message_has_a_whole_number(self, make: Make, vendor: str) -> None:
        wrong = [ContactDraft(phone_number="+12125550123", email=""), ContactDraft(phone_number="212-555-0123")]
        with pytest.raises(DraftRefused) as caught:
            make(vendor).create_campaign(draft(vendor, contacts=wrong))
        assert not [number for number in ("2125550123", "212-555-0123") if number in str(caught.value)]


class TestRehearsing:
    def test_creating(self, make: Make) -> None:
        create, start = make("truedy").rehearse.create_campaign(draft("truedy", 1, Start.NOW, idempotency_key="mine"))
        assert (create.method, create.url) == ("POST", "http://127.0.0.1:9/batch-calls")
        assert create.headers["x-idempotency-key"] == "mine"
        assert json.loads(create.body)["contacts"] == [{"phone_number": "+12125550100", "first_name": "Person100"}]
        assert (start.url, start.body) == ("http://127.0.0.1:9/batch-calls/CAMPAIGN_ID/schedule", "{}")

    def test_the_key_is_masked_and_numbers_are_in_the_body_only(self, make: Make, vendor: str) -> None:
        requests = make(vendor).rehearse.create_campaign(draft(vendor, start=Start.NOW))
        assert "12125550100" in requests[0].body
        for planned in requests:
            assert planned.headers["authorization"] == "Bearer ***"
            assert KEY not in f"{planned!r}{planned.url}{planned.headers}{planned.body}"
            assert "2125550100" not in repr(planned)

    def test_adding(self, make: Make) -> None:
        (planned,) = make("truedy").rehearse.add_contacts("c-1", [PERSON])
        assert planned.url == "http://127.0.0.1:9/batch-calls/c-1/contacts"
        assert json.loads(planned.body) == {"contacts": [{"phone_number": "+12125550123", "first_name": "Ada"}]}

    @pytest.mark.parametrize(
        ("vendor", "operation", "path"),
        [
            ("truedy", "start_campaign", "/batch-calls/c-1/schedule"),
            ("truedy", "pause_campaign", "/batch-calls/c-1/pause"),
            ("truedy", "resume_campaign", "/batch-calls/c-1/resume"),
            ("truedy", "delete_campaign", "/batch-calls/bulk-delete"),
            ("talkifai", "start_campaign", "/batch/jobs/c-1/start"),
            ("talkifai", "cancel_campaign", "/batch/jobs/c-1/cancel"),
        ],
    )
    def test_changing(self, make: Make, vendor: str, operation: str, path: str) -> None:
        (planned,) = getattr(make(vendor).rehearse, operation)("c-1")
        assert (planned.method, planned.url) == ("POST", f"http://127.0.0.1:9{path}")

    @pytest.mark.parametrize("start", [LATER, Start.at(LATER)], ids=["datetime", "Start"])
    def test_changing_the_time(self, make: Make, start: Any) -> None:
        (planned,) = make("truedy").rehearse.reschedule_campaign("c-1", start)
        assert json.loads(planned.body) == {"scheduled_at": WHOLE.isoformat().replace("+00:00", "Z")}

    def test_changing_the_time_in_a_zone(self, make: Make) -> None:
        start = Start.at(WHOLE.astimezone(ZoneInfo("Europe/Berlin")))
        (planned,) = make("truedy").rehearse.reschedule_campaign("c-1", start)
        assert json.loads(planned.body)["timezone"] == "Europe/Berlin"

    def test_what_the_method_refuses_is_refused(self, make: Make) -> None:
        lossy = draft("truedy", description="x")
        with pytest.raises(DraftRefused):
            make("truedy").rehearse.create_campaign(lossy)
        with pytest.raises(UnsupportedFeature):
            make("techladder").rehearse.pause_campaign("c-1")
        (planned,) = make("truedy").rehearse.create_campaign(lossy, accept_loss=["description"])
        assert "description" not in json.loads(planned.body)


LOST = httpx.ReadError("cut")
SLOW = httpx.ReadTimeout("slow")
NEVER_SENT = httpx.ConnectError("refused")
FAILED = Reply(500, "<html>")
NO_BATCHES = Reply(200, {"data": {"items": [], "total": 0, "page": 1, "limit": 100, "has_more": False}})
BATCH = {"schedule_id": "sched_1", "agent_id": "agt-1", "status": "pending", "total_contacts": 1}
CREATED = Reply(200, {"data": BATCH})


class TestCreatingWhenAnswersAreLost:
    """At a vendor that does not recognise a repeated request."""

    def lead(self, monkeypatch: pytest.MonkeyPatch, *replies: Reply | Exception) -> tuple[Line, Any]:
        line = Line(monkeypatch, "techladder", retry=unibatch.Retry(attempts=1))
        provider = line.exchange.provider
        composition = compose(provider, draft("techladder", 1), datetime.now(UTC))
        return line, lambda: line.lead(line.exchange.run(provider.create_campaign(composition)), *replies)

    def methods(self, line: Line) -> str:
        return " ".join(request.method for request in line.requests)

    def test_nothing_is_lost(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line, lead = self.lead(monkeypatch, NO_BATCHES, CREATED, CREATED)
        assert lead().id == "sched_1"
        assert (self.methods(line), line.pauses) == ("GET POST GET", [])

    @pytest.mark.parametrize("lost", [LOST, FAILED, SLOW], ids=["cut", "500", "slow"])
    def test_it_looks_three_times_and_is_never_sent_again(
        self, monkeypatch: pytest.MonkeyPatch, lost: Reply | Exception
    ) -> None:
        line, lead = self.lead(monkeypatch, NO_BATCHES, lost, *[NO_BATCHES] * len(LOOKS))
        with pytest.raises(OutcomeUnknown) as caught:
            lead()
        assert (self.methods(line), line.pauses) == ("GET POST GET GET GET", list(LOOKS))
        assert caught.value.check.startswith("wait some minutes, since it may still be at work on it, then look")

    @pytest.mark.parametrize("looks", [[], [FAILED]], ids=["at the first look", "after a look that fails"])
    def test_what_is_found_is_not_sent_again(self, monkeypatch: pytest.MonkeyPatch, looks: list[Reply]) -> None:
        provider = Line(monkeypatch, "techladder").exchange.provider
        (request,) = provider.creation(compose(provider, draft("techladder", 1), datetime.now(UTC)))
        our_id = json.loads(request.content)["contacts"][0]["contact_id"]
        found = Reply(200, {"data": {"items": [BATCH], "total": 1, "has_more": False}})
        call = {"call_id": "c1", "external_id": our_id, "phone_number": "12125550100", "status": "pending"}
        seen = (found, Reply(200, page("techladder", call)), CREATED)
        line, lead = self.lead(monkeypatch, NO_BATCHES, LOST, *looks, *seen)
        assert lead().id == "sched_1"
        assert self.methods(line) == " ".join(["GET POST", *["GET"] * (len(looks) + 3)])
        assert line.pauses == list(LOOKS[: len(looks) + 1])


def truedy(status: str) -> Reply:
    return Reply(200, one("truedy", {"id": "c-1", "status": status, "agent_id": "a", "total_contacts": 1}))


class TestAddingWhenAnswersAreLost:
    def test_the_error_accounts_for_everybody_and_names_what_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, "truedy", retry=unibatch.Retry(attempts=1))
        empty = Reply(200, one("truedy", {"id": "c-1", "status": "draft", "agent_id": "a", "total_contacts": 0}))
        adding = Operations(line.exchange, 1).add_contacts("c-1", [PERSON], (), None)
        with pytest.raises(OutcomeUnknown) as caught:
            line.lead(adding, empty, Reply(200, page("truedy")), LOST, FAILED)
        assert caught.value.contacts == unibatch.AddedContacts(campaign_id="c-1", unknown=(PERSON,))
        assert caught.value.check == "wait some minutes, then look which contacts c-1 has"
        lost = caught.value.__cause__
        assert isinstance(lost, OutcomeUnknown)
        assert isinstance(lost.__cause__, ConnectionLost)


class TestChangingWhenAnswersAreLost:
    def lead(self, monkeypatch: pytest.MonkeyPatch, *replies: Reply | Exception) -> tuple[Line, Any]:
        line = Line(monkeypatch, "truedy", retry=unibatch.Retry(attempts=1))
        provider = line.exchange.provider
        flow = carry_out(
            provider,
            provider.change("pause_campaign", "c-1"),
            lambda campaign: campaign.status is CampaignStatus.PAUSED,
        )
        return line, lambda: line.lead(line.exchange.run(flow), *replies)

    def test_an_empty_204_that_the_vendor_does_not_document_proves_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        line, lead = self.lead(
            monkeypatch, truedy("active"), Reply(204), truedy("active"), truedy("paused"), truedy("paused")
        )
        assert lead().status is CampaignStatus.PAUSED
        assert [request.method for request in line.requests] == ["GET", "POST", "GET", "POST", "GET"]

    def test_it_looks_before_it_is_sent_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line, lead = self.lead(
            monkeypatch, truedy("active"), LOST, truedy("active"), truedy("paused"), truedy("paused")
        )
        assert lead().status is CampaignStatus.PAUSED
        assert [request.method for request in line.requests] == ["GET", "POST", "GET", "POST", "GET"]
        assert line.pauses == [LOOKS[0]]

    def test_another_start_than_was_asked_for_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("unibatch.core.looking.LOOKS", (0.0,))
        line = Line(monkeypatch, "truedy", retry=unibatch.Retry(attempts=1))
        flow = Operations(line.exchange, 1).change("reschedule_campaign", "c-1", LATER)
        other = Reply(body={"data": {"id": "c-1", "status": "scheduled", "scheduled_at": "2031-01-01T00:00:00Z"}})
        with pytest.raises(unibatch.PartlyDone, match="it starts at 2031-01-01"):
            line.lead(flow, *[other] * 4)
