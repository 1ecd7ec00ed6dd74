"""Translates drafts for a vendor, and finds everything that is to be said of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import MAXYEAR, UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, Part, Start, StartKind
from unibatch.core.errors import InvalidInput
from unibatch.core.findings import Composition, Finding, Fit, Handling, Preflight, Translation, shown
from unibatch.core.masking import mask_phone
from unibatch.core.model import RedialPolicy, Schedule
from unibatch.core.phone import is_e164
from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus
from unibatch.core.times import When, time_zone

_MOST_NAMED = 5
"""How many of many contacts with the same fault a reason names."""

_LONGEST_KEY = 200
_WEEK = range(1, 8)
_LARGEST = 1_000_000_000
"""No number of anything that a campaign can have is larger."""


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
    _check_types(to)
    _check_identity(to, draft.idempotency_key)
    _check_times(to)
    _check_numbers(to)
    _check_options(to, provider)
    bodies = _contacts(to, repeated, provider, provider.contact_handling)
    refused = frozenset(finding.field for finding in to.findings if finding.fit is Fit.INVALID)
    to.draft = _without(to.draft, refused)
    to.options = {name: to.options[name] for name in to.options if f"vendor.{provider.name}.{name}" not in refused}
    generally, to.findings = to.findings, []
    provider.translate(to)
    to.findings = generally + [finding for finding in to.findings if finding.field not in refused]
    _check_limits(to, provider)
    return Composition(
        draft=effective,
        options=options,
        now=now,
        start=to.start,
        body=to.body,
        contacts=bodies,
        preflight=Preflight(provider=provider.name, findings=_one_a_field(to.findings)),
        given_key=draft.idempotency_key,
    )


def _without(draft: CampaignDraft, refused: Collection[str]) -> CampaignDraft:
    """The draft without what has to be corrected."""
    blank: Any = {"name": "", "description": None, "agent_id": None, "from_number_ids": (), "metadata": {}}
    blank.update(max_concurrency=None, part=None, idempotency_key="")
    changes = {field: value for field, value in blank.items() if field in refused}
    for field, empty in (("schedule", Schedule()), ("retry", RedialPolicy())):
        whole: Any = getattr(draft, field)
        inner = {each.name: each.default for each in attrs.fields(type(empty)) if f"{field}.{each.name}" in refused}
        if field in refused:
            changes[field] = None
        elif inner:
            changes[field] = attrs.evolve(whole or empty, **inner)
    return attrs.evolve(draft, **changes)


_FROM_BAD_TO_GOOD = (Fit.INVALID, Fit.UNSUPPORTED, Fit.LOSSY, Fit.EMULATED, Fit.MAPPED, Fit.NATIVE)


def _one_a_field(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, those of the same field made into one: the worst of them, with the reasons of all that count."""
    by_field: dict[str, list[Finding]] = {}
    for finding in findings:
        by_field.setdefault(finding.field, []).append(finding)
    return tuple(same[0] if len(same) == 1 else _together(same) for same in by_field.values())


def _together(same: Sequence[Finding]) -> Finding:
    fit = min((finding.fit for finding in same), key=_FROM_BAD_TO_GOOD.index)
    telling = [finding for finding in same if fit is not Fit.INVALID or finding.fit is fit]
    return Finding(
        field=same[0].field,
        fit=fit,
        reason="; ".join(dict.fromkeys(finding.reason for finding in telling if finding.reason)),
        sent={key: value for finding in telling for key, value in finding.sent.items()},
        acceptable=all(finding.acceptable for finding in telling if finding.is_obstacle())
        and fit in {Fit.LOSSY, Fit.UNSUPPORTED},
    )


def compose_contacts(
    provider: Provider, contacts: Iterable[ContactDraft]
) -> tuple[Mapping[str, Mapping[str, Any]], Sequence[ContactDraft], Preflight]:
    """Translate contacts that are to be added to a campaign.

    Returns:
        The contacts as they will be sent, by their numbers; those that repeat a number; and what was found.

    Raises:
        InvalidInput: ``contacts`` holds something else.
    """
    draft, repeated = CampaignDraft(name="-", contacts=contacts, start=Start.HOLD).without_repetitions()
    to = Translation(draft, {}, datetime.now(UTC))
    bodies = _contacts(to, repeated, provider, {**provider.contact_handling, **provider.added_contact_handling})
    by_number = {contact.phone_number: body for contact, body in zip(draft.contacts, bodies, strict=True) if body}
    return by_number, repeated, Preflight(provider=provider.name, findings=_one_a_field(to.findings))


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


_KINDS = {"schedule": Schedule, "retry": RedialPolicy, "part": Part}


def _check_types(to: Translation) -> None:
    """Refuse, and leave out, what has attributes of its own, and is something else."""
    for field, kind in _KINDS.items():
        value = getattr(to.draft, field)
        if value is not None and not isinstance(value, kind):
            to.refuse(field, f"must be a {kind.__name__}, not {shown(value)}")
            nothing: Any = {field: None}
            to.draft = attrs.evolve(to.draft, **nothing)
    part = to.draft.part
    if part is not None and not (type(part.number) is type(part.of) is int and _is_text(part.whole)):
        to.refuse("part", "is set by CampaignDraft.split(), and by nobody else")


def _check_identity(to: Translation, given_key: Any) -> None:
    draft = to.draft
    for field in ("name", "description", "agent_id"):
        value = getattr(draft, field)
        if not _is_text(value) and (value is not None or field == "name"):
            to.refuse(field, f"must be a text that is not blank, not {shown(value)}")
    for number in draft.from_number_ids:
        if not _is_text(number):
            to.refuse("from_number_ids", f"must hold texts that are not blank, not {shown(number)}")
    if not (_is_key(draft.idempotency_key) or given_key is None):
        fault = f"must have 1 to {_LONGEST_KEY} printable ASCII characters, and no blank at either end"
        to.refuse("idempotency_key", fault)
    if reason := _json_fault(draft.metadata):
        to.refuse("metadata", reason)


def _is_key(key: Any) -> bool:
    return (
        isinstance(key, str)
        and 0 < len(key) <= _LONGEST_KEY
        and key.isascii()
        and key.isprintable()
        and (key == key.strip())
    )


def _check_times(to: Translation) -> None:
    draft, schedule = to.draft, to.draft.schedule or Schedule()
    if schedule.timezone is not None:
        try:
            time_zone(schedule.timezone)
        except InvalidInput as exc:
            to.refuse("schedule.timezone", str(exc))
    if _is_start(draft.start):
        to.start = _when(to, "start", draft.start)
    else:
        to.refuse("start", f"must be Start.HOLD, Start.NOW or Start.at(...), not {shown(draft.start)}")
    if draft.hold_until is not None:
        if draft.start == Start.HOLD:
            to.hold_until = _when(to, "hold_until", Start.at(draft.hold_until))
        else:
            to.refuse("hold_until", "goes only with Start.HOLD")
    if schedule.start is not None:
        to.refuse("schedule.start", "is for campaigns that are read; a draft says it with start=Start.at(...)")
    _check_window(to, schedule)


def _is_start(start: Any) -> bool:
    """Whether it is one of the three; what only resembles one might make a vendor begin at once."""
    return isinstance(start, Start) and (start.kind is StartKind.AT or start in (Start.HOLD, Start.NOW))


def _check_window(to: Translation, schedule: Schedule) -> None:
    edges: tuple[Any, Any] = (schedule.window_start, schedule.window_end)
    first, last = edges
    if not all(edge is None or (isinstance(edge, time) and edge.tzinfo is None) for edge in edges):
        to.refuse("schedule.window_start", "a window begins and ends with a datetime.time that has no zone of its own")
    elif (first is None) != (last is None):
        to.refuse("schedule.window_start", "a window needs both its start and its end")
    elif first is not None and last is not None:
        if first >= last:
            to.refuse(
                "schedule.window_end", f"the window ends at {last:%H:%M}, and not after its start at {first:%H:%M}"
            )
        if any(edge.second or edge.microsecond for edge in edges):
            to.refuse("schedule.window_start", "a window begins and ends with a minute")
    weekdays: Any = schedule.weekdays
    if not isinstance(weekdays, Collection) or not all(type(day) is int and day in _WEEK for day in weekdays):
        to.refuse("schedule.weekdays", f"must be 1 (Monday) to 7 (Sunday), not {shown(weekdays)}")
    if (edges != (None, None) or weekdays) and schedule.timezone is None:
        to.refuse("schedule.timezone", "is missing, and a window or weekdays mean nothing without it")


def _when(to: Translation, field: str, start: Start) -> When | None:
    """The time, if it can be had and lies ahead."""
    zone = (to.draft.schedule or Schedule()).timezone
    if any(finding.field == "schedule.timezone" for finding in to.findings):  # that there is no such zone is told
        zone = None
        if start.timezone is None and isinstance(start.moment, datetime) and start.moment.tzinfo is None:
            return None
    try:
        return resolve_start(start, zone, to.now)
    except InvalidInput as exc:
        to.refuse(field, str(exc))
        return None


def resolve_start(start: Start, timezone: str | None, now: datetime) -> When | None:
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
    if moment.year == MAXYEAR:
        raise InvalidInput(f"{moment:%Y-%m-%dT%H:%M:%SZ} lies too far ahead")
    zone = timezone or start.timezone or _zone_of(start.moment)
    if zone is not None:
        time_zone(zone)
    return When(moment, zone).to_next(timedelta(seconds=1))


def _zone_of(moment: datetime | None) -> str | None:
    zone = None if moment is None else moment.tzinfo
    return str(zone.key) if isinstance(zone, ZoneInfo) else None


def _check_numbers(to: Translation) -> None:
    draft = to.draft
    numbers = {
        "max_concurrency": draft.max_concurrency,
        "retry.max_attempts": (draft.retry or RedialPolicy()).max_attempts,
        "schedule.max_calls_per_day": (draft.schedule or Schedule()).max_calls_per_day,
    }
    for field, number in numbers.items():
        if number is not None and (type(number) is not int or number < 1):
            to.refuse(field, f"must be a whole number from 1, not {shown(number)}")
        elif number is not None and number > _LARGEST:
            to.refuse(field, "is too large")
    if draft.retry is not None:
        retry_on: Any = draft.retry.retry_on
        if isinstance(retry_on, Collection) and all(isinstance(status, CallStatus) for status in retry_on):
            to.draft = attrs.evolve(draft, retry=attrs.evolve(draft.retry, retry_on=frozenset(retry_on)))
        else:
            to.refuse("retry.retry_on", f"must hold CallStatus members, not {shown(retry_on)}")


def _check_options(to: Translation, provider: Provider) -> None:
    given: Any = to.draft.vendor.get(provider.name, {})
    if not isinstance(given, Mapping):
        to.refuse(f"vendor.{provider.name}", f"must be a mapping, not {type(given).__name__}")
    known = provider.draft_options
    for name, value in to.options.items():
        if name not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            to.refuse(f"vendor.{provider.name}.{name}", f"{provider.title} has no such option; {there}")
        elif reason := _json_fault({name: value}) or known[name].fault(value):
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
        found = _contact_faults(contact, provider)
        for field, reason in found:
            number: Any = contact.phone_number
            faults.setdefault((field, reason), []).append(
                mask_phone(number) if isinstance(number, str) else shown(number)
            )
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


def _contact_faults(contact: ContactDraft, provider: Provider) -> list[tuple[str, str]]:
    """What is wrong with a contact: the attribute, and the reason."""
    found = []
    number: Any = contact.phone_number
    if not isinstance(number, str) or not is_e164(number):
        reason = "not in E.164 form (+ and country code); read_contacts(region=...) brings national numbers into it"
        found.append(("contacts.phone_number", reason))
    for field in _OPTIONAL:
        value = getattr(contact, field)
        if value is not None and not _is_text(value):
            found.append((f"contacts.{field}", "must be a text that is not blank"))
    if fault := _json_fault(contact.fields):
        found.append(("contacts.fields", fault))
    if not found and (fault := provider.contact_fault(contact)):
        found.append(("contacts", fault))
    return found


def _named(contacts: Sequence[ContactDraft]) -> str:
    numbers = [mask_phone(contact.phone_number) for contact in contacts[:_MOST_NAMED]]
    return ", ".join(numbers) + (" …" if len(contacts) > _MOST_NAMED else "")


def _check_limits(to: Translation, provider: Provider) -> None:
    limits, draft = provider.capabilities.limits, to.draft
    used = {
        "max_contacts": (len(draft.contacts), "contacts", "split the draft: --split, or CampaignDraft.split()"),
        "max_concurrency": (draft.max_concurrency, "calls at the same time", "ask for fewer"),
        "max_attempts": ((draft.retry or RedialPolicy()).max_attempts, "attempts", "ask for fewer"),
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


def _json_fault(value: Mapping[str, Any]) -> str | None:
    """Why JSON cannot hold a mapping, or ``None`` if it can."""
    try:
        json.dumps(dict(value), allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return "holds what JSON cannot hold; use texts, finite numbers, true, false, null, lists and mappings of these"
    return None if _has_text_keys(value) else "the keys of mappings must be texts"


def _has_text_keys(value: Any) -> bool:
    """Whether every key, however deep, is a text. JSON would make texts of some others."""
    if isinstance(value, Mapping):
        return all(isinstance(key, str) for key in value) and all(map(_has_text_keys, value.values()))
    return not isinstance(value, list | tuple) or all(map(_has_text_keys, value))
