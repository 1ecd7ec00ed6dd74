"""The campaign as the target takes it: fitted to its limits, held until it was compared, in as many parts as needed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, Start, StartKind
from unibatch.core.errors import MigrationRefused
from unibatch.core.findings import Finding, Fit
from unibatch.core.model import RedialPolicy
from unibatch.core.preflight import compose
from unibatch.core.provider import Provider

HELD_FOR = timedelta(days=30)
"""For how long a campaign is held by a vendor that cannot hold without a time, if nobody says otherwise."""

AHEAD = timedelta(minutes=15)
"""How far ahead a campaign starts at least that gets its start when it is created: comparing takes time."""

_MARKS = 80
"""By how many characters a name or a description is shortened, for what is added: a mark, the number of a part."""

Way: TypeAlias = Literal["hold", "ahead"]
"""How nobody is called before the target was compared: it is held, or its start is far enough ahead."""


@attrs.frozen(kw_only=True)
class TargetDraft:
    """What is created in the target.

    Attributes:
        whole: The draft with everybody who is moved.
        parts: The same in as many drafts as the target's limits ask for.
        way: How nobody is called before it was compared.
        findings: What happens to each field.
    """

    whole: CampaignDraft
    parts: tuple[CampaignDraft, ...]
    way: Way
    findings: tuple[Finding, ...]


def target_draft(
    target: Provider,
    base: CampaignDraft,
    contacts: Sequence[ContactDraft],
    *,
    start: Start,
    hold_until: datetime | None,
    attempts: int | None,
    most: int | None,
    key: str,
    now: datetime | None = None,
) -> TargetDraft:
    """Make what is created in the target.

    Args:
        target: The target.
        base: The campaign, without contacts.
        contacts: Who is moved.
        start: When it is to start, after it was compared.
        hold_until: For a target that cannot hold without a time.
        attempts: How often it may call; ``None`` leaves that as it is in ``base``.
        most: The most contacts in a campaign; ``None`` for no limit.
        key: The idempotency key of the whole.
        now: The time now; left out, that of this machine.

    Raises:
        MigrationRefused: The target cannot do it.
    """
    now = now or datetime.now(UTC)
    draft, findings = _fitted(target, base, attempts)
    draft = attrs.evolve(draft, contacts=contacts, idempotency_key=key)
    draft, way = _held(target, draft, start, hold_until, now)
    judged = compose(target, draft, now).preflight.findings
    limits = {"max_contacts"}  # it is split
    findings += [finding for finding in judged if finding.field not in limits]
    if any(finding.field == "idempotency_key" and finding.is_obstacle() for finding in judged):
        (reason,) = (finding.reason for finding in judged if finding.field == "idempotency_key")
        raise MigrationRefused(f"{target.title} cannot be asked what became of a lost answer: {reason}")
    return TargetDraft(whole=draft, parts=draft.split(most), way=way, findings=tuple(findings))


def _fitted(target: Provider, base: CampaignDraft, attempts: int | None) -> tuple[CampaignDraft, list[Finding]]:
    """The draft within the limits of the target, and what was changed for that."""
    limits, findings, draft = target.capabilities.limits, list[Finding](), base
    for field, limit in (("name", limits.max_name_length), ("description", limits.max_description_length)):
        text = getattr(draft, field)
        if limit is not None and isinstance(text, str) and len(text) > limit - _MARKS:
            shorter: dict[str, Any] = {field: text[: limit - _MARKS].rstrip()}
            draft = attrs.evolve(draft, **shorter)
            reason = f"shortened to {limit - _MARKS} characters; {target.title} takes {limit:,} with what is added"
            findings.append(Finding(field=field, fit=Fit.MAPPED, reason=reason))
    most = limits.max_concurrency
    if most is not None and isinstance(draft.max_concurrency, int) and draft.max_concurrency > most:
        reason = f"{draft.max_concurrency} in the source; {target.title} takes {most} at most"
        findings.append(Finding(field="max_concurrency", fit=Fit.MAPPED, reason=reason))
        draft = attrs.evolve(draft, max_concurrency=most)
    retry = draft.retry
    if attempts is not None:
        retry = attrs.evolve(retry or RedialPolicy(), max_attempts=attempts)
    asked = None if retry is None else retry.max_attempts
    if retry is not None and asked is not None and asked > (limits.max_attempts or asked):
        reason = f"{target.title} makes {limits.max_attempts} attempts at most, not {asked}"
        findings.append(Finding(field="retry.max_attempts", fit=Fit.MAPPED, reason=reason))
        retry = attrs.evolve(retry, max_attempts=limits.max_attempts)
    return attrs.evolve(draft, retry=retry), findings


def _held(
    target: Provider, draft: CampaignDraft, start: Start, hold_until: datetime | None, now: datetime
) -> tuple[CampaignDraft, Way]:
    """The draft with a start at which nobody is called before it was compared."""
    operations = target.capabilities.operations
    asked = start.instant(draft.schedule.timezone if draft.schedule else None)
    if asked is not None and asked <= now:
        raise MigrationRefused(f"the start, {asked:%Y-%m-%d %H:%M} UTC, is in the past; plan again with another one")
    held = attrs.evolve(draft, start=Start.HOLD, hold_until=None)
    if reason := _hinders_holding(target, held, now):
        held = attrs.evolve(held, hold_until=hold_until or max(now + HELD_FOR, asked or now))
        reason = _hinders_holding(target, held, now)
    can_start = operations["start_campaign"].available
    if start.kind is StartKind.AT:
        can_start = operations["reschedule_campaign"].available
    if reason is None and (can_start or start.kind is StartKind.HOLD):
        return held, "hold"
    if start.kind is StartKind.HOLD:
        raise MigrationRefused(f"{target.title} cannot hold the campaign until it is started: {reason}")
    if asked is None or asked < soonest(now):
        return attrs.evolve(draft, start=Start.at(soonest(now))), "ahead"
    return attrs.evolve(draft, start=start), "ahead"


def soonest(now: datetime) -> datetime:
    """The first whole minute that is far enough ahead."""
    return (now + AHEAD).replace(second=0, microsecond=0) + timedelta(minutes=1)


def _hinders_holding(target: Provider, draft: CampaignDraft, now: datetime) -> str | None:
    """Why the target cannot hold a draft; ``None`` if it can."""
    findings = compose(target, attrs.evolve(draft, contacts=draft.contacts[:1]), now).preflight.findings
    reasons = [
        finding.reason
        for finding in findings
        if finding.field in {"start", "hold_until"} and finding.is_obstacle() and not finding.acceptable
    ]
    return reasons[0] if reasons else None


def start_of_held(target: Provider, hold_until: datetime | None) -> str:
    """How a campaign starts that is held in the target, as a part of a sentence."""
    by_itself = "" if hold_until is None else f"it starts by itself at {hold_until:%Y-%m-%d %H:%M} UTC"
    if target.capabilities.operations["start_campaign"].available:
        return "; ".join(filter(None, ("start_campaign starts it", by_itself)))
    if by_itself:
        return f"{by_itself}, and {target.title}'s API cannot start it earlier"
    return f"start it in {target.title}'s dashboard: its API cannot"
