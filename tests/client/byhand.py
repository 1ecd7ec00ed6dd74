"""Conversations led by hand, with a clock that stands still but for the pauses."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest

from tests.bothways import SETTINGS
from tests.client.replies import Reply
from unibatch.client import Options, exchange, retry
from unibatch.client.conversation import Conversation, Pause, ReadAhead
from unibatch.client.exchange import Exchange
from unibatch.client.rate_limit import Budget
from unibatch.client.transport import httpx
from unibatch.core.flow import Response
from unibatch.providers import registry

T = TypeVar("T")

KEY = "sk_live_5f0c2ba1d9e84"


class Clock:
    """Shows the time that the pauses add up to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


class Line:
    """A line to a vendor that gives one answer after the other, and the last one again and again.

    Attributes:
        exchange: What leads the vendor's end of each conversation.
        clock: The present time of all that takes part.
        requests: What was asked.
        asked_at: At what time, counted from the first moment.
        pauses: For how long nothing was done, in seconds, each time.
        takes: How many seconds it takes to answer.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, vendor: str = "truedy", **options: Any) -> None:
        self.clock = Clock()
        monkeypatch.setattr(retry, "time", self.clock)
        options = {"requests_per_minute": 1_000_000, **options}
        self.exchange = Exchange(registry.load(vendor)(SETTINGS[vendor]), KEY, Options(**options))
        self.exchange.budget = Budget(options["requests_per_minute"], clock=self.clock.monotonic)
        self.requests: list[httpx.Request] = []
        self.asked_at: list[float] = []
        self.pauses: list[float] = []
        self.takes = 0.0
        self._began = self.clock.seconds

    def lead(self, conversation: Conversation[T], *replies: Reply | Exception) -> T:
        """Lead a conversation to its end. Nothing is read ahead."""
        return self._lead(conversation, list(replies))

    def _lead(self, conversation: Conversation[T], left: list[Reply | Exception]) -> T:
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    self.pauses.append(step.seconds)
                    self.clock.seconds += step.seconds
                    step = conversation.send(None)
                    continue
                try:
                    answer = self._answer(step, left)
                except Exception as exc:  # noqa: BLE001 - the conversation decides
                    step = conversation.throw(exc)
                else:
                    step = conversation.send(answer)
        except StopIteration as done:
            value: T = done.value
            return value

    def _answer(self, step: httpx.Request | ReadAhead, left: list[Reply | Exception]) -> Response:
        if isinstance(step, ReadAhead):
            return self._lead(step.ask(step.upcoming(1)[0]), left)
        self.requests.append(step)
        self.asked_at.append(self.clock.seconds - self._began)
        self.clock.seconds += self.takes
        reply = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reply, Exception):
            raise reply
        return received(reply)

    @property
    def in_flight(self) -> int:
        """How many requests were taken from the budget and not given back."""
        return self.exchange.budget._in_flight


def received(reply: Reply) -> Response:
    answer = reply.response()
    return Response(status=answer.status_code, content=b"".join(answer.iter_raw()), headers=answer.headers)


def fixed_time(monkeypatch: pytest.MonkeyPatch, now: Any) -> None:
    """Stop the time of day."""
    monkeypatch.setattr(exchange, "_now", lambda: now)
