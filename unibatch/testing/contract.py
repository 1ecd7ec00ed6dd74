"""The tests that every provider passes, as a class to be subclassed.

::

    from unibatch.testing import ProviderContract, VendorAccount

    class TestAcme(ProviderContract):
        provider_class = Acme

        @pytest.fixture
        def account(self, acme_server):
            return VendorAccount(base_url=acme_server.url, api_key="key", campaign_id="c1", ...)

Behind ``account`` is a server that behaves as the vendor does: a simulation, or recorded answers. A provider for which
a test makes no sense overrides that test, and says why.
"""
# ruff: noqa: S101 - these are tests, although they are shipped

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any, ClassVar, cast, get_args
from uuid import uuid4

import attrs
import pytest

from unibatch.client import Client, Options, Retry, results_of
from unibatch.core.draft import CampaignDraft, ContactDraft, Part, Start
from unibatch.core.draft_fields import DRAFT_FIELD_NAMES, Composition
from unibatch.core.errors import (
    AuthenticationError,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    UnibatchError,
    UnsupportedFeature,
)
from unibatch.core.findings import Fit
from unibatch.core.flow import Flow, Request, Response
from unibatch.core.model import Account, Campaign, Contact, RedialPolicy, Schedule
from unibatch.core.paging import Page, Paging
from unibatch.core.preflight import compose, merge
from unibatch.core.provider import CampaignFilter, ContactFilter, Limits, OperationName, Provider, Setting
from unibatch.core.refusal import Refusal
from unibatch.core.results import COLUMNS, Results
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.status_table import StatusTable
from unibatch.core.structuring import StructureError
from unibatch.core.times import When
from unibatch.testing.flows import play

OPERATIONS: tuple[OperationName, ...] = get_args(OperationName)

FILTERS = frozenset(
    {f"list_campaigns.{field.name}" for field in attrs.fields(CampaignFilter)}
    | {f"list_contacts.{field.name}" for field in attrs.fields(ContactFilter) if field.name != "results_only"}
)
"""What can be in `Capabilities.server_filters`."""

LIFECYCLE: tuple[OperationName, ...] = (
    "start_campaign",
    "pause_campaign",
    "resume_campaign",
    "reschedule_campaign",
    "cancel_campaign",
    "delete_campaign",
    "retry_campaign",
)
"""What needs an entry in `Provider.transitions`, where it is offered."""

CONTACT_ATTRIBUTES = frozenset(name for name in DRAFT_FIELD_NAMES if name.startswith("contacts."))
"""What can be in `Provider.added_contact_fields`."""

# What this library fills itself at every vendor: no vendor declares it.
_OURS = frozenset({"provider", "campaign_id", "phone_valid", "vendor_status", "is_final", "raw"})

CONTACT_FIELDS = frozenset(field.alias or field.name for field in attrs.fields(Contact)) - _OURS
"""What can be in `Capabilities.contact_fields`."""

CAMPAIGN_FIELDS = frozenset(field.alias or field.name for field in attrs.fields(Campaign)) - _OURS
"""What can be in `Capabilities.campaign_fields`."""

BODIES = (
    b"",
    b" ",
    b"null",
    b"true",
    b"0",
    b'""',
    b"[]",
    b"{}",
    b"[[]]",
    b"[null]",
    b'{"data": null}',
    b'{"data": []}',
    b'{"data": {}}',
    b'{"data": [null]}',
    b'{"data": [{}]}',
    b'{"data": {"items": [{}]}}',
    b'{"error": {}, "errors": [], "detail": [null], "message": 1, "code": []}',
    b'{"error": {"code": 1, "message": [], "details": {"field": "x"}}, "meta": []}',
    b'{"detail": [{"loc": 1, "msg": null}, {}]}',
    b"<html><body>502 Bad Gateway</body></html>",
    b'{"data": [',
    b'{"a": 1e999}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b'{"a": "\\ud800"}',
    b"[" * 100_000,
    b"\x00",
    b"\xff\xfe\xfd",
)
"""Bodies that no vendor documents, but that proxies, outages and new versions send."""


@attrs.frozen(kw_only=True)
class VendorAccount:
    """An account at a server that behaves as the vendor does.

    Attributes:
        base_url: Where the server is.
        api_key: A key that the server accepts.
        wrong_api_key: A key that the server refuses.
        defaults: The settings of the provider's own that it needs to read everything.
        campaign_id: A campaign with contacts: better more than fit on one page, and in many statuses.
        phone_numbers: The numbers of its contacts in E.164 form, in any order, repeated as often as they occur; an
            empty text for a contact without a number.
        empty_campaign_id: A campaign without contacts.
        unknown_campaign_id: An id in the vendor's form, of no campaign.
        transport: What answers in the place of a server, such as an ``httpx.MockTransport``; then no server is needed.
        draft: The attributes that this vendor requires of a `CampaignDraft`, such as ``agent_id``. Left out, nothing is
            created.
    """

    base_url: str
    api_key: str
    wrong_api_key: str = "this-is-not-a-key"
    defaults: Mapping[str, Any] = attrs.field(factory=dict)
    campaign_id: str
    phone_numbers: Sequence[str]
    empty_campaign_id: str
    unknown_campaign_id: str
    transport: Any = None
    draft: Mapping[str, Any] | None = None


_UNLIMITED = 1_000_000  # the server is a stand-in on this machine, and nobody waits for tests


class ProviderContract:
    """What every provider promises. Subclass it, set `provider_class`, and define the fixture `account`.

    Attributes:
        provider_class: The provider.
    """

    provider_class: ClassVar[type[Provider]]

    @pytest.fixture
    def account(self) -> VendorAccount:
        """The account to test with. Override it."""
        raise NotImplementedError(f"{type(self).__name__} defines no fixture named account")

    @pytest.fixture
    def no_network(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing can open a connection."""

        def refuse(*_: Any, **__: Any) -> Any:
            raise AssertionError("a provider opened a connection of its own")

        monkeypatch.setattr(socket, "socket", refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)

    @pytest.fixture
    def client(self, account: VendorAccount) -> Iterator[Client]:
        """A client of that account."""
        with self._connect(account) as client:
            yield client

    @pytest.fixture
    def contacts(self, account: VendorAccount, client: Client) -> list[Contact]:
        """The contacts of the campaign, as the client reads them."""
        return list(client.list_contacts(account.campaign_id))

    def _connect(self, account: VendorAccount, *, api_key: str | None = None, base_url: str | None = None) -> Client:
        provider = self.provider_class(account.defaults)
        options = Options(
            base_url=base_url or account.base_url, retry=Retry(attempts=1), requests_per_minute=_UNLIMITED
        )
        return Client(provider, api_key or account.api_key, options=options, transport=account.transport)

    def _flows(self, account: VendorAccount) -> Mapping[str, Callable[[], Flow[Any]]]:
        """Every reading operation that the provider has, by name."""
        provider = self.provider_class(account.defaults)
        flows: dict[OperationName, Callable[[], Flow[Any]]] = {
            "list_campaigns": lambda: provider.list_campaigns(
                provider.capabilities.campaign_paging.first, CampaignFilter()
            ),
            "get_campaign": lambda: provider.get_campaign("some-id"),
            "list_contacts": lambda: provider.list_contacts(
                "some-id", provider.capabilities.contact_paging.first, ContactFilter()
            ),
            "get_account": provider.get_account,
        }
        offered = self.provider_class.capabilities.operations
        return {name: flow for name, flow in flows.items() if offered[name].available}

    # Facts

    def test_name_can_stand_in_a_profile(self) -> None:
        """The name is a plain lower-case word, and there is a title for people."""
        assert re.fullmatch(r"[a-z][a-z0-9_]*", self.provider_class.name)
        assert self.provider_class.title.strip()

    def test_base_url_is_https(self) -> None:
        """The key is never sent in the clear, and paths can be appended."""
        assert re.fullmatch(r"https://[^/?#@\s]+(/[^/?#\s]+)*", self.provider_class.base_url)

    def test_capabilities_name_every_operation(self) -> None:
        """Each operation is declared, and one that is not available says why or what to do instead."""
        operations = self.provider_class.capabilities.operations
        assert sorted(operations) == sorted(OPERATIONS)
        assert [name for name, support in operations.items() if not (support.available or support.note)] == []

    def test_capabilities_name_real_fields(self) -> None:
        """The declared fields are attributes of the canonical model; id, number and status are always among them."""
        capabilities = self.provider_class.capabilities
        assert capabilities.contact_fields - CONTACT_FIELDS == frozenset()
        assert capabilities.campaign_fields - CAMPAIGN_FIELDS == frozenset()
        assert {"id", "phone_number", "status"} - capabilities.contact_fields == set()
        assert {"id", "status"} - capabilities.campaign_fields == set()

    def test_server_filters_exist(self) -> None:
        """Each filter that the vendor applies is one that the client offers."""
        assert self.provider_class.capabilities.server_filters - FILTERS == frozenset()

    def test_limits_are_positive(self) -> None:
        """A limit that is not known is ``None``, never zero."""
        limits = attrs.asdict(self.provider_class.capabilities.limits)
        assert sorted(limits) == sorted(field.name for field in attrs.fields(Limits))
        assert [name for name, limit in limits.items() if limit is not None and limit < 1] == []

    def test_settings_are_explained(self) -> None:
        """Each setting of the provider's own says what it is for, and none of them is needed to make an instance."""
        assert [name for name, setting in self.provider_class.settings.items() if not setting.purpose.strip()] == []
        self.provider_class({})

    def test_error_codes_name_kinds_of_errors(self) -> None:
        """A code, or an HTTP status from 400 to 499 with a code, is mapped to an error that an answer can be."""
        for key, kind in self.provider_class.error_codes.items():
            assert issubclass(kind, ProviderError)
            assert isinstance(key, str) or key[0] in range(400, 500)

    def test_key_is_sent_in_a_header(self, account: VendorAccount) -> None:
        """The key is in a header, which no log or proxy keeps, and nowhere else."""
        provider = self.provider_class(account.defaults)
        assert any(account.api_key in value for value in provider.headers(account.api_key).values())
        for begin in self._flows(account).values():
            request = next(begin())
            assert account.api_key not in f"{request.path}{request.query}"

    # Status tables

    def test_status_tables_hold_canonical_statuses(self) -> None:
        """Each word is mapped to a canonical status."""
        calls, campaigns = self.provider_class.call_statuses, self.provider_class.campaign_statuses
        assert {type(status) for _, status in calls} == {CallStatus}
        assert {type(status) for _, status in campaigns} == {CampaignStatus}

    def test_words_are_found_in_any_spelling(self) -> None:
        """A word is found in any case, and with hyphens, underscores or spaces between its parts."""
        for table in (self.provider_class.call_statuses, self.provider_class.campaign_statuses):
            for key, status in table.words.items():
                word, reason = (key, None) if isinstance(key, str) else key
                spellings = {word, word.upper(), word.title(), *(re.sub(r"[\s_-]", mark, word) for mark in "-_ ")}
                assert {table.get(spelling, reason) for spelling in spellings} == {status}
                assert table.get(word, "a reason that came later") == table.words[word]

    def test_filter_words_say_exactly_what_is_wanted(self) -> None:
        """The vendor's own filter is used only where it has one, and one of its words, and no other, is the status."""
        filters = self.provider_class.capabilities.server_filters
        offered = _check_filter_words(self.provider_class.call_statuses, CallStatus)
        assert offered == ("list_contacts.status" in filters)
        offered = _check_filter_words(self.provider_class.campaign_statuses, CampaignStatus)
        assert offered == ("list_campaigns.status" in filters)

    # Flows

    def test_flows_do_no_io(self, account: VendorAccount, no_network: None) -> None:  # noqa: ARG002 - in use
        """A flow yields a request to a path below the base URL, for its own operation, and opens no connection."""
        for operation, begin in self._flows(account).items():
            request = next(begin())
            assert request.operation == operation
            assert re.fullmatch(r"/[^?#\s]*", request.path)
            assert all(isinstance(value, str) for value in request.query.values())

    def test_listings_ask_for_the_largest_page(self, account: VendorAccount) -> None:
        """Each listing asks for as many rows as the vendor gives on one page, at the position that was asked for."""
        provider = self.provider_class(account.defaults)
        can = provider.capabilities
        listings: list[tuple[Paging, Callable[[Any], Flow[Any]]]] = [
            (can.contact_paging, lambda at: provider.list_contacts("some-id", at, ContactFilter()))
        ]
        if can.operations["list_campaigns"].available:
            listings.append((can.campaign_paging, lambda at: provider.list_campaigns(at, CampaignFilter())))
        for paging, begin in listings:
            for position in _some_positions(paging):
                assert paging.query(position).items() <= next(begin(position)).query.items()

    def test_an_id_is_one_segment_of_the_path(self, account: VendorAccount) -> None:
        """An id with special characters cannot lead elsewhere, and a blank one is refused."""
        provider = self.provider_class(account.defaults)
        first = provider.capabilities.contact_paging.first
        for begin in (provider.get_campaign, lambda at: provider.list_contacts(at, first, ContactFilter())):
            request = next(begin("../a b?c#d%é"))
            assert "..%2Fa%20b%3Fc%23d%25%C3%A9" in request.path.split("/")
            assert request.subject == "../a b?c#d%é"
            for blank in ("", " ", ".", ".."):
                with pytest.raises(InvalidInput):
                    next(begin(blank))

    # Reading

    def test_a_listing_yields_each_contact_once(self, account: VendorAccount, client: Client) -> None:
        """Nobody is left out, nobody comes twice, and the report says that the listing is complete."""
        listing = client.list_contacts(account.campaign_id)
        contacts = list(listing)
        assert Counter(contact.phone_number for contact in contacts) == Counter(account.phone_numbers)
        assert len({contact.id for contact in contacts}) == len(contacts)
        assert listing.report.complete
        assert listing.report.seen == len(contacts)

    def test_an_empty_campaign_has_no_contacts(self, account: VendorAccount, client: Client) -> None:
        """A listing without rows is complete too."""
        listing = client.list_contacts(account.empty_campaign_id)
        assert list(listing) == []
        assert listing.report.complete

    def test_contacts_say_where_they_belong(self, account: VendorAccount, contacts: list[Contact]) -> None:
        """Each contact names its provider and its campaign."""
        assert {contact.provider for contact in contacts} == {self.provider_class.name}
        assert {contact.campaign_id for contact in contacts} == {account.campaign_id}

    def test_contacts_are_canonical(self, contacts: list[Contact]) -> None:
        """No blank id, no time without a zone, no data that can be changed."""
        for contact in contacts:
            _check_canonical(contact)
            assert contact.phone_valid == bool(contact.phone_number)
            assert contact.vendor_status is None or isinstance(contact.vendor_status, str)

    def test_contacts_fill_declared_fields_only(self, contacts: list[Contact]) -> None:
        """What the capabilities do not declare stays empty in every contact."""
        filled = {name for contact in contacts for name in CONTACT_FIELDS if getattr(contact, name) not in _EMPTY}
        assert filled - self.provider_class.capabilities.contact_fields == set()

    def test_results_are_those_of_the_contacts(
        self, account: VendorAccount, client: Client, contacts: list[Contact]
    ) -> None:
        """Asked only for what became of the calls, it says the same of each contact, and the listing is complete."""
        listing = results_of(client.list_contacts(account.campaign_id))
        pages = list(map(Results.of, listing.pages()))
        for name in COLUMNS:
            found = [value for page in pages for value in getattr(page, name)]
            assert found == [getattr(contact, name) for contact in contacts], name
        assert listing.report.complete

    def test_a_status_can_be_asked_for(self, account: VendorAccount, client: Client, contacts: list[Contact]) -> None:
        """Whether the vendor filters or the client does: the same contacts come."""
        for status in {contact.status for contact in contacts}:
            found = {contact.id for contact in client.list_contacts(account.campaign_id, status=status)}
            assert found == {contact.id for contact in contacts if contact.status is status}

    def test_campaigns_are_listed(self, account: VendorAccount, client: Client) -> None:
        """The listing of campaigns is complete, holds the one that can be read by its id, and each of them once."""
        self._require("list_campaigns")
        listing = client.list_campaigns()
        campaigns = list(listing)
        ids = [campaign.id for campaign in campaigns]
        assert {account.campaign_id, account.empty_campaign_id} <= set(ids)
        assert len(set(ids)) == len(ids)
        assert listing.report.complete
        for campaign in campaigns:
            _check_canonical(campaign)

    def test_a_campaign_is_read_by_its_id(self, account: VendorAccount, client: Client) -> None:
        """The campaign that was asked for comes, with what the capabilities declare and nothing else."""
        campaign = client.get_campaign(account.campaign_id)
        assert (campaign.provider, campaign.id) == (self.provider_class.name, account.campaign_id)
        assert campaign.counts.total in {None, len(account.phone_numbers)}
        _check_canonical(campaign)
        filled = {name for name in CAMPAIGN_FIELDS if getattr(campaign, name) not in _EMPTY}
        assert filled - self.provider_class.capabilities.campaign_fields == set()

    # Errors

    def test_a_wrong_key_is_an_authentication_error(self, account: VendorAccount) -> None:
        """A key that the vendor refuses is an error of its own, and is not shown."""
        with (
            self._connect(account, api_key=account.wrong_api_key) as client,
            pytest.raises(AuthenticationError) as caught,
        ):
            client.get_campaign(account.campaign_id)
        assert account.wrong_api_key not in str(caught.value)

    def test_an_unknown_campaign_is_not_found(self, account: VendorAccount, client: Client) -> None:
        """Whether it is read or its contacts are listed."""
        with pytest.raises(NotFound):
            client.get_campaign(account.unknown_campaign_id)
        with pytest.raises(NotFound):
            list(client.list_contacts(account.unknown_campaign_id))

    def test_any_body_is_understood_or_refused(self, account: VendorAccount) -> None:
        """For any body of a success: a canonical value comes, or an error that says where it is wrong."""
        for begin in self._flows(account).values():
            for body in BODIES:
                try:
                    value = play(begin(), body).value
                except StructureError as exc:
                    assert exc.path.startswith("$")  # noqa: PT017 - either outcome is right
                else:
                    assert isinstance(value, (Page, Campaign, Account))

    def test_any_refusal_is_read(self, account: VendorAccount) -> None:
        """For any body of an error, or of a success that turns out to be malformed: nothing is raised."""
        provider = self.provider_class(account.defaults)
        for body in BODIES:
            for status in (200, 400, 401, 404, 422, 429, 500, 502):
                assert isinstance(provider.refusal(Response(status=status, content=body)), Refusal)

    def test_what_is_not_supported_is_refused(self, account: VendorAccount) -> None:
        """An operation that the vendor does not offer is refused before any request is sent."""
        nowhere = "http://127.0.0.1:9"
        with self._connect(account, base_url=nowhere) as client:
            arguments: Mapping[str, tuple[Any, ...]] = {
                "list_campaigns": (),
                "get_account": (),
                "create_campaign": (_draft(),),
                "add_contacts": ("some-id", [_person(1)]),
                "reschedule_campaign": ("some-id", _later()),
            }
            for operation in OPERATIONS:
                if not client.capabilities.operations[operation].available:
                    with pytest.raises(UnsupportedFeature) as caught:
                        getattr(client, operation)(*arguments.get(operation, ("some-id",)))
                    assert (caught.value.provider, caught.value.feature) == (client.provider, operation)

    # Writing: for providers whose capabilities offer it

    def _require(self, operation: OperationName) -> None:
        if not self.provider_class.capabilities.operations[operation].available:
            pytest.skip(f"{self.provider_class.title} does not offer {operation}")

    def _compositions(self, account: VendorAccount) -> Iterator[tuple[CampaignDraft, Composition]]:
        """A draft that uses nothing but what is needed, and others that use something more, right or wrong."""
        self._require("create_campaign")
        provider, needed = self.provider_class(account.defaults), dict(account.draft or {})
        changes = [{}, *({field: value} for field, values in _CHANGES.items() for value in values)]
        options = needed.get("vendor", {}).get(provider.name, {})
        for name, setting in provider.draft_options.items():
            changes.append({"vendor": {provider.name: {**options, name: _right_value(setting)}}})
        for draft in (_draft(**{**needed, **change}) for change in changes):
            yield draft, compose(provider, draft, _NOW)

    def _held(self, account: VendorAccount) -> tuple[CampaignDraft, list[str]]:
        """A new draft that calls nobody; with a time, where the vendor cannot hold without one; and what it loses."""
        self._require("create_campaign")
        if account.draft is None:
            pytest.skip("the account gives no draft")
        held = _draft(**{**account.draft, "start": Start.HOLD, "name": f"Contract {uuid4()}"})
        obstacles = compose(self.provider_class(account.defaults), held, datetime.now(UTC)).preflight.obstacles()
        if "start" in {each.field for each in obstacles}:
            held = attrs.evolve(held, hold_until=_later())
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
        when = When(_later(), "UTC")
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
                assert _used(draft) - {part for field in fits for part in (field, field.partition(".")[0])} == set()

    def test_what_is_sent_can_be_sent(self, account: VendorAccount) -> None:
        """A draft that nothing blocks becomes requests, the same ones each time."""
        for draft, composition in self._compositions(account):
            if not composition.preflight.obstacles():
                provider = self.provider_class(account.defaults)
                requests = provider.creation(composition)
                assert [request.method == "GET" for request in requests] == [False] * len(requests)
                assert requests == provider.creation(compose(provider, draft, _NOW))

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
        contacts = list(client.list_contacts(first.id))
        assert sorted(contact.phone_number for contact in contacts) == sorted(
            contact.phone_number for contact in draft.contacts
        )

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
            requests += provider.addition("some-id", [provider.contact_body(_person(1))])
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
        other = attrs.evolve(draft, contacts=[*draft.contacts, _person(3)])
        lists = client.capabilities.operations["list_campaigns"].available
        before = {campaign.id for campaign in client.list_campaigns()} if lists else set()
        with pytest.raises(InvalidInput):
            client.create_campaign(other, accept_loss=losses)
        assert not lists or {campaign.id for campaign in client.list_campaigns()} == before

    def test_what_was_created_is_what_was_asked_for(self, account: VendorAccount, client: Client) -> None:
        """It has the name of the draft, without a mark, and its start, where the vendor gives them."""
        draft, losses = self._held(account)
        due = _later()
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


_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _right_value(setting: Setting) -> Any:
    if setting.is_flag:
        return True
    if setting.numbers is not None:
        return setting.numbers[0]
    if setting.is_list:
        return ["value"]
    return setting.choices[0] if setting.choices else "value"


def _later() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)


def _person(index: int, **about: Any) -> ContactDraft:
    return ContactDraft(phone_number=f"+1212555{index:04}", **about)


def _draft(**about: Any) -> CampaignDraft:
    """A draft that is the same each time, unless something else is asked for."""
    usual: dict[str, Any] = {"name": "Contract", "contacts": [_person(1), _person(2)], "start": Start.NOW}
    return CampaignDraft(**{**usual, **about})


_TEXTS_OF_A_CONTACT = tuple(str(field.alias) for field in attrs.fields(ContactDraft) if field.default is None)

_CHANGES: Mapping[str, Sequence[Any]] = {
    "name": ["", None, 5, "x" * 10_000, "\ud800"],
    "start": [Start.HOLD, Start.at(_NOW + timedelta(days=1)), Start.at(_NOW), None, "now"],
    "contacts": [
        [],
        [_person(1), _person(1)],
        [_person(1, **{name: value}) for value in ("Ada", "", 5) for name in sorted(_TEXTS_OF_A_CONTACT)],
        [_person(1, fields={"plan": "gold", "deep": {"list": [1, None, True]}})],
        [_person(1, fields={"a": float("nan")})],
        [ContactDraft(phone_number="212 555 0123")],
    ],
    "hold_until": [_NOW + timedelta(days=1), 5],
    "agent_id": ["agent_1", 5, ""],
    "from_number_ids": [["number_1"], ["number_1", "number_2"], [5], []],
    "description": ["Words", "x" * 10_000, 5],
    "schedule": [
        Schedule(timezone="Europe/Berlin"),
        Schedule(timezone="Europe/Berlin", window_start=time(9), window_end=time(17), weekdays=(1, 5)),
        Schedule(max_calls_per_day=100, end=_NOW + timedelta(days=2)),
        Schedule(timezone="Nowhere", window_start=time(17), window_end=time(9), weekdays=(0,), max_calls_per_day=0),
        5,
    ],
    "max_concurrency": [1, 0, 1_000_000, "5"],
    "retry": [RedialPolicy(max_attempts=1), RedialPolicy(max_attempts=3, retry_on=frozenset({CallStatus.BUSY})), 5],
    "metadata": [{"source": "crm"}, {"a": float("inf")}],
    "idempotency_key": ["a-key", "", 5],
    "part": [Part(number=1, of=2, whole="whole"), 5],
}
"""For each field of a draft, values, right and wrong."""


def _used(draft: CampaignDraft) -> set[str]:
    """The fields that a draft uses: those of a schedule and of a retry policy one by one."""
    used = {str(field.alias) for field in attrs.fields(CampaignDraft) if getattr(draft, str(field.alias))}
    for name, kind in (("schedule", Schedule), ("retry", RedialPolicy)):
        whole = getattr(draft, name)
        if isinstance(whole, kind):
            used.discard(name)
            used |= {f"{name}.{field.name}" for field in attrs.fields(kind) if getattr(whole, field.name)}
    return used - {"vendor"}


_EMPTY: tuple[Any, ...] = (None, "", (), {}, attrs.fields(Campaign).counts.default)


def _some_positions(paging: Paging) -> tuple[Any, ...]:
    return paging.first, {"offset": paging.max_size, "page": 2, "cursor": "a-cursor"}.get(paging.style, paging.first)


def _check_filter_words(table: StatusTable[Any], statuses: type[CallStatus | CampaignStatus]) -> bool:
    """Check each word that goes to the vendor's filter, and return whether there is any."""
    assert table.filter_word(frozenset()) is None
    assert table.filter_word(frozenset(statuses)) is None
    words = {status: table.filter_word(frozenset({status})) for status in statuses}
    for status, word in words.items():
        assert word is None or {key for key, meant in table.words.items() if meant is status or word in key} == {word}
    return any(words.values())


def _check_start(campaign: Campaign, due: datetime) -> None:
    start = None if campaign.schedule is None else campaign.schedule.start
    assert start is not None
    assert timedelta() <= start - due < timedelta(minutes=1)


def _check_canonical(thing: Contact | Campaign) -> None:
    assert thing.id
    assert thing.raw
    with pytest.raises(TypeError):
        thing.raw["new"] = 1  # type: ignore[index]  # that it is refused is what is tested
    for field in attrs.fields(type(thing)):
        value = getattr(thing, field.alias or field.name)
        if isinstance(value, datetime):
            assert value.tzinfo is UTC, field.name
