"""The command ``create``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import click

from unibatch import (
    Campaign,
    CampaignDraft,
    Client,
    InvalidInput,
    OutcomeUnknown,
    PartlyDone,
    Start,
    UnibatchError,
    config,
)
from unibatch.cli import prompts
from unibatch.cli.draft_options import DraftRequest, draft_options
from unibatch.cli.errors import Problems
from unibatch.cli.options import examples, profile_argument, write_options
from unibatch.cli.output import one_line, say, write_objects
from unibatch.cli.progress import stages
from unibatch.cli.waits import Waits
from unibatch.workflows.placing import place_campaign

_Place: TypeAlias = Callable[[CampaignDraft], Campaign]


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
    request = DraftRequest(**given)
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
        place: _Place = partial(client.create_campaign, accept_loss=request.accept_loss)
        if journal is not None:
            watch = stack.enter_context(stages(shown=sys.stderr.isatty()))
            place = partial(place_campaign, client, journal=journal, accept_loss=request.accept_loss, on_progress=watch)
        created = _create(client, profile, parts, place, is_noted=journal is not None)
        if form != "table":
            write_objects(form, created, Campaign)
            return
        for campaign in created:
            where = f"{profile}:{campaign.id}"
            click.echo(one_line(f"created {prompts.status_line(client, campaign, where, held=begin is None)}"))


def _create(
    client: Client, profile: str, parts: Sequence[CampaignDraft], place: _Place, *, is_noted: bool
) -> Iterator[Campaign]:
    """Create the campaigns in turn; if one fails, notes say which exist and what to do next."""
    created: list[str] = []
    is_left = False
    for part in parts:
        try:
            campaign = place(part)
        except KeyboardInterrupt:
            say(f"The campaign may exist{'' if part.start == Start.HOLD else ', and call people already'}.")
            say(_after_loss(profile, is_noted=is_noted))
            raise
        except UnibatchError as exc:
            if isinstance(exc, PartlyDone) and exc.campaign is not None:
                where = f"{profile}:{exc.campaign.id}"
                exc.add_note(f"Created: {prompts.status_line(client, exc.campaign, where)}")
                exc.add_note(_after_part(where, exc))
            elif isinstance(exc, OutcomeUnknown):
                exc.add_note(_after_loss(profile, is_noted=is_noted))
            if len(parts) > 1:
                exc.add_note(f"Created before, of {len(parts)} campaigns: {', '.join(created) or 'none'}")
                exc.add_note(prompts.AGAIN)
            raise
        created.append(f"{profile}:{campaign.id}")
        is_left = is_left or not campaign.status.is_terminal
        yield campaign
    if len(parts) > 1 and not is_left:
        places = ", ".join(created)
        raise InvalidInput(
            f"these parts were all placed before, as {places}, and are over, so nobody is called; to place them once "
            "more, give another --idempotency-key"
        )


def _after_loss(profile: str, *, is_noted: bool) -> str:
    """What to do if it is unknown whether a campaign was created."""
    if is_noted:
        return "Run the same command again, with the same journal: it looks until the vendor has had its time"
    look = f"unibatch campaigns -p {profile}"
    return prompts.wait_and_check(look, "it may create a second campaign, and everybody is called")


def _after_part(where: str, error: PartlyDone) -> str:
    """What to do about a campaign that was created, but not completely."""
    if not error.is_as_asked:
        return f"Look at it: unibatch show {where}"
    if error.__cause__ is not None:
        return f"{prompts.AGAIN}; or look at it: unibatch show {where}"
    return f"See who is in it: unibatch contacts {where}. Create another campaign for those who are missing"
