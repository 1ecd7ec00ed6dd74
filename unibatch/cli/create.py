"""The command ``create``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unibatch.cli.draft_options import draft_options
from unibatch.cli.options import examples, profile_argument, write_options

if TYPE_CHECKING:
    from unibatch import CampaignDraft


@click.command(
    epilog=examples(
        "unibatch create main --contacts people.csv --name Spring --start hold",
        "unibatch create main --contacts people.csv --name Spring \\",
        "    --start '2026-03-20T09:00[Europe/Berlin]' \\",
        "    --timezone Europe/Berlin --window 09:00-17:00 --days mon-fri",
        "unibatch create main --contacts people.csv --name Spring --start now \\",
        "    --region US --map Handy=phone_number",
        "unibatch create main --contacts people.csv --name X --start now --dry-run",
    ),
)
@profile_argument
@draft_options
@click.option(
    "--journal",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Note here what is sent. Then the same command can be run again at once after a crash or a lost answer: it "
    "waits until the vendor has had its time.",
)
@write_options
def create(*, profile: str, journal: Path | None, yes: bool, dry_run: bool, form: str, **given: Any) -> None:
    """Create a campaign at the vendor of a profile, and hold or start it.

    First checks everything, as `unibatch preflight` does: if anything is wrong, or the vendor cannot do it, all of it
    is listed and nothing is sent. Asks before people are called, unless --yes.

    The same command always gives the same campaign: it looks first, and does only what is missing. After a lost answer,
    wait some minutes before you run it again, or use --journal.
    """
    from unibatch import Campaign, Start, config
    from unibatch.cli import prompts
    from unibatch.cli.creating import create_in_turn, noticing_placed_before
    from unibatch.cli.draft_request import DraftRequest
    from unibatch.cli.errors import Problems
    from unibatch.cli.output import one_line, say, write_objects
    from unibatch.cli.waits import Waits

    request = DraftRequest(**given, yes=yes)
    problems = Problems()
    draft = request.draft(request.read(problems), problems)
    parts: Sequence[CampaignDraft] = (draft,)
    begin: Start | None = None  # when people will be called without another command
    agent: str | None = None
    with ExitStack() as stack:
        with problems.noting():
            provider = config.provider_of(profile)
            draft = request.for_vendor(draft, provider)
            result = request.judge(draft, provider, profile)
            problems.judge(result.obstacles(request.accept_loss))
            parts = request.parts(draft, provider)
            sent = {finding.field for finding in result.findings if finding.sent}
            begin = draft.start
            if begin == Start.HOLD:
                begin = Start.at(draft.hold_until) if draft.hold_until and "hold_until" in sent else None
            if "agent_id" in sent:
                agent = draft.agent_id or provider.defaults.get("agent_id")
        with problems.noting():
            client = stack.enter_context(config.connect(profile, on_wait=Waits()))
        asks = begin is not None and not (yes or dry_run)
        if asks and request.from_stdin:
            problems.add(f"--contacts -: {prompts.STDIN_CANNOT_ANSWER}")
        elif asks and not prompts.can_ask():
            problems.add(f"create {prompts.MUST_SAY_YES}")
        problems.require_none()
        if len(parts) > 1 and (begin is None or dry_run):
            say(f"Contacts will be {prompts.division(parts)}")
        if dry_run:
            planned = [client.rehearse.create_campaign(part, accept_loss=request.accept_loss) for part in parts]
            prompts.write_requests(form, list(chain.from_iterable(planned)))
            return
        if begin is not None:
            prompts.confirm(prompts.creation(client, profile, parts, begin, agent), yes=yes)
        with noticing_placed_before() as placed_before:
            created = create_in_turn(client, profile, parts, request, journal)
            if form != "table":
                write_objects(form, created, Campaign)
                return
            for campaign in created:
                what = "already there:" if campaign.id in placed_before else "created"
                line = prompts.status_line(client, campaign, f"{profile}:{campaign.id}", held=begin is None)
                click.echo(one_line(f"{what} {line}"))
