"""Placing a draft with a journal, so that a rerun knows what an earlier run has sent.

Without one, a program that was killed while it created a campaign, and is run again immediately, looks too early, finds
nothing, and creates a second one; so do two programs that place the same draft at the same moment. The journal says
when a creation was sent: a rerun looks until the vendor has had the time to carry it out. And only one process at a
time uses a journal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import attrs

from unibatch.client import AsyncClient, Client, fingerprint_of_client
from unibatch.core.creating import placed_before
from unibatch.core.draft import CampaignDraft
from unibatch.core.errors import (
    AuthenticationError,
    Conflict,
    InvalidInput,
    InvalidRequest,
    JournalError,
    NotFound,
    PartlyDone,
    PaymentRequired,
    PermissionDenied,
    UnsupportedFeature,
)
from unibatch.core.model import Campaign
from unibatch.workflows.migrate.journal import Journal
from unibatch.workflows.migrate.ledger import Progress
from unibatch.workflows.migrate.work import Work, call, run, run_async, wait

SETTLED_AFTER = 300.0
"""Seconds after which a vendor has carried out a creation, or never will."""

AT_LEAST = 60.0
"""Seconds for which a rerun looks at least: the last request of a creation that began long ago may have waited for the
rate limit, and been sent right before the interruption."""

_LOOKS = (5.0, 10.0, 15.0, 30.0)
"""Seconds between the looks for what an earlier run has sent; the last of them again and again."""

_KIND = "placing"
_REFUSED = (InvalidRequest, AuthenticationError, PermissionDenied, PaymentRequired, Conflict)

Watch = Callable[[Progress], None]


def place_campaign(
    client: Client,
    draft: CampaignDraft,
    *,
    journal: str | os.PathLike[str],
    accept_loss: Collection[str] = (),
    refuse_overlap: bool = False,
    on_progress: Watch | None = None,
) -> Campaign:
    """Create a campaign as ``client.create_campaign`` does, and note in a journal what is sent.

    If an earlier run has sent the draft and no answer is noted, it is looked for, for up to five minutes from then on,
    before it is sent again. One journal serves any number of drafts, vendors and accounts.

    Args:
        client: Where to create it.
        draft: The campaign.
        journal: The journal's file; it is made if it is not there. It holds no personal data but the draft's name.
        accept_loss: As for ``create_campaign``.
        refuse_overlap: As for ``create_campaign``.
        on_progress: Called while it waits.

    Returns:
        The campaign in its present status.

    Raises:
        JournalError: The journal cannot be used, or another process uses it; nothing was sent.
        InvalidInput: The draft was placed before, and its campaign is over or gone.
    """
    with _opened(journal) as book:
        how = {"accept_loss": accept_loss, "refuse_overlap": refuse_overlap}
        return run(_placing(book, _name(book, client, draft), draft, how, on_progress), client, client)


async def place_campaign_async(
    client: AsyncClient,
    draft: CampaignDraft,
    *,
    journal: str | os.PathLike[str],
    accept_loss: Collection[str] = (),
    refuse_overlap: bool = False,
    on_progress: Watch | None = None,
) -> Campaign:
    """As `place_campaign`, awaited."""
    with _opened(journal) as book:
        how = {"accept_loss": accept_loss, "refuse_overlap": refuse_overlap}
        work = _placing(book, _name(book, client, draft), draft, how, on_progress)
        return await run_async(work, client, client)


def _opened(path: str | os.PathLike[str]) -> Journal:
    journal = Journal.create(path)
    is_new = journal.fact("id") is None
    if not is_new and journal.fact("kind") != _KIND:
        journal.close()
        raise JournalError(f"{path}: this is the journal of a migration; name another file")
    if is_new:
        journal.note("made", kind=_KIND, id=_KIND, salt=uuid4().hex)
    return journal


def _name(journal: Journal, client: Client | AsyncClient, draft: CampaignDraft) -> str:
    """Under which name a draft is noted, which differs for another account."""
    account = fingerprint_of_client(client, journal.fact("salt"))
    return f"draft {account['provider']} {account['base_url']} {account['key'][:24]} {draft.key}"


def _placing(
    journal: Journal, name: str, draft: CampaignDraft, how: dict[str, Any], on_progress: Watch | None
) -> Work[Campaign]:
    noted: dict[str, Any] | None = journal.fact(name)
    body = attrs.evolve(draft, idempotency_key=None).key
    if noted is not None and noted["campaign_id"] is not None:
        if noted["body"] == body:
            return (yield from _placed_before(noted["campaign_id"], draft))
        noted = None  # the key belongs to another draft: creating it says what differs, and sends nothing
    if noted is not None:
        sent_at = datetime.fromisoformat(noted["sent_at"])
        found = yield from _looked_for(draft, sent_at, how["accept_loss"], on_progress)
        if found is not None:
            journal.note("found", **{name: {**noted, "campaign_id": found.id}})
            return found
    about = {"campaign": draft.name, "contacts": len(draft.contacts), "body": body, "campaign_id": None}

    def sending() -> None:
        journal.note("sending", **{name: {**about, "sent_at": datetime.now(UTC).isoformat()}})

    try:
        campaign: Campaign = yield from call("target", "create_campaign", draft, **how, before_sending=sending)
    except PartlyDone as exc:
        if exc.campaign is not None:
            journal.note("created in part", **{name: {**journal.fact(name), "campaign_id": exc.campaign.id}})
        raise
    except _REFUSED:
        journal.note("refused", **{name: None})
        raise
    before = journal.fact(name) or {**about, "sent_at": datetime.now(UTC).isoformat()}
    journal.note("created", **{name: {**before, "campaign_id": campaign.id}})
    return campaign


def _placed_before(campaign_id: str, draft: CampaignDraft) -> Work[Campaign]:
    try:
        campaign: Campaign = yield from call("target", "get_campaign", campaign_id)
    except NotFound as exc:
        raise InvalidInput(
            f"this draft was placed as {campaign_id}, which is not there any more; to place it once more, give it "
            "another idempotency key"
        ) from exc
    is_over_part = draft.part is not None and campaign.status.is_terminal
    return campaign if is_over_part else placed_before(campaign)


def _looked_for(
    draft: CampaignDraft, sent_at: datetime, accept_loss: Collection[str], on_progress: Watch | None
) -> Work[Campaign | None]:
    """Look for what an earlier run has sent, until the vendor has had its time."""
    number = 0
    age = max(0.0, (datetime.now(UTC) - sent_at).total_seconds())
    left = max(SETTLED_AFTER - age, AT_LEAST)
    while True:
        try:
            found: Campaign | None = yield from call(
                "target", "find_campaign", draft, accept_loss=accept_loss, as_of=sent_at
            )
        except UnsupportedFeature as exc:
            raise JournalError(
                f"an earlier run sent this campaign at {sent_at:%Y-%m-%dT%H:%M:%SZ}, no answer is noted, and there is "
                f"no way to look for it: {exc}. If it is not there, place it with another idempotency key"
            ) from exc
        if found is not None or left <= 0:
            return found
        if on_progress is not None:
            what = "looking for what an earlier run has sent; the vendor may still be at work on it"
            on_progress(Progress(what=what, seconds=left))
        pause = min(left, _LOOKS[min(number, len(_LOOKS) - 1)])
        yield from wait(pause)
        left -= pause
        number += 1
