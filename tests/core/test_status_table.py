"""Translation of status words by a table."""

import logging

import pytest

from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.status_table import StatusReader, StatusTable

TABLE = StatusTable(
    {
        "pending": CallStatus.PENDING,
        "scheduled": CallStatus.PENDING,
        "in-progress": CallStatus.IN_PROGRESS,
        "no_answer": CallStatus.NO_ANSWER,
        "busy": CallStatus.BUSY,
        "dialing": CallStatus.DIALING,
        "cancelled": CallStatus.CANCELLED,
    },
    filterable=True,
    not_filterable={"busy"},
)


@pytest.fixture
def read() -> StatusReader[CallStatus]:
    return StatusReader(TABLE, "acme", "contact")


class TestTable:
    @pytest.mark.parametrize(
        ("status", "spellings"),
        [
            (CallStatus.NO_ANSWER, ["no_answer", "no-answer", "no answer", "NO_ANSWER", "noAnswer", "no__answer"]),
            (CallStatus.NO_ANSWER, ["no\tanswer"]),
            (CallStatus.IN_PROGRESS, ["in-progress", "in_progress", "inprogress", "In Progress"]),
            (CallStatus.CANCELLED, ["cancelled", "canceled", "Canceled", "CANCELLED"]),
            (CallStatus.DIALING, ["dialing", "dialling", "Dialling"]),
            (None, ["", "answer", "no_answers", "no.answer", "paused"]),
        ],
    )
    def test_spelling_makes_no_difference(self, status: CallStatus | None, spellings: list[str]) -> None:
        assert {TABLE.get(word) for word in spellings} == {status}

    def test_an_american_table_finds_the_british_word(self) -> None:
        american = StatusTable({"canceled": CallStatus.CANCELLED})
        assert american.get("cancelled") is CallStatus.CANCELLED

    def test_a_table_can_be_printed_in_its_own_order_and_spelling(self) -> None:
        assert [word for word, _ in TABLE] == [*TABLE.words]


class TestFilterWord:
    @pytest.mark.parametrize(
        ("wanted", "word"),
        [
            ([CallStatus.NO_ANSWER], "no_answer"),
            ([CallStatus.PENDING], None),  # two words stand for it
            ([CallStatus.BUSY], None),  # the vendor's filter does not take the word
            ([CallStatus.VOICEMAIL], None),  # the vendor has no word
            ([CallStatus.UNKNOWN], None),
            ([CallStatus.NO_ANSWER, CallStatus.VOICEMAIL], None),
            ([CallStatus.NO_ANSWER, CallStatus.BUSY], None),
            ([], None),
        ],
    )
    def test_there_is_one_if_it_says_exactly_what_is_wanted(self, wanted: list[CallStatus], word: str | None) -> None:
        assert TABLE.filter_word(frozenset(wanted)) == word

    def test_there_is_none_where_the_vendor_has_no_filter(self) -> None:
        table = StatusTable({"busy": CallStatus.BUSY})
        assert table.filter_word(frozenset({CallStatus.BUSY})) is None


class TestTwoFields:
    """A table whose keys are words, and pairs of a word and a reason."""

    TWO = StatusTable(
        {
            "done": CallStatus.COMPLETED,
            ("done", "line-busy"): CallStatus.BUSY,
            "failed": CallStatus.FAILED,
        },
        filterable=True,
    )

    @pytest.mark.parametrize(
        ("reason", "status"),
        [("line-busy", CallStatus.BUSY), ("Line Busy", CallStatus.BUSY), (None, CallStatus.COMPLETED)],
    )
    def test_the_pair_decides(self, reason: str | None, status: CallStatus) -> None:
        read = StatusReader(self.TWO, "acme", "contact")
        assert [self.TWO.get("Done", reason), read("done", reason), read("done", reason)] == [status] * 3

    @pytest.mark.parametrize(
        ("reason", "status"),
        [
            ("error-of-next-year", CallStatus.FAILED),
            ("Error Network", CallStatus.CARRIER_ERROR),
            ("error-network-down", CallStatus.CARRIER_ERROR),
            ("error-busy", CallStatus.BUSY),
            ("an error-busy", CallStatus.COMPLETED),
        ],
    )
    def test_a_star_stands_for_all_reasons_that_begin_like_it(self, reason: str, status: CallStatus) -> None:
        about = {
            "error-*": CallStatus.FAILED,
            "error-network*": CallStatus.CARRIER_ERROR,
            "error-busy": CallStatus.BUSY,
        }
        table = StatusTable({"done": CallStatus.COMPLETED, **{("done", why): status for why, status in about.items()}})
        assert table.get("Done", reason) is StatusReader(table, "acme", "contact")("done", reason) is status
        assert table.get("failed", reason) is None

    def test_a_reason_that_is_not_known_leaves_it_to_the_word(self, caplog: pytest.LogCaptureFixture) -> None:
        read = StatusReader(self.TWO, "acme", "contact")
        assert read("done", "a reason of next year") is CallStatus.COMPLETED
        assert read.known["done", "a reason of next year"] == (CallStatus.COMPLETED, True)
        assert caplog.messages == []

    def test_a_word_that_is_not_known_is_unknown_with_any_reason(self) -> None:
        assert StatusReader(self.TWO, "acme", "contact")("gone", "line-busy") is CallStatus.UNKNOWN

    def test_a_word_goes_to_the_filter_only_if_it_is_the_status_with_any_reason(self) -> None:
        words = [self.TWO.filter_word(frozenset({status})) for status in ("completed", "busy", "failed")]  # type: ignore[arg-type]  # a status is its word
        assert words == [None, None, "failed"]

    def test_it_is_printed_with_its_reason(self) -> None:
        assert [word for word, _ in self.TWO] == ["done", "done (line-busy)", "failed"]


class TestReader:
    def test_it_reads_by_the_table(self, read: StatusReader[CallStatus]) -> None:
        assert read("busy") is CallStatus.BUSY

    def test_it_reads_other_spellings(self, read: StatusReader[CallStatus], caplog: pytest.LogCaptureFixture) -> None:
        assert [read("No Answer"), read("No Answer")] == [CallStatus.NO_ANSWER, CallStatus.NO_ANSWER]
        assert caplog.messages == []

    def test_no_word_is_unknown_and_not_worth_a_warning(
        self, read: StatusReader[CallStatus], caplog: pytest.LogCaptureFixture
    ) -> None:
        assert read(None) is CallStatus.UNKNOWN
        assert caplog.messages == []

    def test_an_unknown_word_is_warned_of_once(
        self, read: StatusReader[CallStatus], caplog: pytest.LogCaptureFixture
    ) -> None:
        assert [read("hibernating"), read("hibernating")] == [CallStatus.UNKNOWN, CallStatus.UNKNOWN]
        assert caplog.record_tuples == [
            (
                "unibatch",
                logging.WARNING,
                "acme: unknown contact status 'hibernating' is read as UNKNOWN; the word is kept in vendor_status",
            )
        ]

    def test_each_reader_warns_for_itself(
        self, read: StatusReader[CallStatus], caplog: pytest.LogCaptureFixture
    ) -> None:
        read("hibernating")
        StatusReader(TABLE, "other", "contact")("hibernating")
        assert [message.split(":")[0] for message in caplog.messages] == ["acme", "other"]

    def test_each_unknown_word_is_warned_of(
        self, read: StatusReader[CallStatus], caplog: pytest.LogCaptureFixture
    ) -> None:
        read("hibernating")
        read("dreaming")
        assert len(caplog.messages) == 2

    def test_a_server_that_makes_up_words_cannot_flood_the_log(
        self, read: StatusReader[CallStatus], caplog: pytest.LogCaptureFixture
    ) -> None:
        assert {read(f"word {number}") for number in range(1000)} == {CallStatus.UNKNOWN}
        assert len(caplog.messages) == 200

    def test_a_server_that_makes_up_spellings_cannot_fill_the_memory(self, read: StatusReader[CallStatus]) -> None:
        assert {read("busy" + " " * number) for number in range(1000)} == {CallStatus.BUSY}
        assert len(read.known) == 200

    def test_a_long_word_is_cut_and_a_phone_number_in_it_masked(
        self, read: StatusReader[CallStatus], caplog: pytest.LogCaptureFixture
    ) -> None:
        read("called +15551234567 " + "x" * 1000)
        (message,) = caplog.messages
        assert "+15551234567" not in message
        assert len(message) < 200

    def test_it_reads_campaigns_too(self, caplog: pytest.LogCaptureFixture) -> None:
        table = StatusTable({"active": CampaignStatus.RUNNING})
        read = StatusReader(table, "acme", "campaign")
        assert (read("Active"), read("asleep")) == (CampaignStatus.RUNNING, CampaignStatus.UNKNOWN)
        assert caplog.messages == [
            "acme: unknown campaign status 'asleep' is read as UNKNOWN; the word is kept in vendor_status"
        ]
