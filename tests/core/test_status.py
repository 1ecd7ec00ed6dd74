"""What each canonical status means."""

import pytest

from unibatch.core.status import CallStatus, CampaignStatus

REACHED = {"completed", "voicemail"}
WORTH_RETRYING = {"no_answer", "busy", "timeout", "carrier_error"}
UNDER_WAY = {"dialing", "placed", "ringing", "answered", "in_progress"}
OTHER_ENDS = {"rejected", "invalid_number", "blocked", "failed", "cancelled", "skipped", "expired"}


def test_the_truth_about_every_call_status() -> None:
    assert {status for status in CallStatus if status.is_terminal} == REACHED | WORTH_RETRYING | OTHER_ENDS
    assert {status for status in CallStatus if status.is_connected} == REACHED | {"answered", "in_progress"}
    assert {status for status in CallStatus if status.is_retryable} == WORTH_RETRYING
    assert {status for status in CallStatus if status.is_under_way} == UNDER_WAY


def test_the_truth_about_every_campaign_status() -> None:
    over = {status for status in CampaignStatus if status.is_terminal}
    assert over == {"completed", "failed", "cancelled", "expired"}


@pytest.mark.parametrize("kind", [CallStatus, CampaignStatus])
def test_a_status_is_its_word_and_says_what_it_means(kind: type[CallStatus | CampaignStatus]) -> None:
    for status in kind:
        assert f"{status}" == status.value == status.name.lower()
        assert kind(status.value) is status
        assert status.__doc__ == status.meaning
        assert status.meaning.endswith(".")
