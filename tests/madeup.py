"""A clock that stands still but for the pauses of the clients, so that hours of waiting take no time."""

from __future__ import annotations

import bisect
import types
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from unibatch.client import exchange, rate_limit, retry, watch
from unibatch.client.conversation import Conversation, Pause
from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.transport import httpx

T = TypeVar("T")


class MadeUpTime:
    """The time of everything in the clients.

    Attributes:
        now: What the clock shows, in seconds.
        meanwhile: Is told how many seconds a pause takes, to let something happen in them.
        asked_at: When requests were sent.
        clock: Takes the place of the module ``time`` elsewhere.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0
        self.meanwhile: Callable[[float], object] = lambda _: None
        self.asked_at: list[float] = []
        self.clock = types.SimpleNamespace(
            monotonic=lambda: self.now, perf_counter=lambda: self.now, time=lambda: self.now
        )
        for module in (rate_limit, retry, exchange):
            monkeypatch.setattr(module, "time", self.clock)
        monkeypatch.setattr(watch, "_clock", self.clock.monotonic)
        for driver in (Driver, AsyncDriver):
            monkeypatch.setattr(driver, "run", self._without_pauses(driver.run))

    def _without_pauses(self, run: Any) -> Any:
        return lambda driver, conversation, *halt: run(driver, self.led(conversation), *halt)

    def led(self, conversation: Conversation[T]) -> Conversation[T]:
        """The same conversation, without its pauses."""
        try:
            step = next(conversation)
            while True:
                if isinstance(step, Pause):
                    self.passes(step.seconds)
                    step = conversation.send(None)
                    continue
                if isinstance(step, httpx.Request):
                    self.asked_at.append(self.now)
                try:
                    answer = yield step
                except Exception as exc:  # noqa: BLE001 - it is passed on
                    step = conversation.throw(exc)
                else:
                    step = conversation.send(answer)
        except StopIteration as done:
            value: T = done.value
            return value
        finally:
            conversation.close()

    def passes(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += seconds
        self.meanwhile(seconds)

    def most_in(self, seconds: float) -> int:
        """The most requests that were sent in any window of this length."""
        asked = self.asked_at
        return max((bisect.bisect_left(asked, at + seconds) - place for place, at in enumerate(asked)), default=0)
