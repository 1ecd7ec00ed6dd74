"""The options of ``migrate plan``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from unibatch.cli.options import together
from unibatch.core.status import CallStatus

_WORDS = ", ".join(CallStatus)


def _status_option(name: str, help_text: str) -> Callable[[Any], Any]:
    return click.option(
        f"--{name}",
        name.replace("-", "_"),
        multiple=True,
        type=click.Choice([str(status) for status in CallStatus], case_sensitive=False),
        metavar="STATUS",
        callback=lambda _ctx, _param, words: tuple(CallStatus(word) for word in words),
        help=f"{help_text} Repeatable.",
    )


plan_options = together(
    click.option(
        "--to-start",
        metavar="hold|now|TIME",
        default="hold",
        show_default=True,
        help="When the target starts, after every contact in it was compared: hold (not before `unibatch start`), now, "
        "or a time such as 2026-03-20T09:00[Europe/Berlin].",
    ),
    click.option(
        "--hold-until",
        metavar="TIME",
        help="For hold at a vendor that cannot hold without a time: when calls start, unless you start or cancel the "
        "campaign before. Default: in 30 days.",
    ),
    click.option(
        "--map",
        "changes",
        multiple=True,
        metavar="FIELD=VALUE",
        help="Set a field of the campaign in the target, such as agent_id=agt_1 or schedule.timezone=Europe/Berlin, "
        "or an option of its vendor, such as version_id=pmt-1. Without a value, it is left out. Repeatable.",
    ),
    _status_option("only", "Move only contacts with this status."),
    _status_option("also", "Move contacts with this status, too."),
    _status_option("without", f"Do not move contacts with this status. One of: {_WORDS}."),
    _status_option(
        "accept-risk",
        "Accept the risk of moving contacts who are rejected (they declined the call) or blocked (they may be on a "
        "do-not-call list). Needed beside --only or --also.",
    ),
    click.option(
        "--max-attempts",
        metavar="N",
        help="The most calls to one contact, those of the source included. Who had as many is not moved.",
    ),
    click.option(
        "--skip-file", metavar="FILE", help="The numbers that must never be called: one a line, or a table of them."
    ),
    click.option(
        "--fields-from",
        metavar="FILE",
        help="The file that the campaign was placed with: adds names, ids and custom data that the source does not "
        "return, by number.",
    ),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="HEADER=FIELD",
        help="What a column of that file holds, as --map of `unibatch create`. Repeatable.",
    ),
    click.option("--encoding", metavar="NAME", help="The encoding of that file. Default: a guess."),
    click.option("--region", metavar="CODE", help="The country of numbers without a country code in these files."),
)
