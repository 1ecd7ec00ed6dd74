"""The command ``contacts``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from unibatch.cli.options import (
    address,
    campaign_options,
    examples,
    format_option,
    limit_option,
    status_option,
    verbose_option,
)
from unibatch.core.status import CallStatus

if TYPE_CHECKING:
    from unibatch.cli.row_table import Lane


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
    from unibatch import Contact, connect
    from unibatch.cli.listing import write_listing
    from unibatch.cli.waits import Waits

    name, campaign_id = address(campaign, profile)
    with connect(name, max_in_flight=1 if limit else None, on_wait=Waits()) as client:
        listing = client.list_contacts(
            campaign_id, status=statuses or None, external_id=external_id, server_filter=server_filter
        )

        def lanes() -> list[Lane[Contact]]:
            from unibatch.cli.lanes import contact_lanes

            return contact_lanes(client, show_numbers=show_numbers)

        write_listing(listing, "contacts", Contact, limit=limit, form=form, lanes=lanes)
