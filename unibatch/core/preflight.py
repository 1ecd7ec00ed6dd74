"""What becomes of a draft at one vendor: a finding for each field and each limit, and the bodies that will be sent.

The same translation makes the findings and the bodies, so that what a finding says is what is sent.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, Start, StartKind, digest, once_each
from unibatch.core.errors import DraftRefused, InvalidInput
from unibatch.core.masking import mask_phone
from unibatch.core.model import RetryPolicy, Schedule
from unibatch.core.moments import When, time_zone
from unibatch.core.phone import is_e164
from unibatch.core.status import CallStatus

if TYPE_CHECKING:
    from unibatch.core.provider import Provider

_MOST_NAMED = 5
"""How many of many contacts with the same fault a reason names."""

_LONGEST_KEY = 200
_WEEK = frozenset(range(1, 8))


class Fit(StrEnum):
    """How well a field of a draft, or a limit, fits a vendor."""

    NATIVE = "native"
    """The vendor has the very same."""
    MAPPED = "mapped"
    """The vendor has the same in another form, and it is brought into that form."""
    EMULATED = "emulated"
    """The vendor does not have it, and it is had by other means."""
    LOSSY = "lossy"
    """A part of it is lost. Placed only if that loss is accepted."""
    UNSUPPORTED = "unsupported"
    """All of it is lost. Placed only if that loss is accepted, and never where people would be called by surprise."""
    INVALID = "invalid"
    """It has to be corrected: it makes no sense, or is beyond a limit of the vendor."""


class Handling(NamedTuple):
    """How a vendor takes one attribute of a contact.

    Attributes:
        fit: How well it fits.
        reason: Why, or what becomes of it.
    """

    fit: Fit = Fit.NATIVE
    reason: str = ""


@attrs.frozen(kw_only=True)
class Finding:
    """What becomes of one field of a draft, or whether one limit is kept.

    Attributes:
        field: The field, as it is named in `CampaignDraft`, for example ``"max_concurrency"``; ``"contacts.email"`` and
            the like for attributes of contacts; or a limit, as it is named in `Limits`.
        fit: How well it fits.
        reason: Why, or what becomes of it; may be empty where it is native.
        sent: What is sent for it, in the vendor's spelling. Contacts are sent too, and not shown here. Read-only.
        acceptable: If it stands in the way: it can be accepted by naming the field in ``accept_loss``.
    """

    field: str
    fit: Fit
    reason: str = ""
    _sent: Mapping[str, Any] = attrs.field(factory=dict, alias="sent", hash=False)
    acceptable: bool = attrs.Factory(lambda finding: finding.fit in {Fit.LOSSY, Fit.UNSUPPORTED}, takes_self=True)

    @property
    def sent(self) -> Mapping[str, Any]:
        """What is sent for it, in the vendor's spelling. Read-only."""
        return MappingProxyType(dict(self._sent))

    def is_obstacle(self, accept_loss: Collection[str] = ()) -> bool:
        """Whether the draft is not placed because of it."""
        if self.fit not in {Fit.LOSSY, Fit.UNSUPPORTED, Fit.INVALID}:
            return False
        return not (self.acceptable and self.field in accept_loss)


@attrs.frozen(kw_only=True)
class Preflight:
    """What becomes of a draft at one vendor.

    Attributes:
        provider: The provider's name.
        findings: One for each field that the draft uses, and one for each limit of the vendor.
    """

    provider: str
    findings: tuple[Finding, ...]

    def obstacles(self, accept_loss: Collection[str] = ()) -> list[Finding]:
        """The findings because of which the draft is not placed.

        Args:
            accept_loss: Fields whose loss is accepted.
        """
        return [finding for finding in self.findings if finding.is_obstacle(accept_loss)]


@attrs.define
class Translation:
    """Where a provider puts what becomes of a draft.

    Attributes:
        draft: The draft with the profile's defaults in it, each number once, and all that is generally wrong with it
            found already.
        options: What only this vendor has: the draft's ``vendor`` mapping over the profile's defaults.
        now: The time now (aware, UTC).
        start: When to begin; ``None`` for at once, for not before it is told to, or if that is not known.
        hold_until: Until when to hold, or ``None``.
        zone: The IANA name of the zone in which the campaign's times are meant.
        body: What will be sent, apart from the contacts.
        findings: What was found.
    """

    draft: CampaignDraft
    options: Mapping[str, Any]
    now: datetime
    start: When | None = None
    hold_until: When | None = None
    zone: str = "UTC"
    body: dict[str, Any] = attrs.field(factory=dict)
    findings: list[Finding] = attrs.field(factory=list)

    def put(self, field: str, sent: Mapping[str, Any] | None = None, fit: Fit = Fit.NATIVE, reason: str = "") -> None:
        """Send something for a field; a mapping within the body is added to, not replaced."""
        for key, value in (sent or {}).items():
            if isinstance(value, dict) and isinstance(self.body.get(key), dict):
                self.body[key] = {**self.body[key], **value}
            else:
                self.body[key] = value
        self.findings.append(Finding(field=field, fit=fit, reason=reason, sent=sent or {}))

    def lossy(self, field: str, sent: Mapping[str, Any], reason: str) -> None:
        """Send what can be sent for a field, of which a part is lost."""
        self.put(field, sent, Fit.LOSSY, reason)

    def lose(self, field: str, reason: str, *, acceptable: bool = True) -> None:
        """Find that the vendor cannot do what a field asks for."""
        self.findings.append(Finding(field=field, fit=Fit.UNSUPPORTED, reason=reason, acceptable=acceptable))

    def refuse(self, field: str, reason: str) -> None:
        """Find that a field has to be corrected."""
        self.findings.append(Finding(field=field, fit=Fit.INVALID, reason=reason))


@attrs.frozen(kw_only=True)
class Composition:
    """A draft as one vendor takes it.

    Attributes:
        draft: The draft with the profile's defaults in it, each number once.
        options: What only this vendor has.
        now: The time at which it was made (aware, UTC).
        start: When to begin, or ``None`` for at once or not before it is told to.
        body: What will be sent, apart from the contacts.
        contacts: The contacts as they will be sent, in the order of the draft's.
        preflight: What was found.
        given_key: The ``idempotency_key`` that the user gave, or ``None``.
    """

    draft: CampaignDraft
    options: Mapping[str, Any]
    now: datetime
    start: When | None
    body: Mapping[str, Any]
    contacts: Sequence[Mapping[str, Any]]
    preflight: Preflight
    given_key: str | None

    def key_of(self, body: Mapping[str, Any]) -> str:
        """The key by which a vendor is to recognise this request: the user's own, or one that goes with the body."""
        return self.given_key or f"unibatch-{digest([self.draft.key, body])}"

    def insist(self, operation: str, accept_loss: Collection[str] = ()) -> Composition:
        """Go on only if nothing stands in the way.

        Raises:
            DraftRefused: Something does; all of it is named.
        """
        insist(self.preflight, operation, accept_loss)
        return self


def insist(preflight: Preflight, operation: str, accept_loss: Collection[str]) -> None:
    """Go on only if nothing stands in the way.

    Raises:
        DraftRefused: Something does; all of it is named.
        InvalidInput: ``accept_loss`` is one text, not several.
    """
    if isinstance(accept_loss, str):
        raise InvalidInput(f"accept_loss must be a list of fields; write accept_loss=[{accept_loss!r}]")
    if obstacles := preflight.obstacles(accept_loss):
        raise DraftRefused(preflight.provider, operation, obstacles)


def compose(provider: Provider, draft: CampaignDraft, now: datetime) -> Composition:
    """Translate a draft for a vendor, and find everything that is to be said of it. Raises nothing for what it finds.

    Args:
        provider: The vendor.
        draft: The draft.
        now: The time now (aware, UTC).

    Raises:
        InvalidInput: ``draft`` is no draft.
    """
    if not isinstance(draft, CampaignDraft):
        raise InvalidInput(f"expected a CampaignDraft, got {type(draft).__name__}")
    effective, repeated = _with_defaults(draft, provider).without_repetitions()
    options = {
        **{name: value for name, value in provider.defaults.items() if name in provider.draft_options},
        **_options(draft, provider),
    }
    to = Translation(effective, options, now)
    _check_identity(to)
    _check_times(to)
    _check_numbers(to)
    _check_options(to, provider)
    bodies = _contacts(to, repeated, provider, provider.contact_handling)
    provider.translate(to)
    _check_limits(to, provider)
    _check_json(to)
    return Composition(
        draft=effective,
        options=options,
        now=now,
        start=to.start,
        body=to.body,
        contacts=bodies,
        preflight=Preflight(provider=provider.name, findings=tuple(to.findings)),
        given_key=draft.idempotency_key,
    )


def compose_contacts(
    provider: Provider, contacts: Iterable[ContactDraft]
) -> tuple[Mapping[str, Mapping[str, Any]], Sequence[ContactDraft], Preflight]:
    """Translate contacts that are to be added to a campaign.

    Returns:
        The contacts as they will be sent, by their numbers; those that repeat a number; and what was found.
    """
    kept, repeated = once_each(contacts)
    draft = CampaignDraft(name="-", contacts=kept, start=Start.HOLD)
    to = Translation(draft, {}, datetime.now(UTC))
    bodies = _contacts(to, repeated, provider, {**provider.contact_handling, **provider.added_contact_handling})
    by_number = {contact.phone_number: body for contact, body in zip(kept, bodies, strict=True)}
    return by_number, repeated, Preflight(provider=provider.name, findings=tuple(to.findings))


def _with_defaults(draft: CampaignDraft, provider: Provider) -> CampaignDraft:
    defaults = provider.defaults
    return attrs.evolve(
        draft,
        agent_id=draft.agent_id or defaults.get("agent_id"),
        from_number_ids=draft.from_number_ids or tuple(defaults.get("from_number_ids", ())),
        idempotency_key=draft.key,
    )


def _options(draft: CampaignDraft, provider: Provider) -> Mapping[str, Any]:
    options: Any = draft.vendor.get(provider.name, {})
    return options if isinstance(options, Mapping) else {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and _is_unicode(value)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_identity(to: Translation) -> None:
    draft = to.draft
    for field in ("name", "description", "agent_id"):
        value = getattr(draft, field)
        if not _is_text(value) and (value is not None or field == "name"):
            to.refuse(field, f"must be a text that is not blank, not {value!r}")
    for number in draft.from_number_ids:
        if not _is_text(number):
            to.refuse("from_number_ids", f"must hold texts that are not blank, not {number!r}")
    key: Any = draft.key
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        to.refuse("idempotency_key", f"must have 1 to {_LONGEST_KEY} printable ASCII characters")


def _check_times(to: Translation) -> None:
    draft, schedule = to.draft, to.draft.schedule or Schedule()
    given: Any = draft.start
    start = given if isinstance(given, Start) else None
    zone = schedule.timezone or (None if start is None else start.timezone) or "UTC"
    try:
        time_zone(zone)
        to.zone = zone
    except InvalidInput as exc:
        to.refuse("schedule.timezone" if schedule.timezone else "start", str(exc))
    if start is None:
        to.refuse("start", f"must be Start.HOLD, Start.NOW or Start.at(...), not {draft.start!r}")
    else:
        to.start = _when(to, "start", start)
    if draft.hold_until is not None:
        if start is not None and start.kind is StartKind.HOLD:
            to.hold_until = _when(to, "hold_until", Start.at(draft.hold_until))
        else:
            to.refuse("hold_until", "goes only with Start.HOLD")
    if schedule.start is not None:
        to.refuse("schedule.start", "is for campaigns that are read; a draft says it with start=Start.at(...)")
    first, last = schedule.window_start, schedule.window_end
    edges: tuple[Any, Any] = (first, last)
    if not all(edge is None or isinstance(edge, time) for edge in edges):
        to.refuse("schedule.window_start", "a window begins and ends with a datetime.time")
    elif (first is None) != (last is None):
        to.refuse("schedule.window_start", "a window needs both its start and its end")
    elif first is not None and last is not None:
        if first >= last:
            to.refuse(
                "schedule.window_end", f"the window ends at {last:%H:%M}, and not after its start at {first:%H:%M}"
            )
        if any(edge.second or edge.microsecond for edge in (first, last)):
            to.refuse("schedule.window_start", "a window begins and ends with a minute")
    if (first is not None or schedule.weekdays) and schedule.timezone is None:
        to.refuse("schedule.timezone", "is missing, and a window or weekdays mean nothing without it")
    if not set(schedule.weekdays) <= _WEEK:
        to.refuse("schedule.weekdays", f"must be 1 (Monday) to 7 (Sunday), not {list(schedule.weekdays)}")


def _when(to: Translation, field: str, start: Start) -> When | None:
    """The time, if it can be had and lies ahead."""
    try:
        return ahead(start, to.zone if (to.draft.schedule or Schedule()).timezone else None, to.now)
    except InvalidInput as exc:
        to.refuse(field, str(exc))
        return None


def ahead(start: Start, timezone: str | None, now: datetime) -> When | None:
    """The time of a start, which has to lie ahead; ``None`` if it has none.

    Args:
        start: The start.
        timezone: The IANA name of the zone of the campaign, or ``None``.
        now: The time now (aware, UTC).

    Raises:
        InvalidInput: It is not one moment, or lies in the past.
    """
    moment = start.instant(timezone)
    if moment is None:
        return None
    if moment <= now:
        raise InvalidInput(f"{moment:%Y-%m-%dT%H:%M:%SZ} lies in the past; it is {now:%Y-%m-%dT%H:%M:%SZ} now")
    return When(moment, start.timezone or timezone or _zone_of(start.moment)).to_next(timedelta(seconds=1))


def _zone_of(moment: datetime | None) -> str:
    zone = None if moment is None else moment.tzinfo
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def _check_numbers(to: Translation) -> None:
    draft = to.draft
    numbers = {
        "max_concurrency": draft.max_concurrency,
        "retry.max_attempts": (draft.retry or RetryPolicy()).max_attempts,
        "schedule.max_calls_per_day": (draft.schedule or Schedule()).max_calls_per_day,
    }
    for field, number in numbers.items():
        if number is not None and (type(number) is not int or number < 1):
            to.refuse(field, f"must be a whole number from 1, not {number!r}")
    retry_on: Iterable[Any] = draft.retry.retry_on if draft.retry else ()
    if not all(isinstance(status, CallStatus) for status in retry_on):
        to.refuse("retry.retry_on", "must hold CallStatus members")


def _check_options(to: Translation, provider: Provider) -> None:
    given: Any = to.draft.vendor.get(provider.name, {})
    if not isinstance(given, Mapping):
        to.refuse(f"vendor.{provider.name}", f"must be a mapping, not {type(given).__name__}")
    known = provider.draft_options
    for name, value in to.options.items():
        if name not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            to.refuse(f"vendor.{provider.name}.{name}", f"{provider.title} has no such option; {there}")
        elif reason := known[name].fault(value):
            to.refuse(f"vendor.{provider.name}.{name}", reason)


_OPTIONAL = ("name", "first_name", "last_name", "email", "external_id")


def _contacts(
    to: Translation, repeated: Sequence[ContactDraft], provider: Provider, handled: Mapping[str, Handling]
) -> list[Mapping[str, Any]]:
    """The contacts as they will be sent; what is wrong with any of them is found."""
    draft = to.draft
    faults: dict[tuple[str, str], list[str]] = {}
    used: Counter[str] = Counter()
    bodies: list[Mapping[str, Any]] = []
    for contact in draft.contacts:
        found = list(_contact_faults(contact, provider))
        for field, reason in found:
            faults.setdefault((field, reason), []).append(mask_phone(str(contact.phone_number)))
        used.update(field for field in _OPTIONAL if getattr(contact, field) is not None)
        used.update(["fields"] if contact.fields else [])
        bodies.append({} if found else provider.contact_body(contact))
    if not draft.contacts:
        to.refuse("contacts", "there is nobody to call")
    else:
        noted = f"{len(draft.contacts):,} to call"
        if repeated:
            noted += f"; {len(repeated):,} left out, since their number came before: {_named(repeated)}"
        to.put("contacts", fit=Fit.MAPPED if repeated else Fit.NATIVE, reason=noted)
    for field, number_of in used.items():
        handling = handled[field]
        counted = f"{number_of:,} contact{'s' if number_of > 1 else ''}"
        to.put(f"contacts.{field}", fit=handling.fit, reason=f"{handling.reason} ({counted})".strip())
    for (field, reason), numbers in faults.items():
        more = f" and {len(numbers) - _MOST_NAMED:,} more" if len(numbers) > _MOST_NAMED else ""
        to.refuse(field, f"{reason}: {', '.join(numbers[:_MOST_NAMED])}{more}")
    return bodies


def _contact_faults(contact: ContactDraft, provider: Provider) -> Iterator[tuple[str, str]]:
    number: Any = contact.phone_number
    if not isinstance(number, str) or not is_e164(number):
        yield (
            "contacts.phone_number",
            "not in E.164 form (+ and country code); read_contacts(region=...) brings national numbers into it",
        )
    elif reason := provider.contact_fault(contact):
        yield "contacts", reason
    for field in _OPTIONAL:
        value = getattr(contact, field)
        if value is not None and not _is_text(value):
            yield f"contacts.{field}", "must be a text that is not blank"
    if reason := _json_fault(contact.fields):
        yield "contacts.fields", reason


def _named(contacts: Sequence[ContactDraft]) -> str:
    numbers = [mask_phone(contact.phone_number) for contact in contacts[:_MOST_NAMED]]
    return ", ".join(numbers) + (" …" if len(contacts) > _MOST_NAMED else "")


def _check_limits(to: Translation, provider: Provider) -> None:
    limits, draft = provider.capabilities.limits, to.draft
    used = {
        "max_contacts": (len(draft.contacts), "contacts", "split the draft: --split, or CampaignDraft.split()"),
        "max_concurrency": (draft.max_concurrency, "calls at the same time", "ask for fewer"),
        "max_attempts": ((draft.retry or RetryPolicy()).max_attempts, "attempts", "ask for fewer"),
        "max_name_length": (_length(to.draft.name), "characters", "choose a shorter name"),
        "max_description_length": (_length(draft.description), "characters", "shorten it"),
    }
    for limit, (number, what, remedy) in used.items():
        most = getattr(limits, limit)
        if most is None or type(number) is not int:
            continue
        if number > most:
            to.refuse(limit, f"{number:,} {what} are more than {provider.title}'s {most:,}; {remedy}")
        else:
            to.put(limit, reason=f"{number:,} of at most {most:,} {what}")


def _length(text: Any) -> int | None:
    return len(text) if isinstance(text, str) else None


def _check_json(to: Translation) -> None:
    if reason := _json_fault(to.draft.metadata):
        to.refuse("metadata", reason)


def _json_fault(value: Mapping[str, Any]) -> str | None:
    """Why JSON cannot hold a mapping, or ``None`` if it can."""
    if not all(isinstance(key, str) for key in value):
        return "its keys must be texts"
    try:
        json.dumps(dict(value), allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return "holds what JSON cannot hold; use texts, finite numbers, true, false, null, lists and mappings of these"
    return None
