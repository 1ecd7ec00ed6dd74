"""The command ``contacts``."""

from __future__ import annotations

from functools import partial

import click
from rich.text import Text

from unibatch import CallStatus, Client, Contact, connect
from unibatch.cli.listing import status_lane, write_listing
from unibatch.cli.options import (
    address,
    campaign_options,
    examples,
    format_option,
    limit_option,
    status_option,
    verbose_option,
)
from unibatch.cli.tables import Column, Lane
from unibatch.cli.text import BAD, moment, words, yes_no
from unibatch.cli.waits import Waits
from unibatch.core.masking import mask_phone
from unibatch.providers import registry


@click.command(
    epilog=examples(
        "unibatch contacts main:batch_c3d4e5f6",
        "unibatch contacts main:batch_c3d4e5f6 --status no_answer --status busy",
        "unibatch contacts batch_c3d4e5f6 -p main --format csv > contacts.csv",
        "unibatch contacts main:batch_c3d4e5f6 | head -n 5",
    ),
)
@campaign_options
@status_option(CallStatus, "contacts")
@click.option("--external-id", metavar="ID", help="Only the contact to whom you gave this id.")
@limit_option("contacts")
@click.option(
    "--server-filter",
    is_flag=True,
    help="Let the vendor filter by --status even while it calls. This takes fewer requests, but contacts whose status "
    "changes meanwhile can push others out of sight, and unibatch cannot always notice that.",
)
@click.option("--show-numbers", is_flag=True, help="Show whole phone numbers in the table.")
@format_option
@verbose_option
def contacts(
    *,
    campaign: str,
    profile: str | None,
    statuses: tuple[CallStatus, ...],
    external_id: str | None,
    limit: int | None,
    server_filter: bool,
    show_numbers: bool,
    form: str,
) -> None:
    """List the contacts of a campaign. Name it as PROFILE:CAMPAIGN_ID, or by its id alone.

    The column "final" says whether the vendor is done with a contact: some vendors call again after no_answer.

    The table masks phone numbers; json, jsonl and csv hold whole numbers, and every value as the vendor sent it. A
    spreadsheet may read a text that begins with = + - @ as a formula: import such columns as text.
    """
    name, campaign_id = address(campaign, profile)
    with connect(name, max_in_flight=1 if limit else None, on_wait=Waits()) as client:
        listing = client.list_contacts(
            campaign_id, status=statuses or None, external_id=external_id, server_filter=server_filter
        )
        lanes = partial(_lanes, client, show_numbers=show_numbers)
        write_listing(listing, "contacts", Contact, limit=limit, form=form, lanes=lanes)


def _lanes(client: Client, *, show_numbers: bool) -> list[Lane[Contact]]:
    given = client.capabilities.contact_fields
    kind = registry.load(client.provider)

    def phone(row: Contact) -> Text:
        return words(row.phone_number if show_numbers else mask_phone(row.phone_number), "" if row.phone_valid else BAD)

    who: list[Column[Contact]] = [Column("id", lambda row: words(row.id), least=8)]
    if "name" in given:
        who.append(Column("name", lambda row: words(row.name), least=12, folds_to=12))
    when: list[Column[Contact]] = [Column("phone", phone, least=13)]
    last = next((name for name in ("last_attempt_at", "started_at") if name in given), None)
    if last is not None:  # where each call is a contact of its own, its start
        when.append(Column("last call (UTC)", lambda row: moment(getattr(row, last)), least=16))
    ends: list[Column[Contact]] = [Column("final", lambda row: yes_no(row.is_final))]
    if "attempts" in given:
        ends.append(Column("tries", _tries, least=5))
    return [who, status_lane(kind.title, kind.call_statuses), when, ends]


def _tries(row: Contact) -> Text:
    if row.attempts is None or row.max_attempts is None:
        return words(row.attempts)
    return words(f"{row.attempts}/{row.max_attempts}")
