"""What commands that write say: what will happen, the question, the dry run, and the campaign's status afterwards."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click

from unibatch import Campaign, CampaignDraft, CampaignStatus, Client, InvalidInput, PlannedRequest, Start
from unibatch.cli.exits import FAILED, Unusable
from unibatch.cli.output import say, write_objects
from unibatch.core.preflight import resolve_start
from unibatch.core.provider import OperationName
from unibatch.core.times import When
from unibatch.providers import registry

AGAIN = "The same command, run again, looks first and does only what is missing"
STDIN_CANNOT_ANSWER = "the answer cannot come from stdin too; add --yes, or name a file"
MUST_SAY_YES = "needs your confirmation, and there is no terminal; add --yes"

_NEXT: dict[CampaignStatus, tuple[tuple[str, OperationName], ...]] = {
    CampaignStatus.DRAFT: (("nobody is called before you start it", "start_campaign"),),
    CampaignStatus.PENDING: (("to call nobody", "cancel_campaign"),),
    CampaignStatus.SCHEDULED: (("to start now", "start_campaign"), ("to call nobody", "cancel_campaign")),
    CampaignStatus.PAUSED: (("nobody else is called before you resume it", "resume_campaign"),),
    CampaignStatus.RUNNING: (("to pause it", "pause_campaign"), ("to end it", "cancel_campaign")),
}
"""For each status that is not final: what a next step leads to, and the operation."""


def can_ask() -> bool:
    """Whether a person at a terminal can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(sentence: str, *, yes: bool) -> None:
    """Say what will happen, and go on only if the answer is yes."""
    say(sentence)
    if yes:
        return
    if not can_ask():
        raise Unusable(f"this {MUST_SAY_YES}. Nothing was sent")
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:  # the end of the input, which leaves the question's line open
        sys.stderr.write("\n")
    if answer.strip().lower() not in {"y", "yes"}:
        say("Nothing was sent")
        raise click.exceptions.Exit(FAILED)


def choose(choices: Mapping[str, str]) -> str:
    """Ask which of these words is meant; the last one ends the command, and so does any other answer."""
    for word, meaning in choices.items():
        say(f"  {word}: {meaning}")
    sys.stderr.write(f"Which? [{'/'.join(choices)}] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stderr.write("\n")
    chosen = answer.strip().lower()
    meant = [word for word in choices if chosen and word.startswith(chosen)]
    if meant not in [[word] for word in [*choices][:-1]]:
        say("Nothing was sent")
        raise click.exceptions.Exit(FAILED)
    return meant[0]


def wait_and_check(command: str, danger: str) -> str:
    """What to do if the outcome is unknown, and what can happen to people who do not wait."""
    return (
        f"Wait some minutes: the vendor may still be working on it. Then check: {command}. Run the same command again "
        f"only after that: earlier, {danger} twice"
    )


def write_requests(form: str, requests: Sequence[PlannedRequest]) -> None:
    """Write the requests of a dry run to stdout: as text, like HTTP, or as data."""
    if form != "table":
        write_objects(form, requests, PlannedRequest)
        return
    for request in requests:
        headers = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
        sys.stdout.write(f"{request.method} {request.url}\n{headers}\n{request.body}\n\n")


def people(number: int) -> str:
    """A number of contacts, such as ``"120 contacts"``."""
    return f"{number:,} contact{'' if number == 1 else 's'}"


def quoted(name: str | None) -> str:
    """A name in quotation marks."""
    return f'"{name}"' if name else "the campaign"


def _time_of(when: When) -> str:
    """A time as the clocks in its zone show it, and in UTC if that differs."""
    utc = f"{when.moment:%Y-%m-%d %H:%M} UTC"
    try:
        local = when.local
    except InvalidInput:  # a vendor may name a zone in words of its own
        return utc
    return f"{local:%Y-%m-%d %H:%M} {when.zone} ({utc})" if local.utcoffset() else utc


def _place(client: Client, profile: str) -> str:
    kind = registry.load(client.provider)
    where = "" if client.base_url == kind.base_url else f", {client.base_url}"
    return f"{kind.title} (profile {profile}{where})"


def _who(agent_id: str | None) -> str:
    return f"agent {agent_id}" if agent_id else "the AI agent"


def _counted(campaign: Campaign) -> str:
    """How many contacts a campaign has, and how many are still to be called, as far as that is known."""
    counts = campaign.counts
    if counts.total is None:
        return "its contacts"
    pending = counts.pending
    if pending is None and counts.attempted is not None:
        pending = counts.total - counts.attempted
    if pending is None or pending == counts.total or pending < 0:
        return people(counts.total)
    return f"{pending:,} of {people(counts.total)} still to be called"


# Sentences ------------------------------------------------------------------------------------------------------------


def status_line(client: Client, campaign: Campaign, address: str, *, held: bool = False) -> str:
    """Which campaign, its status, and what can be done next.

    If it is ``held``, it was created to be held: one that is only accepted is not about to start.
    """
    status = CampaignStatus.DRAFT if held and campaign.status is CampaignStatus.PENDING else campaign.status
    facts = [str(campaign.status), _counted(campaign)]
    if status in {CampaignStatus.SCHEDULED, CampaignStatus.PENDING} and campaign.schedule and campaign.schedule.start:
        facts.append(f"starts {_time_of(When(campaign.schedule.start, campaign.schedule.timezone or 'UTC'))}")
    waits = status in {CampaignStatus.DRAFT, CampaignStatus.PAUSED}
    steps = [_step(client, address, *step, waits=waits) for step in _NEXT.get(status, ())]
    name = f" {quoted(campaign.name)}" if campaign.name else ""
    return "; ".join(filter(None, (f"{address}{name}: {', '.join(facts)}", *steps)))


def _step(client: Client, address: str, leads_to: str, operation: OperationName, *, waits: bool) -> str:
    if client.capabilities.operations[operation].available:
        return f"{leads_to}: unibatch {operation.removesuffix('_campaign')} {address}"
    if waits:  # somebody has to do something, and the API cannot
        return f"{leads_to} in {registry.load(client.provider).title}'s dashboard"
    return ""


def creation(client: Client, profile: str, parts: Sequence[CampaignDraft], start: Start, agent_id: str | None) -> str:
    """What creating these campaigns will do; ``start`` is the draft's, or what its ``hold_until`` says."""
    first = parts[0]
    when = resolve_start(start, first.schedule.timezone if first.schedule else None, datetime.now(UTC))
    begin = f"from {_time_of(when)}" if when is not None else "now"
    number = people(sum(len(part.contacts) for part in parts))
    others = sorted(registry.load(client.provider).options_with_people & {*first.vendor.get(client.provider, {})})
    number += f" and those of its {' and '.join(others)}" if others else ""
    names = f"as {quoted(first.name)}" if len(parts) == 1 else f"{division(parts)},"
    unless = ", unless you start or cancel it before" if first.start == Start.HOLD else ""
    return _sentence(f"{_who(agent_id)} will call {number} {begin}{unless}, {names} at {_place(client, profile)}")


def division(parts: Sequence[CampaignDraft]) -> str:
    """Into which campaigns the contacts are divided."""
    shares = ", ".join(f"{quoted(part.name)} with {len(part.contacts):,}" for part in parts)
    return f"in {len(parts)} campaigns: {shares}"


def change(
    client: Client, profile: str, operation: OperationName, campaign: Campaign, start: Start | None = None
) -> str:
    """What an operation on a campaign will do."""
    agent, name, where = _who(campaign.agent_id), quoted(campaign.name), _place(client, profile)
    number = _counted(campaign)
    when = None if start is None else resolve_start(start, None, datetime.now(UTC))
    texts: dict[OperationName, str] = {
        "start_campaign": f"{agent} will start to call now ({name}, {number}) at {where}",
        "resume_campaign": f"{agent} will go on calling now ({name}, {number}) at {where}",
        "reschedule_campaign": f"{agent} will call from {when and _time_of(when)} ({name}, {number}) at {where}",
        "cancel_campaign": f"{name} ({campaign.status}, {number}) at {where} will be cancelled for good: nobody else "
        "is called",
        "retry_campaign": f"{agent} will call again those whom {name} ({campaign.status}, {number}) did not reach, at "
        f"{where}",
        "delete_campaign": f"{name} ({campaign.status}, {number}) at {where} will be deleted for good",
    }
    return _sentence(texts[operation])


def addition(client: Client, profile: str, campaign: Campaign, number: int) -> str:
    """What adding contacts to a campaign will do."""
    return _sentence(
        f"{people(number)} will be added to {quoted(campaign.name)} at {_place(client, profile)}. It is "
        f"{campaign.status}, so {_who(campaign.agent_id)} will call them too"
    )


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
