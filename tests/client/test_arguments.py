"""Arguments of the wrong type are refused before anything is sent, also where no type checker was asked."""

from typing import Any

import pytest

from tests.bothways import Connect
from unibatch import CallStatus, CampaignStatus, ConfigError, InvalidInput, Timeout

WRONG: Any = [5, None, b"x", True, ["a"]]


class TestIds:
    @pytest.mark.parametrize("campaign_id", WRONG)
    def test_a_campaign_has_a_text_for_an_id(self, connect: Connect, campaign_id: Any) -> None:
        client = connect("truedy")
        with pytest.raises(InvalidInput, match="an id must be a text that is not blank"):
            client.get_campaign(campaign_id)
        with pytest.raises(InvalidInput, match="an id must be a text that is not blank"):
            client.list_contacts(campaign_id)

    def test_one_that_is_too_long_for_a_url_is_refused(self, connect: Connect) -> None:
        with pytest.raises(InvalidInput, match="too long"):
            connect("truedy").get_campaign("x" * 70_000)

    @pytest.mark.parametrize("external_id", [7, b"7", True])
    @pytest.mark.parametrize("vendor", ["techladder", "talkifai"])
    def test_an_external_id_that_would_match_nobody(self, connect: Connect, vendor: str, external_id: Any) -> None:
        client = connect(vendor)
        with pytest.raises(InvalidInput, match="external_id must be a text"):
            client.list_contacts("c-1", external_id=external_id)

    def test_an_agent_id_that_would_match_nothing(self, connect: Connect) -> None:
        client = connect("talkifai")
        agent_id: Any = 7
        with pytest.raises(InvalidInput, match="agent_id must be a text"):
            client.list_campaigns(agent_id=agent_id)


class TestStatuses:
    def test_a_campaigns_status_is_none_of_a_contact(self, connect: Connect) -> None:
        client = connect("truedy")
        status: Any = CampaignStatus.PENDING
        with pytest.raises(InvalidInput, match="is no CallStatus"):
            client.list_contacts("c-1", status=status)

    def test_a_contacts_status_is_none_of_a_campaign(self, connect: Connect) -> None:
        client = connect("truedy")
        status: Any = [CampaignStatus.PAUSED, CallStatus.FAILED]
        with pytest.raises(InvalidInput, match="is no CampaignStatus"):
            client.list_campaigns(status=status)


class TestConnecting:
    @pytest.mark.parametrize("key", [5, b"key", ["key"]])
    def test_a_key_is_a_text(self, connect: Connect, key: Any) -> None:
        with pytest.raises(ConfigError, match="the API key for truedy must be a text"):
            connect("truedy", api_key=key)

    @pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), 86_401, True, "5"])
    def test_a_timeout_is_a_number_of_seconds_up_to_a_day(self, connect: Connect, seconds: Any) -> None:
        with pytest.raises(InvalidInput, match="a time-out is a number of seconds above 0"):
            connect("truedy", timeout=seconds)

    def test_a_day_is_a_timeout(self) -> None:
        assert Timeout.of(86_400) == Timeout(connect=86_400, read=86_400)
