"""The emulator, and what has to be left over after every test with it: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias

import attrs
import pytest

from tests.bothways import AnyClient, BlockingAsyncClient, Style, make_client
from tests.faults.emulator import Emulator
from unibatch import Retry

Pace: TypeAlias = Literal["one by one", "reading ahead"]

PATIENT = Retry(attempts=40, total=20.0)


@attrs.frozen
class Scene:
    """A server and a client that speaks to it."""

    emulator: Emulator
    client: AnyClient

    def ids(self) -> list[str]:
        """The contacts' ids, in the order in which they come."""
        return [contact.id for contact in self.client.list_contacts("one")]

    def leave(self) -> None:
        """Close the client, and insist that nothing of it is left."""
        self.client.close()
        if isinstance(self.client, BlockingAsyncClient):
            assert self.client.run(_other_tasks()) == []
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("unibatch_")] == []
        assert eventually(lambda: self.emulator.open == 0), "connections are open after close()"


Enter: TypeAlias = Callable[..., Scene]


async def _other_tasks() -> list[str]:
    for _ in range(10):  # a generator that was left half-way is closed by a task
        await asyncio.sleep(0)
    return [str(task) for task in asyncio.all_tasks() - {asyncio.current_task()}]


def eventually(holds: Callable[[], bool], seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


@pytest.fixture(params=["one by one", "reading ahead"])
def pace(request: pytest.FixtureRequest) -> Pace:
    chosen: Pace = request.param
    return chosen


@pytest.fixture
def no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between attempts there is hardly any time, where the server names none."""
    monkeypatch.setattr("unibatch.client.retry._backoff", lambda _: 0.005)
    for module in ("retry", "exchange"):
        monkeypatch.setattr(f"unibatch.client.{module}.NO_TIME_GIVEN", 0.02)


@pytest.fixture
def enter(style: Style) -> Iterator[Enter]:
    """Begin a scene; what it needs is closed after the test, whatever came of it."""
    with contextlib.ExitStack() as stack:

        def enter(
            vendor: str, contacts: int = 0, *, pace: Pace = "one by one", how: Any = None, **server: Any
        ) -> Scene:
            ahead = pace == "reading ahead"
            emulator = Emulator(vendor, contacts, latency=0.025 if ahead else 0.0, **server)
            stack.callback(emulator.close)
            asked = {"retry": PATIENT, "max_in_flight": 8 if ahead else 1, "timeout": 5.0, **(how or {})}
            client = make_client(style, vendor, base_url=emulator.url, **asked)
            if isinstance(client, BlockingAsyncClient):
                stack.callback(client.stop)
            stack.callback(client.close)
            return Scene(emulator, client)

        yield enter
