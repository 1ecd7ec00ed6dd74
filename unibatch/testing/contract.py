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

Here is what every provider must pass; ``writing_contract.py`` has the tests of those that write.
"""
# ruff: noqa: S101 - these are tests, although they are shipped

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

import attrs
import pytest

from unibatch.client import Client, results_of
from unibatch.core.errors import (
    AuthenticationError,
    InvalidInput,
    NotFound,
    ProviderError,
    UnsupportedFeature,
)
from unibatch.core.flow import Flow, Response
from unibatch.core.model import Account, Campaign, Contact
from unibatch.core.paging import Page, Paging
from unibatch.core.provider import CampaignFilter, ContactFilter, Limits, OperationName
from unibatch.core.refusal import Refusal
from unibatch.core.results import COLUMNS, Results
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.status_table import StatusTable
from unibatch.core.structuring import StructureError
from unibatch.testing.account import VendorAccount
from unibatch.testing.drafts import draft_with, later, person
from unibatch.testing.flows import play
from unibatch.testing.writing_contract import WritingContract

OPERATIONS: tuple[OperationName, ...] = get_args(OperationName)

FILTERS = frozenset(
    {f"list_campaigns.{field.name}" for field in attrs.fields(CampaignFilter)}
    | {f"list_contacts.{field.name}" for field in attrs.fields(ContactFilter) if field.name != "results_only"}
)
"""What can be in `Capabilities.server_filters`."""

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


class ProviderContract(WritingContract):
    """What every provider promises. Subclass it, set `provider_class`, and define the fixture `account`.

    Attributes:
        provider_class: The provider.
    """

    @pytest.fixture
    def contacts(self, account: VendorAccount, client: Client) -> list[Contact]:
        """The contacts of the campaign, as the client reads them."""
        return list(client.list_contacts(account.campaign_id))

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
                "create_campaign": (draft_with(),),
                "add_contacts": ("some-id", [person(1)]),
                "reschedule_campaign": ("some-id", later()),
            }
            for operation in OPERATIONS:
                if not client.capabilities.operations[operation].available:
                    with pytest.raises(UnsupportedFeature) as caught:
                        getattr(client, operation)(*arguments.get(operation, ("some-id",)))
                    assert (caught.value.provider, caught.value.feature) == (client.provider, operation)


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


def _check_canonical(thing: Contact | Campaign) -> None:
    assert thing.id
    assert thing.raw
    with pytest.raises(TypeError):
        thing.raw["new"] = 1  # type: ignore[index]  # that it is refused is what is tested
    for field in attrs.fields(type(thing)):
        value = getattr(thing, field.alias or field.name)
        if isinstance(value, datetime):
            assert value.tzinfo is UTC, field.name
