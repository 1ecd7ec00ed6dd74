"""The command ``campaigns``."""

from __future__ import annotations

import click

from unibatch import Campaign, CampaignStatus, Client, connect
from unibatch.cli.listing import status_lane, write_listing
from unibatch.cli.options import examples, format_option, limit_option, profile_option, status_option, verbose_option
from unibatch.cli.tables import Column, Lane
from unibatch.cli.text import number, words
from unibatch.cli.waits import Waits
from unibatch.providers import registry


@click.command(
    epilog=examples(
        "unibatch campaigns",
        "unibatch campaigns -p main --status running --status paused",
        "unibatch campaigns -p main --format csv > campaigns.csv",
    ),
)
@profile_option
@status_option(CampaignStatus, "campaigns")
@click.option("--agent", metavar="ID", help="Only campaigns of this agent.")
@limit_option("campaigns")
@format_option
@verbose_option
def campaigns(
    *, profile: str | None, statuses: tuple[CampaignStatus, ...], agent: str | None, limit: int | None, form: str
) -> None:
    """List the campaigns of an account.

    The table shows each status in unibatch's word and in the vendor's. A dash means that the vendor does not give the
    value. json, jsonl and csv hold everything, under unibatch's names; "raw" is the vendor's own object.
    """
    with connect(profile, max_in_flight=1 if limit else None, on_wait=Waits()) as client:
        listing = client.list_campaigns(status=statuses or None, agent_id=agent)
        write_listing(listing, "campaigns", Campaign, limit=limit, form=form, lanes=lambda: _lanes(client))


def _lanes(client: Client) -> list[Lane[Campaign]]:
    given = client.capabilities.campaign_fields
    kind = registry.load(client.provider)
    first: list[Column[Campaign]] = [Column("id", lambda row: words(row.id), least=8)]
    if "name" in given:
        first.append(Column("name", lambda row: words(row.name), folds_to=16))
    if "created_at" in given:
        first.append(Column("created (UTC)", lambda row: words(row.created_at and f"{row.created_at:%Y-%m-%d}")))
    return [
        first,
        status_lane(kind.title, kind.campaign_statuses),
        [_count("contacts", "total"), _count("attempted"), _count("pending")],
        [_count("succeeded"), _count("failed")],
    ]


def _count(title: str, attribute: str | None = None) -> Column[Campaign]:
    return Column(title, lambda row: number(getattr(row.counts, attribute or title)), justify="right")
