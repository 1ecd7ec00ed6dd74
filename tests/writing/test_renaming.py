"""A campaign gets another name, and is still recognised."""

from __future__ import annotations

import pytest

from tests.writing.conftest import Emulating, draft, one_client
from unibatch import InvalidInput, OutcomeUnknown, PartlyDone, UnsupportedFeature

pytestmark = pytest.mark.usefixtures("impatient")


def test_it_has_the_name_and_is_still_recognised_by_its_key(emulating: Emulating) -> None:
    emulator, wanted = emulating("truedy"), draft("truedy", idempotency_key="spring-1")
    client = emulator.join()._client
    campaign = client.create_campaign(wanted)
    assert client.rename_campaign(campaign.id, "Autumn").name == "Autumn"
    assert client.rename_campaign(campaign.id, "Autumn").name == "Autumn"  # which sends nothing
    assert [arrival.method for arrival in emulator.writes] == ["POST", "PATCH"]
    emulator.sandbox.forget_keys()
    found = client.find_campaign(wanted)
    assert found is not None
    assert found.id == campaign.id
    with pytest.raises(InvalidInput, match="1 characters too long for Truedy, with the mark"):
        client.rename_campaign(campaign.id, "x" * (256 - len(found.raw["name"]) + len("Autumn")))
    assert len(emulator.writes) == 2


@one_client
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_lost_answer_is_looked_for(moment: str, emulating: Emulating) -> None:
    emulator = emulating("truedy")
    client = emulator.join()._client
    campaign = client.create_campaign(draft("truedy"))
    emulator.fail(1, {"drop": moment})
    assert client.rename_campaign(campaign.id, "Autumn").name == "Autumn"


@one_client
def test_a_200_without_a_new_name_is_no_success(emulating: Emulating) -> None:
    emulator = emulating("truedy")
    client = emulator.join()._client
    campaign = client.create_campaign(draft("truedy"))
    emulator.fail(1, {"status": 200, "body": {"data": {}}})
    with pytest.raises(PartlyDone, match="its name is 'Spring calls', not 'Autumn'") as caught:
        client.rename_campaign(campaign.id, "Autumn")
    assert caught.value.campaign is not None
    assert caught.value.campaign.id == campaign.id


@one_client
def test_an_answer_that_is_none_is_not_believed(emulating: Emulating) -> None:
    emulator = emulating("truedy")
    client = emulator.join()._client
    campaign = client.create_campaign(draft("truedy"))
    emulator.fail(1, {"status": 200, "body": "<html>Bad Gateway</html>"})
    emulator.hide_after(len(emulator.writes) + 1)
    with pytest.raises(OutcomeUnknown, match=f"look at the name of {campaign.id}"):
        client.rename_campaign(campaign.id, "Autumn")


@one_client
def test_what_cannot_be_done_is_said_before_anything_is_sent(emulating: Emulating) -> None:
    emulator = emulating("talkifai")
    client = emulator.join()._client
    campaign = client.create_campaign(draft("talkifai"))
    with pytest.raises(UnsupportedFeature, match="rename_campaign"):
        client.rename_campaign(campaign.id, "Autumn")
    with pytest.raises(InvalidInput, match="not blank"):
        client.rename_campaign(campaign.id, " ")
    assert len(emulator.writes) == 1
