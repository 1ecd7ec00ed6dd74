"""The command ``add``."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from unibatch.cli.contact_options import contact_options
from unibatch.cli.exits import FAILED, INCOMPLETE, Unusable
from unibatch.cli.options import address, campaign_options, examples, write_options
from unibatch.cli.output import one_line, say, write_data
from unibatch.core.masking import mask_phone, mask_text
from unibatch.core.status import CampaignStatus

if TYPE_CHECKING:
    from unibatch import AddedContacts, PlannedRequest

_MOST_NAMED = 20  # so many contacts with the same outcome are named

_OUTCOMES = {
    "added": ("added", "added"),
    "duplicates": ("duplicate", "already there"),
    "rejected": ("rejected", "not added"),
    "unknown": ("unknown", "unknown whether added"),
}
"""What can happen to a contact, in words for programs and for people."""

_COLUMNS = ("campaign_id", "phone_number", "external_id", "outcome", "reason")

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
@campaign_options
@contact_options
@write_options
def add(*, campaign: str, profile: str | None, yes: bool, dry_run: bool, form: str, **given: Any) -> None:
    """Add to a campaign the contacts whose numbers are not in it yet.

    Name the campaign as PROFILE:CAMPAIGN_ID, or by its id alone. A running campaign calls the new contacts too, so this
    asks first, unless --yes.

    Prints what happened to each contact; json, jsonl and csv have a row for each, with its whole number. The exit code
    is 3 if the vendor did not add some, and 1 if the outcome of some is unknown: then wait some minutes before you run
    the same command again. It adds only those who are missing.
    """
    from unibatch import OutcomeUnknown, PartlyDone, config
    from unibatch.cli import prompts
    from unibatch.cli.contact_request import ContactRequest
    from unibatch.cli.errors import Problems
    from unibatch.cli.progress import progress
    from unibatch.cli.waits import Waits

    request = ContactRequest(**given)
    problems = Problems()
    contacts = request.read(problems)
    with ExitStack() as stack:
        planned: list[PlannedRequest] = []
        with problems.noting():
            profile, campaign_id = address(campaign, profile)
            client = stack.enter_context(config.connect(profile, on_wait=Waits()))
            planned = client.rehearse.add_contacts(campaign_id, contacts, accept_loss=request.accept_loss)
        problems.require_none()
        if dry_run:
            prompts.write_requests(form, planned)
            return
        found = client.get_campaign(campaign_id)
        if found.status not in _QUIET and not found.status.is_terminal:
            if request.from_stdin and not yes:
                raise Unusable(f"{prompts.STDIN_CANNOT_ANSWER}. Nothing was sent")
            prompts.confirm(prompts.addition(client, str(profile), found, len(contacts)), yes=yes)
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
            exc.add_note(_after_adding(where) if exc.contacts is None or exc.contacts.unknown else prompts.AGAIN)
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
    from unibatch.cli import prompts

    return prompts.wait_and_check(f"unibatch contacts {where}", "it may add some a second time, and they are called")


def _write_added(form: str, where: str, added: AddedContacts) -> None:
    """Write each contact, what happened to it, and why."""
    from unibatch import ContactDraft

    data: list[dict[str, Any]] = []
    lines = [f"{where}: {len(added.added):,} added"]
    for attribute, (outcome, title) in _OUTCOMES.items():
        found = getattr(added, attribute)
        if found and attribute != "added":
            lines.append(f"  {len(found):,} {title}")
        for position, each in enumerate(found):
            contact, reason = (each, None) if isinstance(each, ContactDraft) else (each.contact, each.reason)
            row = (added.campaign_id, contact.phone_number, contact.external_id, outcome, reason)
            data.append(dict(zip(_COLUMNS, row, strict=True)))
            if attribute != "added" and position < _MOST_NAMED:
                why = f": {mask_text(reason)}" if reason else ""
                lines.append(f"    {one_line(mask_phone(contact.phone_number) + why)}")
        if len(found) > _MOST_NAMED and attribute != "added":
            lines.append(f"    and {len(found) - _MOST_NAMED:,} more; --format csv lists them all")
    if form == "table":
        click.echo("\n".join(lines))
    else:
        write_data(form, data, _COLUMNS)
