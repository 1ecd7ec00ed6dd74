"""The part of `ProviderContract` for providers that write: creating, adding, lost answers, keys, holds and changes."""
# ruff: noqa: S101 - these are tests, although they are shipped

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import uuid4

import attrs
import pytest

from unibatch.client import Client
from unibatch.core.draft import CampaignDraft, ContactDraft, Start
from unibatch.core.draft_fields import DRAFT_FIELD_NAMES, Composition
from unibatch.core.errors import InvalidInput, OutcomeUnknown, UnibatchError
from unibatch.core.findings import Fit
from unibatch.core.flow import Flow, Request
from unibatch.core.model import Campaign, Contact
from unibatch.core.preflight import compose, merge
from unibatch.core.provider import LIFECYCLE, OperationName
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.times import When
from unibatch.testing.account import VendorAccount, WithAccount
from unibatch.testing.drafts import CHANGES, NOW, draft_with, later, person, right_value, used

CONTACT_ATTRIBUTES = frozenset(name for name in DRAFT_FIELD_NAMES if name.startswith("contacts."))
"""What can be in `Provider.added_contact_fields`."""


class WritingContract(WithAccount):
    """What every provider promises of what its capabilities offer to write. Part of `ProviderContract`."""

    def _compositions(self, account: VendorAccount) -> Iterator[tuple[CampaignDraft, Composition]]:
        """A draft that uses nothing but what is needed, and others that use something more, right or wrong."""
        self._require("create_campaign")
        provider, needed = self.provider_class(account.defaults), dict(account.draft or {})
        changes = [{}, *({field: value} for field, values in CHANGES.items() for value in values)]
        options = needed.get("vendor", {}).get(provider.name, {})
        for name, setting in provider.draft_options.items():
            changes.append({"vendor": {provider.name: {**options, name: right_value(setting)}}})
        for draft in (draft_with(**{**needed, **change}) for change in changes):
            yield draft, compose(provider, draft, NOW)

    def _held(self, account: VendorAccount) -> tuple[CampaignDraft, list[str]]:
        """A new draft that calls nobody; with a time, where the vendor cannot hold without one; and what it loses."""
        self._require("create_campaign")
        if account.draft is None:
            pytest.skip("the account gives no draft")
        held = draft_with(**{**account.draft, "start": Start.HOLD, "name": f"Contract {uuid4()}"})
        obstacles = compose(self.provider_class(account.defaults), held, datetime.now(UTC)).preflight.obstacles()
        if "start" in {each.field for each in obstacles}:
            held = attrs.evolve(held, hold_until=later())
        return held, [each.field for each in obstacles if each.acceptable]

    def test_every_field_of_a_draft_has_an_entry(self) -> None:
        """How the vendor takes each field is declared, and nothing else is; what is not native says why."""
        self._require("create_campaign")
        table, added = self.provider_class.draft_fields, self.provider_class.added_contact_fields
        options = {f"vendor.{name}" for name, setting in self.provider_class.settings.items() if setting.in_draft}
        assert set(DRAFT_FIELD_NAMES) - table.keys() == set()
        assert table.keys() - options - {"contacts", *DRAFT_FIELD_NAMES} == set()
        assert added.keys() <= CONTACT_ATTRIBUTES
        entries = {**table, **{f"added {name}": how for name, how in added.items()}}
        assert [name for name, how in entries.items() if how.fit is Fit.INVALID] == []
        assert [name for name, how in entries.items() if how.fit is not Fit.NATIVE and not how.reason] == []

    def test_contacts_are_made_by_contact_body(self) -> None:
        """The entries of a contact's attributes say how well each fits, and send nothing by themselves."""
        for table in (self.provider_class.draft_fields, self.provider_class.added_contact_fields):
            entries = {name: how for name, how in table.items() if name in CONTACT_ATTRIBUTES}
            assert [name for name, how in entries.items() if how.body or how.decide] == []

    def test_transitions_are_declared_for_what_is_offered(self) -> None:
        """Each operation that changes a campaign's status says when it is possible, and no other does."""
        operations = self.provider_class.capabilities.operations
        transitions = self.provider_class.transitions
        assert sorted(transitions) == sorted(name for name in LIFECYCLE if operations[name].available)
        for transition in transitions.values():
            assert transition.allowed
            assert CampaignStatus.UNKNOWN not in transition.allowed | transition.done | transition.passed

    def test_each_change_that_is_offered_is_a_request(self, account: VendorAccount) -> None:
        """It is for its own operation and campaign, and changes something."""
        provider = self.provider_class(account.defaults)
        when = When(later(), "UTC")
        for operation in provider.transitions:
            request = provider.change(operation, "a b", when if operation == "reschedule_campaign" else None)
            assert (request.operation, request.subject) == (operation, "a b")
            assert request.method != "GET"
            assert re.fullmatch(r"/[^?#\s]*", request.path)

    def test_to_call_again_is_never_sent_twice(self, account: VendorAccount) -> None:
        """What calls the unreached again is not repeatable."""
        self._require("retry_campaign")
        request = self.provider_class(account.defaults).change("retry_campaign", "some-id")
        assert (request.operation, request.subject, request.repeatable) == ("retry_campaign", "some-id", False)

    def test_any_draft_is_judged(self, account: VendorAccount) -> None:
        """Nothing is raised, each field has one finding, and what is not native says why."""
        for draft, composition in self._compositions(account):
            findings = composition.preflight.findings
            assert len({finding.field for finding in findings}) == len(findings), draft
            assert [finding for finding in findings if finding.fit is not Fit.NATIVE and not finding.reason] == []

    def test_every_field_that_a_draft_uses_has_a_finding(self, account: VendorAccount) -> None:
        """Nothing that was asked for is dropped without saying so."""
        for draft, composition in self._compositions(account):
            fits = {finding.field: finding.fit for finding in composition.preflight.findings}
            if Fit.INVALID not in fits.values():
                assert used(draft) - {part for field in fits for part in (field, field.partition(".")[0])} == set()

    def test_what_is_sent_can_be_sent(self, account: VendorAccount) -> None:
        """A draft that nothing blocks becomes requests, the same ones each time."""
        for draft, composition in self._compositions(account):
            if not composition.preflight.obstacles():
                provider = self.provider_class(account.defaults)
                requests = provider.creation(composition)
                assert [request.method == "GET" for request in requests] == [False] * len(requests)
                assert requests == provider.creation(compose(provider, draft, NOW))

    def test_the_findings_say_all_that_is_sent(self, account: VendorAccount) -> None:
        """What the findings say is sent is the body, apart from the contacts."""
        for _, composition in self._compositions(account):
            body: dict[str, Any] = {}
            for finding in composition.preflight.findings:
                merge(body, finding.sent)
            assert body == composition.body

    def test_preflight_opens_no_connection(self, account: VendorAccount, no_network: None) -> None:  # noqa: ARG002 - in use
        """What happens to a draft is found out without a network."""
        for _ in self._compositions(account):
            pass

    def test_what_is_asked_for_twice_is_created_once(self, account: VendorAccount, client: Client) -> None:
        """The same draft gives the same campaign, with everybody in it once, and nobody called."""
        draft, losses = self._held(account)
        if "idempotency_key" in losses:
            pytest.skip("the preflight says that a repetition is not recognised")
        lists = client.capabilities.operations["list_campaigns"].available
        before = {campaign.id for campaign in client.list_campaigns()} if lists else set()
        first = client.create_campaign(draft, accept_loss=losses)
        again = client.create_campaign(draft, accept_loss=losses)
        assert again.id == first.id
        assert not lists or {campaign.id for campaign in client.list_campaigns()} - before == {first.id}
        assert _numbers(client.list_contacts(first.id)) == _numbers(draft.contacts)

    def test_what_writes_is_repeated_only_where_the_vendor_recognises_it(self, account: VendorAccount) -> None:
        """What creates or adds is `Request.repeatable` only if the capabilities say that a repetition is recognised."""
        operations, provider = self.provider_class.capabilities.operations, self.provider_class(account.defaults)
        requests = [
            request
            for _, composition in self._compositions(account)
            if not composition.preflight.obstacles()
            for request in provider.creation(composition)
        ]
        if operations["add_contacts"].available:
            requests += provider.addition("some-id", [provider.contact_body(person(1))])
        for request in requests:
            if request.operation in {"create_campaign", "add_contacts"}:
                assert not request.repeatable or operations[cast("OperationName", request.operation)].idempotency_key

    @pytest.mark.parametrize("arrives", [True, False], ids=["after the work", "before it"])
    def test_a_lost_answer_creates_nothing_twice(
        self, account: VendorAccount, client: Client, *, arrives: bool
    ) -> None:
        """If no answer comes to a creation, it is sent once at most, and what the vendor did is found."""
        draft, losses = self._held(account)
        provider = self.provider_class(account.defaults)
        composition = compose(provider, draft, datetime.now(UTC)).require("create_campaign", losses)
        line = _BrokenLine(provider.name, arrives=arrives)
        try:
            flow = line.carry(provider.create_campaign(composition))
            campaign = client._driver.run(client._exchange.run(flow))  # noqa: SLF001 - of the same package
        except OutcomeUnknown:
            assert not arrives or "idempotency_key" in losses, "the campaign is there, and was not found"
        else:
            assert line.arrived, "nothing was created, and a campaign came back"
            assert _numbers(client.list_contacts(campaign.id)) == _numbers(draft.contacts)
        recognises = provider.capabilities.operations["create_campaign"].idempotency_key
        assert line.asked == 1 or recognises, "it was sent again, although it may have been carried out"

    def test_one_key_is_one_campaign(self, account: VendorAccount, client: Client) -> None:
        """Another draft with the key of a campaign is refused, and creates nothing."""
        draft, losses = self._held(account)
        if "idempotency_key" in losses:
            pytest.skip("the preflight says that a repetition is not recognised")
        draft = attrs.evolve(draft, idempotency_key=f"contract-{uuid4()}")
        client.create_campaign(draft, accept_loss=losses)
        other = attrs.evolve(draft, contacts=[*draft.contacts, person(3)])
        lists = client.capabilities.operations["list_campaigns"].available
        before = {campaign.id for campaign in client.list_campaigns()} if lists else set()
        with pytest.raises(InvalidInput):
            client.create_campaign(other, accept_loss=losses)
        assert not lists or {campaign.id for campaign in client.list_campaigns()} == before

    def test_what_was_created_is_what_was_asked_for(self, account: VendorAccount, client: Client) -> None:
        """It has the name of the draft, without a mark, and its start, where the vendor gives them."""
        draft, losses = self._held(account)
        due = later()
        draft = attrs.evolve(draft, start=Start.at(due), hold_until=None, idempotency_key=f"contract-{uuid4()}")
        found = compose(self.provider_class(account.defaults), draft, datetime.now(UTC)).preflight
        if any(not each.acceptable for each in found.obstacles()):
            pytest.skip("a campaign cannot start at a time")
        campaign = client.create_campaign(draft, accept_loss=[each.field for each in found.obstacles()])
        given = self.provider_class.capabilities.campaign_fields
        if "name" in given and "name" not in losses:
            assert campaign.name == draft.name
        if "schedule" in given:
            _check_start(campaign, due)

    def test_who_is_held_is_not_called(self, account: VendorAccount, client: Client) -> None:
        """A campaign that is held has not begun, and every contact is still to be called.

        One that begins by itself at ``hold_until`` has that start, where the vendor gives starts.
        """
        draft, losses = self._held(account)
        campaign = client.create_campaign(draft, accept_loss=losses)
        assert campaign.status in {CampaignStatus.DRAFT, CampaignStatus.PENDING, CampaignStatus.SCHEDULED}
        assert {contact.status for contact in client.list_contacts(campaign.id)} == {CallStatus.PENDING}
        due = compose(self.provider_class(account.defaults), draft, datetime.now(UTC)).due
        if due is not None and "schedule" in self.provider_class.capabilities.campaign_fields:
            _check_start(campaign, due.moment)


class _BrokenLine:
    """Carries the requests of a flow, and loses the answer to the first one that creates a campaign.

    Attributes:
        asked: How often the flow asked for a campaign to be created.
        arrived: How many of these requests arrived.
    """

    def __init__(self, provider: str, *, arrives: bool) -> None:
        self._lost = OutcomeUnknown(
            provider=provider,
            operation="create_campaign",
            subject=None,
            reason="the connection broke before the answer had arrived",
        )
        self._arrives = arrives
        self.asked = 0
        self.arrived = 0

    def carry(self, flow: Flow[Campaign]) -> Flow[Campaign]:
        go_on: Callable[[], Request] = partial(next, flow)
        while True:
            try:
                request = go_on()
            except StopIteration as done:
                campaign: Campaign = done.value
                return campaign
            creates = request.operation == "create_campaign" and request.method != "GET"
            self.asked += creates
            is_lost = creates and self.asked == 1
            go_on = partial(flow.throw, self._lost)
            if is_lost and not self._arrives:
                continue
            self.arrived += creates
            try:
                response = yield attrs.evolve(request, after=0.0)
            except UnibatchError as exc:
                go_on = partial(flow.throw, exc)
            else:
                go_on = go_on if is_lost else partial(flow.send, response)


def _numbers(contacts: Iterable[Contact | ContactDraft]) -> list[str]:
    return sorted(contact.phone_number for contact in contacts)


def _check_start(campaign: Campaign, due: datetime) -> None:
    start = None if campaign.schedule is None else campaign.schedule.start
    assert start is not None
    assert timedelta() <= start - due < timedelta(minutes=1)
