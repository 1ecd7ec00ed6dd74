"""What a draft created can be looked for without sending anything, and a creation says when it is about to send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.bothways import VENDORS
from tests.writing.conftest import Emulating, Emulator, draft, one_client
from unibatch import Campaign, CampaignDraft, InvalidInput, OutcomeUnknown, PartlyDone, Start, UnsupportedFeature
from unibatch.providers.talkifai import TalkifAI

pytestmark = pytest.mark.usefixtures("impatient")

ACCEPTED = {"techladder": ["start"]}


def find(emulator: Emulator, wanted: CampaignDraft, **how: Any) -> Campaign | None:
    client: Any = emulator.join()._client
    found: Campaign | None = client.find_campaign(wanted, accept_loss=ACCEPTED.get(emulator.vendor, ()), **how)
    return found


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_a_draft_created_is_found_and_nothing_is_sent(vendor: str, emulating: Emulating) -> None:
    emulator, wanted = emulating(vendor), draft(vendor, idempotency_key="spring-1")
    assert find(emulator, wanted) is None
    assert emulator.writes == []
    created = emulator.join().create(wanted)
    found = find(emulator, wanted)
    assert found is not None
    assert found.id == created.id
    assert len(emulator.writes) == 1


@one_client
def test_what_is_to_be_steered_is_found_too_and_left_as_it_is(emulating: Emulating) -> None:
    """A creation that finds its campaign still a draft would start it."""
    emulator, wanted = emulating("truedy"), draft("truedy", start=Start.NOW, idempotency_key="spring-1")
    emulator.fail("/schedule", {"status": 400})
    with pytest.raises(PartlyDone):
        emulator.join().create(wanted)
    found = find(emulator, wanted)
    assert found is not None
    assert found.status == "draft"
    assert [campaign.status for campaign in emulator.campaigns.values()] == ["draft"]


@one_client
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_start_that_has_passed_since_is_no_mistake(
    vendor: str, emulating: Emulating, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, now = emulating(vendor), datetime.now(UTC)
    wanted = draft(vendor, start=Start.at(now + timedelta(minutes=2)), idempotency_key="spring-1")
    created = emulator.join().create(wanted)

    class Clock:
        @staticmethod
        def now(zone: Any) -> datetime:
            return datetime.now(zone) + timedelta(hours=1)

    monkeypatch.setattr("unibatch.client.operations.datetime", Clock)
    with pytest.raises(InvalidInput, match="past"):
        find(emulator, wanted)
    found = find(emulator, wanted, as_of=now)
    assert found is not None
    assert found.id == created.id


@one_client
def test_where_there_is_no_way_to_look_that_is_said(emulating: Emulating, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = emulating("talkifai")
    monkeypatch.setattr(TalkifAI, "_look", None)
    client = emulator.join()._client
    client._provider._organization_id = None  # type: ignore[attr-defined]  # as in a profile without it
    with pytest.raises(UnsupportedFeature, match="find_campaign"):
        client.find_campaign(draft("talkifai"))
    assert emulator.writes == []


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_creation_says_when_it_is_about_to_send_and_only_then(vendor: str, emulating: Emulating) -> None:
    emulator, wanted, told = emulating(vendor), draft(vendor, start=Start.NOW), list[int]()
    client = emulator.join()._client
    for _ in range(2):
        client.create_campaign(wanted, before_sending=lambda: told.append(len(emulator.writes)))
    assert told[:1] == [0]
    assert len(told) == 1  # the second time it is there already


@one_client
@pytest.mark.parametrize("vendor", VENDORS)
def test_what_cannot_be_noted_is_not_sent(vendor: str, emulating: Emulating) -> None:
    emulator = emulating(vendor)

    def full() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        emulator.join()._client.create_campaign(draft(vendor, start=Start.NOW), before_sending=full)
    assert emulator.writes == []


def test_a_lost_answer_is_looked_for_by_the_same_way(emulating: Emulating) -> None:
    emulator, wanted = emulating("talkifai"), draft("talkifai", idempotency_key="spring-1")
    emulator.fail(1, {"drop": "late"})
    with pytest.raises(OutcomeUnknown):
        emulator.join().create(wanted)
    assert find(emulator, wanted) is None
    emulator.catch_up()
    assert find(emulator, wanted) is not None
