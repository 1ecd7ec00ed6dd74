"""Writing, from recorded answers: each request of the cassettes is sent, in its order, with its body."""

from __future__ import annotations

import json

import pytest

from tests.bothways import VENDORS, Connect
from tests.lives import FAR_AHEAD, FARTHER, LIVES, PEOPLE, TWO_MORE
from tests.replay import interactions, replay
from unibatch import AddedContacts, Campaign, CampaignStatus


def lived(connect: Connect, vendor: str) -> list[Campaign | AddedContacts]:
    with replay(f"{vendor}/life"):
        return LIVES[vendor](connect(vendor))


def campaigns(steps: list[Campaign | AddedContacts]) -> list[Campaign]:
    return [step for step in steps if isinstance(step, Campaign)]


def test_a_campaign_at_truedy(connect: Connect) -> None:
    steps = lived(connect, "truedy")

    assert [campaign.status for campaign in campaigns(steps)] == [
        CampaignStatus.DRAFT,
        CampaignStatus.SCHEDULED,
        CampaignStatus.PAUSED,
        CampaignStatus.SCHEDULED,
        CampaignStatus.RUNNING,
    ]
    assert [campaign.counts.total for campaign in campaigns(steps)] == [2, 3, 3, 3, 3]
    assert steps[1] == AddedContacts(
        campaign_id=campaigns(steps)[0].id, added=(TWO_MORE[1],), duplicates=(TWO_MORE[0],)
    )
    assert [schedule and schedule.start for schedule in [campaigns(steps)[1].schedule]] == [FAR_AHEAD]


def test_a_campaign_at_techladder_that_is_asked_for_twice(connect: Connect) -> None:
    first, second = campaigns(lived(connect, "techladder"))

    assert first == second
    assert (first.status, first.counts.total) == (CampaignStatus.PENDING, 2)
    assert [one["request"]["method"] for one in interactions("techladder/life")].count("POST") == 1


def test_a_campaign_at_talkifai(connect: Connect) -> None:
    created, later, begun, ended = campaigns(lived(connect, "talkifai"))

    assert [campaign.schedule and campaign.schedule.start for campaign in (created, later)] == [FAR_AHEAD, FARTHER]
    assert [campaign.status for campaign in (created, later, begun, ended)] == [
        CampaignStatus.SCHEDULED,
        CampaignStatus.SCHEDULED,
        CampaignStatus.RUNNING,
        CampaignStatus.CANCELLED,
    ]


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_contacts_are_sent_once(vendor: str) -> None:
    sent = [json.loads(one["request"]["body"]) for one in interactions(f"{vendor}/life") if one["request"]["body"]]
    rows = [row for body in sent for row in body.get("contacts", ())]
    numbers = [row.get("phone_number") or row["phone"] for row in rows]
    expected = [contact.phone_number for contact in (*PEOPLE, *(TWO_MORE[1:] if vendor == "truedy" else ()))]

    assert [f"+{number.removeprefix('+')}" for number in numbers] == expected
