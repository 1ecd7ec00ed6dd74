"""The command ``create``."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any

import attrs
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
from unibatch.cli.waits import Waits
from unibatch.core.overlap import OverlapFound


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
@write_options
def create(*, profile: str, yes: bool, dry_run: bool, form: str, **given: Any) -> None:
    """Create a campaign at the vendor of a profile, and hold or start it.

    First checks everything, as `unibatch preflight` does: if anything is wrong, or the vendor cannot do it, all of it
    is listed and nothing is sent. Asks before people are called, unless --yes.

    The same command always gives the same campaign: it looks first, and does only what is missing. After a lost answer,
    wait some minutes before you run it again.
    """
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
        with _noticing_placed_before() as placed_before:
            created = _create(client, profile, parts, request)
            if form != "table":
                write_objects(form, created, Campaign)
                return
            for campaign in created:
                what = "already there:" if campaign.id in placed_before else "created"
                line = prompts.status_line(client, campaign, f"{profile}:{campaign.id}", held=begin is None)
                click.echo(one_line(f"{what} {line}"))


@contextmanager
def _noticing_placed_before() -> Iterator[set[str]]:
    """The ids of campaigns that an earlier run created, as the library logs them."""
    found: set[str] = set()

    def notice(record: logging.LogRecord) -> bool:
        found.add(getattr(record, "placed_before", ""))
        return True

    logger = logging.getLogger("unibatch")
    logger.addFilter(notice)
    try:
        yield found
    finally:
        logger.removeFilter(notice)


def _create_one(client: Client, profile: str, draft: CampaignDraft, request: DraftRequest) -> Campaign:
    """Create a campaign; first ask if most people in it are in another open campaign."""
    accept_loss = request.accept_loss
    try:
        # A key of the user's says that another campaign is wanted.
        is_meant = request.idempotency_key is not None
        return client.create_campaign(draft, accept_loss=accept_loss, refuse_overlap=not is_meant)
    except OverlapFound as exc:
        where = f"{profile}:{exc.campaign.id}"
        if request.from_stdin or request.yes or not prompts.can_ask():
            exc.add_note(f"To call everybody again, give the campaign an --idempotency-key. {_only_new(client, where)}")
            raise
        overlap = exc
    choices = {"everybody": "call everybody again", "stop": "send nothing"}
    if overlap.missing:
        choices = {"new": f"only the {prompts.people(len(overlap.missing))} who are not in it", **choices}
    say(f"Most of these numbers are in {where} already, which is {overlap.campaign.status}; both would call them.")
    answer = prompts.choose(choices)
    if answer == "new" and overlap.missing:
        draft = attrs.evolve(draft, contacts=overlap.missing)
    return client.create_campaign(draft, accept_loss=accept_loss)


def _only_new(client: Client, where: str) -> str:
    if client.capabilities.operations["add_contacts"].available:
        return f"To call only who is new: unibatch add {where} --contacts FILE"
    return f"To call only who is new, leave out of the file whom `unibatch contacts {where}` lists"


def _create(client: Client, profile: str, parts: Sequence[CampaignDraft], request: DraftRequest) -> Iterator[Campaign]:
    """Create the campaigns in turn; if one fails, notes say which exist and what to do next."""
    created: list[str] = []
    is_left = False
    for part in parts:
        try:
            campaign = _create_one(client, profile, part, request)
        except KeyboardInterrupt:
            say(f"The campaign may exist{'' if part.start == Start.HOLD else ', and call people already'}.")
            say(_after_loss(profile))
            raise
        except UnibatchError as exc:
            if isinstance(exc, PartlyDone) and exc.campaign is not None:
                where = f"{profile}:{exc.campaign.id}"
                exc.add_note(f"Created: {prompts.status_line(client, exc.campaign, where)}")
                exc.add_note(_after_part(where, exc))
            elif isinstance(exc, OutcomeUnknown):
                exc.add_note(_after_loss(profile))
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


def _after_loss(profile: str) -> str:
    """What to do if it is unknown whether a campaign was created."""
    look = f"unibatch campaigns -p {profile}"
    return prompts.wait_and_check(look, "it may create a second campaign, and everybody is called")


def _after_part(where: str, error: PartlyDone) -> str:
    """What to do about a campaign that was created, but not completely."""
    if not error.is_as_asked:
        return f"Look at it: unibatch show {where}"
    if error.__cause__ is not None:
        return f"{prompts.AGAIN}; or look at it: unibatch show {where}"
    return f"See who is in it: unibatch contacts {where}. Create another campaign for those who are missing"
