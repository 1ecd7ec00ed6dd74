"""The options that make up a draft, for ``create`` and ``preflight``."""

from __future__ import annotations

import click

from unibatch.cli.contact_options import accept_loss_option, contacts_option, reading_options
from unibatch.cli.options import together

draft_options = together(
    contacts_option,
    click.option("--name", metavar="TEXT", help="The campaign's name. Required."),
    click.option(
        "--start",
        metavar="hold|now|TIME",
        help="When to call: hold (not before `unibatch start`), now, or a time such as "
        "2026-03-20T09:00[Europe/Berlin] or 2026-03-20T09:00+01:00. Required: vendors have different defaults, and "
        "nobody must be called by surprise.",
    ),
    reading_options,
    click.option(
        "--hold-until",
        metavar="TIME",
        help="For --start hold at a vendor that cannot hold without a time: when calls start, unless you start or "
        "cancel the campaign before.",
    ),
    click.option("--timezone", metavar="ZONE", help="The time zone of --window, --days and of times without a zone."),
    click.option("--window", metavar="09:00-17:00", help="Call only between these times of day."),
    click.option("--days", metavar="DAYS", help="Call only on these days: mon-fri, mon,wed,sat or 1-5."),
    click.option("--max-calls-per-day", metavar="N", help="The most calls on one day."),
    click.option("--max-concurrency", metavar="N", help="The most calls at the same time."),
    click.option("--max-attempts", metavar="N", help="The most calls to one contact."),
    click.option("--description", metavar="TEXT", help="A description."),
    click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="Data about the campaign. Repeatable."),
    click.option("--agent", metavar="ID", help="The agent that talks. Default: the agent of the profile."),
    click.option(
        "--from-number",
        "from_numbers",
        multiple=True,
        metavar="ID",
        help="The vendor's id of a number to call from. Repeatable.",
    ),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="A setting that only this vendor has; see `unibatch providers`. Repeatable.",
    ),
    click.option(
        "--idempotency-key",
        metavar="KEY",
        help="Another key makes another campaign. Without a key, the same command always gives the same campaign.",
    ),
    click.option(
        "--split", is_flag=True, help="Create several campaigns if the vendor does not take all contacts in one."
    ),
    accept_loss_option,
)
