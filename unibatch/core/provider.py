"""What a provider is: the facts it declares and the operations it offers, without any I/O.

A provider is a class; each client makes one instance. It knows one vendor's paths, spelling and words, and nothing
about HTTP libraries, retries or files. It imports nothing of this package but `unibatch.provider_api`. Packages outside
offer one under the entry point group ``unibatch.providers``; `unibatch.testing.ProviderContract` checks that it does
what it promises.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias, TypeVar

import attrs

from unibatch.core.draft import ContactDraft
from unibatch.core.draft_fields import Composition, How, is_text
from unibatch.core.errors import ConfigError, InvalidInput, ProviderError, UnsupportedFeature
from unibatch.core.flow import Flow, Request, Response, segment
from unibatch.core.late import Late
from unibatch.core.mark import split_mark
from unibatch.core.model import Account, Campaign, Contact
from unibatch.core.paging import UNPAGED, Page, Paging, Position
from unibatch.core.phone import phones_from_vendor
from unibatch.core.refusal import Refusal, read_refusal
from unibatch.core.results import Results
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.status_table import StatusReader, StatusTable
from unibatch.core.structuring import StructureError, Wire, encode, read, read_leniently, text_or_none
from unibatch.core.times import When
from unibatch.core.webhook_scheme import Webhooks

if TYPE_CHECKING:
    from unibatch.core import lenient
else:
    lenient = Late("unibatch.core.lenient")  # most answers are as documented

W = TypeVar("W", bound=Wire)
R = TypeVar("R")

_logger = logging.getLogger("unibatch")
_MOST_WARNINGS = 50

OperationName: TypeAlias = Literal[
    "list_campaigns",
    "get_campaign",
    "list_contacts",
    "get_account",
    "create_campaign",
    "add_contacts",
    "start_campaign",
    "pause_campaign",
    "resume_campaign",
    "reschedule_campaign",
    "cancel_campaign",
    "delete_campaign",
    "retry_campaign",
]

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

ErrorCodes: TypeAlias = Mapping[str | tuple[int, str], type[ProviderError]]
"""Which error a code of the vendor is. A code alone decides only at 400 and 422, the statuses that vendors use for all
that is wrong. A pair of an HTTP status (400 to 499) and a code decides at that status, for example
``(401, "quota_exceeded"): PaymentRequired``."""


NEW_CAMPAIGN_ID = "CAMPAIGN_ID"
"""What `Provider.creation` writes where the id of the new campaign goes, which is not known yet."""


def _names(given: Iterable[str]) -> frozenset[str]:
    return frozenset(given)


def _statuses(given: Iterable[CampaignStatus]) -> frozenset[CampaignStatus]:
    return frozenset(given)


@attrs.frozen(kw_only=True)
class Support:
    """Whether the vendor's API offers an operation.

    Attributes:
        available: It does.
        note: Under which conditions, or what to do instead.
        idempotency_key: The vendor recognises a repeated request by a key, so sending it again is safe.
    """

    available: bool = True
    note: str = ""
    idempotency_key: bool = False


@attrs.frozen(kw_only=True)
class Limits:
    """What the vendor allows, by its documentation; an account may have other limits. ``None``: not documented.

    Attributes:
        requests_per_minute: Requests to the API in one minute, by default. If it is not documented, the client counts
            none, and waits only when the vendor's answers say so.
        max_contacts: Contacts in one campaign.
        max_concurrency: Calls at the same time in one campaign or account.
        max_attempts: Attempts a contact.
        max_name_length: Characters in a campaign's name.
        max_description_length: Characters in a campaign's description.
    """

    requests_per_minute: int | None = None
    max_contacts: int | None = None
    max_concurrency: int | None = None
    max_attempts: int | None = None
    max_name_length: int | None = None
    max_description_length: int | None = None


@attrs.frozen(kw_only=True)
class Capabilities:
    """What a vendor's API can do, as data.

    Attributes:
        operations: For each operation, whether the vendor's API offers it.
        server_filters: Filters that the vendor applies itself, as ``"operation.filter"``, for example
            ``"list_contacts.external_id"``. Every other filter is applied by the client, with the same result.
        campaign_paging: How campaigns are paged, if they can be listed.
        contact_paging: How contacts are paged.
        limits: What the vendor allows.
        webhooks: Whether the vendor sends webhooks that can be relied on.
        contact_fields: The canonical attributes of a contact that the vendor's answers fill.
        campaign_fields: The canonical attributes of a campaign that the vendor's answers fill.
    """

    operations: Mapping[OperationName, Support]
    server_filters: frozenset[str] = attrs.field(converter=_names)
    campaign_paging: Paging = UNPAGED
    contact_paging: Paging
    limits: Limits
    webhooks: Support
    contact_fields: frozenset[str] = attrs.field(converter=_names)
    campaign_fields: frozenset[str] = attrs.field(converter=_names)


@attrs.frozen(kw_only=True)
class Setting:
    """A setting that only one provider understands: a text, unless one of the attributes says otherwise.

    Attributes:
        purpose: What it is for.
        is_list: It is a list of texts.
        is_flag: It is true or false.
        numbers: It is a whole number in this range.
        choices: It is one of these texts.
        in_draft: It may also be in the ``vendor`` mapping of a `CampaignDraft`.
        in_profile: It may be in a profile's ``defaults``; false if it is for a single draft.
    """

    purpose: str
    is_list: bool = False
    is_flag: bool = False
    numbers: range | None = None
    choices: tuple[str, ...] = ()
    in_draft: bool = False
    in_profile: bool = True

    def fault(self, value: object) -> str | None:
        """What is wrong with a value, or ``None`` if nothing is."""
        if self.is_flag:
            wanted, fits = "true or false", isinstance(value, bool)
        elif self.numbers is not None:
            wanted = f"a whole number from {self.numbers[0]} to {self.numbers[-1]}"
            fits = type(value) is int and value in self.numbers
        elif self.choices:
            wanted, fits = f"one of {', '.join(self.choices)}", isinstance(value, str) and value in self.choices
        elif self.is_list:
            wanted = "a list of texts that is not blank"
            fits = isinstance(value, list) and bool(value) and all(map(is_text, value))
        else:
            wanted, fits = "a text that is not blank", is_text(value)
        return None if fits else f"must be {wanted}, not {value!r}"

    def check(self, name: str, value: object) -> None:
        """Require a value of the right kind.

        Raises:
            ConfigError: It is something else.
        """
        if not self.in_profile:
            raise ConfigError(f"defaults: {name} is for one draft, and goes into its vendor options")
        if fault := self.fault(value):
            raise ConfigError(f"defaults: {name} {fault}")


@attrs.frozen(kw_only=True)
class Transition:
    """In which statuses of a campaign an operation is possible, and in which it has nothing left to do.

    Attributes:
        allowed: The statuses in which the vendor carries it out.
        done: The statuses in which there is nothing left to do, so that nothing is sent.
        passed: Further statuses that show, once it was sent, that it was carried out.
        doubtful: Statuses that do not show, once it was sent, whether it was carried out. It is not sent again then,
            because that could call people twice.
    """

    allowed: frozenset[CampaignStatus] = attrs.field(converter=_statuses)
    done: frozenset[CampaignStatus] = attrs.field(converter=_statuses)
    passed: frozenset[CampaignStatus] = attrs.field(default=frozenset(), converter=_statuses)
    doubtful: frozenset[CampaignStatus] = attrs.field(default=frozenset(), converter=_statuses)


@attrs.frozen(kw_only=True)
class CampaignFilter:
    """Which campaigns are wanted. Empty: all.

    Attributes:
        status: Campaigns with one of these statuses; empty for any.
        agent_id: Campaigns of this agent.
    """

    status: frozenset[CampaignStatus] = frozenset()
    agent_id: str | None = None

    def __bool__(self) -> bool:
        return bool(self.status) or self.agent_id is not None

    def admits(self, campaign: Campaign) -> bool:
        """Whether ``campaign`` is wanted."""
        return (not self.status or campaign.status in self.status) and self.agent_id in {None, campaign.agent_id}


@attrs.frozen(kw_only=True)
class ContactFilter:
    """Which contacts are wanted. Empty: all.

    Attributes:
        status: Contacts with one of these statuses; empty for any.
        external_id: The contact to whom you gave this id.
        results_only: Only what became of the calls is needed: a page of `Results` will do. A provider may return
            contacts all the same.
    """

    status: frozenset[CallStatus] = frozenset()
    external_id: str | None = None
    results_only: bool = False

    def __bool__(self) -> bool:
        return bool(self.status) or self.external_id is not None

    def admits(self, contact: Contact) -> bool:
        """Whether ``contact`` is wanted."""
        return (not self.status or contact.status in self.status) and self.external_id in {None, contact.external_id}


@attrs.define
class Added:
    """What happened to the numbers that were to be added.

    Attributes:
        total: How many there are.
        added: Those that are there now, and were not before.
        present: Those that were there already.
        rejected: Those that the vendor did not take, and why.
        unknown: Those whose result is unknown.
        failed: The error that stopped it; ``None`` if nothing did. What is in no list then was not sent.
        before: How many contacts the campaign had before, or ``None`` if the vendor does not say.
    """

    total: int
    added: list[str] = attrs.field(factory=list)
    present: list[str] = attrs.field(factory=list)
    rejected: dict[str, str] = attrs.field(factory=dict)
    unknown: list[str] = attrs.field(factory=list)
    failed: Exception | None = None
    before: int | None = attrs.field(default=None, eq=False)

    @property
    def settled(self) -> int:
        """For how many the result is known."""
        return len(self.added) + len(self.present) + len(self.rejected)


class Provider(ABC):
    """One vendor, as flows. One instance serves one client; it must not share state with others.

    Subclass it. What most vendors have in common is defined here; a subclass that lacks one of the rest cannot be used.
    An operation that the capabilities declare as not available needs no method: the client refuses it before anything
    is sent. Here, the methods of such operations raise `UnsupportedFeature`.

    Attributes:
        name: The name under which it is registered, for example ``"truedy"``.
        title: The vendor's name as people write it.
        base_url: The vendor's documented base URL; a profile may set another.
        capabilities: What the vendor's API can do.
        settings: The settings of its own that it understands in a profile's ``defaults``.
        draft_fields: How it takes each field of a draft, attributes of contacts included (``"contacts.email"``); see
            `How`. A field without an entry is unsupported. A setting with ``in_draft=True`` needs an entry, such as
            ``"vendor.voice"``, only if it is not sent as a key of its name.
        options_with_people: The options of a draft that name people whom the vendor has already. A draft with one of
            them needs no contacts of its own, and is recognised only by its mark.
        added_contact_fields: The same for attributes of contacts that are added to a campaign, where that differs.
        transitions: For each operation that changes a campaign's status, when it is possible.
        rename_path: If a ``PATCH`` with ``{"name": ...}`` gives a campaign another name: its path, with ``{id}`` for
            the campaign's id. Otherwise empty.
        error_codes: Codes of the vendor that say which error it is, where the HTTP status does not.
        call_statuses: The vendor's words for the status of a call.
        campaign_statuses: The vendor's words for the status of a campaign.
        webhooks: How its webhooks are signed, and where in a message is what; ``None`` if it has none.
        defaults: The ``defaults`` of the profile.
        asked: The start that was just asked for, for `starting_time`; ``None`` if none was.
        read_call_status: Translates a status word of a contact, and warns of unknown ones.
        read_campaign_status: Translates a status word of a campaign, and warns of unknown ones.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    base_url: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    settings: ClassVar[Mapping[str, Setting]] = MappingProxyType({})
    draft_fields: ClassVar[Mapping[str, How]] = MappingProxyType({})
    options_with_people: ClassVar[frozenset[str]] = frozenset()
    added_contact_fields: ClassVar[Mapping[str, How]] = MappingProxyType({})
    transitions: ClassVar[Mapping[OperationName, Transition]] = MappingProxyType({})
    rename_path: ClassVar[str] = ""
    error_codes: ClassVar[ErrorCodes] = MappingProxyType({})
    call_statuses: ClassVar[StatusTable[CallStatus]]
    campaign_statuses: ClassVar[StatusTable[CampaignStatus]]
    webhooks: ClassVar[Webhooks | None] = None

    defaults: Mapping[str, Any]
    asked: When | None = None
    read_call_status: StatusReader[CallStatus]
    read_campaign_status: StatusReader[CampaignStatus]

    def __init__(self, defaults: Mapping[str, Any]) -> None:
        """Make an instance for one client.

        Args:
            defaults: The ``defaults`` of the profile; every key is in ``settings``.

        Raises:
            ConfigError: A value is of the wrong kind.
        """
        for name, value in defaults.items():
            self.settings[name].check(name, value)
        self.defaults = defaults
        self._warned: set[str] = set()
        self.read_call_status = StatusReader(self.call_statuses, self.name, "contact")
        self.read_campaign_status = StatusReader(self.campaign_statuses, self.name, "campaign")

    def expecting(self, asked: When | None) -> Self:
        """The same provider, for the flow that asks for a start and reads what the vendor made of it."""
        other = copy(self)
        other.asked = asked
        return other

    @classmethod
    def profile_settings(cls) -> Mapping[str, Setting]:
        """The settings that may be in a profile's ``defaults``."""
        return {name: setting for name, setting in cls.settings.items() if setting.in_profile}

    def headers(self, api_key: str) -> Mapping[str, str]:
        """The headers that authenticate a request; by default a bearer token."""
        return {"Authorization": f"Bearer {api_key}"}

    def list_campaigns(self, position: Position, wanted: CampaignFilter) -> Flow[Page[Campaign]]:
        """Read the page of campaigns at ``position``. What the vendor cannot filter is filtered by the client.

        Raises:
            ConfigError: A setting is missing without which this vendor cannot list.
        """
        raise self._unsupported("list_campaigns")

    @abstractmethod
    def get_campaign(self, campaign_id: str) -> Flow[Campaign]:
        """Read one campaign."""

    @abstractmethod
    def list_contacts(self, campaign_id: str, position: Position, wanted: ContactFilter) -> Flow[Page[Contact]]:
        """Read the page of contacts at ``position``. What the vendor cannot filter is filtered by the client."""

    def get_account(self) -> Flow[Account]:
        """Read the account that the key belongs to."""
        raise self._unsupported("get_account")

    def call_of(self, contact: Contact) -> str | None:
        """The id by which the vendor's webhooks name the latest call of a contact; ``None`` if it is not told.

        By default `Contact.call_id`. Where it is another, `Webhooks.link` says where in a message it is.
        """
        return contact.call_id

    @property
    def draft_options(self) -> Mapping[str, Setting]:
        """The settings that may also be in the ``vendor`` mapping of a draft."""
        return {name: setting for name, setting in self.settings.items() if setting.in_draft}

    def contact_fault(self, contact: ContactDraft) -> str | None:
        """What this vendor in particular finds wrong with a contact with which nothing else is, or ``None``."""
        return None

    def contact_body(self, contact: ContactDraft) -> Mapping[str, Any]:
        """A contact as the vendor takes it; its number is in E.164 form, and nothing is wrong with it.

        A provider whose capabilities offer ``create_campaign`` defines it.
        """
        raise NotImplementedError

    def creation(self, composition: Composition) -> Sequence[Request]:
        """The requests that place a composition, where everything goes well, with `NEW_CAMPAIGN_ID` for the id."""
        raise NotImplementedError

    def create_campaign(self, composition: Composition) -> Flow[Campaign]:
        """Place a composition once, however often it is called.

        Raises:
            OutcomeUnknown: An answer was lost, and looking did not show whether the campaign is there.
            PartlyDone: The campaign was created, and then something failed.
            InvalidInput: The same draft was placed before, and that campaign is over.
        """
        raise self._unsupported("create_campaign")

    def addition(self, campaign_id: str, bodies: Sequence[Mapping[str, Any]]) -> Sequence[Request]:
        """The requests that add contacts to a campaign, where everything goes well."""
        raise self._unsupported("add_contacts")

    def add_contacts(
        self,
        campaign_id: str,
        contacts: Mapping[str, Mapping[str, Any]],
        on_progress: Callable[[int, int], None],
    ) -> Flow[Added]:
        """Add contacts to a campaign, each once, however often it is called.

        Args:
            campaign_id: The campaign.
            contacts: The contacts as the vendor takes them, by their numbers.
            on_progress: Called with the number of contacts that are settled, and the number of all.
        """
        raise self._unsupported("add_contacts")

    def change(self, operation: OperationName, campaign_id: str, when: When | None = None) -> Request:
        """The request that starts, pauses, resumes, reschedules (to ``when``), cancels, deletes or retries a campaign.

        One that retries a campaign is never `Request.repeatable`: sent twice, it could call everybody twice.
        """
        raise self._unsupported(operation)

    def renaming(self, campaign_id: str, name: str, known: Campaign | None = None) -> Request | None:
        """The request that gives a campaign another name; ``None`` if the vendor's API has none.

        Args:
            campaign_id: The campaign.
            name: The name, without the mark by which a campaign is recognised.
            known: The campaign as it is, if it was read: a mark at the end of its name stays there.

        Raises:
            InvalidInput: The name is too long.
        """
        if not self.rename_path:
            return None
        former = None if known is None else text_or_none(known.raw.get("name"))
        mark = (former or "").removeprefix(split_mark(former)[0] or "")
        most = self.capabilities.limits.max_name_length
        if most is not None and (over := len(name) + len(mark) - most) > 0:
            with_mark = ", with the mark by which the campaign is recognised" if mark else ""
            raise InvalidInput(f"the name is {over:,} characters too long for {self.title}{with_mark}")
        return Request(
            operation="rename_campaign",
            method="PATCH",
            path=self.rename_path.replace("{id}", segment(campaign_id)),
            content=encode({"name": name + mark}),
            subject=campaign_id,
        )

    def prepared(self, operation: OperationName, campaign: Campaign) -> Flow[Campaign]:
        """Do what has to come before a change, such as to resume before a start; returns the campaign as it is then.

        Raises:
            UnibatchError: The change must not be made to this campaign.
        """
        yield from ()
        return campaign

    def fitted(self, request: Request, campaign: Campaign) -> Request:
        """A request of `change`, as the vendor takes it for a campaign with this status; by default as it is."""
        return request

    def delete_campaign(self, campaign_id: str) -> Flow[None]:
        """Delete a campaign."""
        raise self._unsupported("delete_campaign")

    def read_answer(self, response: Response, cls: type[W], translate: Callable[[W], R]) -> R:
        """Read an answer into a wire class and translate it, without the values that cannot be read.

        An answer in which all is as documented is read straight from its bytes. In another one, a value that cannot be
        read keeps the default of its attribute, such as ``None``. Of a page, these values are counted in `Page.unread`,
        otherwise a warning names them. What is required, or in `Wire.strict`, must be readable.

        Args:
            response: The answer.
            cls: The wire class.
            translate: Makes a canonical object, or a `Page` of them, of it. It may be called several times.

        Raises:
            StructureError: It is not JSON, or what identifies something, or is its status, cannot be read.
        """
        try:
            return translate(read(response.content, cls))
        except StructureError as exc:
            failed = exc
        try:
            value, unread = lenient.read_by_value(response.content, cls, translate)
        except StructureError as exc:
            raise (failed if exc.path == "$" else exc) from failed.__cause__
        if isinstance(value, Page):
            return attrs.evolve(value, unread=unread)
        for path in unread:
            if path not in self._warned and len(self._warned) < _MOST_WARNINGS:
                self._warned.add(path)
                _logger.warning("%s: %s cannot be read and is left out; the value is kept in raw", self.name, path)
        return value

    def make_results(
        self,
        campaign_id: str,
        ids: Sequence[str],
        numbers: Sequence[Any],
        words: Sequence[str | None],
        *,
        bare_digits: bool = False,
        **columns: Sequence[Any],
    ) -> Results:
        """Make the results of a page of columns; contacts whose status is terminal are final.

        Args:
            campaign_id: The campaign.
            ids: The contacts' ids.
            numbers: What the vendor sent as their numbers.
            words: The vendor's words for their status.
            bare_digits: The vendor writes E.164 numbers without the plus.
            columns: The other columns that the vendor gives, such as ``attempts``.
        """
        phone_numbers, are_valid = phones_from_vendor(numbers, bare_digits=bare_digits)
        statuses, are_final = self.read_call_status.read_all(words)
        return Results(
            provider=self.name,
            campaign_id=campaign_id,
            id=ids,
            phone_number=phone_numbers,
            phone_valid=are_valid,
            status=statuses,
            is_final=are_final,
            **columns,
        )

    def require(self, operation: OperationName) -> None:
        """Require that the vendor's API offers an operation.

        Raises:
            UnsupportedFeature: It does not.
        """
        if not self.capabilities.operations[operation].available:
            raise self._unsupported(operation)

    def _unsupported(self, operation: OperationName) -> UnsupportedFeature:
        return UnsupportedFeature(self.name, operation, self.capabilities.operations[operation].note)

    def denies(self, response: Response) -> bool:
        """Whether the answer to a write, with a status of success, says that nothing was done."""
        return read_leniently(response.content).get("success") is False

    def refusal(self, response: Response) -> Refusal:
        """Read what the vendor says in an error, or in any other answer. Never raises: the body may be anything.

        By default, all bodies are read that `read_refusal` knows.
        """
        return read_refusal(response)
