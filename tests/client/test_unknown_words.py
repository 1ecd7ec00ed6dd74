"""Status words that are in no documentation: taken for UNKNOWN, kept, and warned of once."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.bothways import ONE_CLIENT, VENDORS, Connect
from tests.client.replies import CAMPAIGN, CONTACT, Replies, Reply, one, page
from unibatch import CallStatus, CampaignStatus

pytestmark = ONE_CLIENT

ID = {"truedy": "contact_id", "techladder": "call_id", "talkifai": "id"}
STATUS = {"truedy": "call_status", "techladder": "status", "talkifai": "status"}


def contact(vendor: str, name: str, word: str | None) -> dict[str, Any]:
    return {**CONTACT[vendor], ID[vendor]: name, STATUS[vendor]: word}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("vendor", VENDORS)
class TestContacts:
    def test_one_breaks_nothing_and_is_kept(self, connect: Connect, vendor: str) -> None:
        rows = [contact(vendor, "1", "teleported"), contact(vendor, "2", "completed")]
        contacts = list(connect(vendor, answer=Replies(Reply(body=page(vendor, *rows)))).list_contacts("c-1"))
        assert [(found.status, found.vendor_status) for found in contacts] == [
            (CallStatus.UNKNOWN, "teleported"),
            (CallStatus.COMPLETED, "completed"),
        ]

    def test_one_is_not_taken_for_the_end(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=page(vendor, contact(vendor, "1", "teleported"))))
        [found] = connect(vendor, answer=server).list_contacts("c-1")
        assert not found.is_final

    def test_each_word_is_warned_of_once(self, connect: Connect, vendor: str, caplog: pytest.LogCaptureFixture) -> None:
        words = ["teleported", "beamed up", "teleported", "completed", "teleported"]
        rows = [contact(vendor, str(place), word) for place, word in enumerate(words)]
        client = connect(vendor, answer=Replies(Reply(body=page(vendor, *rows))))
        list(client.list_contacts("c-1"))
        list(client.list_contacts("c-1"))
        assert warnings(caplog) == [
            f"{vendor}: unknown contact status {word!r} is read as UNKNOWN; the word is kept in vendor_status"
            for word in ("teleported", "beamed up")
        ]

    def test_another_client_warns_again(self, connect: Connect, vendor: str, caplog: pytest.LogCaptureFixture) -> None:
        for _ in range(2):
            server = Replies(Reply(body=page(vendor, contact(vendor, "1", "teleported"))))
            list(connect(vendor, answer=server).list_contacts("c-1"))
        assert len(warnings(caplog)) == 2

    def test_a_missing_word_is_unknown_without_a_warning(
        self, connect: Connect, vendor: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = Replies(Reply(body=page(vendor, contact(vendor, "1", None))))
        [found] = connect(vendor, answer=server).list_contacts("c-1")
        assert (found.status, found.vendor_status) == (CallStatus.UNKNOWN, None)
        assert warnings(caplog) == []

    def test_another_spelling_of_a_known_word_is_known(
        self, connect: Connect, vendor: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        spellings = ["COMPLETED", "Completed", " completed ", "com-pleted"]
        rows = [contact(vendor, str(place), word) for place, word in enumerate(spellings)]
        contacts = list(connect(vendor, answer=Replies(Reply(body=page(vendor, *rows)))).list_contacts("c-1"))
        assert [(found.status, found.vendor_status) for found in contacts] == [
            (CallStatus.COMPLETED, word) for word in spellings
        ]
        assert warnings(caplog) == []

    def test_they_can_be_filtered_for(self, connect: Connect, vendor: str) -> None:
        rows = [contact(vendor, "1", "teleported"), contact(vendor, "2", "completed")]
        server = Replies(Reply(body=page(vendor, *rows)))
        found = connect(vendor, answer=server).list_contacts("c-1", status=CallStatus.UNKNOWN)
        assert [row.vendor_status for row in found] == ["teleported"]


@pytest.mark.parametrize("vendor", VENDORS)
class TestCampaigns:
    def test_one_breaks_nothing_and_is_kept(self, connect: Connect, vendor: str) -> None:
        server = Replies(Reply(body=one(vendor, {**CAMPAIGN[vendor], "status": "hibernating"})))
        campaign = connect(vendor, answer=server).get_campaign("c-1")
        assert (campaign.status, campaign.vendor_status) == (CampaignStatus.UNKNOWN, "hibernating")

    def test_each_word_is_warned_of_once(self, connect: Connect, vendor: str, caplog: pytest.LogCaptureFixture) -> None:
        server = Replies(Reply(body=one(vendor, {**CAMPAIGN[vendor], "status": "hibernating"})))
        client = connect(vendor, answer=server)
        client.get_campaign("c-1")
        client.get_campaign("c-1")
        assert warnings(caplog) == [
            f"{vendor}: unknown campaign status 'hibernating' is read as UNKNOWN; the word is kept in vendor_status"
        ]


def test_a_word_in_talkifais_breakdown_is_counted_as_unknown(connect: Connect) -> None:
    job = {**CAMPAIGN["talkifai"], "statusBreakdown": {"completed": 3, "teleported": 2, "beamed up": 1}}
    campaign = connect("talkifai", answer=Replies(Reply(body=job))).get_campaign("job_1")
    assert campaign.counts.by_status == {CallStatus.COMPLETED: 3, CallStatus.UNKNOWN: 3}


def test_a_vendor_that_makes_up_words_all_the_time_does_not_fill_the_log(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [contact("truedy", str(place), f"word {place}") for place in range(1000)]
    server = Replies(Reply(body=page("truedy", *rows)))
    assert len(list(connect("truedy", answer=server).list_contacts("c-1"))) == 1000
    assert len(warnings(caplog)) == 200
