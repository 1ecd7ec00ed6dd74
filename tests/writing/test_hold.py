"""Nobody is called before the start that was asked for, with anything going wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.bothways import VENDORS
from tests.writing.conftest import Emulating, Emulator, draft, numbers, one_client, settle
from tests.writing.faults import EVERY_WRITE, FAULTS, late, patience
from unibatch import CampaignStatus
from unibatch.core.errors import DraftRefused, UnsupportedFeature

pytestmark = pytest.mark.usefixtures("impatient")

UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
"""Until when TalkifAI holds."""


def pass_by(emulator: Emulator) -> datetime:
    """Let the vendor's time pass as far as nobody may be called; to a moment before `UNTIL`, or a year for others."""
    emulator.catch_up()
    emulator.now = UNTIL - timedelta(seconds=1) if emulator.vendor == "talkifai" else UNTIL + timedelta(days=365)
    return emulator.now


@pytest.mark.parametrize("vendor", VENDORS)
class TestAHeldDraft:
    @one_client
    @pytest.mark.parametrize("fault", FAULTS)
    def test_calls_nobody_though_writes_are_lost(self, vendor: str, fault: str, emulating: Emulating) -> None:
        options = {"created": "as schedule_type"} if vendor == "truedy" else {}
        emulator, wanted = emulating(vendor, **options), draft(vendor, 4, hold_until=UNTIL)
        emulator.fail(EVERY_WRITE, FAULTS[fault])
        settle(emulator, lambda client: client.create(wanted), timeout=patience(fault))
        assert emulator.dialled == []
        pass_by(emulator)
        assert (emulator.dialled, sorted(emulator.all_numbers())) == ([], numbers(wanted.contacts))

    def test_calls_nobody_though_the_work_is_done_late(self, vendor: str, emulating: Emulating) -> None:
        emulator, wanted = emulating(vendor), draft(vendor, 4, hold_until=UNTIL)
        emulator.fail(EVERY_WRITE, late(0.002))
        settle(emulator, lambda client: client.create(wanted))
        pass_by(emulator)
        assert emulator.dialled == []


@pytest.mark.parametrize("vendor", ["truedy", "talkifai"])
def test_a_held_campaign_calls_everybody_once_when_it_is_started(vendor: str, emulating: Emulating) -> None:
    emulator, wanted = emulating(vendor), draft(vendor, 4, hold_until=UNTIL)
    campaign = emulator.join().create(wanted)
    started = emulator.join().change("start_campaign", campaign.id)
    assert started is not None
    assert started.status is CampaignStatus.RUNNING
    assert sorted(emulator.dialled) == numbers(wanted.contacts)
    emulator.now = UNTIL + timedelta(days=1)
    assert sorted(emulator.dialled) == numbers(wanted.contacts)


def test_a_held_batch_of_techladder_s_is_started_in_its_dashboard(emulating: Emulating) -> None:
    emulator, wanted = emulating("techladder"), draft("techladder", 4)
    campaign = emulator.join().create(wanted)
    with pytest.raises(UnsupportedFeature, match="dashboard"):
        emulator.join().change("start_campaign", campaign.id)
    assert emulator.dialled == []


class TestTalkifAI:
    def test_cannot_hold_for_ever_and_so_nothing_is_sent(self, emulating: Emulating) -> None:
        emulator = emulating("talkifai")
        for accepted in ((), ("start",), ("start", "hold_until")):
            with pytest.raises(DraftRefused, match="Give hold_until"):
                emulator.join().create(draft("talkifai", hold_until=None), accept_loss=accepted)
        assert emulator.arrivals == []

    def test_calls_nobody_when_the_job_is_cancelled_before(self, emulating: Emulating) -> None:
        emulator, wanted = emulating("talkifai"), draft("talkifai", 4, hold_until=UNTIL)
        campaign = emulator.join().create(wanted)
        emulator.join().change("cancel_campaign", campaign.id)
        emulator.now = UNTIL + timedelta(days=1)
        assert emulator.dialled == []

    @pytest.mark.parametrize("until", [datetime.now(UTC) - timedelta(seconds=1), datetime(2020, 1, 1, tzinfo=UTC)])
    def test_holds_until_no_time_that_has_passed(self, until: datetime, emulating: Emulating) -> None:
        emulator = emulating("talkifai")
        with pytest.raises(DraftRefused, match="lies in the past"):
            emulator.join().create(draft("talkifai", hold_until=until))
        assert emulator.arrivals == []


class TestTruedyThatBegins:
    """One example of the vendor answers a creation with a campaign that is scheduled, not with a draft."""

    @one_client
    @pytest.mark.parametrize("fault", FAULTS)
    def test_is_paused_though_the_answer_is_lost(self, fault: str, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy", created="scheduled"), draft("truedy", 4)
        emulator.fail("/pause", FAULTS[fault])
        campaign = settle(emulator, lambda client: client.create(wanted), timeout=patience(fault))
        assert campaign.status is CampaignStatus.PAUSED
        pass_by(emulator)
        assert emulator.dialled == []

    def test_is_paused_again_when_the_same_is_asked_for_again_after_it_was_resumed(self, emulating: Emulating) -> None:
        """It goes on by the vendor's start, not by one of the user's, and to hold means that nobody is called."""
        emulator, wanted = emulating("truedy", created="scheduled"), draft("truedy", 4)
        campaign = emulator.join().create(wanted)
        campaign_id = campaign.id
        assert campaign.status is CampaignStatus.PAUSED
        emulator.join().change("resume_campaign", campaign_id)
        assert emulator.campaigns[campaign_id].status == "scheduled"
        again = emulator.join().create(wanted)
        assert (again.id, again.status) == (campaign_id, CampaignStatus.PAUSED)
        pass_by(emulator)
        assert emulator.dialled == []

    def test_is_not_paused_when_the_same_is_asked_for_again_after_it_was_started(self, emulating: Emulating) -> None:
        emulator, wanted = emulating("truedy"), draft("truedy", 4)
        campaign_id = emulator.join().create(wanted).id
        emulator.join().change("start_campaign", campaign_id)
        assert emulator.join().create(wanted).status is CampaignStatus.RUNNING
