"""What each canonical status means."""

import pytest

from unibatch.core.status import CallStatus, CampaignStatus

# For each status: is the attempt over, did somebody pick up, is another attempt worth while?
CALLS = {
    "pending": (False, False, False),
    "queued": (False, False, False),
    "retry_scheduled": (False, False, False),
    "dialing": (False, False, False),
    "placed": (False, False, False),
    "ringing": (False, False, False),
    "answered": (False, True, False),
    "in_progress": (False, True, False),
    "completed": (True, True, False),
    "voicemail": (True, True, False),
    "no_answer": (True, False, True),
    "busy": (True, False, True),
    "timeout": (True, False, True),
    "rejected": (True, False, False),
    "invalid_number": (True, False, False),
    "blocked": (True, False, False),
    "carrier_error": (True, False, True),
    "failed": (True, False, False),
    "cancelled": (True, False, False),
    "skipped": (True, False, False),
    "expired": (True, False, False),
    "unknown": (False, False, False),
}

CAMPAIGNS_OVER = {
    "draft": False,
    "scheduled": False,
    "pending": False,
    "running": False,
    "paused": False,
    "completed": True,
    "failed": True,
    "cancelled": True,
    "expired": True,
    "unknown": False,
}


def test_the_truth_about_every_call_status() -> None:
    assert {
        status.value: (status.is_terminal, status.is_connected, status.is_retryable) for status in CallStatus
    } == CALLS


def test_the_truth_about_every_campaign_status() -> None:
    assert {status.value: status.is_terminal for status in CampaignStatus} == CAMPAIGNS_OVER


@pytest.mark.parametrize("status", [status for status in CallStatus if status.is_retryable])
def test_what_is_worth_retrying_is_over_and_reached_nobody(status: CallStatus) -> None:
    assert (status.is_terminal, status.is_connected) == (True, False)


@pytest.mark.parametrize("status", [*CallStatus, *CampaignStatus])
def test_every_status_says_what_it_means(status: CallStatus | CampaignStatus) -> None:
    assert status.meaning.endswith(".")
    assert status.__doc__ == status.meaning


@pytest.mark.parametrize("status", [*CallStatus, *CampaignStatus])
def test_a_status_is_its_word(status: CallStatus | CampaignStatus) -> None:
    assert f"{status}" == status.value == status.name.lower()


def test_a_status_is_found_by_its_word() -> None:
    assert CallStatus("no_answer") is CallStatus.NO_ANSWER
    assert CampaignStatus("running") is CampaignStatus.RUNNING
