"""Which requests are sent again, when, how often, and what is announced."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any, TypeAlias

import pytest

from tests.bothways import Connect
from tests.client.byhand import KEY, Line, fixed_time, received
from tests.client.replies import CAMPAIGN, CONTACT, Replies, Reply, one, page, refusal
from unibatch import Campaign, InvalidInput, Retry, Wait
from unibatch.client import drivers
from unibatch.client.bodies import TooLarge
from unibatch.client.conversation import Conversation, Pause, ReadAhead
from unibatch.client.exchange import Answered
from unibatch.client.operations import Operations
from unibatch.client.options import Options
from unibatch.client.transport import httpx
from unibatch.core import errors
from unibatch.core.flow import Flow, Request
from unibatch.core.provider import ContactFilter
from unibatch.core.structuring import StructureError

FOUND = Reply(body=one("truedy", CAMPAIGN["truedy"]))
PHONE = "+12125550123"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

Failures: TypeAlias = Mapping[str, tuple[Reply | Exception, type[errors.UnibatchError]]]

LOST: Failures = {
    "no answer in time": (httpx.ReadTimeout("too slow"), errors.ReadTimeout),
    "not sent whole in time": (httpx.WriteTimeout("too slow"), errors.WriteTimeout),
    "broken while reading": (httpx.ReadError("reset"), errors.ConnectionLost),
    "broken while writing": (httpx.WriteError("reset"), errors.ConnectionLost),
    "broken while closing": (httpx.CloseError("reset"), errors.ConnectionLost),
    "no HTTP": (httpx.RemoteProtocolError("peer closed connection"), errors.ConnectionLost),
    "nothing that HTTP can say": (httpx.LocalProtocolError("illegal header"), errors.ConnectionLost),
    "JSON cut off": (Reply(200, '{"data": {"id": "ba'), errors.MalformedResponse),
    "a list cut off": (Reply(200, '[{"id": "batch_1"}, '), errors.MalformedResponse),
    "cut off behind a brace": (Reply(200, '{"data": {"id": "batch_1"}'), errors.MalformedResponse),
    "empty": (Reply(200, b"", {"Content-Length": "0"}), errors.MalformedResponse),
    "blank": (Reply(200, b" \n"), errors.MalformedResponse),
    "a damaged body": (Reply(200, b"\x1f\x8bnonsense", {"Content-Encoding": "gzip"}), errors.MalformedResponse),
    "408": (Reply(408), errors.ServerError),
    "500": (Reply(500), errors.ServerError),
    "502": (Reply(502, "<html>"), errors.ServerError),
    "503": (Reply(503), errors.ServerError),
    "504": (Reply(504), errors.ServerError),
}
"""The request may have arrived, and there is hope for the next one."""

NEVER_SENT: Failures = {
    "no connection": (httpx.ConnectError("refused"), errors.ConnectFailed),
    "no connection by proxy": (httpx.ProxyError("407"), errors.ConnectFailed),
    "no connection in time": (httpx.ConnectTimeout("too slow"), errors.ConnectTimeout),
    "no free connection": (httpx.PoolTimeout("too slow"), errors.PoolTimeout),
    "429": (Reply(429), errors.RateLimited),
}

SAYING_WHEN = (408, 429, 500, 502, 503, 504, 520, 529)
"""The statuses with which a vendor can say when to come back."""

REFUSED: Failures = {
    "400": (Reply(400), errors.InvalidRequest),
    "401": (Reply(401), errors.AuthenticationError),
    "402": (Reply(402), errors.PaymentRequired),
    "403": (Reply(403), errors.PermissionDenied),
    "404": (Reply(404), errors.NotFound),
    "410": (Reply(410), errors.NotFound),
    "422": (Reply(422), errors.InvalidRequest),
    "redirect": (Reply(307, headers={"Location": "https://elsewhere.example/"}), errors.RedirectRefused),
}

BEYOND_HOPE: Failures = {
    "304": (Reply(304), errors.ServerError),
    "a redirect without a target": (Reply(302), errors.ServerError),
    "a redirect to nowhere": (Reply(302, headers={"Location": "http://[bad"}), errors.RedirectRefused),
    "409": (Reply(409), errors.Conflict),
    "418": (Reply(418), errors.InvalidRequest),
    "425": (Reply(425), errors.InvalidRequest),
    "499": (Reply(499), errors.InvalidRequest),
    "501": (Reply(501), errors.ServerError),
    "505": (Reply(505), errors.ServerError),
    "too large": (TooLarge("too large"), errors.AnswerTooLarge),
}
"""The request arrived, nobody knows what came of it, and the next answer would be the same."""

UNREADABLE: Failures = {
    "HTML": (Reply(200, "<html>"), errors.MalformedResponse),
    "other JSON": (Reply(200, {"data": 5}), errors.MalformedResponse),
    "no JSON between braces": (Reply(200, "{data}"), errors.MalformedResponse),
}
"""It came whole, and is not what the vendor documents."""


def get(line: Line) -> Conversation[Campaign]:
    return line.exchange.run(line.exchange.provider.get_campaign("batch_1"))


def writing(
    *, method: str = "POST", content: bytes = b'{"name":"March"}', readable: bool = True, **about: Any
) -> Flow[int]:
    response = yield Request(
        operation="create_campaign", method=method, path="/batch-calls", content=content, subject="March", **about
    )
    if not readable:
        raise StructureError("$.data", "is missing")
    return response.status


def post(line: Line, **about: Any) -> Conversation[int]:
    return line.exchange.run(writing(**about))


def retry_after(error: BaseException) -> timedelta | None:
    assert isinstance(error, errors.RateLimited | errors.ServerError)
    return error.retry_after


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(monkeypatch)


OUTCOMES: list[
    tuple[Mapping[str, tuple[Reply | Exception, type[errors.UnibatchError]]], Mapping[str, tuple[int, bool]]]
] = [
    (LOST, {"GET": (3, False), "POST": (1, True), "a POST that the vendor recognises": (3, True)}),
    (NEVER_SENT, {"GET": (3, False), "POST": (3, False), "a POST that the vendor recognises": (3, False)}),
    (REFUSED, {"GET": (1, False), "POST": (1, False), "a POST that the vendor recognises": (1, False)}),
    (BEYOND_HOPE, {"GET": (1, False), "POST": (1, True), "a POST that the vendor recognises": (1, True)}),
    (UNREADABLE, {"GET": (1, False)}),
]
"""For each failure: how often a request is sent at most three times, and whether its outcome is unknown in the end."""

ASKING: dict[str, Callable[[Line], Conversation[Any]]] = {
    "GET": get,
    "POST": post,
    "a POST that the vendor recognises": lambda line: post(line, repeatable=True),
}


@pytest.mark.parametrize(
    ("asking", "failure", "kind", "sent", "unknown"),
    [
        pytest.param(asking, *case, *outcome, id=f"{asking}, {name}")
        for failures, outcomes in OUTCOMES
        for name, case in failures.items()
        for asking, outcome in outcomes.items()
    ],
)
def test_how_often_a_request_is_sent_and_what_is_raised_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
    asking: str,
    failure: Reply | Exception,
    kind: type[errors.UnibatchError],
    sent: int,
    *,
    unknown: bool,
) -> None:
    line = Line(monkeypatch, retry=Retry(attempts=3))
    with pytest.raises(errors.UnibatchError) as caught:
        line.lead(ASKING[asking](line), failure)
    assert (len(line.requests), len(line.pauses)) == (sent, sent - 1)
    error: BaseException | None = caught.value
    if isinstance(error, errors.OutcomeUnknown):
        assert unknown
        assert error.reason == re.sub("; try again[^(]*(?= )", "", str(error.__cause__))  # without that advice
        assert "try again" not in error.reason
        error = error.__cause__
    else:
        assert not unknown
    assert type(error) is kind
    if sent > 1:
        line = Line(monkeypatch, retry=Retry(attempts=3))
        line.lead(ASKING[asking](line), failure, FOUND)
        assert len(line.requests) == 2


class TestReading:
    @pytest.mark.parametrize(
        ("failure", "kind"),
        [*NEVER_SENT.values(), LOST["500"], (Reply(429, headers={"Retry-After": "1"}), errors.RateLimited)],
    )
    def test_one_attempt_is_one_attempt(
        self, monkeypatch: pytest.MonkeyPatch, failure: Reply | Exception, kind: type[errors.UnibatchError]
    ) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=1))
        with pytest.raises(errors.UnibatchError) as caught:
            line.lead(get(line), failure)
        assert type(caught.value) is kind
        assert (len(line.requests), line.pauses) == (1, [])

    def test_six_attempts_go_without_saying(self, line: Line) -> None:
        with pytest.raises(errors.ServerError):
            line.lead(get(line), Reply(500))
        assert len(line.requests) == 6

    def test_of_several_failures_the_latest_is_raised(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=4))
        with pytest.raises(errors.ReadTimeout):
            line.lead(get(line), Reply(500), Reply(429), httpx.ConnectError("refused"), httpx.ReadTimeout("too slow"))
        assert len(line.requests) == 4

    def test_one_that_will_not_pass_ends_the_attempts(self, line: Line) -> None:
        with pytest.raises(errors.NotFound):
            line.lead(get(line), Reply(500), Reply(404))
        assert len(line.requests) == 2

    def test_each_request_of_an_operation_has_attempts_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def two() -> Flow[int]:
            first = yield Request(operation="two", path="/first")
            second = yield Request(operation="two", path="/second")
            return first.status + second.status

        line = Line(monkeypatch, retry=Retry(attempts=2))
        failure = Reply(500)
        assert line.lead(line.exchange.run(two()), failure, FOUND, failure, FOUND) == 400

    def test_after_a_redirect_it_begins_where_it_began(self, line: Line) -> None:
        line.lead(get(line), Reply(302, headers={"Location": "/elsewhere"}), Reply(500), FOUND)
        first, redirected, again = (request.url for request in line.requests)
        assert (again, redirected.path) == (first, "/elsewhere")


class TestBackoff:
    def test_each_pause_is_random_below_a_bound_that_doubles_up_to_half_a_minute(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(50):
            line = Line(monkeypatch, retry=Retry(attempts=10, total=10_000))
            with pytest.raises(errors.ServerError):
                line.lead(get(line), Reply(500))
            bounds = [min(30, 0.5 * 2**attempt) for attempt in range(9)]
            assert all(0 <= pause <= bound for pause, bound in zip(line.pauses, bounds, strict=True))

    def test_pauses_are_spread_over_the_whole_of_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        random.seed(5)
        pauses = []
        for _ in range(100):
            line = Line(monkeypatch)
            line.lead(get(line), Reply(500), Reply(500), Reply(500), Reply(500), FOUND)
            pauses.append(line.pauses[3])
        assert len(set(pauses)) == 100
        assert min(pauses) < 0.5
        assert max(pauses) > 3.5

    @pytest.mark.parametrize(
        ("takes", "fewest", "most"), [(0.0, 2, 100), (3.0, 2, 7), (7.0, 2, 3), (20.0, 1, 1), (21.0, 1, 1)]
    )
    def test_no_attempt_begins_after_the_total_time(
        self, monkeypatch: pytest.MonkeyPatch, takes: float, fewest: int, most: int
    ) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=100, total=20))
        line.takes = takes
        with pytest.raises(errors.ReadTimeout):
            line.lead(get(line), httpx.ReadTimeout("too slow"))
        assert line.asked_at[-1] <= 20
        assert fewest <= len(line.requests) <= most


RESET_AT = "2026-03-10T{}:00:07Z"

SEVEN_SECONDS: dict[str, Reply] = {
    "in seconds": Reply(429, headers={"Retry-After": "7"}),
    "as a date": Reply(429, headers={"Retry-After": format_datetime(NOON + timedelta(seconds=7), usegmt=True)}),
    "as a Unix time": Reply(429, headers={"X-RateLimit-Reset": str(int(NOON.timestamp()) + 7)}),
    "in the body": Reply(429, refusal("truedy", "rate_limit_exceeded", "Slow", {"reset_at": RESET_AT.format(12)})),
    "by a clock that is an hour ahead": Reply(
        429,
        refusal("truedy", "rate_limit_exceeded", "Slow", {"reset_at": RESET_AT.format(13)}),
        {"Date": "Tue, 10 Mar 2026 13:00:00 GMT"},
    ),
    "by a server under maintenance": Reply(503, headers={"Retry-After": "7"}),
}


class TestRetryAfter:
    @pytest.fixture(autouse=True)
    def noon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fixed_time(monkeypatch, NOON)

    @pytest.mark.parametrize("failure", SEVEN_SECONDS.values(), ids=SEVEN_SECONDS)
    def test_it_waits_so_long_and_little_longer(self, line: Line, failure: Reply) -> None:
        line.lead(get(line), failure, FOUND)
        [pause] = line.pauses
        assert 7 < pause < 7.5

    def test_the_end_of_the_limits_window_says_nothing_of_another_failure(self, line: Line) -> None:
        line.lead(get(line), Reply(503, headers={"X-RateLimit-Reset": str(int(NOON.timestamp()) + 60)}), FOUND)
        [pause] = line.pauses
        assert pause <= 0.5

    def test_without_a_time_it_waits_a_second_and_a_bit(self, line: Line) -> None:
        line.lead(get(line), Reply(429), FOUND)
        [pause] = line.pauses
        assert 1 <= pause <= 1.5

    @pytest.mark.parametrize("status", SAYING_WHEN)
    def test_it_is_not_counted_as_an_attempt(self, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=2))
        line.lead(get(line), *([Reply(status, headers={"Retry-After": "1"})] * 20), FOUND)
        assert len(line.requests) == 21

    def test_attempts_that_are_counted_are_left_to_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=3))
        asked_to_wait = Reply(429, headers={"Retry-After": "1"})
        with pytest.raises(errors.ServerError):
            line.lead(get(line), Reply(500), asked_to_wait, Reply(500), asked_to_wait, Reply(500), FOUND)
        assert len(line.requests) == 5

    def test_all_such_waits_together_take_no_longer_than_the_total_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, retry=Retry(total=20))
        with pytest.raises(errors.RateLimited) as caught:
            line.lead(get(line), Reply(429, headers={"Retry-After": "7"}))
        assert len(line.requests) == 3
        assert retry_after(caught.value) == timedelta(seconds=7)

    @pytest.mark.parametrize("status", SAYING_WHEN)
    def test_a_longer_wait_is_raised_immediately(self, line: Line, status: int) -> None:
        with pytest.raises((errors.RateLimited, errors.ServerError)) as caught:
            line.lead(get(line), Reply(status, headers={"Retry-After": "301"}))
        assert (len(line.requests), line.pauses) == (1, [])
        assert retry_after(caught.value) == timedelta(seconds=301)

    def test_a_time_in_the_past_is_no_wait_and_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=3))
        with pytest.raises(errors.RateLimited) as caught:
            line.lead(get(line), Reply(429, headers={"Retry-After": "Tue, 10 Mar 2026 11:00:00 GMT"}))
        assert len(line.requests) == 3
        assert retry_after(caught.value) is None

    @pytest.mark.parametrize("attempts", [1, 6])
    def test_nobody_with_that_key_asks_before(self, monkeypatch: pytest.MonkeyPatch, attempts: int) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=attempts, total=5))
        for _ in range(2):
            with pytest.raises(errors.RateLimited) as caught:
                line.lead(get(line), Reply(429, headers={"Retry-After": "7"}))
            assert retry_after(caught.value) == timedelta(seconds=7)
        assert (len(line.requests), line.pauses) == (1, [])
        line.clock.seconds += 7
        assert line.lead(get(line), FOUND).id == "batch_1"

    def test_who_is_ready_to_wait_so_long_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=1))
        with pytest.raises(errors.RateLimited):
            line.lead(get(line), Reply(429, headers={"Retry-After": "7"}))
        line.lead(get(line), FOUND)
        assert line.pauses == [7]

    @pytest.mark.parametrize("status", SAYING_WHEN)
    def test_others_wait_as_well(self, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=1))
        with pytest.raises(errors.ProviderError):
            line.lead(get(line), Reply(status, headers={"Retry-After": "7"}))
        line.lead(get(line), FOUND)
        assert line.pauses == [7]


class TestMaxWait:
    """Nothing waits longer for the limit than the application allows."""

    @pytest.mark.parametrize("max_wait", [0, 5.0, 60])
    def test_a_longer_wait_for_the_rate_limit_is_raised_with_the_time(
        self, monkeypatch: pytest.MonkeyPatch, max_wait: float
    ) -> None:
        line = Line(monkeypatch, requests_per_minute=1, max_wait=max_wait)
        line.lead(get(line), FOUND)
        with pytest.raises(errors.RateLimited, match="nothing was sent") as caught:
            line.lead(get(line), FOUND)
        assert (len(line.requests), line.pauses) == (1, [])
        assert "for the rate limit" in str(caught.value)
        assert retry_after(caught.value) == timedelta(seconds=61)
        assert caught.value.retry_at is not None

    def test_a_shorter_one_is_waited(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, requests_per_minute=1, max_wait=61)
        for _ in range(2):
            line.lead(get(line), FOUND)
        assert line.pauses == [61]

    def test_a_call_may_have_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, requests_per_minute=1, max_wait=61)
        operations = Operations(line.exchange, 1)
        line.lead(operations.patient(0).get_campaign("batch_1"), FOUND)
        with pytest.raises(errors.RateLimited):
            line.lead(operations.patient(0).get_campaign("batch_1"), FOUND)
        assert line.lead(operations.patient(None).get_campaign("batch_1"), FOUND).id == "batch_1"

    @pytest.mark.parametrize("headers", [{"Retry-After": "7"}, {}])
    def test_nor_is_a_longer_time_that_the_vendor_names_waited(
        self, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
    ) -> None:
        line = Line(monkeypatch, max_wait=0.5)
        with pytest.raises(errors.RateLimited):
            line.lead(get(line), Reply(429, headers=headers))
        assert (len(line.requests), line.pauses) == (1, [])

    @pytest.mark.parametrize("status", SAYING_WHEN)
    @pytest.mark.parametrize("attempts", [1, 3])
    def test_whichever_status_asks_for_it(self, monkeypatch: pytest.MonkeyPatch, status: int, attempts: int) -> None:
        """And the error names that status, also that of the next call, which sends nothing."""
        line = Line(monkeypatch, max_wait=0, retry=Retry(attempts=attempts))
        with pytest.raises(errors.RateLimited, match=rf"HTTP {status}\b") as caught:
            line.lead(get(line), Reply(status, headers={"Retry-After": "7"}))
        assert (caught.value.http_status, retry_after(caught.value)) == (status, timedelta(seconds=7))
        assert caught.value.retry_at is not None
        assert ("too many requests" in str(caught.value)) is (status == 429)
        with pytest.raises(errors.RateLimited, match=rf"HTTP {status}\b.*nothing was sent") as caught:
            line.lead(get(line), FOUND)
        assert (caught.value.http_status, retry_after(caught.value)) == (None, timedelta(seconds=7))
        assert (len(line.requests), line.pauses) == (1, [])
        line.clock.seconds += 7
        assert line.lead(get(line), FOUND).id == "batch_1"

    @pytest.mark.parametrize("status", [408, 503])
    def test_a_write_may_have_been_carried_out_all_the_same(self, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
        line = Line(monkeypatch, max_wait=0)
        with pytest.raises(errors.OutcomeUnknown):
            line.lead(post(line), Reply(status, headers={"Retry-After": "7"}))

    def test_other_failures_are_tried_again_as_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, max_wait=0)
        assert line.lead(get(line), Reply(500), FOUND).id == "batch_1"

    @pytest.mark.parametrize("max_wait", [-1, 86_401, "5", True, float("nan")])
    def test_what_is_no_time_is_refused(self, max_wait: Any) -> None:
        with pytest.raises(InvalidInput, match="max_wait"):
            Options(max_wait=max_wait)


class TestCutOffPages:
    """Whether a page is whole is seen when it is parsed, and then it is asked for again."""

    CUT_OFF = Reply(200, '{"data": [{"id": "ctc_1", "phone": "+12125550123"}', {"Content-Length": "51"})
    WHOLE = Reply(200, {"data": [{"id": "ctc_1", "phone": "+12125550123"}], "pagination": {"total": 1}})

    def read(self, line: Line, *replies: Reply) -> Any:
        plan = Operations(line.exchange, 1).list_contacts("batch_1", None, None, server_filter=False)
        answered = line.lead(plan.ask(0, ContactFilter()), replies[0])
        return line.lead(plan.finish(answered), *replies[1:])

    def test_a_page_is_asked_for_again(self, line: Line) -> None:
        page = self.read(line, self.CUT_OFF, self.CUT_OFF, Reply(500), self.WHOLE)
        assert [contact.id for contact in page.items] == ["ctc_1"]
        assert (len(line.requests), len(line.pauses)) == (4, 3)

    def test_as_often_as_any_other_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=3))
        with pytest.raises(errors.MalformedResponse):
            self.read(line, self.CUT_OFF, self.CUT_OFF)
        assert len(line.requests) == 3


class TestWhatAWriteSends:
    def sent(self, monkeypatch: pytest.MonkeyPatch, **about: Any) -> httpx.Request:
        line = Line(monkeypatch)
        line.lead(post(line, **about), Reply(201, "{}"))
        [request] = line.requests
        return request

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_the_content_as_json_with_its_length(self, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
        request = self.sent(monkeypatch, method=method, content='{"name":"März"}'.encode())
        assert (request.method, request.read()) == (method, '{"name":"März"}'.encode())
        assert request.headers["Content-Type"] == "application/json"
        assert request.headers["Content-Length"] == "16"

    def test_no_content_has_no_type(self, monkeypatch: pytest.MonkeyPatch) -> None:
        request = self.sent(monkeypatch, method="DELETE", content=b"")
        assert request.read() == b""
        assert request.headers["Content-Length"] == "0"
        assert "Content-Type" not in request.headers

    def test_headers_of_its_own_and_those_of_every_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        request = self.sent(monkeypatch, headers={"Idempotency-Key": "7"})
        assert request.headers["Idempotency-Key"] == "7"
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert request.headers["Host"] == "api.truedy.ai"

    def test_nothing_of_it_stays_for_the_next_request(self, line: Line) -> None:
        line.lead(get(line), FOUND)
        line.lead(post(line, headers={"Idempotency-Key": "7"}), Reply(201, "{}"))
        line.lead(get(line), FOUND)
        before, _, after = line.requests
        assert after.headers == before.headers
        assert after.read() == b""

    def test_every_attempt_sends_the_same(self, line: Line) -> None:
        line.lead(post(line, headers={"Idempotency-Key": "7"}), httpx.ConnectError("refused"), Reply(201, "{}"))
        first, second = line.requests
        assert (first.read(), first.headers) == (second.read(), second.headers)


class TestWriting:
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_any_method_that_writes_is_sent_once(self, line: Line, method: str) -> None:
        with pytest.raises(errors.OutcomeUnknown):
            line.lead(post(line, method=method), httpx.ReadTimeout("too slow"))
        assert (len(line.requests), line.pauses) == (1, [])

    @pytest.mark.parametrize("repeatable", [False, True])
    def test_an_answer_that_cannot_be_read_would_be_the_same_again(self, line: Line, *, repeatable: bool) -> None:
        with pytest.raises(errors.OutcomeUnknown) as caught:
            line.lead(post(line, readable=False, repeatable=repeatable), Reply(201, {"meta": {"request_id": "req_7"}}))
        assert caught.value.reason == (
            "truedy create_campaign of 'March': the answer is not what the vendor documents "
            "(HTTP 201, request req_7): is missing at $.data"
        )
        assert caught.value.__cause__ is not None
        assert (len(line.requests), line.pauses) == (1, [])

    def test_a_server_that_is_being_maintained_may_have_carried_it_out(self, line: Line) -> None:
        with pytest.raises(errors.OutcomeUnknown):
            line.lead(post(line), Reply(503, headers={"Retry-After": "7"}))
        assert len(line.requests) == 1

    def test_a_lost_answer_after_one_that_was_never_sent_is_still_lost(self, line: Line) -> None:
        with pytest.raises(errors.OutcomeUnknown):
            line.lead(post(line), httpx.ConnectError("refused"), httpx.ReadTimeout("too slow"), Reply(201, "{}"))
        assert len(line.requests) == 2

    def test_the_error_names_what_is_to_be_looked_for(self, line: Line) -> None:
        with pytest.raises(errors.OutcomeUnknown) as caught:
            line.lead(post(line), httpx.ReadTimeout("too slow"))
        error = caught.value
        assert (error.provider, error.operation, error.subject) == ("truedy", "create_campaign", "March")
        assert "look before you send it again" in str(error)

    @pytest.mark.parametrize(("failure", "kind"), NEVER_SENT.values(), ids=NEVER_SENT)
    def test_a_later_attempt_that_was_never_sent_does_not_undo_an_earlier_one(
        self, monkeypatch: pytest.MonkeyPatch, failure: Reply | Exception, kind: type[errors.UnibatchError]
    ) -> None:
        line = Line(monkeypatch, retry=Retry(attempts=3))
        with pytest.raises(errors.OutcomeUnknown) as caught:
            line.lead(post(line, repeatable=True), httpx.ReadTimeout("too slow"), failure)
        assert type(caught.value.__cause__) is kind


class TestOnWait:
    def test_it_is_called_before_every_further_attempt(self, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[Wait] = []
        line = Line(monkeypatch, on_wait=waits.append)
        line.lead(get(line), httpx.ReadTimeout("too slow"), Reply(502), Reply(429, headers={"Retry-After": "7"}), FOUND)
        assert [type(wait.error) for wait in waits] == [errors.ReadTimeout, errors.ServerError, errors.RateLimited]
        assert [wait.attempt for wait in waits] == [1, 2, 3]
        assert [wait.seconds for wait in waits] == line.pauses
        assert {(wait.provider, wait.operation) for wait in waits} == {("truedy", "get_campaign")}

    def test_it_is_called_before_the_pause_and_not_after_the_last_attempt(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[Wait] = []
        line = Line(monkeypatch, on_wait=waits.append, retry=Retry(attempts=2))
        conversation = get(line)
        assert isinstance(next(conversation), httpx.Request)
        pause = conversation.send(received(Reply(500)))
        assert isinstance(pause, Pause)
        assert [wait.seconds for wait in waits] == [pause.seconds]
        with pytest.raises(errors.ServerError):
            line.lead(conversation, Reply(500))
        assert len(waits) == 1

    def test_a_wait_for_the_rate_limit_has_no_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[Wait] = []
        line = Line(monkeypatch, on_wait=waits.append, requests_per_minute=1)
        line.lead(get(line), FOUND)
        line.lead(get(line), FOUND)
        [pause] = line.pauses
        assert 60 <= pause <= 62
        assert waits == [Wait(provider="truedy", operation="get_campaign", seconds=pause, error=None, attempt=0)]

    def test_it_says_how_often_the_request_was_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[Wait] = []
        line = Line(monkeypatch, on_wait=waits.append, requests_per_minute=1)
        line.lead(get(line), Reply(500), FOUND)
        assert [(type(wait.error), wait.attempt) for wait in waits] == [(errors.ServerError, 1), (type(None), 1)]

    def test_a_short_wait_is_not_announced(self, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[Wait] = []
        line = Line(monkeypatch, on_wait=waits.append)
        line.exchange.budget.hold(0.99)
        line.lead(get(line), FOUND)
        assert len(line.pauses) == 1
        assert waits == []

    @pytest.mark.parametrize("failure", [Reply(500), Reply(429, headers={"Retry-After": "7"})])
    def test_what_it_raises_comes_out_and_nothing_is_left_in_flight(
        self, monkeypatch: pytest.MonkeyPatch, failure: Reply
    ) -> None:
        def refuse(_: Wait) -> None:
            raise KeyboardInterrupt

        line = Line(monkeypatch, on_wait=refuse)
        with pytest.raises(KeyboardInterrupt):
            line.lead(get(line), failure)
        assert (len(line.requests), line.in_flight) == (1, 0)

    def test_the_same_before_anything_is_sent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_: Wait) -> None:
            raise ZeroDivisionError

        line = Line(monkeypatch, on_wait=refuse)
        line.exchange.budget.hold(7)
        with pytest.raises(ZeroDivisionError):
            line.lead(get(line), FOUND)
        assert (line.requests, line.in_flight) == ([], 0)


class TestLog:
    ECHO = f"the key {KEY} may not call {PHONE}"

    @pytest.mark.parametrize(
        "failure",
        [
            Reply(500, refusal("truedy", "internal", ECHO)),
            Reply(429, refusal("truedy", "rate_limit_exceeded", ECHO), {"Retry-After": "7"}),
            Reply(200, f'{{"data": "{ECHO}'),
            httpx.ReadTimeout(ECHO),
            httpx.ConnectError(ECHO),
        ],
        ids=["500", "429", "cut off", "no time", "no connection"],
    )
    def test_a_further_attempt_is_a_warning_without_key_and_numbers(
        self, line: Line, caplog: pytest.LogCaptureFixture, failure: Reply | Exception
    ) -> None:
        caplog.set_level(logging.DEBUG)
        line.lead(get(line), failure, FOUND)
        [warning] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert warning.startswith("truedy get_campaign")
        assert warning.endswith(f"; attempt 2 in {line.pauses[0]:.1f} s")
        assert [secret for secret in (KEY, PHONE, PHONE[1:]) if secret in caplog.text] == []

    def test_an_id_writes_no_line_of_its_own(self, line: Line, caplog: pytest.LogCaptureFixture) -> None:
        campaign = line.exchange.provider.get_campaign("c-1\nunibatch: all is well")
        line.lead(line.exchange.run(campaign), Reply(500), FOUND)
        assert [record.getMessage().isprintable() for record in caplog.records] == [True]

    def test_a_wait_for_the_rate_limit_is_information(self, line: Line, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        line.exchange.budget.hold(7)
        line.lead(get(line), FOUND)
        [record] = caplog.records
        assert (record.levelno, record.getMessage()) == (
            logging.INFO,
            "truedy get_campaign: waiting 7.0 s to stay below the rate limit",
        )


class Interrupted(BaseException):
    """Stands for what breaks a thread off."""


class TestBrokenOff:
    """A conversation that is broken off in the middle leaves nothing in flight."""

    def begun(self, line: Line, steps: int) -> Conversation[Campaign]:
        """A conversation after so many of its six steps: a turn, an attempt, a pause, another attempt, a redirect."""
        line.exchange.budget.hold(7)
        replies = [Reply(500), Reply(302, headers={"Location": "/elsewhere"}), FOUND]
        conversation = get(line)
        said: httpx.Request | Pause | ReadAhead | None = None
        for _ in range(steps):
            if isinstance(said, httpx.Request):
                said = conversation.send(received(replies.pop(0)))
            else:
                line.clock.seconds += said.seconds if isinstance(said, Pause) else 0
                said = next(conversation)
        return conversation

    @pytest.mark.parametrize("closed", [True, False])
    @pytest.mark.parametrize(("steps", "in_flight"), list(enumerate([0, 0, 1, 0, 1, 1])))
    def test_by_closing_it_or_by_what_is_raised_where_it_waits(
        self, line: Line, steps: int, in_flight: int, *, closed: bool
    ) -> None:
        conversation = self.begun(line, steps)
        assert line.in_flight == in_flight
        if closed:
            conversation.close()
        else:
            with pytest.raises(Interrupted):
                conversation.throw(Interrupted())
        assert line.in_flight == 0

    def test_after_six_steps_it_is_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(StopIteration):
            self.begun(Line(monkeypatch), 6)

    def test_an_answer_that_nobody_reads_is_not_in_flight(self, line: Line) -> None:
        ask: Conversation[Answered[Campaign]] = line.exchange.ask(
            lambda: line.exchange.provider.get_campaign("batch_1")
        )
        answered = line.lead(ask, FOUND)
        assert line.in_flight == 0
        assert line.lead(line.exchange.finish(answered), FOUND).id == "batch_1"


class TestBothClients:
    @pytest.fixture(autouse=True)
    def pauses(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """How long the client slept; nobody sleeps."""
        pauses: list[float] = []
        wake = asyncio.sleep

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)
            await wake(0)

        monkeypatch.setattr(drivers, "_sleep", lambda seconds, _: pauses.append(seconds))
        monkeypatch.setattr(
            drivers, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep})
        )  # others sleep elsewhere
        return pauses

    def test_a_request_is_tried_again_after_a_pause(self, connect: Connect, pauses: list[float]) -> None:
        waits: list[Wait] = []
        server = Replies(Reply(500), httpx.ReadTimeout("too slow"), FOUND)
        client = connect("truedy", answer=server, retry=Retry(), on_wait=waits.append)
        assert client.get_campaign("batch_1").id == "batch_1"
        assert pauses == [wait.seconds for wait in waits]
        assert len(waits) == 2

    def test_a_page_is_tried_again_in_the_middle_of_a_listing(self, connect: Connect) -> None:
        rows = [{**CONTACT["truedy"], "contact_id": f"ctc_{number}"} for number in range(2)]
        pages = [Reply(body=page("truedy", row, total=2, has_more=row is rows[0])) for row in rows]
        server = Replies(pages[0], httpx.ReadError("reset"), Reply(503), pages[1])
        listing = connect("truedy", answer=server, retry=Retry()).list_contacts("c-1")
        assert [contact.id for contact in listing] == ["ctc_0", "ctc_1"]
        assert (listing.report.requests, listing.report.complete) == (2, True)

    def test_clients_with_the_same_key_wait_together(self, connect: Connect, pauses: list[float]) -> None:
        def talkative(_: Wait) -> None:
            raise Interrupted

        limited = connect("truedy", answer=Replies(Reply(429, headers={"Retry-After": "7"})))
        other = connect("truedy", answer=Replies(FOUND), on_wait=talkative)
        stranger = connect("truedy", api_key="another-key", answer=Replies(FOUND))
        with pytest.raises(errors.RateLimited):
            limited.get_campaign("batch_1")
        with pytest.raises(Interrupted):
            other.get_campaign("batch_1")
        assert stranger.get_campaign("batch_1").id == "batch_1"
        assert pauses == []
