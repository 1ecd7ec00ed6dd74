"""What will happen, and how a campaign stands, each in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from unibatch.client import Client, provider_of_client
from unibatch.core.draft import CampaignDraft, Start
from unibatch.core.errors import InvalidInput
from unibatch.core.findings import Finding
from unibatch.core.model import Campaign
from unibatch.core.preflight import resolve_start
from unibatch.core.provider import OperationName
from unibatch.core.status import CampaignStatus
from unibatch.core.times import When

NEXT: dict[CampaignStatus, tuple[tuple[str, OperationName], ...]] = {
    CampaignStatus.DRAFT: (("nobody is called before", "start_campaign"),),
    CampaignStatus.PENDING: (("to call nobody", "cancel_campaign"),),
    CampaignStatus.SCHEDULED: (("to begin earlier", "start_campaign"), ("to call nobody", "cancel_campaign")),
    CampaignStatus.PAUSED: (("nobody else is called before", "resume_campaign"),),
    CampaignStatus.RUNNING: (("to interrupt it", "pause_campaign"), ("to end it", "cancel_campaign")),
}
"""For each status that is no end: what a next step leads to, and the operation."""


def people(number: int | None, what: str = "contact") -> str:
    """A number of contacts, ``"120 contacts"``; of nobody knows how many, ``"the contacts"``."""
    if number is None:
        return f"the {what}s"
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def quoted(name: str | None) -> str:
    """A name in quotation marks."""
    return f'"{name}"' if name else "the campaign"


def time_of(when: When) -> str:
    """A moment as the clocks in its zone show it, and in UTC if that is another time of day."""
    utc = f"{when.moment:%Y-%m-%d %H:%M} UTC"
    try:
        local = when.local
    except InvalidInput:  # a vendor may name a zone in words of its own
        return utc
    return f"{local:%Y-%m-%d %H:%M} {when.zone} ({utc})" if local.utcoffset() else utc


def place(client: Client, profile: str) -> str:
    """The vendor, the profile, and where its API is if not at the usual place."""
    where = "" if client.base_url == provider_of_client(client).base_url else f", {client.base_url}"
    return f"{provider_of_client(client).title} (profile {profile}{where})"


def who(agent_id: str | None) -> str:
    """Who will talk."""
    return f"agent {agent_id}" if agent_id else "the AI agent"


def counted(campaign: Campaign) -> str:
    """How many are in a campaign, and how many are still to be called, as far as that is known."""
    counts = campaign.counts
    if counts.total is None:
        return "its contacts"
    pending = counts.pending
    if pending is None and counts.attempted is not None:
        pending = counts.total - counts.attempted
    if pending is None or pending == counts.total or pending < 0:
        return people(counts.total)
    return f"{pending:,} of {people(counts.total)} still to be called"


def stands(client: Client, campaign: Campaign, address: str, *, held: bool = False) -> str:
    """Which campaign, how it stands, and what can be done next.

    Args:
        client: The vendor.
        campaign: The campaign.
        address: Its PROFILE:CAMPAIGN_ID.
        held: It was created to be held: one that is only accepted is not about to begin.
    """
    status = CampaignStatus.DRAFT if held and campaign.status is CampaignStatus.PENDING else campaign.status
    facts = [str(campaign.status), counted(campaign)]
    if status in {CampaignStatus.SCHEDULED, CampaignStatus.PENDING} and campaign.schedule and campaign.schedule.start:
        facts.append(f"begins {time_of(When(campaign.schedule.start, campaign.schedule.timezone or 'UTC'))}")
    steps = [_step(client, address, *step) for step in NEXT.get(status, ())]
    name = f" {quoted(campaign.name)}" if campaign.name else ""
    return "; ".join(filter(None, (f"{address}{name}: {', '.join(facts)}", *steps)))


def _step(client: Client, address: str, leads_to: str, operation: OperationName) -> str:
    if client.capabilities.operations[operation].available:
        return f"{leads_to}: unibatch {operation.removesuffix('_campaign')} {address}"
    if operation in {"start_campaign", "resume_campaign"}:
        return f"{leads_to} that is done in {provider_of_client(client).title}'s dashboard"
    return ""


def of_start(draft: CampaignDraft, start: Start) -> When | None:
    """The moment of a start of a draft, which was found to lie ahead."""
    return resolve_start(start, draft.schedule.timezone if draft.schedule else None, datetime.now(UTC))


def creation(
    client: Client, profile: str, parts: Sequence[CampaignDraft], start: Start, findings: Sequence[Finding]
) -> str:
    """What creating these campaigns will bring about.

    Args:
        client: The vendor.
        profile: The profile's name.
        parts: The drafts that will be placed.
        start: When people will be called: the draft's ``start``, or what its ``hold_until`` says.
        findings: What becomes of the draft, which tells whether the agent is sent at all.
    """
    first = parts[0]
    is_sent = any(finding.sent for finding in findings if finding.field == "agent_id")
    agent = (first.agent_id or provider_of_client(client).defaults.get("agent_id")) if is_sent else None
    when = of_start(first, start)
    begin = f"from {time_of(when)}" if when is not None else "from now on"
    number = people(sum(len(part.contacts) for part in parts))
    names = f"as {quoted(first.name)}"
    if len(parts) > 1:
        shares = ", ".join(f"{quoted(part.name)} with {len(part.contacts):,}" for part in parts)
        names = f"in {len(parts)} campaigns: {shares},"
    unless = ", unless it is started or cancelled before" if first.start == Start.HOLD else ""
    return _sentence(f"{who(agent)} will call {number} {begin}{unless}, {names} at {place(client, profile)}")


def division(parts: Sequence[CampaignDraft]) -> str:
    """Into which campaigns the contacts will be divided."""
    shares = ", ".join(f"{quoted(part.name)} with {len(part.contacts):,}" for part in parts)
    return f"In {len(parts)} campaigns: {shares}"


def change(
    client: Client, profile: str, operation: OperationName, campaign: Campaign, start: Start | None = None
) -> str:
    """What an operation on a campaign will bring about."""
    agent, name, where = who(campaign.agent_id), quoted(campaign.name), place(client, profile)
    number = counted(campaign)
    when = None if start is None else resolve_start(start, None, datetime.now(UTC))
    texts: dict[OperationName, str] = {
        "start_campaign": f"{agent} will call from now on ({name}, {number}) at {where}",
        "resume_campaign": f"{agent} will go on calling from now on ({name}, {number}) at {where}",
        "reschedule_campaign": f"{agent} will call from {when and time_of(when)} ({name}, {number}) at {where}",
        "cancel_campaign": f"{name} ({campaign.status}, {number}) at {where} will be cancelled for good: nobody else "
        "of it is called",
        "delete_campaign": f"{name} ({campaign.status}, {number}) at {where} will be deleted for good",
    }
    return _sentence(texts[operation])


def addition(client: Client, profile: str, campaign: Campaign, number: int) -> str:
    """What adding contacts to a campaign will bring about."""
    return _sentence(
        f"{people(number)} will be added to {quoted(campaign.name)} at {place(client, profile)}, which is "
        f"{campaign.status}, so {who(campaign.agent_id)} will call them, too"
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
