"""The command ``show``."""

from __future__ import annotations

import click

from unibatch.cli.options import address, campaign_options, examples, format_option, verbose_option


@click.command(
    epilog=examples("unibatch show main:batch_c3d4e5f6", "unibatch show batch_c3d4e5f6 -p main --format json"),
)
@campaign_options
@format_option
@verbose_option
def show(*, campaign: str, profile: str | None, form: str) -> None:
    """Show one campaign. Name it as PROFILE:CAMPAIGN_ID, or by its id alone.

    Leaves out what the vendor does not give.
    """
    from unibatch import Campaign, connect
    from unibatch.cli.output import write_objects
    from unibatch.cli.waits import Waits

    name, campaign_id = address(campaign, profile)
    with connect(name, on_wait=Waits()) as client:
        found = client.get_campaign(campaign_id)
    if form != "table":
        write_objects(form, [found], Campaign)
        return
    from unibatch.cli.campaign_sheet import campaign_sheet
    from unibatch.cli.tables import screen, show_on
    from unibatch.client import provider_of_client

    show_on(screen(), campaign_sheet(found, provider_of_client(client).title))
