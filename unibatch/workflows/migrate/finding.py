"""Finds a campaign of the target whose creation was interrupted."""

from __future__ import annotations

from unibatch.core.model import Campaign
from unibatch.workflows.migrate.context import Context
from unibatch.workflows.migrate.ledger import TargetPart
from unibatch.workflows.migrate.work import Work, call

SETTLING = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds to wait before each look for a campaign whose creation was interrupted. A vendor may carry a request out long
after its connection broke, so only after all of them it is sent again, however long ago its creation began: the last
request of it may have waited for the rate limit, and been sent right before the interruption."""


def find_part(context: Context, part: TargetPart) -> Work[Campaign | None]:
    """Look for a part, until the vendor cannot be at work on it any more."""
    draft, frozen_at = context.draft_of(part.number)
    accept_loss = [*context.journal.fact("accepted"), "idempotency_key"]  # other campaigns are no matter here
    for pause in (*SETTLING, None):
        found: Campaign | None = yield from call(
            "target", "find_campaign", draft, accept_loss=accept_loss, as_of=frozen_at
        )
        if found is not None:
            return found
        if pause is not None:
            yield from context.wait(f"waiting whether part {part.number} appears in the target", pause)
    return None
