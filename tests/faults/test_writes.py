"""A write is sent once, with anything going wrong, unless it certainly was not carried out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.bothways import SETTINGS, Style
from tests.client.rawserver import AnyDriver, driving
from tests.faults.conftest import Emulator, emulating
from tests.faults.test_lasting_faults import bomb, elsewhere, forty_megabytes_announced
from tests.faults.test_passing_faults import LOST, cut_off_before_its_first_byte
from unibatch import (
    ConnectFailed,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    RedirectRefused,
    Retry,
    Timeout,
    UnibatchError,
)
from unibatch.client.exchange import Exchange
from unibatch.client.options import Options
from unibatch.core.flow import Flow, Request
from unibatch.core.structuring import Wire, read
from unibatch.providers.truedy import Truedy
from unibatch.sandbox import FaultProxy
from unibatch.sandbox import fault_proxy as wrong
from unibatch.sandbox.fault_proxy import Arrival, Fault, Plan, saying

pytestmark = pytest.mark.usefixtures("no_backoff")

QUICK = Retry(attempts=4, total=3.0)


BODY = b'{"name": "March", "agent_id": "agt_1"}'


class Made(Wire):
    data: dict[str, Any]


def create(key: str, *, repeatable: bool = False) -> Flow[str]:
    response = yield Request(
        operation="create_campaign",
        method="POST",
        path="/batch-calls",
        content=BODY,
        headers={"X-Idempotency-Key": key},
        repeatable=repeatable,
        subject="March",
    )
    return str(read(response.content, Made).data["id"])


class Writer:
    def __init__(self, emulator: Emulator, driver: AnyDriver, retry: Retry) -> None:
        options = Options(
            base_url=emulator.url,
            retry=retry,
            requests_per_minute=1_000_000,
            timeout=Timeout(connect=1.0, read=0.5),
        )
        self.emulator = emulator
        self.driver = driver
        self._keys = 0
        self._exchange = Exchange(Truedy(SETTINGS["truedy"]), "a-key-for-tests", options)

    def create(self, **how: Any) -> str:
        """Create a campaign under a key of its own."""
        self._keys += 1
        return self.driver.run(self._exchange.run(create(f"key {self._keys}", **how)))

    @property
    def made(self) -> list[str]:
        """The ids of the campaigns that were made."""
        return [name for name in self.emulator.sandbox.campaign_ids("truedy") if name != "one"]

    @property
    def posts(self) -> list[Arrival]:
        return [arrival for arrival in self.emulator.arrivals if arrival.method == "POST"]


@contextmanager
def writing(style: Style, plan: Plan | None = None, retry: Retry = QUICK) -> Iterator[Writer]:
    with emulating("truedy", plan=plan) as emulator, driving(style, emulator.url) as driver:
        yield Writer(emulator, driver, retry)


def sequence(*faults: Fault) -> Plan:
    return lambda arrival: faults[arrival.number] if arrival.number < len(faults) else None


def see_other(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    """It was carried out; how it went can be read elsewhere."""
    proxy.fetch(connection, arrival)
    connection.sendall(wrong.message(b"", 303, {"Location": arrival.target + "/one"}))
    return True


def cut_off_between_rows(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    """A body that ends with the connection, cut where an object inside of it happens to end."""
    body = proxy.fetch(connection, arrival).body
    connection.sendall(wrong.head(200, {"Connection": "close"}) + body[: body.index(b"}") + 1])
    return False


MAYBE_CARRIED_OUT: dict[str, Fault] = {
    **LOST,
    "stall": wrong.stall,
    "stall in the body": wrong.stall_in_body,
    "between rows": cut_off_between_rows,
    "before its first byte": cut_off_before_its_first_byte,
    "500": saying(500, "<html>"),
    "502": saying(502, "<html>"),
    "503": saying(503, "<html>"),
    "503 with Retry-After": saying(503, "<html>", {"Retry-After": "0"}),
    "504": saying(504, "<html>"),
    "empty": saying(200),
    "HTML": saying(200, "<html>"),
    "too large": forty_megabytes_announced,
    "a bomb": bomb,
    "see other": see_other,
}


@pytest.mark.parametrize("fault", MAYBE_CARRIED_OUT)
def test_a_write_that_may_have_been_carried_out_is_not_sent_again(style: Style, fault: str) -> None:
    with writing(style, sequence(MAYBE_CARRIED_OUT[fault])) as writer:
        with pytest.raises(OutcomeUnknown) as caught:
            writer.create()

        assert len(writer.posts) == 1
        assert (caught.value.operation, caught.value.subject) == ("create_campaign", "March")


@pytest.mark.parametrize("fault", ["500", "stall", "HTML", "cut off", "cut off with its length"])
def test_the_cause_of_an_unknown_outcome_is_an_error_that_applications_know(style: Style, fault: str) -> None:
    with writing(style, sequence(MAYBE_CARRIED_OUT[fault])) as writer, pytest.raises(OutcomeUnknown) as caught:
        writer.create()
    assert isinstance(caught.value.__cause__, UnibatchError)


def test_a_write_that_was_refused_for_coming_too_soon_is_sent_again(style: Style) -> None:
    with writing(style, sequence(saying(429), saying(429, "{}", {"Retry-After": "0"}))) as writer:
        assert [writer.create()] == writer.made
        assert [arrival.body for arrival in writer.posts] == [BODY] * 3


def test_a_write_that_found_no_connection_is_sent_again(style: Style) -> None:
    with writing(style, retry=Retry(attempts=100)) as writer:
        writer.emulator.run(writer.emulator.refuse_connections, 0.1)
        writer.emulator.over.wait(0.03)
        assert [writer.create()] == writer.made
        assert len(writer.posts) == 1


def test_a_write_that_never_finds_a_connection_was_certainly_not_sent(style: Style) -> None:
    with writing(style) as writer:
        writer.emulator.close()
        with pytest.raises(ConnectFailed):
            writer.create()


def test_a_write_that_is_lost_when_sent_again_is_not_sent_a_third_time(style: Style) -> None:
    with writing(style, sequence(saying(429), wrong.reset_at_once)) as writer:
        with pytest.raises(OutcomeUnknown):
            writer.create()
        assert len(writer.posts) == 2


def test_a_refused_write_was_not_carried_out(style: Style) -> None:
    with writing(style, sequence(saying(422, "{}"))) as writer:
        with pytest.raises(InvalidRequest):
            writer.create()
        assert len(writer.posts) == 1


def test_a_write_is_not_redirected(style: Style) -> None:
    with writing(style, sequence(elsewhere)) as writer:
        with pytest.raises(RedirectRefused):
            writer.create()
        assert len(writer.emulator.arrivals) == 1


def test_a_write_on_a_connection_that_has_ended_meanwhile_is_sent_once_at_most(style: Style) -> None:
    with writing(style, lambda _: wrong.answer_and_end) as writer:
        outcomes = []
        for _ in range(5):
            try:
                outcomes.append(writer.create())
            except OutcomeUnknown:
                outcomes.append("unknown")
        assert len(writer.posts) == len(writer.made) <= 5
        assert [outcome for outcome in outcomes if outcome != "unknown"] == writer.made


def test_a_repeatable_write_is_sent_again_with_the_same_key_and_body(style: Style) -> None:
    with writing(style, sequence(wrong.reset_in_body, saying(500))) as writer:
        assert [writer.create(repeatable=True)] == writer.made
        assert len({(arrival.head.split(b"\r\n", 1)[1], arrival.body) for arrival in writer.posts}) == 1
        assert len(writer.posts) == 3


def gone(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    """It was carried out, and from then on nobody can connect."""
    proxy.fetch(connection, arrival)
    proxy.run(proxy.refuse_connections, 30)
    return False


LAST_WORDS: dict[str, tuple[Fault, ...]] = {
    "no connection": (gone,),
    "429 for hours": (wrong.reset_in_body, saying(429, "{}", {"Retry-After": "7200"})),
    "409": (wrong.reset_in_body, saying(409, "{}")),
    "422": (wrong.reset_in_body, saying(422, "{}")),
    "401": (wrong.reset_in_body, saying(401, "{}")),
    "a redirect": (wrong.reset_in_body, elsewhere),
}


@pytest.mark.parametrize("last", LAST_WORDS)
def test_a_repeatable_write_of_which_one_attempt_was_lost_may_have_been_carried_out(style: Style, last: str) -> None:
    """With any result of the later attempts, the first one may have made the campaign."""
    with writing(style, sequence(*LAST_WORDS[last])) as writer:
        with pytest.raises(OutcomeUnknown):
            writer.create(repeatable=True)
        assert len(writer.made) == 1


def test_a_repeatable_write_that_only_ever_was_too_soon_was_not_carried_out(style: Style) -> None:
    with writing(style, lambda _: saying(429)) as writer, pytest.raises(RateLimited):
        writer.create(repeatable=True)
