"""What a user asks for: drafts of campaigns and contacts, the same for every vendor.

A draft can hold anything. `unibatch.preflight`, and each method that sends a draft, judges it as a whole for one vendor
and names everything that is wrong with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from operator import attrgetter
from types import MappingProxyType, NoneType
from typing import Any, ClassVar, TypeVar

import attrs

from unibatch.core.base_errors import InvalidInput
from unibatch.core.mark import read_mark
from unibatch.core.masking import mask_phone
from unibatch.core.model import Campaign, Contact, RedialPolicy, Schedule, as_dict, fold
from unibatch.core.phone import subscriber_key
from unibatch.core.status import CallStatus
from unibatch.core.times import instant, read_moment
from unibatch.core.to_dict import conversions, to_dict

T = TypeVar("T")

_quiet: Any = attrs.field(default=None, repr=False)

_OWN_MARK = fold("unibatch_draft")
"""The custom field in which TechLadder keeps by which draft a contact was placed, as `fold` writes it."""

_SENT_AS_CUSTOM_DATA = {
    name: (name, name.replace("_", " ").title()) for name in ("external_id", "name", "first_name", "last_name", "email")
}
"""What is sent among the custom data where a vendor has no key for it, and how it comes back: TechLadder respells."""

_LONGEST_STEM = 160
"""Characters of the longest key of which those of parts are made as it is; the rest is for the number of the part."""


class StartKind(StrEnum):
    """The three ways of starting a campaign."""

    HOLD = "hold"
    NOW = "now"
    AT = "at"


@attrs.frozen
class Start:
    """When a new campaign begins to call people: `Start.HOLD`, `Start.NOW` or `Start.at`.

    Attributes:
        kind: Which of the three.
        moment: With ``AT``: when. A naive one is the time on the clocks in ``timezone``.
        timezone: The IANA name of the zone of ``moment``, for example ``"Europe/Berlin"``.
    """

    kind: StartKind
    moment: datetime | None = None
    timezone: str | None = None

    HOLD: ClassVar[Start]
    """Nobody is called before ``start_campaign``."""
    NOW: ClassVar[Start]
    """Calling begins immediately."""

    @classmethod
    def at(cls, moment: datetime, timezone: str | None = None) -> Start:
        """Calling begins at a later time.

        Args:
            moment: When. A naive one is the time on the clocks in ``timezone``, or else in the draft's
                ``schedule.timezone``.
            timezone: The IANA name of the zone.
        """
        return cls(StartKind.AT, moment, timezone)

    @classmethod
    def parse(cls, text: str) -> Start:
        """Read ``hold``, ``now``, or a time such as ``2026-03-20T09:00[Europe/Berlin]`` or ``2026-03-20T09:00+01:00``.

        Raises:
            InvalidInput: It is none of these.
        """
        given: Any = text
        word = given.strip().lower() if isinstance(given, str) else ""
        if word in {StartKind.HOLD, StartKind.NOW}:
            return cls(StartKind(word))
        try:
            return cls.at(*read_moment(text))
        except InvalidInput as exc:
            raise InvalidInput(f"start: neither hold nor now, and {exc}") from exc

    def instant(self, timezone: str | None = None) -> datetime | None:
        """The moment in UTC; ``None`` for `HOLD` and `NOW`.

        Args:
            timezone: The zone of a naive moment without one.

        Raises:
            InvalidInput: It is not one moment: it has no zone, or daylight saving skips or repeats it.
        """
        if self.kind is not StartKind.AT:
            return None
        if self.moment is None:
            raise InvalidInput("Start.at() needs a time")
        is_plain = getattr(self.moment, "tzinfo", None) is None
        return instant(self.moment, timezone if self.timezone is None and is_plain else self.timezone)


Start.HOLD = Start(StartKind.HOLD)
Start.NOW = Start(StartKind.NOW)


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise InvalidInput(f"expected several texts in a list, got {type(value).__name__}")
    return tuple(value)


@attrs.frozen(kw_only=True)
class ContactDraft:
    """One person to be called.

    Attributes:
        phone_number: In E.164 form with plus, for example ``"+12125550123"``.
            `unibatch.read_contacts` converts other forms.
        name: The full name.
        first_name: The first name.
        last_name: The last name.
        email: The e-mail address.
        external_id: Your own id of this person, for example of your customer database.
        fields: Custom data for the agent: what JSON can hold, under names of your own. Read-only.
    """

    phone_number: str = attrs.field(repr=lambda number: repr(mask_phone(str(number))))
    name: str | None = _quiet
    first_name: str | None = _quiet
    last_name: str | None = _quiet
    email: str | None = _quiet
    external_id: str | None = _quiet
    _fields: Mapping[str, Any] = attrs.field(alias="fields", factory=dict, converter=as_dict, repr=False, hash=False)

    @property
    def fields(self) -> Mapping[str, Any]:
        """Custom data, under names of your own. Read-only."""
        return MappingProxyType(self._fields)

    @classmethod
    def from_contact(cls, contact: Contact) -> ContactDraft:
        """The same person as a draft, to be called by another campaign, at any vendor.

        Takes the number, the names, the e-mail address, your id and the custom data, as the vendor returns them: what
        it does not return is missing. What unibatch itself put among the custom data is brought back or left out.
        Status, times and ids of the vendor are not taken.

        Args:
            contact: The contact. If it is not ``phone_valid``, no vendor takes the draft.
        """
        fields = {
            name: value
            for name, value in contact.fields.items()
            if fold(name) != _OWN_MARK or not isinstance(value, str) or read_mark(value) is None
        }
        said: dict[str, str | None] = {name: getattr(contact, name) for name in _SENT_AS_CUSTOM_DATA}
        if said["name"] == join_names(contact.first_name, contact.last_name):
            said["name"] = None  # made of the parts, unless the custom data has another one
        for name, spellings in _SENT_AS_CUSTOM_DATA.items():
            for key in spellings:
                if said[name] is None and isinstance(fields.get(key), str) and fields[key].strip():
                    said[name] = fields.pop(key)
        said["name"] = said["name"] or contact.name
        return cls(
            phone_number=contact.phone_number,
            name=said["name"],
            first_name=said["first_name"],
            last_name=said["last_name"],
            email=said["email"],
            external_id=said["external_id"],
            fields=fields,
        )

    @property
    def full_name(self) -> str | None:
        """``name``, or else the first and the last name."""
        return self.name or join_names(self.first_name, self.last_name)


_TEXTS = tuple(str(field.alias) for field in attrs.fields(ContactDraft) if field.alias != "fields")
_texts_of = attrgetter(*_TEXTS)


def join_names(first: str | None, last: str | None) -> str | None:
    """The full name of a first and a last name, each of which may be missing."""
    return f"{first} {last}" if first and last else first or last or None


@attrs.frozen(kw_only=True)
class Part:
    """Which part of a larger campaign a draft is.

    Attributes:
        number: 1 for the first.
        of: How many there are.
        whole: The `CampaignDraft.key` of the larger draft.
    """

    number: int
    of: int
    whole: str


class Contacts(tuple[ContactDraft, ...]):  # noqa: SLOT001 - what is found is an attribute, which slots of a tuple cannot be
    """A tuple of contacts that remembers what was found out about them.

    So a draft that `unibatch.preflight` checked is not judged again when it is created, nor is its key computed again.
    Contacts are frozen, but a list in their custom data is not: with one, nothing is remembered.
    """

    def once(self, what: Hashable, find: Callable[[], T]) -> T:
        """What ``find`` returns, or returned before for the same ``what``; it depends on the contacts and ``what``."""
        if not self._stays_the_same:
            return find()
        if what not in self._found:
            self._found[what] = find()
        value: T = self._found[what]
        return value

    @cached_property
    def _found(self) -> dict[Hashable, Any]:
        return {}

    @cached_property
    def _stays_the_same(self) -> bool:
        return all(type(value) in _UNCHANGEABLE for contact in self for value in contact.fields.values())

    def __reduce__(self) -> tuple[Any, ...]:
        return Contacts, (tuple(self),)


_UNCHANGEABLE = frozenset({str, int, float, bool, NoneType})


def as_contacts(value: Iterable[ContactDraft]) -> Contacts:
    """Contacts as a tuple.

    Raises:
        InvalidInput: It holds something else.
    """
    if not isinstance(value, Iterable):
        raise InvalidInput(f"contacts must hold ContactDraft objects, got {type(value).__name__}")
    if isinstance(value, Contacts):
        return value
    contacts = Contacts(value)
    for kind in {type(contact) for contact in contacts} - {ContactDraft}:
        raise InvalidInput(f"contacts must hold ContactDraft objects, not {kind.__name__}; see unibatch.read_contacts")
    return contacts


@attrs.frozen(kw_only=True)
class CampaignDraft:
    """A campaign to be created.

    For what is ``None`` or empty, the profile's ``defaults`` decide, and then the vendor.

    Attributes:
        name: Its name.
        contacts: Whom to call. If a number repeats, the contact that says most is called, in any order of the contacts.
        start: When to begin: `Start.HOLD`, `Start.NOW` or `Start.at`. There is no default: vendors have different
            ones, and nobody may be called by surprise.
        hold_until: With `Start.HOLD` at a vendor that cannot hold without a time (TalkifAI): when it starts by itself,
            unless ``start_campaign`` starts it earlier or ``cancel_campaign`` prevents it. Other vendors hold until
            ``start_campaign``, and this is not sent.
        agent_id: The vendor's id of the AI agent that talks.
        from_number_ids: The vendor's ids of the numbers to call from.
        description: A description.
        schedule: Zone, daily window, weekdays and calls a day. Leave its ``start`` empty: use ``start``.
        max_concurrency: The most calls at the same time, 1 or more.
        retry: How the vendor calls again by itself.
        metadata: Data about the campaign as a whole; what JSON can hold. Read-only.
        vendor: What only one vendor has, under that provider's name, for example
            ``{"techladder": {"version_id": "pmt-1"}}``. Options of other vendors are not used. Read-only.
        idempotency_key: One key is one campaign: the same draft gives it again, and another draft with the same key is
            refused. Left out, it is derived from everything else in the draft. 1 to 200 printable ASCII characters.
        part: Which part of a larger campaign it is; set by `split`.
    """

    name: str
    contacts: tuple[ContactDraft, ...] = attrs.field(converter=as_contacts, repr=lambda contacts: f"<{len(contacts)}>")
    start: Start
    hold_until: datetime | None = None
    agent_id: str | None = None
    from_number_ids: tuple[str, ...] = attrs.field(default=(), converter=_texts, repr=False)
    description: str | None = _quiet
    schedule: Schedule | None = _quiet
    max_concurrency: int | None = _quiet
    retry: RedialPolicy | None = _quiet
    _metadata: Mapping[str, Any] = attrs.field(
        alias="metadata", factory=dict, converter=as_dict, repr=False, hash=False
    )
    _vendor: Mapping[str, Mapping[str, Any]] = attrs.field(
        alias="vendor", factory=dict, converter=as_dict, repr=False, hash=False
    )
    idempotency_key: str | None = _quiet
    part: Part | None = None

    @classmethod
    def from_campaign(
        cls, campaign: Campaign, contacts: Iterable[ContactDraft | Contact], *, start: Start
    ) -> CampaignDraft:
        """The same campaign as a draft, to be created at another vendor, or in another account.

        Takes the name, the description, the daily window, weekdays and calls a day, the most calls at the same time,
        and how often it is called again. The agent, the numbers to call from and options of the vendor are not taken:
        their ids mean nothing in another account, whose profile has its own. Nor is anything that the vendor does not
        return. `unibatch.draft_losses` lists what is lost.

        Args:
            campaign: The campaign. One without a name is named after its vendor and its id.
            contacts: Whom to call.
            start: When to begin.
        """
        schedule = None if campaign.schedule is None else attrs.evolve(campaign.schedule, start=None)
        retry = campaign.retry
        if retry is not None and CallStatus.UNKNOWN in retry.retry_on:
            retry = attrs.evolve(retry, retry_on=retry.retry_on - {CallStatus.UNKNOWN})
        return cls(
            name=campaign.name or f"{campaign.provider} {campaign.id}",
            contacts=[
                ContactDraft.from_contact(contact) if isinstance(contact, Contact) else contact for contact in contacts
            ],
            start=start,
            description=campaign.description,
            schedule=None if schedule == Schedule() else schedule,
            max_concurrency=campaign.max_concurrency,
            retry=None if retry == RedialPolicy() else retry,
        )

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Data about the campaign as a whole. Read-only."""
        return MappingProxyType(dict(self._metadata))

    @property
    def vendor(self) -> Mapping[str, Mapping[str, Any]]:
        """What only one vendor has, under that provider's name. Read-only."""
        return MappingProxyType(dict(self._vendor))

    @property
    def key(self) -> str:
        """``idempotency_key``, or else 24 hexadecimal digits that are the same for the same draft.

        The order of the contacts makes no difference, nor do those that repeat a number.

        Raises:
            InvalidInput: It holds what JSON cannot hold.
        """
        if self.idempotency_key is not None:
            return self.idempotency_key
        try:
            plain = _used(to_dict(attrs.evolve(self, contacts=())))
            plain["contacts"] = as_contacts(self.contacts).once("digests", self._digests)
            return digest(plain)
        except (TypeError, ValueError, RecursionError) as exc:
            raise InvalidInput("a draft must hold nothing that JSON cannot hold") from exc

    def _digests(self) -> list[str]:
        return sorted(digest(_said(contact)) for contact in self.without_repetitions()[0].contacts)

    def without_repetitions(self) -> tuple[CampaignDraft, Sequence[ContactDraft]]:
        """The draft with each number only once, and the contacts that were left out."""
        kept, repeated = as_contacts(self.contacts).once("each", lambda: once_each(self.contacts))
        return (attrs.evolve(self, contacts=kept) if repeated else self), repeated

    def split(self, most: int | None) -> tuple[CampaignDraft, ...]:
        """Split this draft into drafts that are small enough for a vendor; one that is small enough stays as it is.

        Repeated numbers are left out first, so that nobody is in two parts. The parts are named ``NAME (1 of 2)`` and
        so on; ``part`` says which draft they are of. The order of the numbers decides who is in which part; that of the
        contacts makes no difference.

        Args:
            most: The most contacts in a part, 1 or more; for a vendor, ``capabilities.limits.max_contacts``, which is
                ``None`` where there is no limit.

        Raises:
            InvalidInput: ``most`` is less than 1, or the draft holds what JSON cannot hold.
        """
        if most is None:
            return (self,)
        if type(most) is not int or most < 1:
            raise InvalidInput(f"a part must hold at least 1 contact, not {most}")
        whole, _ = self.without_repetitions()
        if len(whole.contacts) <= most:
            return (self,)
        numbers = sorted(str(contact.phone_number) for contact in whole.contacts)
        slices = [numbers[begin : begin + most] for begin in range(0, len(numbers), most)]
        key, of = self.key, len(slices)
        stem = key if len(key) <= _LONGEST_STEM else digest(key)
        parts = []
        for number, members in enumerate(map(frozenset, slices), start=1):
            parts.append(
                attrs.evolve(
                    whole,
                    name=f"{self.name} ({number} of {of})",
                    contacts=[contact for contact in whole.contacts if str(contact.phone_number) in members],
                    idempotency_key=f"{stem}-{number}-of-{of}-{digest(sorted(members))[:8]}",
                    part=Part(number=number, of=of, whole=key),
                )
            )
        return tuple(parts)


def once_each(contacts: Iterable[ContactDraft]) -> tuple[Contacts, Sequence[ContactDraft]]:
    """The contacts with each number only once, and those that were left out.

    Which of those with the same number is kept does not depend on their order, so the same contacts in any order are
    the same draft: the one that says most, and of several such ones always the same. It stands where the number came
    first.
    """
    all_of: dict[object, list[ContactDraft]] = {}
    for contact in contacts:
        number: Any = contact.phone_number
        known_by = subscriber_key(number) if isinstance(number, str) else object()  # what is no text repeats nothing
        all_of.setdefault(known_by, []).append(contact)
    kept, repeated = [], []
    for same in all_of.values():
        best = 0 if len(same) == 1 else max(range(len(same)), key=lambda index: _says(same[index]))
        kept.append(same[best])
        repeated += [contact for index, contact in enumerate(same) if index != best]
    return Contacts(kept), repeated


def _says(contact: ContactDraft) -> tuple[int, str]:
    """How much a contact says, and what, for comparing it with another one that has the same number."""
    try:
        said = _said(contact)
        return len(said) + len(contact.fields), json.dumps(said, sort_keys=True, default=_plain)
    except (TypeError, ValueError, RecursionError):  # what is to blame is found, by its own name
        return 0, ""


def _used(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes in use, so that new attributes do not change the keys of drafts without them."""
    return {
        name: _used(value) if name in {"schedule", "retry", "start", "part"} and isinstance(value, dict) else value
        for name, value in plain.items()
        if value is not None and value not in ({}, [], ())
    }


def digest(value: Any) -> str:
    """24 hexadecimal digits that are the same for the same plain data, in every process."""
    return sha256(_sorted_json(value).encode()).hexdigest()[:24]


def _said(contact: ContactDraft) -> dict[str, Any]:
    """The attributes of a contact that are in use, as plain data."""
    texts = _texts_of(contact)
    if not {str, NoneType}.issuperset(map(type, texts)):
        return _used(to_dict(contact))
    said: dict[str, Any] = {name: text for name, text in zip(_TEXTS, texts, strict=True) if text is not None}
    if contact.fields:
        said["fields"] = conversions[MappingProxyType](contact.fields)
    return said


def _plain(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, set | frozenset) else str(value)


_sorted_json = json.JSONEncoder(sort_keys=True, default=_plain).encode


@attrs.frozen
class RejectedContact:
    """A contact that was not taken.

    Attributes:
        contact: The contact.
        reason: Why.
    """

    contact: ContactDraft
    reason: str


@attrs.frozen(kw_only=True)
class AddedContacts:
    """What happened to each contact of an ``add_contacts``.

    Attributes:
        campaign_id: The vendor's id of the campaign.
        added: Contacts that are in the campaign now, and were not before.
        duplicates: Contacts whose number was there already, or repeats one of the same call.
        rejected: Contacts that the vendor did not take.
        unknown: Contacts for which it is unknown whether the vendor took them.
        twice: Those of ``added`` whose number is in the campaign more than once now, because another machine added them
            at the same moment. They are called more than once: pause the campaign, or remove them in the dashboard.
    """

    campaign_id: str
    added: tuple[ContactDraft, ...] = ()
    duplicates: tuple[ContactDraft, ...] = ()
    rejected: tuple[RejectedContact, ...] = ()
    unknown: tuple[ContactDraft, ...] = ()
    twice: tuple[ContactDraft, ...] = ()
