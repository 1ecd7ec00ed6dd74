"""The commands that send contacts: ``create`` and ``add``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from unibatch import config
from unibatch.cli import sentences
from unibatch.cli.asking import MUST_SAY_YES, can_ask, confirm, named, write_requests
from unibatch.cli.checking import judge_parts
from unibatch.cli.drafting import ContactRequest, DraftRequest, contact_options, draft_options
from unibatch.cli.failures import FAILED, INCOMPLETE, Unusable, say
from unibatch.cli.options import (
    campaign_argument,
    dry_run_option,
    examples,
    format_option,
    profile_argument,
    profile_option,
    verbose_option,
    yes_option,
)
from unibatch.cli.output import columns_of, write_data
from unibatch.cli.problems import Problems
from unibatch.cli.text import one_line
from unibatch.cli.waits import Waits
from unibatch.client import Client, PlannedRequest
from unibatch.core.draft import AddedContacts, CampaignDraft, ContactDraft, Start
from unibatch.core.errors import DraftRefused, OutcomeUnknown, PartlyDone, UnibatchError
from unibatch.core.findings import Finding
from unibatch.core.masking import mask_phone, mask_text
from unibatch.core.model import Campaign
from unibatch.core.status import CampaignStatus
from unibatch.core.to_dict import to_dict

_MOST_NAMED = 20
"""Of how many contacts with the same outcome each is told."""

_AGAIN = "The same command again looks first what is there, and does only what is missing"
_QUIET = frozenset({CampaignStatus.DRAFT, CampaignStatus.PAUSED})
"""Campaigns that call nobody, whoever is added to them."""


# Creating -------------------------------------------------------------------------------------------------------------


@click.command(
    short_help="Create a campaign, and hold or start it.",
    epilog=examples(
        "unibatch create main --contacts people.csv --name Spring --start hold",
        "unibatch create main --contacts people.csv --name Spring --start '2026-03-20T09:00[Europe/Berlin]' \\",
        "    --timezone Europe/Berlin --window 09:00-17:00 --days mon-fri",
        "unibatch create main --contacts people.csv --name Spring --start now --region US --map Handy=phone_number",
        "unibatch create main --contacts people.csv --name Spring --start now --dry-run",
    ),
)
@profile_argument
@draft_options
@yes_option
@dry_run_option
@format_option
@verbose_option
def create(*, profile: str, yes: bool, dry_run: bool, form: str, **given: Any) -> None:
    """Create a campaign at the vendor of a profile, and hold or start it.

    All that is wrong is told at once, before anything is sent; so is what the vendor cannot do, as `unibatch preflight`
    shows it. Whatever calls people asks first, unless --yes.

    The very same command gives the very same campaign, however often it is run: what is there already is found, and
    only what is missing is done.
    """
    request = DraftRequest(**given)
    problems = Problems()
    draft = request.draft(request.read(problems), problems)
    request.check_settings(problems)
    parts: Sequence[CampaignDraft] = (draft,)
    begin: Start | None = None
    findings: Sequence[Finding] = ()
    with ExitStack() as stack:
        with problems.noting():
            provider = config.provider_of(profile)
            draft = request.for_vendor(draft, provider)
            result = judge_parts(request, draft, provider, profile)
            problems.judge(result.obstacles(request.accept_loss))
            parts = request.parts(draft, provider)
            findings = result.findings
            begin = _begin(draft, findings)
        with problems.noting():
            client = stack.enter_context(config.connect(profile, on_wait=Waits()))
        asks = begin is not None and not (yes or dry_run)
        if asks and request.from_stdin:
            problems.add("--contacts -: the answer cannot come from stdin, too; add --yes, or name a file")
        elif asks and not can_ask():
            problems.add(f"create {MUST_SAY_YES}")
        problems.insist()
        if len(parts) > 1 and (begin is None or dry_run):
            say(sentences.division(parts))
        if dry_run:
            planned = [
                each
                for part in parts
                for each in client.rehearse.create_campaign(part, accept_loss=request.accept_loss)
            ]
            write_requests(form, planned)
            return
        if begin is not None:
            confirm(sentences.creation(client, profile, parts, begin, findings), yes=yes)
        created = _create(client, profile, parts, request.accept_loss)
        if form != "table":
            write_data(form, map(to_dict, created), columns_of(Campaign))
            return
        for campaign in created:
            where = f"{profile}:{campaign.id}"
            click.echo(one_line(f"created {sentences.stands(client, campaign, where, held=begin is None)}"))


def _begin(draft: CampaignDraft, findings: Sequence[Finding]) -> Start | None:
    """When people will be called without another command, or ``None`` for never."""
    if draft.start != Start.HOLD:
        return draft.start
    held = draft.hold_until is not None and any(finding.sent for finding in findings if finding.field == "hold_until")
    return Start.at(draft.hold_until) if held and draft.hold_until is not None else None


def _create(
    client: Client, profile: str, parts: Sequence[CampaignDraft], accept_loss: Sequence[str]
) -> Iterator[Campaign]:
    """Create the campaigns in turn; what fails tells what is there and what to do next."""
    created: list[str] = []
    for part in parts:
        try:
            campaign = client.create_campaign(part, accept_loss=accept_loss)
        except KeyboardInterrupt:
            say(f"It may be there{'' if part.start == Start.HOLD else ', and calling people already'}.")
            say(_after_loss(client, profile))
            raise
        except UnibatchError as exc:
            if isinstance(exc, PartlyDone) and exc.campaign is not None:
                where = f"{profile}:{exc.campaign.id}"
                exc.add_note(f"There is {sentences.stands(client, exc.campaign, where)}")
                exc.add_note(_after_part(where, failed=exc.__cause__ is not None))
            elif isinstance(exc, OutcomeUnknown):
                exc.add_note(_after_loss(client, profile))
            if len(parts) > 1:
                done = ", ".join(created) or "none"
                were = "was" if len(created) == 1 else "were"
                exc.add_note(f"Of {len(parts)} campaigns {len(created)} {were} created before: {done}")
                exc.add_note(_AGAIN)
            raise
        created.append(f"{profile}:{campaign.id}")
        yield campaign


def _after_loss(client: Client, profile: str) -> str:
    """What to do when nobody knows whether a campaign was created."""
    look = f"unibatch campaigns -p {profile}"
    if client.capabilities.operations["create_campaign"].idempotency_key:
        return f"Look: {look}. The same command again is safe: the vendor recognises it"
    return (
        f"Wait some minutes, since the vendor may still be at work on it; then look: {look}. Run the same command "
        "again only then: sooner, there may be two campaigns, and everybody is called twice"
    )


def _after_part(where: str, *, failed: bool) -> str:
    """What to do about a campaign that was created, and with which not all is well."""
    if failed:
        return f"{_AGAIN}; or look at it: unibatch show {where}"
    return f"Who is there: unibatch contacts {where}. Place who is missing as a campaign of their own"


# Adding ---------------------------------------------------------------------------------------------------------------


@click.command(
    short_help="Add contacts to a campaign.",
    epilog=examples(
        "unibatch add main:batch_c3d4e5f6 --contacts more.csv",
        "unibatch add main:batch_c3d4e5f6 --contacts more.csv --skip-invalid --rejected rejected.csv",
        "unibatch add main:batch_c3d4e5f6 --contacts more.csv --format csv > outcome.csv",
    ),
)
@campaign_argument
@profile_option
@contact_options
@yes_option
@dry_run_option
@format_option
@verbose_option
def add(*, campaign: str, profile: str | None, yes: bool, dry_run: bool, form: str, **given: Any) -> None:
    """Add contacts to a campaign, named as PROFILE:CAMPAIGN_ID, or by its id alone: each number that is not there yet.

    A campaign that is under way calls them, too, so this asks first, unless --yes. Tells of every contact what became
    of it; json, jsonl and csv have a row for each, with its number in full. Ends with 3 if the vendor did not take some
    of them, and with 1 if of some nobody knows; the same command again adds only who is missing.
    """
    request = ContactRequest(**given)
    problems = Problems()
    contacts = request.read(problems)
    with ExitStack() as stack:
        planned: list[PlannedRequest] = []
        with problems.noting():
            profile, campaign_id = named(campaign, profile)
            client = stack.enter_context(config.connect(profile, on_wait=Waits()))
            try:
                planned = client.rehearse.add_contacts(campaign_id, contacts, accept_loss=request.accept_loss)
            except DraftRefused as exc:
                problems.judge(exc.findings)
        problems.insist()
        if dry_run:
            write_requests(form, planned)
            return
        found = client.get_campaign(campaign_id)
        if found.status not in _QUIET and not found.status.is_terminal:
            if request.from_stdin and not yes:
                raise Unusable("the answer cannot come from stdin, too; add --yes, or name a file. Nothing was sent")
            confirm(sentences.addition(client, str(profile), found, len(contacts)), yes=yes)
        where = f"{profile}:{campaign_id}"
        try:
            with _progress() as tell:
                added = client.add_contacts(campaign_id, contacts, accept_loss=request.accept_loss, on_progress=tell)
        except KeyboardInterrupt:
            say(_after_adding(where))
            raise
        except (PartlyDone, OutcomeUnknown) as exc:
            if exc.contacts is not None:
                _write_added(form, where, exc.contacts)
                sys.stdout.flush()
            exc.add_note(_after_adding(where) if exc.contacts is None or exc.contacts.unknown else _AGAIN)
            raise
    _write_added(form, where, added)
    if added.unknown:
        raise click.exceptions.Exit(FAILED)
    if added.rejected:
        raise click.exceptions.Exit(INCOMPLETE)


def _after_adding(where: str) -> str:
    """What to do when nobody knows whether some contacts were added."""
    return (
        f"Wait some minutes, since the vendor may still be at work on it; then look: unibatch contacts {where}. Run "
        "the same command again only then: sooner, some may be there twice, and called twice"
    )


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, if that is a terminal; gives what is to be told of the progress."""
    if not sys.stderr.isatty():
        yield lambda _settled, _total: None
        return
    progress = Progress(
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("contacts"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )
    with progress:
        task = progress.add_task("contacts", total=None)
        yield lambda settled, total: progress.update(task, completed=settled, total=total)


_OUTCOMES = {
    "added": "added",
    "duplicates": "there already",
    "rejected": "not added",
    "unknown": "of which nobody knows whether they were added",
}


def _outcomes(added: AddedContacts) -> Iterator[tuple[str, ContactDraft, str]]:
    """Every contact, with what became of it and why."""
    for outcome in _OUTCOMES:
        for each in getattr(added, outcome):
            contact, reason = (each, "") if isinstance(each, ContactDraft) else (each.contact, each.reason)
            yield outcome, contact, reason


def _write_added(form: str, where: str, added: AddedContacts) -> None:
    if form != "table":
        rows = [
            {
                "campaign_id": added.campaign_id,
                "phone_number": contact.phone_number,
                "external_id": contact.external_id,
                "outcome": outcome.removesuffix("s"),
                "reason": reason or None,
            }
            for outcome, contact, reason in _outcomes(added)
        ]
        write_data(form, rows, ("campaign_id", "phone_number", "external_id", "outcome", "reason"))
        return
    click.echo(one_line(f"{where}: {len(added.added):,} added"))
    for outcome, title in _OUTCOMES.items():
        told = [(contact, reason) for name, contact, reason in _outcomes(added) if name == outcome]
        if outcome == "added" or not told:
            continue
        click.echo(f"  {len(told):,} {title}")
        for contact, reason in told[:_MOST_NAMED]:
            why = f": {mask_text(reason)}" if reason else ""
            click.echo(f"    {one_line(mask_phone(contact.phone_number) + why)}")
        if len(told) > _MOST_NAMED:
            click.echo(f"    and {len(told) - _MOST_NAMED:,} more; --format csv tells of each")
