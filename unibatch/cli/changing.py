"""The commands that change how a campaign stands, from ``start`` to ``delete``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import click

from unibatch import config
from unibatch.cli import sentences
from unibatch.cli.asking import MUST_SAY_YES, can_ask, confirm, named, write_requests
from unibatch.cli.drafting import read_start
from unibatch.cli.options import (
    campaign_argument,
    dry_run_option,
    examples,
    format_option,
    profile_option,
    verbose_option,
    yes_option,
)
from unibatch.cli.output import columns_of, write_data
from unibatch.cli.problems import Problems
from unibatch.cli.text import one_line
from unibatch.cli.waits import Waits
from unibatch.client import PlannedRequest, provider_of_client
from unibatch.core.draft import Start
from unibatch.core.errors import OutcomeUnknown
from unibatch.core.model import Campaign
from unibatch.core.provider import OperationName
from unibatch.core.reconcile import require_allowed
from unibatch.core.to_dict import to_dict

_DONE: dict[OperationName, tuple[str, str]] = {
    "start_campaign": ("started", "started already"),
    "pause_campaign": ("paused", "already paused"),
    "resume_campaign": ("resumed", "going on already"),
    "reschedule_campaign": ("rescheduled", "scheduled so already"),
    "cancel_campaign": ("cancelled", "already cancelled"),
    "delete_campaign": ("deleted", ""),
}
"""What is said when it was done, and when nothing had to be done."""

_ASKS = frozenset(_DONE) - {"pause_campaign"}


def _changing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that all of these commands share."""
    options = (campaign_argument, profile_option, yes_option, dry_run_option, format_option, verbose_option)
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    short_help="Begin to call the contacts of a campaign.", epilog=examples("unibatch start main:batch_c3d4e5f6")
)
@_changing
def start(**given: Any) -> None:
    """Begin to call the contacts of a campaign now, also if its start is set for later. Asks first, unless --yes."""
    _change("start_campaign", **given)


@click.command(short_help="Begin no further calls.", epilog=examples("unibatch pause main:batch_c3d4e5f6"))
@_changing
def pause(**given: Any) -> None:
    """Begin no further calls of a campaign; calls under way go on. `unibatch resume` goes on with it."""
    _change("pause_campaign", **given)


@click.command(short_help="Go on with a paused campaign.", epilog=examples("unibatch resume main:batch_c3d4e5f6"))
@_changing
def resume(**given: Any) -> None:
    """Go on with a campaign that is paused. Asks first, unless --yes."""
    _change("resume_campaign", **given)


@click.command(
    short_help="Have a campaign begin at another time.",
    epilog=examples(
        "unibatch reschedule main:batch_c3d4e5f6 --start '2026-03-20T09:00[Europe/Berlin]'",
        "unibatch reschedule main:batch_c3d4e5f6 --start 2026-03-20T09:00+01:00 --yes",
    ),
)
@_changing
@click.option("--start", metavar="TIME", help="When to begin, such as 2026-03-20T09:00[Europe/Berlin]. Required.")
def reschedule(*, start: str | None, **given: Any) -> None:
    """Have a campaign that has not begun begin at another time. Asks first, unless --yes."""
    problems = Problems()
    _change("reschedule_campaign", start=read_start(start, problems), problems=problems, **given)


@click.command(short_help="Call nobody of a campaign any more.", epilog=examples("unibatch cancel main:batch_c3d4e5f6"))
@_changing
def cancel(**given: Any) -> None:
    """Call nobody of a campaign any more, for good. Asks first, unless --yes."""
    _change("cancel_campaign", **given)


@click.command(short_help="Delete a campaign.", epilog=examples("unibatch delete main:batch_c3d4e5f6"))
@_changing
def delete(**given: Any) -> None:
    """Delete a campaign, for good. Vendors delete only what has not begun or is over. Asks first, unless --yes."""
    _change("delete_campaign", **given)


def _change(
    operation: OperationName,
    *,
    campaign: str,
    profile: str | None,
    yes: bool,
    dry_run: bool,
    form: str,
    start: Start | None = None,
    problems: Problems | None = None,
) -> None:
    problems = problems or Problems()
    about = () if start is None else (start,)
    with ExitStack() as stack:
        planned: list[PlannedRequest] = []
        with problems.noting():
            profile, campaign_id = named(campaign, profile)
            client = stack.enter_context(config.connect(profile, on_wait=Waits()))
            provider = provider_of_client(client)
            provider.require(operation)
            if operation != "reschedule_campaign" or start is not None:
                planned = getattr(client.rehearse, operation)(campaign_id, *about)
        if operation in _ASKS and not (yes or dry_run or can_ask()):
            problems.add(f"{operation.removesuffix('_campaign')} {MUST_SAY_YES}")
        problems.insist()
        if dry_run:
            write_requests(form, planned)
            return
        before = client.get_campaign(campaign_id)
        where = f"{profile}:{campaign_id}"
        transition = provider.transitions[operation]
        said, said_already = _DONE[operation]
        if before.status in transition.done and _is_due(before, start):
            line = f"{said_already}: {sentences.stands(client, before, where)}"
            _write(form, line, before)
            return
        require_allowed(provider, operation, before)
        if operation in _ASKS:
            confirm(sentences.change(client, str(profile), operation, before, start), yes=yes)
        try:
            after: Campaign | None = getattr(client, operation)(campaign_id, *about)
        except OutcomeUnknown as exc:
            exc.add_note(f"Look: unibatch show {where}. The same command again is safe: it looks first")
            raise
        if after is None:  # it is deleted
            _write(form, f"{said} {where} {sentences.quoted(before.name)}", before)
            return
        _write(form, f"{said} {sentences.stands(client, after, where)}", after)


def _is_due(campaign: Campaign, start: Start | None) -> bool:
    """Whether a campaign begins when it should, where that is the question."""
    return start is None or (campaign.schedule is not None and campaign.schedule.start == start.instant())


def _write(form: str, line: str, campaign: Campaign) -> None:
    if form == "table":
        click.echo(one_line(line))
    else:
        write_data(form, [to_dict(campaign)], columns_of(Campaign))
