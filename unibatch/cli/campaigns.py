"""The command ``campaigns``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from unibatch.cli.options import (
    complete_profile,
    examples,
    format_option,
    limit_option,
    profile_option,
    status_option,
    verbose_option,
)
from unibatch.core.status import CampaignStatus

if TYPE_CHECKING:
    from unibatch.cli.row_table import Lane


@click.command(
    epilog=examples(
        "unibatch campaigns",
        "unibatch campaigns -p main --status running --status paused",
        "unibatch campaigns -p main --format csv > campaigns.csv",
    ),
)
@click.argument("name", metavar="[PROFILE]", required=False, shell_complete=complete_profile)
@profile_option
@status_option(CampaignStatus, "campaigns")
@click.option("--agent", metavar="ID", help="Only campaigns of this agent.")
@limit_option("campaigns")
@format_option
@verbose_option
def campaigns(
    *,
    name: str | None,
    profile: str | None,
    statuses: tuple[CampaignStatus, ...],
    agent: str | None,
    limit: int | None,
    form: str,
) -> None:
    """List the campaigns of an account: that of a profile, or of the default one.

    The table shows each status in unibatch's word and in the vendor's. A dash means that the vendor does not give the
    value. json, jsonl and csv hold everything, under unibatch's names; "raw" is the vendor's own object.
    """
    if name is not None and profile is not None:
        raise click.UsageError("name the profile once: as PROFILE or with --profile")
    from unibatch import Campaign, connect
    from unibatch.cli.listing import write_listing
    from unibatch.cli.waits import Waits

    with connect(name or profile, max_in_flight=1 if limit else None, on_wait=Waits()) as client:
        listing = client.list_campaigns(status=statuses or None, agent_id=agent)

        def lanes() -> list[Lane[Campaign]]:
            from unibatch.cli.lanes import campaign_lanes

            return campaign_lanes(client)

        write_listing(listing, "campaigns", Campaign, limit=limit, form=form, lanes=lanes)
