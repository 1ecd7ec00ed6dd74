"""The command ``watch``."""

from __future__ import annotations

from pathlib import Path

import click

from unibatch.cli.options import campaign_options, examples, verbose_option


@click.command(
    epilog=examples(
        "unibatch watch main:batch_c3d4e5f6",
        "unibatch watch main:batch_c3d4e5f6 --state spring.json --format jsonl \\",
        "    >> spring.jsonl",
    )
    + "\n\nExit codes: 0 the campaign is completed; 1 it failed, or the watch did; 2 the command line or the "
    "configuration is wrong; 3 it is completed, but contacts have no result, or may be missing; 4 it was cancelled, or "
    "its time ran out.",
)
@campaign_options
@click.option(
    "--state",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep in this file what was reported. The same command, run again, goes on from there.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl"]),
    default="table",
    show_default=True,
    help="table is for people: a live display at a terminal, a line an event elsewhere. jsonl is one JSON object an "
    "event, with whole phone numbers.",
)
@verbose_option
def watch(*, campaign: str, profile: str | None, file: Path | None, form: str) -> None:
    """Follow a campaign to its end. Name it as PROFILE:CAMPAIGN_ID, or by its id alone.

    Looks again and again, with at most half of the requests that the key's limit allows, and reports each change once.
    """
    from unibatch.cli.watching import follow

    if code := follow(campaign, profile, file, form):
        raise click.exceptions.Exit(code)
