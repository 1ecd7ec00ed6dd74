"""What a migration will do, before it does anything: the source is read, and nothing is changed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, Start, StartKind
from unibatch.core.errors import MigrationRefused, ProviderError, TransportError, UnsupportedFeature
from unibatch.core.findings import Finding, Fit
from unibatch.core.model import Account, Campaign, Contact, Schedule
from unibatch.core.overlap import OverlapFound
from unibatch.core.paging import Paging
from unibatch.core.phone import subscriber_key
from unibatch.core.provider import OperationName, Provider
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.to_dict import to_dict
from unibatch.workflows.migrate.context import AT_REST, MOVED, accepted, contact_drafts, unfit, way_to_stop
from unibatch.workflows.migrate.convert import attempts_left, changed, draft_losses
from unibatch.workflows.migrate.decide import Choice, Decision, decide
from unibatch.workflows.migrate.join import PlacedFile
from unibatch.workflows.migrate.journal import Journal
from unibatch.workflows.migrate.ledger import Progress, Step
from unibatch.workflows.migrate.stored import Reading, read_start, store_campaign, store_contact
from unibatch.workflows.migrate.target import TargetDraft, Way, start_of_held, target_draft
from unibatch.workflows.migrate.work import ReadContacts, Work, call, read_contacts, tell


@attrs.frozen(kw_only=True)
class Side:
    """One side of a migration.

    Attributes:
        profile: The name of the profile; ``None`` if a client was given without one.
        provider: The provider's name.
        base_url: The base URL of the vendor's API.
        campaign_id: The source's id; ``None`` for the target.
    """

    profile: str | None
    provider: str
    base_url: str
    campaign_id: str | None = None


@attrs.frozen(kw_only=True)
class DecisionCount:
    """How many contacts of one status are decided on in the same way.

    Attributes:
        status: Their status.
        moves: They are moved; otherwise they are kept back.
        reason: Why, in plain words.
        contacts: How many there are.
    """

    status: CallStatus
    moves: bool
    reason: str
    contacts: int


@attrs.frozen(kw_only=True)
class Estimate:
    """What a migration costs in requests, from the plan to the end of ``apply``.

    Attributes:
        source_requests: Requests to the source.
        target_requests: Requests to the target.
        minutes: How long they take under both limits at least; waits for calls under way are not counted.
    """

    source_requests: int
    target_requests: int
    minutes: float


@attrs.frozen(kw_only=True)
class ZoneHours:
    """When people of one time zone could be called, on their own clocks.

    Attributes:
        zone: The IANA name.
        contacts: How many of those who are moved have a number there.
        first: The first call possible on a day; ``None`` if the target has no daily window.
        last: The last call possible on a day.
    """

    zone: str
    contacts: int
    first: time | None
    last: time | None


@attrs.frozen(kw_only=True)
class PlanFacts:
    """What a migration will do.

    Attributes:
        id: The migration's own id, of which the keys of its campaigns are made.
        source: Where the campaign is.
        target: Where it goes.
        name: The campaign's name in the target.
        start: When the target is to start: `Start.HOLD`, `Start.NOW` or `Start.at`.
        total: How many contacts the source has.
        decisions: Who moves and who is kept back, by status.
        parts: How many contacts each campaign of the target gets.
        repeated: How many numbers are in the source more than once.
        never: How many contacts have a number of the skip list.
        findings: What happens to each field: what the source does not return, and the preflight of the target.
        source_plan: What will happen to the source, as a sentence.
        target_plan: What will happen in the target, as a sentence.
        estimate: Requests and time needed.
        zones: When people could be called, in their own zones.
    """

    id: str
    source: Side
    target: Side
    name: str
    start: Start
    total: int
    decisions: tuple[DecisionCount, ...]
    parts: tuple[int, ...]
    repeated: int
    never: int
    findings: tuple[Finding, ...]
    source_plan: str
    target_plan: str
    estimate: Estimate
    zones: tuple[ZoneHours, ...] = ()

    @property
    def moving(self) -> int:
        """How many contacts are moved."""
        return sum(self.parts)

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """What must be corrected before the plan can be applied."""
        return tuple(finding for finding in self.findings if finding.is_obstacle() and not finding.acceptable)

    @property
    def losses(self) -> tuple[Finding, ...]:
        """What is lost, wholly or in part; applying the plan accepts it."""
        return tuple(finding for finding in self.findings if finding.is_obstacle() and finding.acceptable)


@attrs.frozen(kw_only=True)
class Wishes:
    """What the user wants of a migration; `plan_migration` explains it."""

    start: Start
    hold_until: datetime | None
    choice: Choice
    never: Mapping[str, str]
    placed: PlacedFile | None
    changes: Mapping[str, Any]


def planning(
    journal: Journal,
    sides: tuple[Side, Side],
    providers: tuple[Provider, Provider],
    prints: Mapping[str, Any],
    wishes: Wishes,
    *,
    on_progress: Callable[[Progress], None] | None,
) -> Work[None]:
    """Read the source, decide who moves, and write the plan into the journal.

    Args:
        journal: The journal, open for writing.
        sides: The source and the target.
        providers: Their providers.
        prints: What tells later whether the profiles have changed: ``salt``, ``source`` and ``target``.
        wishes: What the user wants.
        on_progress: Called from time to time.

    Raises:
        MigrationRefused: It cannot be done.
    """
    (source_side, target_side), (source, target) = sides, providers
    _require_other_account(prints, target)
    for operation in ("create_campaign", "get_campaign", "list_contacts"):
        target.require(operation)
    campaign_id = str(source_side.campaign_id)
    tell(on_progress, "reading the source")
    campaign: Campaign = yield from call("source", "get_campaign", campaign_id)
    if (campaign.name or "").startswith(MOVED):
        raise MigrationRefused(
            f"the name of the source, {campaign.name!r}, says that it was moved already, and moving it twice calls its "
            "people twice. If that migration was undone, give it its former name"
        )
    contacts = yield from read_contacts(
        ReadContacts(side="source", campaign_id=campaign_id, what="reading the source", total=campaign.counts.total)
    )
    most = yield from _most_contacts(target)
    never = {**(wishes.placed.never if wishes.placed else {}), **wishes.never}
    drafts = contact_drafts(contacts, wishes.placed)
    decisions = decide(contacts, wishes.choice, never=never, unfit=unfit(drafts, target))
    moving = [drafts[decision.contact.id] for decision in decisions if decision.moves]
    if not moving:
        raise MigrationRefused(f"nobody is to be moved: {_why_nobody(decisions)}")
    base = changed(CampaignDraft.from_campaign(campaign, (), start=Start.HOLD), wishes.changes, target.name)
    attempts, said = attempts_left(decisions, wishes.choice.max_attempts)
    migration = uuid4().hex[:16]
    made = target_draft(
        target,
        base,
        moving,
        start=wishes.start,
        hold_until=wishes.hold_until,
        attempts=attempts,
        most=most,
        key=f"migrate-{migration}",
    )
    overlapping = yield from _overlapping(made)
    stop = None if campaign.status.is_terminal else way_to_stop(source, campaign.status)
    joined = [wishes.placed.finding(contacts)] if wishes.placed else []
    findings = (*draft_losses(campaign, contacts), *joined, *([said] if said else []), *made.findings, *overlapping)
    facts = PlanFacts(
        id=migration,
        source=source_side,
        target=target_side,
        name=made.whole.name,
        start=wishes.start,
        total=len(contacts),
        decisions=_counted(decisions),
        parts=tuple(len(part.contacts) for part in made.parts),
        repeated=_repeated(contacts),
        never=sum(subscriber_key(contact.phone_number) in never for contact in contacts),
        findings=findings,
        source_plan=_source_plan(source, campaign, stop),
        target_plan=_target_plan(target, made, wishes.start),
        estimate=_estimate(source, target, len(contacts), made, stop),
        zones=_zones(moving, made.whole.schedule),
    )
    with journal.write(
        "planned",
        id=migration,
        step=Step.PLANNED,
        source=attrs.asdict(source_side),
        target=attrs.asdict(target_side),
        prints=dict(prints),
        plan=to_dict(facts),
        choice=_plain_choice(wishes.choice),
        start=to_dict(wishes.start),
        hold_until=wishes.hold_until and wishes.hold_until.isoformat(),
        most=most,
        base=store_campaign(base),
        source_name=campaign.name or campaign_id,
        placed=wishes.placed and wishes.placed.path,
        needs_person=stop is None and not campaign.status.is_terminal and campaign.status not in AT_REST,
    ) as database:
        journal.clear(database)
        database.executemany(
            "INSERT INTO contacts (source_id, position, number, planned, latest, attempts, moves, reason)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    each.contact.id,
                    position,
                    each.contact.phone_number,
                    reading,
                    reading,
                    each.attempts,
                    each.moves,
                    each.reason,
                )
                for position, each in enumerate(decisions)
                for reading in [Reading.of(each.contact).store()]
            ),
        )
        people = wishes.placed.people if wishes.placed else {}
        database.executemany(
            "INSERT INTO joined VALUES (?, ?)", ((key, store_contact(draft)) for key, draft in people.items())
        )
        database.executemany("INSERT INTO never VALUES (?, ?)", never.items())


def _require_other_account(prints: Mapping[str, Any], target: Provider) -> None:
    same = ("provider", "base_url", "key")
    if all(prints["source"][name] == prints["target"][name] for name in same):
        raise MigrationRefused(
            f"source and target are the same account at {target.title}; name another profile as the target"
        )


def _most_contacts(target: Provider) -> Work[int | None]:
    """The most contacts in a campaign: what the vendor documents, or what the account allows if that is less."""
    most = target.capabilities.limits.max_contacts
    if not target.capabilities.operations["get_account"].available:
        return most
    try:
        account: Account = yield from call("target", "get_account")
    except (ProviderError, TransportError):
        return most
    return min((limit for limit in (most, account.limits.max_contacts) if limit), default=None)


def _overlapping(made: TargetDraft) -> Work[list[Finding]]:
    """What other open campaigns of the target would call the same people, a finding for each part."""
    findings: list[Finding] = []
    if any(finding.is_obstacle() and not finding.acceptable for finding in made.findings):
        return findings  # it has to be planned again anyway
    parts = len(made.parts)
    for number, part in enumerate(made.parts, 1):
        how = {"accept_loss": accepted(made.findings), "refuse_overlap": True}
        try:
            yield from call("target", "find_campaign", part, **how)
        except OverlapFound as exc:
            findings.append(
                _overlap(exc.campaign, f"part {number} of {parts}" if parts > 1 else "those who move", made)
            )
        except UnsupportedFeature:  # of a provider from outside
            break
    return findings


def _overlap(other: Campaign, whose: str, made: TargetDraft) -> Finding:
    said = (
        f"most numbers of {whose} are in {other.id} in the target, which is {other.status}, and would be called by both"
    )
    remedy = f"remove {other.id}, or leave these people out (skip), and plan again"
    if made.way == "ahead":  # the target begins by itself, so applying would stop in the middle
        return Finding(field="contacts", fit=Fit.INVALID, reason=f"{said}; {remedy}")
    reason = f"{said}; {remedy}. Otherwise the target is created on hold, and not started"
    return Finding(field="contacts", fit=Fit.LOSSY, reason=reason)


def _why_nobody(decisions: Sequence[Decision]) -> str:
    reasons = Counter(decision.reason for decision in decisions)
    return "; ".join(f"{number:,}: {reason}" for reason, number in reasons.most_common()) or "it has no contacts"


def _counted(decisions: Iterable[Decision]) -> tuple[DecisionCount, ...]:
    counted = Counter((each.contact.status, each.moves, each.reason) for each in decisions)
    order = list(CallStatus)
    rows = sorted(counted.items(), key=lambda row: (not row[0][1], order.index(row[0][0]), row[0][2]))
    return tuple(
        DecisionCount(status=status, moves=moves, reason=reason, contacts=number)
        for (status, moves, reason), number in rows
    )


def _repeated(contacts: Iterable[Contact]) -> int:
    numbers = Counter(subscriber_key(contact.phone_number) for contact in contacts if contact.phone_valid)
    return sum(number > 1 for number in numbers.values())


def _plain_choice(choice: Choice) -> dict[str, Any]:
    return {
        name: sorted(value) if isinstance(value, frozenset) else value for name, value in attrs.asdict(choice).items()
    }


_STOPPED = {
    "pause_campaign": "it will be paused, and calls nobody before somebody resumes it",
    "cancel_campaign": "it will be cancelled, which is final: {title} cannot resume it",
}


def _source_plan(source: Provider, campaign: Campaign, stop: OperationName | None) -> str:
    status = campaign.status
    if status.is_terminal:
        can_retry = source.capabilities.operations["retry_campaign"].available
        return f"it is {status}, and stays as it is" + ("; do not let it call again afterwards" if can_retry else "")
    if status in AT_REST:
        verb = "resumed" if status is CampaignStatus.PAUSED else "started"
        return f"it is {status}, and stays as it is; do not let it be {verb} afterwards"
    if stop is None:
        return (
            f"it is {status}, and {source.title}'s API cannot stop it: stop it in {source.title}'s dashboard before "
            "you apply the plan, and say so with source_stopped; then it is watched for a while"
        )
    return f"it is {status}; {_STOPPED[stop].format(title=source.title)}"


def _target_plan(target: Provider, made: TargetDraft, start: Start) -> str:
    parts, number = len(made.parts), len(made.whole.contacts)
    people = "1 contact" if number == 1 else f"{number:,} contacts"
    what = f"1 campaign with {people}" if parts == 1 else f"{parts} campaigns with {people} together"
    return f"{what}; {_start_plan(target, made.whole, made.way, start)}"


def _start_plan(target: Provider, draft: CampaignDraft, way: Way, start: Start) -> str:
    at = start.instant(draft.schedule.timezone if draft.schedule else None)
    if way == "ahead":
        begins = draft.start.instant(draft.schedule.timezone if draft.schedule else None)
        stop = target.capabilities.operations["cancel_campaign"].available
        undo = "until then it can be cancelled" if stop else f"{target.title}'s API cannot cancel it any more"
        return f"it begins to call at {begins:%Y-%m-%d %H:%M} UTC; {undo}"
    if start.kind is StartKind.HOLD:
        return f"nobody is called: {start_of_held(target, draft.hold_until)}"
    when = "started" if at is None else f"scheduled for {at:%Y-%m-%d %H:%M} UTC"
    return f"it is held until it was compared with the source, and then {when}"


def _pages(paging: Paging, rows: int) -> int:
    return math.ceil(rows / paging.max_size) if paging.max_size else 1


def _estimate(
    source: Provider, target: Provider, total: int, made: TargetDraft, stop: OperationName | None
) -> Estimate:
    """Planning itself; then one reading of the source, two if it is cancelled, and one of the target."""
    reading = max(1, _pages(source.capabilities.contact_paging, total))
    readings = {None: 2, "pause_campaign": 2, "cancel_campaign": 3}[stop]
    source_requests = readings * reading + (4 if stop is None else 8)
    paging = target.capabilities.contact_paging
    target_requests = sum(max(1, _pages(paging, len(part.contacts))) + 6 for part in made.parts)
    minutes = max(
        number / (provider.capabilities.limits.requests_per_minute or math.inf)
        for provider, number in ((source, source_requests), (target, target_requests))
    )
    return Estimate(
        source_requests=source_requests, target_requests=target_requests, minutes=math.ceil(minutes * 10) / 10
    )


def _zones(drafts: Iterable[ContactDraft], schedule: Schedule | None) -> tuple[ZoneHours, ...]:
    """When people could be called, by the zones of their numbers; a number of several zones counts for the first."""
    zones = Counter(_zone_of(draft.phone_number) for draft in drafts)
    return tuple(
        ZoneHours(
            zone=zone,
            contacts=number,
            first=_there(schedule, "window_start", zone),
            last=_there(schedule, "window_end", zone),
        )
        for zone, number in zones.most_common()
    )


def _zone_of(number: str) -> str:
    from phonenumbers import NumberParseException, parse, timezone  # noqa: PLC0415 - takes long to import

    try:
        return str(timezone.time_zones_for_number(parse(number))[0])
    except NumberParseException:
        return _NO_ZONE


_NO_ZONE = "Etc/Unknown"
"""What ``phonenumbers`` says of a number whose zone it does not know."""


def _there(schedule: Schedule | None, edge: str, zone: str) -> time | None:
    """An edge of the daily window on the clocks of another zone, today."""
    at = None if schedule is None else getattr(schedule, edge)
    if schedule is None or at is None or zone == _NO_ZONE:
        return None
    try:
        here = datetime.now(UTC).astimezone(ZoneInfo(schedule.timezone or "UTC"))
        return datetime.combine(here.date(), at, here.tzinfo).astimezone(ZoneInfo(zone)).time()
    except (KeyError, ValueError):
        return None


def load_plan(plain: Mapping[str, Any]) -> PlanFacts:
    """A plan of the journal."""
    zones = [
        {**zone, **{edge: zone[edge] and time.fromisoformat(zone[edge]) for edge in ("first", "last")}}
        for zone in plain["zones"]
    ]
    return PlanFacts(
        **{
            **plain,
            "source": Side(**plain["source"]),
            "target": Side(**plain["target"]),
            "start": read_start(plain["start"]),
            "decisions": tuple(
                DecisionCount(**{**each, "status": CallStatus(each["status"])}) for each in plain["decisions"]
            ),
            "parts": tuple(plain["parts"]),
            "findings": tuple(Finding(**{**each, "fit": Fit(each["fit"])}) for each in plain["findings"]),
            "estimate": Estimate(**plain["estimate"]),
            "zones": tuple(ZoneHours(**zone) for zone in zones),
        }
    )
