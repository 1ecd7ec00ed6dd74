"""A server that counts requests, and strictly."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from tests.bothways import Style, connected
from tests.faults.conftest import PATIENT, emulating
from unibatch import RateLimited, Retry
from unibatch.client.conversation import Conversation, Pause
from unibatch.client.exchange import Exchange
from unibatch.client.options import Options
from unibatch.client.transport import httpx
from unibatch.core.flow import Response
from unibatch.providers.truedy import Truedy
from unibatch.sandbox import FaultProxy
from unibatch.sandbox.fault_proxy import Arrival, Fault, Plan, message, saying


@attrs.define
class Limiter:
    """The plan of a server that refuses requests that come too fast.

    It accepts ``limit`` requests in any ``window`` seconds, and says so in headers if ``aloud``; in
    ``whole_seconds``, as vendors do: the second in which the window ends.
    """

    limit: int
    window: float
    sliding: bool = False
    aloud: bool = True
    whole_seconds: bool = False
    refused: int = 0
    _lock: threading.Lock = attrs.field(factory=threading.Lock)
    _accepted: list[float] = attrs.field(factory=list)
    _began: float = 0.0

    def __call__(self, arrival: Arrival) -> Fault:
        return saying(429, "{}", self.headers()) if self.refuses(arrival) else self.counting

    def counting(self, proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
        """Pass the answer on, with this limit's headers in place of the sandbox's."""
        connection.sendall(message(proxy.fetch(connection, arrival).body, headers=self.headers()))
        return True

    def refuses(self, arrival: Arrival) -> bool:
        with self._lock:
            if self.sliding:
                self._accepted = [at for at in self._accepted if at > arrival.at - self.window]
            elif arrival.at >= self._began + self.window:
                self._began = arrival.at
                self._accepted = []
            if len(self._accepted) < self.limit:
                self._accepted.append(arrival.at)
                return False
            self.refused += 1
        return True

    def headers(self) -> dict[str, str]:
        if not self.aloud:
            return {}
        with self._lock:
            began = self._accepted[0] if self.sliding and self._accepted else self._began
            left = max(began + self.window - time.monotonic(), 0.0)
            reset = time.time() + left
            return {
                "X-RateLimit-Limit": str(self.limit),
                "X-RateLimit-Remaining": str(self.limit - len(self._accepted)),
                "X-RateLimit-Reset": str(int(reset)) if self.whole_seconds else f"{reset:.3f}",
            }


KINDS = {
    "five, fixed": {"limit": 5, "window": 0.6},
    "five, sliding": {"limit": 5, "window": 0.6, "sliding": True},
    "ten, fixed": {"limit": 10, "window": 0.6},
    "ten, sliding": {"limit": 10, "window": 0.6, "sliding": True},
    "two, fixed": {"limit": 2, "window": 0.1},
}


def list_below(
    style: Style, plan: Plan, contacts: int, *, vendor: str = "techladder", latency: float = 0.025
) -> list[Arrival]:
    """List contacts from a server with this limit, and return the requests that it saw."""
    with emulating(vendor, contacts, plan=plan, latency=latency) as emulator:
        with connected(style, vendor, base_url=emulator.url, retry=PATIENT) as client:
            assert [contact.id for contact in client.list_contacts("one")] == emulator.ids
        return emulator.arrivals


def fewest(run: Callable[[], int]) -> int:
    """The fewest refusals of three runs, which end with the first that has none.

    A busy machine may hold a request back until the window is over that it was sent in. So what goes wrong only now and
    then is not noticed here; a margin that is too small goes wrong each time.
    """
    found = run()
    for _ in range(2):
        found = min(found, run()) if found else 0
    return found


def test_no_request_is_one_too_many_if_the_server_counts_aloud(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends of windows are given to the millisecond here, so less of a margin is needed than with whole seconds."""
    monkeypatch.setattr("unibatch.client.rate_limit.MARGIN", 0.15)

    def refused(kind: str) -> int:
        limiter = Limiter(**KINDS[kind])  # type: ignore[arg-type]  # of several types
        list_below(style, limiter, 63)
        return limiter.refused

    with ThreadPoolExecutor(len(KINDS)) as threads:
        found = dict(zip(KINDS, threads.map(lambda kind: fewest(lambda: refused(kind)), KINDS), strict=True))
    assert found == dict.fromkeys(KINDS, 0)


def test_ends_of_windows_in_whole_seconds_are_late_enough(style: Style) -> None:
    def refused() -> int:
        limiter = Limiter(9, 1.0, whole_seconds=True)
        list_below(style, limiter, 53)
        return limiter.refused

    assert fewest(refused) == 0


@pytest.mark.parametrize("sliding", [False, True])
def test_a_server_that_counts_silently_gets_everything_across(
    style: Style, monkeypatch: pytest.MonkeyPatch, *, sliding: bool
) -> None:
    monkeypatch.setattr("unibatch.client.retry._backoff", lambda _: 0.02)
    limiter = Limiter(6, 0.12, sliding=sliding, aloud=False)
    arrivals = list_below(style, limiter, 48)

    assert limiter.refused > 0
    assert len(arrivals) - limiter.refused == 10


def exchange(requests_per_minute: int = 1_000_000, **how: Any) -> Exchange:
    options = Options(base_url="http://localhost:9", requests_per_minute=requests_per_minute, **how)
    return Exchange(Truedy({}), "a-key-for-tests", options)


def get(exchange: Exchange) -> Conversation[Any]:
    return exchange.run(exchange.provider.get_campaign("one"))


def sent_before_pausing(conversation: Conversation[Any], answer: Response, most: int = 100) -> tuple[int, float]:
    """How many requests a conversation sends before it pauses or ends, and for how long it would pause."""
    requests = 0
    step = next(conversation)
    while not isinstance(step, Pause) and requests < most:
        requests += 1
        try:
            step = conversation.send(answer)
        except Exception:  # noqa: BLE001  # how it ends is of no interest here
            return requests, 0.0
    conversation.close()
    return requests, step.seconds if isinstance(step, Pause) else 0.0


def test_requests_that_follow_redirects_are_counted() -> None:
    one = exchange(3)
    redirect = Response(status=302, headers=httpx.Headers({"Location": "/again"}))

    assert sent_before_pausing(get(one), redirect)[0] <= 3


def test_nothing_waits_longer_than_retry_total_for_a_time_that_the_server_named() -> None:
    """The first operation fails immediately, since the wait is too long; the second one must not wait for it either."""
    one = exchange(retry=Retry(total=5.0))
    limited = Response(status=429, headers=httpx.Headers({"Retry-After": "7200"}))

    assert sent_before_pausing(get(one), limited) == (1, 0.0)
    with pytest.raises(RateLimited):
        raise_or_pause(get(one))


def raise_or_pause(conversation: Conversation[Any]) -> None:
    """Take the first step, and require that it is no long pause."""
    step = next(conversation)
    conversation.close()
    assert not isinstance(step, Pause) or step.seconds <= 5, f"would wait {step.seconds:.0f} s"


def test_a_count_of_thousands_of_digits_is_not_believed() -> None:
    headers = {"X-RateLimit-Remaining": "9" * 5000, "X-RateLimit-Reset": "1"}
    one = get(exchange())
    next(one)

    with pytest.raises(StopIteration) as done:
        one.send(Response(status=200, content=b'{"data": {"id": "one"}}', headers=httpx.Headers(headers)))
    assert done.value.value.id == "one"


def test_a_limit_in_headers_is_kept_by_all_clients_of_the_key(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unibatch.client.rate_limit.MARGIN", 0.15)
    limiter = Limiter(10, 0.6)
    with emulating("truedy", 38, plan=limiter, latency=0.025) as emulator, contextlib.ExitStack() as stack:
        how: dict[str, Any] = {"base_url": emulator.url, "retry": PATIENT}
        clients = [stack.enter_context(connected(style, "truedy", **how)) for _ in range(3)]
        clients[0].get_campaign("one")  # from now on the limit is known

        def read(client: Any) -> list[str]:
            return [contact.id for contact in client.list_contacts("one")]

        with ThreadPoolExecutor(3) as threads:
            seen = list(threads.map(read, clients))
        assert seen == [emulator.ids] * 3
    assert limiter.refused == 0


def test_two_listings_of_which_one_is_refused_both_wait(style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limiter that is silent but for Retry-After: nobody asks again before that."""
    monkeypatch.setattr("unibatch.client.retry._backoff", lambda _: 0.01)
    refusals: list[float] = []

    def harsh(arrival: Arrival) -> Fault | None:
        if arrival.number != 12:
            return None
        refusals.append(time.monotonic())
        return saying(429, headers={"Retry-After": "1"})

    arrivals = list_below(style, harsh, 98, vendor="truedy", latency=0.05)
    after = [arrival.at - refusals[0] for arrival in arrivals[13:]]
    # An answer takes 0.05 s; what was sent until it came could not know of it.
    assert [at for at in after if 0.15 < at < 0.95] == []
