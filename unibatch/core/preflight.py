"""Judges a draft for a vendor: a finding for each field and each limit, and what is sent.

Each field is judged once. First come the checks that hold for every vendor; a field that fails one of them is refused,
and goes no further. Every other field that the draft uses goes through its entry in `Provider.draft_fields`, which
gives both the finding and what is sent.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Sized
from datetime import MAXYEAR, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from unibatch.core.draft import (
    CampaignDraft,
    ContactDraft,
    Part,
    Start,
    StartKind,
    as_contacts,
    digest,
    once_each,
)
from unibatch.core.draft_fields import ALL_FIELDS, MISSING_ENTRY, PARTS_OF, Composition, Given, How, is_text
from unibatch.core.errors import InvalidInput
from unibatch.core.findings import Finding, Fit, Preflight, shown
from unibatch.core.mark import NO_MARK, Mark
from unibatch.core.masking import mask_phone
from unibatch.core.phone import dial_risk, is_e164
from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus
from unibatch.core.times import When, time_zone

_MOST_NAMED = 5
"""How many of many contacts with the same fault a reason names."""

_is_key = re.compile(r"(?! )[ -~]{1,200}(?<! )").fullmatch
_NO_KEY = "must have 1 to 200 printable ASCII characters, and no blank at either end"
_WEEK = range(1, 8)
_LARGEST = 1_000_000_000
"""No number of anything that a campaign can have is larger."""

_LIMITS: Mapping[str, tuple[str, str, str]] = {
    "max_contacts": ("contacts", "contacts", "split the draft: --split, or CampaignDraft.split()"),
    "max_concurrency": ("max_concurrency", "calls at the same time", "ask for fewer"),
    "max_attempts": ("retry.max_attempts", "attempts", "ask for fewer"),
    "max_name_length": ("name", "characters", "choose a shorter name"),
    "max_description_length": ("description", "characters", "shorten it"),
}
"""For each of a vendor's limits: the field that it is about, what is counted, and the remedy."""


@attrs.define
class _Judging:
    """What is known of a draft while it is judged.

    Attributes:
        provider: The vendor.
        table: How it takes each field.
        fields: The values of the fields that the draft uses, by name.
        faults: What must be corrected, by field or limit.
        notes: What else a finding says, by field or limit.
        mark: What the campaign is recognised by.
    """

    provider: Provider
    table: dict[str, How]
    fields: dict[str, Any] = attrs.field(factory=dict)
    faults: dict[str, list[str]] = attrs.field(factory=lambda: defaultdict(list))
    notes: dict[str, str] = attrs.field(factory=dict)
    mark: Mark = NO_MARK

    def settle(self) -> tuple[tuple[Finding, ...], Mapping[str, Any]]:
        """The findings, one for each name, and the body."""
        given = Given(fields=self.fields, settings=self.provider.defaults, mark=self.mark)
        body: dict[str, Any] = {}
        findings = []
        for name in dict.fromkeys([*ALL_FIELDS, *self.table, *self.fields, *self.faults, *self.notes]):
            how = self._how(name, given)
            if how is None:
                continue
            sent = how.sent_for(self.fields.get(name))
            merge(body, sent)
            note = None if name in self.faults else self.notes.get(name)
            findings.append(
                Finding(
                    field=name,
                    fit=how.fit,
                    reason="; ".join(filter(None, (how.reason, note))),
                    sent=sent,
                    acceptable=how.fit is Fit.LOSSY or (how.fit is Fit.UNSUPPORTED and name != "start"),
                )
            )
        return tuple(findings), body

    def _how(self, name: str, given: Given) -> How | None:
        """How a field is taken; ``None`` if there is nothing to say about it."""
        if name in self.faults:
            return How(Fit.INVALID, "; ".join(dict.fromkeys(self.faults[name])))
        if name in self.fields:
            return self.table.get(name, MISSING_ENTRY).chosen(self.fields[name], given)
        if name in self.table and (needed := self.table[name].required):
            remedy = f"give {name}, or set it in the profile's defaults"
            return How(Fit.INVALID, f"{self.provider.title} needs {needed}; {remedy}")
        if name in self.table and (left_out := self.table[name].left_out):
            return left_out
        return How() if name in self.notes else None


def merge(body: dict[str, Any], sent: Mapping[str, Any]) -> None:
    """Add what is sent to a body; a mapping within the body is added to, not replaced."""
    for key, value in sent.items():
        is_added = isinstance(value, dict) and isinstance(body.get(key), dict)
        body[key] = {**body[key], **value} if is_added else value


def compose(provider: Provider, draft: CampaignDraft, now: datetime) -> Composition:
    """Judge a draft for a vendor, and make what is sent for it. Raises nothing for what it finds.

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
    judging = _Judging(provider, {_full_name(name, provider): how for name, how in provider.draft_fields.items()})
    _take_fields(judging, effective)
    key: Any = draft.idempotency_key
    if key is not None and not (isinstance(key, str) and _is_key(key)):
        judging.faults["idempotency_key"].append(_NO_KEY)
    if fault := _json_fault(effective.metadata):
        judging.faults["metadata"].append(fault)
    _check_times(judging, now)
    _check_options(judging, draft.vendor)
    judging.fields = {
        name: value
        for name, value in judging.fields.items()
        if name not in judging.faults and (_is_used(value) or name == "idempotency_key")
    }
    others = _others(judging)
    contacts = _judge_contacts(judging, effective.contacts, repeated, has_others=bool(others))
    _check_limits(judging)
    start, until = (judging.fields.get(field) for field in ("start", "hold_until"))
    in_order = _with_sorted_others(effective, provider) if others else effective
    judging.mark = _mark(draft, in_order, start, has_others=bool(others))
    findings, body = judging.settle()
    return Composition(
        draft=effective,
        mark=judging.mark,
        now=now,
        start=start if isinstance(start, When) else None,
        hold_until=until if isinstance(until, When) else None,
        body=body,
        contacts=contacts,
        preflight=Preflight(provider=provider.name, findings=findings),
        given_key=draft.idempotency_key,
        has_others=bool(others),
    )


def compose_contacts(
    provider: Provider, contacts: Iterable[ContactDraft]
) -> tuple[Mapping[str, Mapping[str, Any]], Sequence[ContactDraft], Preflight]:
    """Judge contacts that are to be added to a campaign.

    Returns:
        The contacts as they are sent, by their numbers; those that repeat a number; and what was found.

    Raises:
        InvalidInput: ``contacts`` holds something else.
    """
    kept, repeated = once_each(as_contacts(contacts))
    table = {**provider.draft_fields, **provider.added_contact_fields}
    judging = _Judging(provider, {name: how for name, how in table.items() if name.startswith("contacts.")})
    bodies = _judge_contacts(judging, kept, repeated)
    findings, _ = judging.settle()
    by_number = {contact.phone_number: body for contact, body in zip(kept, bodies, strict=True) if body}
    return by_number, repeated, Preflight(provider=provider.name, findings=findings)


def _full_name(name: str, provider: Provider) -> str:
    """The name of a field in findings, where options stand under the name of the provider."""
    return name.replace("vendor.", f"vendor.{provider.name}.", 1) if name.startswith("vendor.") else name


def _with_defaults(draft: CampaignDraft, provider: Provider) -> CampaignDraft:
    defaults = provider.defaults
    return attrs.evolve(
        draft,
        agent_id=draft.agent_id or defaults.get("agent_id"),
        from_number_ids=draft.from_number_ids or tuple(defaults.get("from_number_ids", ())),
        idempotency_key=_key(draft),
    )


def _key(draft: CampaignDraft) -> str:
    try:
        return draft.key
    except InvalidInput:  # what is to blame is found, by its own name
        return ""


def _others(judging: _Judging) -> list[str]:
    """The options by which a draft names people whom the vendor has already. A part must have none."""
    prefix = f"vendor.{judging.provider.name}."
    names = sorted(judging.provider.options_with_people)
    others = [prefix + name for name in names if prefix + name in {*judging.fields, *judging.faults}]
    if "part" in judging.fields:
        for name in others:
            fault = "everybody would be called once for each part; place these people in a draft of their own"
            judging.faults[name].append(fault)
    return others


def _with_sorted_others(draft: CampaignDraft, provider: Provider) -> CampaignDraft:
    """The draft with the ids of people whom the vendor has already in order, as the order makes no difference."""
    options = draft.vendor.get(provider.name)
    if not isinstance(options, Mapping):
        return draft
    in_order = {
        name: sorted({*value}) if name in provider.options_with_people and _is_texts(value) else value
        for name, value in options.items()
    }
    return attrs.evolve(draft, vendor={provider.name: in_order})


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _mark(given: CampaignDraft, effective: CampaignDraft, start: Any, *, has_others: bool) -> Mark:
    """What the campaign is recognised by. ``effective`` is the draft with the profile's defaults in it."""
    given_key: Any = effective.idempotency_key
    key = given_key if isinstance(given_key, str) and _is_key(given_key) else ""
    if given.idempotency_key is None and not has_others:
        return Mark(digest(key))
    part = effective.part if _is_part(effective.part) else None
    exact = Start.at(start.moment) if isinstance(start, When) else effective.start
    whole = digest(_key(attrs.evolve(effective, idempotency_key=None, start=exact)))
    body = whole[:8]
    if given.idempotency_key is None:
        return Mark(whole, body)
    return Mark(digest(part.whole if part else key), body, f"{part.number}of{part.of}" if part else "")


def _is_used(value: Any) -> bool:
    return value is not None and not (isinstance(value, Sized) and len(value) == 0)


# One field at a time --------------------------------------------------------------------------------------------------


def _is_number(value: Any) -> bool:
    return type(value) is int and 1 <= value <= _LARGEST


def _is_time_of_day(value: Any) -> bool:
    return isinstance(value, time) and value.tzinfo is None


def _is_part(part: Any) -> bool:
    return isinstance(part, Part) and type(part.number) is type(part.of) is int and is_text(part.whole)


def _holds(is_right: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda values: isinstance(values, Collection) and all(map(is_right, values))


_TEXT = (is_text, "a text that is not blank")
_NUMBER = (_is_number, f"a whole number from 1 to {_LARGEST:,}")
_EDGE = (_is_time_of_day, "a datetime.time without a zone")

_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": _TEXT,
    "agent_id": _TEXT,
    "from_number_ids": (_holds(is_text), "texts that are not blank"),
    "description": _TEXT,
    "schedule.end": (lambda end: isinstance(end, datetime) and end.tzinfo is not None, "a datetime with a time zone"),
    "schedule.window_start": _EDGE,
    "schedule.window_end": _EDGE,
    "schedule.weekdays": (_holds(lambda day: type(day) is int and day in _WEEK), "1 (Monday) to 7 (Sunday)"),
    "schedule.max_calls_per_day": _NUMBER,
    "max_concurrency": _NUMBER,
    "retry.max_attempts": _NUMBER,
    "retry.retry_on": (_holds(lambda status: isinstance(status, CallStatus)), "CallStatus members"),
    "part": (_is_part, "what CampaignDraft.split() sets"),
}
"""What the value of a field must be at every vendor: the check, and the words for it."""

_ANYTHING = (lambda _: True, "")


_json_of = json.JSONEncoder(allow_nan=False, ensure_ascii=False).encode


def _json_fault(value: Mapping[str, Any]) -> str | None:
    """Why JSON cannot hold a mapping, or ``None`` if it can."""
    texts = (*value, *value.values())
    if {str}.issuperset(map(type, texts)) and "".join(texts).isascii():
        return None  # as nearly all custom data is
    try:
        _json_of(dict(value)).encode()
        return None if _has_text_keys(value) else "the keys of mappings must be texts"
    except (TypeError, ValueError, RecursionError):
        return "holds what JSON cannot hold; use texts, finite numbers, true, false, null, lists and mappings of these"


def _has_text_keys(value: Any) -> bool:
    """Whether every key, however deep, is a text. JSON would make texts of some others."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) for key in value) and all(map(_has_text_keys, value.values()))
    return not isinstance(value, list | tuple) or all(map(_has_text_keys, value))


def _take_fields(judging: _Judging, draft: CampaignDraft) -> None:
    """Take in the fields of a draft, apart from its contacts and options, and check each by itself."""
    for attribute in attrs.fields(CampaignDraft):
        name = str(attribute.alias)
        value, kind = getattr(draft, name), PARTS_OF.get(name)
        if name in {"contacts", "vendor"}:
            continue
        if kind is None:
            _take(judging, name, value, attribute.default)
        elif isinstance(value, kind):
            for inner in attrs.fields(kind):
                _take(judging, f"{name}.{inner.alias}", getattr(value, str(inner.alias)), inner.default)
        elif value is not None:
            judging.faults[name].append(f"must be a {kind.__name__}, not {shown(value)}")


def _take(judging: _Judging, name: str, value: Any, default: Any) -> None:
    if value is None and default is None:
        return
    judging.fields[name] = value
    is_right, kind = _KINDS.get(name, _ANYTHING)
    if not is_right(value):
        judging.faults[name].append(f"must be {kind}, not {shown(value)}")


# Times ----------------------------------------------------------------------------------------------------------------


def _check_times(judging: _Judging, now: datetime) -> None:
    """Check the fields that are about times, and put moments in the place of what was written."""
    fields, faults = judging.fields, judging.faults
    if "schedule.start" in fields:
        faults["schedule.start"].append("is for campaigns that are read; a draft says it with start=Start.at(...)")
    if "schedule.timezone" in fields:
        try:
            time_zone(fields["schedule.timezone"])
        except InvalidInput as exc:
            faults["schedule.timezone"].append(str(exc))
    start = fields["start"]
    if _is_start(start):
        _resolve(judging, "start", start, now)
    else:
        faults["start"].append(f"must be Start.HOLD, Start.NOW or Start.at(...), not {shown(start)}")
    if "hold_until" in fields:
        if start == Start.HOLD:
            _resolve(judging, "hold_until", Start.at(fields["hold_until"]), now)
        else:
            faults["hold_until"].append("goes only with Start.HOLD")
        if start == Start.HOLD and not isinstance(fields.get("hold_until"), When):
            del fields["start"]  # at some vendors it depends on the other
    _check_window(judging)


def _is_start(start: Any) -> bool:
    """Whether it is one of the three; what only resembles one might make a vendor begin at once."""
    return isinstance(start, Start) and (start.kind is StartKind.AT or start in (Start.HOLD, Start.NOW))


def _resolve(judging: _Judging, field: str, start: Start, now: datetime) -> None:
    """Put the time of a start into its field, if it has one; leave the field out if the zone is not known."""
    zone = judging.fields.get("schedule.timezone")
    if "schedule.timezone" in judging.faults:
        zone = None
        if start.timezone is None and isinstance(start.moment, datetime) and start.moment.tzinfo is None:
            del judging.fields[field]
            return
    try:
        judging.fields[field] = resolve_start(start, zone, now) or start
    except InvalidInput as exc:
        judging.faults[field].append(str(exc))


def resolve_start(start: Start, timezone: str | None, now: datetime) -> When | None:
    """The time of a start, which has to lie ahead; ``None`` if it has none.

    Args:
        start: The start.
        timezone: The IANA name of the zone of the campaign, or ``None``.
        now: The time now (aware, UTC).

    Raises:
        InvalidInput: It is not one moment, or is in the past.
    """
    moment = start.instant(timezone)
    if moment is None:
        return None
    if moment <= now:
        raise InvalidInput(f"{moment:%Y-%m-%dT%H:%M:%SZ} is in the past; it is {now:%Y-%m-%dT%H:%M:%SZ} now")
    if moment.year == MAXYEAR:
        raise InvalidInput(f"{moment:%Y-%m-%dT%H:%M:%SZ} is too far ahead")
    zone = timezone or start.timezone or _zone_of(start.moment)
    if zone is not None:
        time_zone(zone)
    return When(moment, zone).to_next(timedelta(seconds=1))


def _zone_of(moment: datetime | None) -> str | None:
    zone = None if moment is None else moment.tzinfo
    return str(zone.key) if isinstance(zone, ZoneInfo) else None


def _check_window(judging: _Judging) -> None:
    fields, faults = judging.fields, judging.faults
    edges = ("schedule.window_start", "schedule.window_end")
    window = {name: fields[name] for name in edges if name in fields}
    for name, edge in window.items():
        if name not in faults and (edge.second or edge.microsecond):
            faults[name].append("a window begins and ends with a minute")
    if len(window) == 1:
        faults["schedule.window_start"].append("a window needs both its start and its end")
    elif window and all(map(_is_time_of_day, window.values())):
        first, last = window.values()
        if first >= last:
            fault = f"the window ends at {last:%H:%M}, and not after its start at {first:%H:%M}"
            faults["schedule.window_end"].append(fault)
    if (window or fields.get("schedule.weekdays")) and "schedule.timezone" not in fields:
        faults["schedule.timezone"].append("is missing; a window or weekdays mean nothing without it")


# Options, contacts, limits --------------------------------------------------------------------------------------------


def _check_options(judging: _Judging, given: Mapping[str, Any]) -> None:
    """Take in what only this vendor has: the draft's options over those of the profile."""
    provider = judging.provider
    known, prefix = provider.draft_options, f"vendor.{provider.name}"
    options = given.get(provider.name, {})
    if not isinstance(options, Mapping):
        judging.faults[prefix].append(f"must be a mapping, not {type(options).__name__}")
        options = {}
    defaults = {name: value for name, value in provider.defaults.items() if name in known}
    for name, value in {**defaults, **options}.items():
        field = f"{prefix}.{name}"
        judging.fields[field] = value
        judging.table.setdefault(field, How.sent(name))
        if name not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            judging.faults[field].append(f"{provider.title} has no such option; {there}")
        elif fault := _json_fault({name: value}) or known[name].fault(value):
            judging.faults[field].append(fault)


_OPTIONAL = tuple(str(field.alias) for field in attrs.fields(ContactDraft) if field.default is None)
"""The texts that a contact may have."""


def _judge_contacts(
    judging: _Judging,
    contacts: Sequence[ContactDraft],
    repeated: Sequence[ContactDraft],
    *,
    has_others: bool = False,
) -> list[Mapping[str, Any]]:
    """Check the contacts.

    Returns:
        The contacts as they are sent; empty mappings for those with which something is wrong.
    """
    provider = judging.provider
    about = as_contacts(contacts).once((type(provider), _settings_of(provider)), lambda: _look_at(contacts, provider))
    judging.fields["contacts"] = contacts
    judging.notes["contacts"] = f"{len(contacts):,} to call{', and others whom the vendor has' if has_others else ''}"
    how = judging.table.setdefault("contacts", How())
    if repeated:
        judging.table["contacts"] = attrs.evolve(how, fit=Fit.MAPPED)
        numbers = [mask_phone(contact.phone_number) for contact in repeated]
        left_out = f"{len(repeated):,} left out, because their number came before: {_listed(numbers)}"
        judging.notes["contacts"] += f"; {left_out}"
    if not contacts and not has_others:
        judging.faults["contacts"].append("no contacts")
    for field, number_of in about.used.items():
        judging.fields[f"contacts.{field}"] = number_of
        judging.notes[f"contacts.{field}"] = f"{number_of:,} contact{'s' if number_of > 1 else ''}"
    if about.risky:
        judging.fields["contacts.phone_number"] = sum(map(len, about.risky.values()))
        reasons = "; ".join(_risk(*found) for found in about.risky.items())
        judging.table["contacts.phone_number"] = How(Fit.LOSSY, reasons)
    for (field, reason), numbers in about.faulty.items():
        judging.faults[field].append(f"{reason}: {_listed(numbers)}")
    return [*about.bodies]


@attrs.frozen
class _AboutContacts:
    """What a vendor makes of contacts.

    Attributes:
        bodies: The contacts as they are sent; empty mappings for those with which something is wrong.
        used: How many contacts have each attribute that they may have.
        risky: The masked numbers that should not be called without asking, by the reason.
        faulty: The masked numbers of contacts with which something is wrong, by the attribute and the reason.
    """

    bodies: list[Mapping[str, Any]] = attrs.field(factory=list)
    used: dict[str, int] = attrs.field(factory=dict)
    risky: dict[str, list[str]] = attrs.field(factory=dict)
    faulty: dict[tuple[str, str], list[str]] = attrs.field(factory=dict)


def _settings_of(provider: Provider) -> object:
    """What is the same for two providers of one class only if they have the same settings."""
    try:
        return repr(provider.defaults)
    except (ValueError, RecursionError):  # what cannot be written is like nothing else
        return object()


def _look_at(contacts: Sequence[ContactDraft], provider: Provider) -> _AboutContacts:
    about = _AboutContacts()
    for contact in contacts:
        found = contact_faults(contact, provider)
        if not found and (risk := dial_risk(contact.phone_number)):
            about.risky.setdefault(risk, []).append(mask_phone(contact.phone_number))
        for field_and_reason in found:
            number: Any = contact.phone_number
            masked = mask_phone(number) if isinstance(number, str) else shown(number)
            about.faulty.setdefault(field_and_reason, []).append(masked)
        about.bodies.append({} if found else provider.contact_body(contact))
    for field in _OPTIONAL:
        if number_of := sum(getattr(contact, field) is not None for contact in contacts):
            about.used[field] = number_of
    if number_of := sum(bool(contact.fields) for contact in contacts):
        about.used["fields"] = number_of
    return about


def _risk(reason: str, numbers: Sequence[str]) -> str:
    return f"{numbers[0]} {reason}" if len(numbers) == 1 else f"each of {len(numbers):,} {reason}: {_listed(numbers)}"


def contact_faults(contact: ContactDraft, provider: Provider) -> list[tuple[str, str]]:
    """What is wrong with a contact: the attribute, and the reason."""
    found = []
    number: Any = contact.phone_number
    if not isinstance(number, str) or not is_e164(number):
        reason = "not in E.164 form (+ and country code); read_contacts(region=...) brings national numbers into it"
        found.append(("contacts.phone_number", reason))
    for field in _OPTIONAL:
        value = getattr(contact, field)
        if value is not None and not is_text(value):
            found.append((f"contacts.{field}", "must be a text that is not blank"))
    if fault := _json_fault(contact.fields):
        found.append(("contacts.fields", fault))
    if not found and (fault := provider.contact_fault(contact)):
        found.append(("contacts", fault))
    return found


def _listed(numbers: Sequence[str]) -> str:
    more = f" and {len(numbers) - _MOST_NAMED:,} more" if len(numbers) > _MOST_NAMED else ""
    return ", ".join(numbers[:_MOST_NAMED]) + more


def _check_limits(judging: _Judging) -> None:
    title, limits = judging.provider.title, judging.provider.capabilities.limits
    for limit, (field, what, remedy) in _LIMITS.items():
        most, value = getattr(limits, limit), judging.fields.get(field)
        if most is None or value is None:
            continue
        number = value if isinstance(value, int) else len(value)
        if number > most:
            judging.faults[limit].append(f"{number:,} {what} are more than {title}'s {most:,}; {remedy}")
        else:
            judging.notes[limit] = f"{number:,} of at most {most:,} {what}"
