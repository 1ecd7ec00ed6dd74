"""Creates the campaigns of a command, one after the other, and says what to do if one of them fails."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from unibatch import (
    Campaign,
    CampaignDraft,
    Client,
    InvalidInput,
    OutcomeUnknown,
    PartlyDone,
    Start,
    UnibatchError,
)
from unibatch.cli import prompts
from unibatch.cli.draft_request import DraftRequest
from unibatch.cli.output import say
from unibatch.cli.progress import stages
from unibatch.core.overlap import OverlapFound


@contextmanager
def noticing_placed_before() -> Iterator[set[str]]:
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


def _place(client: Client, draft: CampaignDraft, journal: Path | None, **how: Any) -> Campaign:
    """Create a campaign, and note it in a journal if there is one."""
    if journal is None:
        return client.create_campaign(draft, **how)
    from unibatch.workflows.placing import place_campaign

    with stages(shown=sys.stderr.isatty()) as watch:
        return place_campaign(client, draft, journal=journal, on_progress=watch, **how)


def _create_one(
    client: Client, profile: str, draft: CampaignDraft, request: DraftRequest, journal: Path | None
) -> Campaign:
    """Create a campaign; first ask if most people in it are in another open campaign."""
    accept_loss = request.accept_loss
    try:
        # A key of the user's says that another campaign is wanted.
        is_meant = request.idempotency_key is not None
        return _place(client, draft, journal, accept_loss=accept_loss, refuse_overlap=not is_meant)
    except OverlapFound as exc:
        where = f"{profile}:{exc.campaign.id}"
        if request.from_stdin or request.yes or not prompts.can_ask():
            again = "" if is_meant else "To call everybody again, give the campaign an --idempotency-key. "
            exc.add_note(f"{again}{_only_new(client, where)}")
            raise
        overlap = exc
    choices = {"everybody": "call everybody again", "stop": "send nothing"}
    if overlap.missing:
        choices = {"new": f"only the {prompts.people(len(overlap.missing))} who are not in it", **choices}
    say(f"Most of these numbers are in {where} already, which is {overlap.campaign.status}; both would call them.")
    answer = prompts.choose(choices)
    if answer == "new" and overlap.missing:
        draft = attrs.evolve(draft, contacts=overlap.missing)
    return _place(client, draft, journal, accept_loss=[*accept_loss, "idempotency_key"])


def _only_new(client: Client, where: str) -> str:
    if client.capabilities.operations["add_contacts"].available:
        return f"To call only who is new: unibatch add {where} --contacts FILE"
    return f"To call only who is new, leave out of the file whom `unibatch contacts {where}` lists"


def create_in_turn(
    client: Client, profile: str, parts: Sequence[CampaignDraft], request: DraftRequest, journal: Path | None = None
) -> Iterator[Campaign]:
    """Create the campaigns in turn; if one fails, notes say which exist and what to do next."""
    created: list[str] = []
    is_left = False
    for part in parts:
        try:
            campaign = _create_one(client, profile, part, request, journal)
        except KeyboardInterrupt:
            say(f"The campaign may exist{'' if part.start == Start.HOLD else ', and call people already'}.")
            say(_after_loss(profile, journal))
            raise
        except UnibatchError as exc:
            if isinstance(exc, PartlyDone) and exc.campaign is not None:
                where = f"{profile}:{exc.campaign.id}"
                exc.add_note(f"Created: {prompts.status_line(client, exc.campaign, where)}")
                exc.add_note(_after_part(where, exc))
            elif isinstance(exc, OutcomeUnknown):
                exc.add_note(_after_loss(profile, journal))
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


def _after_loss(profile: str, journal: Path | None) -> str:
    """What to do if it is unknown whether a campaign was created."""
    if journal is not None:
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
