"""What is done to one campaign of each vendor, from its creation on: recorded in cassettes, and played in tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from tests.bothways import AnyClient
from unibatch import AddedContacts, Campaign, CampaignDraft, Client, ContactDraft, Start

PEOPLE = (
    ContactDraft(phone_number="+12125550101", name="Ann Lee", email="ann@example.com", external_id="c-1"),
    ContactDraft(phone_number="+12125550102", name="Bob Ray", fields={"plan": "gold"}),
)
TWO_MORE = (
    ContactDraft(phone_number="+12125550102", name="Bob Ray"),
    ContactDraft(phone_number="+12125550103", name="Cy Orr"),
)
FAR_AHEAD = datetime(2099, 1, 2, 9, tzinfo=UTC)
FARTHER = datetime(2099, 2, 3, 10, tzinfo=UTC)

DRAFTS: Mapping[str, CampaignDraft] = {
    "truedy": CampaignDraft(name="Recorded", contacts=PEOPLE, start=Start.HOLD, agent_id="agt_5a1dc0de"),
    "techladder": CampaignDraft(
        name="Recorded",
        contacts=PEOPLE,
        start=Start.HOLD,
        agent_id="agt-5a1dc0de",
        vendor={"techladder": {"version_id": "pmt-5a1dc0de"}},
    ),
    "talkifai": CampaignDraft(
        name="Recorded", contacts=PEOPLE, start=Start.HOLD, hold_until=FAR_AHEAD, from_number_ids=["pn_sandbox"]
    ),
}

Life: TypeAlias = Callable[[Client | AnyClient], list[Campaign | AddedContacts]]


def at_truedy(client: Client | AnyClient) -> list[Campaign | AddedContacts]:
    created = client.create_campaign(DRAFTS["truedy"])
    return [
        created,
        client.add_contacts(created.id, TWO_MORE),
        client.reschedule_campaign(created.id, FAR_AHEAD),
        client.pause_campaign(created.id),
        client.resume_campaign(created.id),
        client.start_campaign(created.id),
    ]


def at_techladder(client: Client | AnyClient) -> list[Campaign | AddedContacts]:
    return [client.create_campaign(DRAFTS["techladder"]), client.create_campaign(DRAFTS["techladder"])]


def at_talkifai(client: Client | AnyClient) -> list[Campaign | AddedContacts]:
    created = client.create_campaign(DRAFTS["talkifai"])
    return [
        created,
        client.reschedule_campaign(created.id, FARTHER),
        client.start_campaign(created.id),
        client.cancel_campaign(created.id),
    ]


LIVES: Mapping[str, Life] = {"truedy": at_truedy, "techladder": at_techladder, "talkifai": at_talkifai}
