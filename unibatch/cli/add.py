"""The command ``add``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import click

from unibatch import config
from unibatch.cli.contact_options import ContactRequest, contact_options
from unibatch.cli.errors import FAILED, INCOMPLETE, Problems, Unusable
from unibatch.cli.options import (
    address,
    campaign_argument,
    dry_run_option,
    examples,
    format_option,
    profile_option,
    verbose_option,
    yes_option,
)
from unibatch.cli.output import one_line, say, write_data
from unibatch.cli.progress import progress
from unibatch.cli.prompts import AGAIN, addition, confirm, write_requests
from unibatch.cli.waits import Waits
from unibatch.client import PlannedRequest
from unibatch.core.draft import AddedContacts, ContactDraft
from unibatch.core.errors import DraftRefused, OutcomeUnknown, PartlyDone
from unibatch.core.masking import mask_phone, mask_text
from unibatch.core.status import CampaignStatus

_MOST_NAMED = 20
"""How many contacts with the same outcome are named."""

_QUIET = frozenset({CampaignStatus.DRAFT, CampaignStatus.PAUSED})
"""Campaigns that call nobody, so that contacts can be added without a question."""


@click.command(
    epilog=examples(
        "unibatch add main:batch_c3d4e5f6 --contacts more.csv",
        "unibatch add main:batch_c3d4e5f6 --contacts more.csv \\",
        "    --skip-invalid --rejected rejected.csv",
        "unibatch add main:batch_c3d4e5f6 --contacts more.csv --format csv > out.csv",
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
    """Add to a campaign the contacts whose numbers are not in it yet.

    Name the campaign as PROFILE:CAMPAIGN_ID, or by its id alone. A running campaign calls the new contacts too, so this
    asks first, unless --yes.

    Prints what happened to each contact; json, jsonl and csv have a row for each, with its whole number. The exit code
    is 3 if the vendor did not add some, and 1 if the outcome of some is unknown: then wait some minutes before you run
    the same command again. It adds only those who are missing.
    """
    request = ContactRequest(**given)
    problems = Problems()
    contacts = request.read(problems)
    with ExitStack() as stack:
        planned: list[PlannedRequest] = []
        with problems.noting():
            profile, campaign_id = address(campaign, profile)
            client = stack.enter_context(config.connect(profile, on_wait=Waits()))
            try:
                planned = client.rehearse.add_contacts(campaign_id, contacts, accept_loss=request.accept_loss)
            except DraftRefused as exc:
                problems.judge(exc.findings)
        problems.require_none()
        if dry_run:
            write_requests(form, planned)
            return
        found = client.get_campaign(campaign_id)
        if found.status not in _QUIET and not found.status.is_terminal:
            if request.from_stdin and not yes:
                raise Unusable("the answer cannot come from stdin too; add --yes, or name a file. Nothing was sent")
            confirm(addition(client, str(profile), found, len(contacts)), yes=yes)
        where = f"{profile}:{campaign_id}"
        try:
            with progress("contacts", shown=sys.stderr.isatty()) as advance:
                added = client.add_contacts(campaign_id, contacts, accept_loss=request.accept_loss, on_progress=advance)
        except KeyboardInterrupt:
            say(_after_adding(where))
            raise
        except (PartlyDone, OutcomeUnknown) as exc:
            if exc.contacts is not None:
                _write_added(form, where, exc.contacts)
                sys.stdout.flush()
            exc.add_note(_after_adding(where) if exc.contacts is None or exc.contacts.unknown else AGAIN)
            raise
    _write_added(form, where, added)
    if added.twice:
        say(
            f"{len(added.twice):,} of them are in {where} more than once now, since another machine added them too. "
            "They are called more than once: pause the campaign, or remove them in the dashboard"
        )
    if added.unknown:
        raise click.exceptions.Exit(FAILED)
    if added.rejected:
        raise click.exceptions.Exit(INCOMPLETE)


def _after_adding(where: str) -> str:
    """What to do if it is unknown whether some contacts were added."""
    return (
        f"Wait some minutes: the vendor may still be working on it. Then check: unibatch contacts {where}. Run the "
        "same command again only after that: earlier, it may add some a second time, and they are called twice"
    )


_OUTCOMES = {
    "added": "added",
    "duplicates": "already there",
    "rejected": "not added",
    "unknown": "unknown whether added",
}


def _outcomes(added: AddedContacts) -> Iterator[tuple[str, ContactDraft, str]]:
    """Every contact, what happened to it, and why."""
    for outcome in _OUTCOMES:
        for each in getattr(added, outcome):
            contact, reason = (each, "") if isinstance(each, ContactDraft) else (each.contact, each.reason)
            yield outcome, contact, reason


def _write_added(form: str, where: str, added: AddedContacts) -> None:
    if form != "table":
        data = [
            {
                "campaign_id": added.campaign_id,
                "phone_number": contact.phone_number,
                "external_id": contact.external_id,
                "outcome": outcome.removesuffix("s"),
                "reason": reason or None,
            }
            for outcome, contact, reason in _outcomes(added)
        ]
        write_data(form, data, ("campaign_id", "phone_number", "external_id", "outcome", "reason"))
        return
    click.echo(one_line(f"{where}: {len(added.added):,} added"))
    for outcome, title in _OUTCOMES.items():
        rows = [(contact, reason) for name, contact, reason in _outcomes(added) if name == outcome]
        if outcome == "added" or not rows:
            continue
        click.echo(f"  {len(rows):,} {title}")
        for contact, reason in rows[:_MOST_NAMED]:
            why = f": {mask_text(reason)}" if reason else ""
            click.echo(f"    {one_line(mask_phone(contact.phone_number) + why)}")
        if len(rows) > _MOST_NAMED:
            click.echo(f"    and {len(rows) - _MOST_NAMED:,} more; --format csv lists them all")
