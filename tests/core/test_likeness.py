"""Whether a campaign has everybody of a draft, and what need not be read again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from unibatch import Campaign, CampaignDraft, CampaignStatus, ContactDraft, Counts, InvalidInput, NotFound, Start
from unibatch.core.draft_fields import Composition, Placed
from unibatch.core.likeness import has_everybody, noted_and_empty
from unibatch.core.looking import LOOKS
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


class TestNotListedYet:
    """A vendor may take seconds to list the contacts that it counts."""

    def test_they_are_waited_for(self) -> None:
        answers = [answer([]), answer(NUMBERS[:1]), answer(NUMBERS)]
        assert play(has_everybody(TRUEDY, campaign(), composition()), *answers).value is True

    @pytest.mark.parametrize(("total", "shown"), [(3, 0), (3, 1), (None, 0)])
    def test_it_may_be_the_same_draft_if_they_do_not_come(self, total: int | None, shown: int) -> None:
        answers = [answer(NUMBERS[:shown])] * (1 + len(LOOKS))
        with pytest.raises(InvalidInput, match=rf"b may be of this draft: .* the vendor lists {shown}"):
            play(has_everybody(TRUEDY, campaign(total), composition()), *answers)

    def test_nobody_is_waited_for_who_is_missing_for_long(self) -> None:
        old = attrs.evolve(campaign(), created_at=datetime.now(UTC) - timedelta(hours=2))
        assert play(has_everybody(TRUEDY, old, composition()), answer([])).value is False

    @pytest.mark.parametrize("total", [0, 3, None])
    def test_one_that_was_placed_here_is_known_by_its_id(self, total: int | None) -> None:
        noted = attrs.evolve(composition(), noted=Placed("b", None))
        assert play(has_everybody(TRUEDY, campaign(total), noted), answer([])).value is True

    @pytest.mark.parametrize("status", [CampaignStatus.FAILED, CampaignStatus.CANCELLED])
    def test_one_that_is_over_and_called_nobody_is_not_taken_for_it(self, status: CampaignStatus) -> None:
        """To place the draft again then is what the user wants."""
        noted = attrs.evolve(composition(), noted=Placed("b", None))
        there = {"data": {"id": "b", "status": str(status), "total_contacts": 0}}
        flow = noted_and_empty(TRUEDY, noted, [attrs.evolve(campaign(0), status=status)])
        assert play(flow, answer([]), there).value is None
