"""Whether a campaign has everybody of a draft, and what need not be read again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from unibatch import Campaign, CampaignDraft, CampaignStatus, ContactDraft, Counts, NotFound, Start
from unibatch.core.draft_fields import Composition
from unibatch.core.likeness import has_everybody
from unibatch.core.preflight import compose
from unibatch.providers.truedy import Truedy
from unibatch.testing import play

TRUEDY = Truedy({"agent_id": "agt_1"})
NUMBERS = ["+12125550100", "+12125550101", "+12125550102"]


def composition() -> Composition:
    people = [ContactDraft(phone_number=number) for number in NUMBERS]
    return compose(TRUEDY, CampaignDraft(name="Spring", contacts=people, start=Start.HOLD), datetime.now(UTC))


def campaign(total: int | None = 3) -> Campaign:
    return Campaign(id="b", provider="truedy", status=CampaignStatus.DRAFT, counts=Counts(total=total))


def answer(numbers: Sequence[str], total: int | None = None) -> object:
    rows = [{"contact_id": number, "phone_number": number, "call_status": "pending"} for number in numbers]
    total = len(rows) if total is None else total
    return {"data": rows, "pagination": {"total": total, "limit": 100, "offset": 0, "has_more": total > len(rows)}}


def test_one_with_other_people_is_not_read_again_while_it_has_as_many() -> None:
    others: dict[str, int | None] = {}
    strangers = answer(["+12125550199", *NUMBERS[:2]])
    assert play(has_everybody(TRUEDY, campaign(), composition(), others), strangers).value is False
    flow = has_everybody(TRUEDY, campaign(), composition(), others)
    assert next(flow, "no request") == "no request"
    more = answer(["+12125550199", *NUMBERS])
    assert play(has_everybody(TRUEDY, campaign(4), composition(), others), more).value is True


def test_one_of_which_a_page_is_not_there_may_have_everybody() -> None:
    """And one that is not there itself has nobody."""
    gone = NotFound(provider="truedy", operation="create_campaign", http_status=404)
    assert play(has_everybody(TRUEDY, campaign(), composition()), gone).value is False
    first = answer(NUMBERS[:1], total=3)
    with pytest.raises(NotFound) as caught:
        play(has_everybody(TRUEDY, campaign(), composition()), first, gone)
    assert caught.value.page == "offset=1"


def test_one_that_only_lacks_somebody_may_be_being_filled_and_is_read_again() -> None:
    others: dict[str, int | None] = {}
    assert play(has_everybody(TRUEDY, campaign(), composition(), others), answer(NUMBERS[:1])).value is False
    assert play(has_everybody(TRUEDY, campaign(), composition(), others), answer(NUMBERS)).value is True
