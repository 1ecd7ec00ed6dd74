"""What commands that write have in common: they ask first, or only show what they would send."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from unibatch import config
from unibatch.cli.failures import FAILED, Unusable, say
from unibatch.cli.options import address
from unibatch.cli.output import columns_of, write_data
from unibatch.client import PlannedRequest
from unibatch.core.to_dict import to_dict

MUST_SAY_YES = "asks before it goes on, and there is no terminal to ask at; add --yes if it is wanted"


def can_ask() -> bool:
    """Whether somebody sits at a terminal, to be asked and to answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(sentence: str, *, yes: bool) -> None:
    """Say what will happen, and go on only if that is wanted."""
    say(sentence)
    if yes:
        return
    if not can_ask():
        raise Unusable(f"this {MUST_SAY_YES}. Nothing was sent")
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:  # the end of the input, which leaves the question's line open
        sys.stderr.write("\n")
    if answer.strip().lower() not in {"y", "yes"}:
        say("Nothing was sent")
        raise click.exceptions.Exit(FAILED)


def write_requests(form: str, requests: Sequence[PlannedRequest]) -> None:
    """Write requests that are not sent to stdout: as text, like HTTP, or as data."""
    if form != "table":
        write_data(form, map(to_dict, requests), columns_of(PlannedRequest))
        return
    for request in requests:
        headers = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
        sys.stdout.write(f"{request.method} {request.url}\n{headers}\n{request.body}\n\n")


def named(campaign: str, profile: str | None) -> tuple[str, str]:
    """The names of the profile and of the campaign."""
    name, campaign_id = address(campaign, profile)
    return name or str(config.load_profile(None, api_key="-").name), campaign_id
