"""A vendor of the sandbox behind a fault proxy, and what has to be left over after every test with it: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias

import attrs
import pytest

from tests.bothways import AnyClient, BlockingAsyncClient, Style, make_client
from unibatch import Retry
from unibatch.sandbox import FaultProxy, Sandbox, serve
from unibatch.sandbox.campaign import VendorContact
from unibatch.sandbox.fault_proxy import Arrival, Plan, Reply

Pace: TypeAlias = Literal["one by one", "reading ahead"]

PATIENT = Retry(attempts=40, total=20.0)

SIZE = 5
"""How many contacts are on a page, with any number asked for."""

_making = threading.Lock()


@functools.cache
def server() -> Sandbox:
    """The sandbox behind all proxies, started by the first test that needs it."""
    return serve(seeded=False, enforce_rate_limits=False)


@pytest.fixture(scope="session", autouse=True)
def close_the_server() -> Iterator[None]:
    yield
    if server.cache_info().currsize:
        server().close()


@pytest.fixture(autouse=True)
def empty_server() -> None:
    server().reset()


class Emulator(FaultProxy):
    """One vendor with a campaign named "one", behind a proxy that lets any key pass."""

    def __init__(self, vendor: str, contacts: int = 0, *, latency: float = 0.0, plan: Plan | None = None) -> None:
        self.sandbox = server()
        self.vendor = vendor
        self.sandbox.assume(vendor, largest_page=SIZE)
        with _making:
            if "one" not in self.sandbox.campaign_ids(vendor):
                self.sandbox.create(vendor, contacts, campaign_id="one")
        super().__init__(self.sandbox.base_url(vendor), latency=latency, page_size=SIZE)
        self.plan = plan

    def fetch(self, connection: socket.socket, arrival: Arrival) -> Reply:
        key = b"Bearer " + self.sandbox.api_key(self.vendor).encode()
        return super().fetch(connection, attrs.evolve(arrival, head=re.sub(rb"Bearer \S+", key, arrival.head)))

    @property
    def ids(self) -> list[str]:
        """The ids of the campaign's contacts."""
        return [contact.id for contact in self.sandbox.state(self.vendor, "one").contacts]

    @property
    def rows(self) -> list[VendorContact]:
        """The campaign's contacts themselves, for a test that moves them."""
        return self.sandbox._vendors[self.vendor].campaigns["one"].contacts

    def new_row(self) -> VendorContact:
        vendor = self.sandbox._vendors[self.vendor]
        return vendor.invent(vendor.campaigns["one"])


def turned_to(page: int, arrival: Arrival) -> Arrival:
    """The same request for another page."""
    head = re.sub(rb"\boffset=\d+", b"offset=%d" % (page * SIZE), arrival.head)
    return attrs.evolve(arrival, head=re.sub(rb"\b(page|contactsPage)=\d+", rb"\g<1>=%d" % (page + 1), head))


@contextlib.contextmanager
def emulating(vendor: str, contacts: int = 0, **how: Any) -> Iterator[Emulator]:
    with Emulator(vendor, contacts, **how) as emulator:
        yield emulator


@attrs.frozen
class Scene:
    """A server and a client that speaks to it."""

    emulator: Emulator
    client: AnyClient

    def ids(self) -> list[str]:
        """The contacts' ids, in the order in which they come."""
        return [contact.id for contact in self.client.list_contacts("one")]

    def leave(self) -> None:
        """Close the client, and require that nothing of it is left."""
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
    """Begin a scene; what it needs is closed after the test, with any result."""
    with contextlib.ExitStack() as stack:

        def enter(vendor: str, contacts: int = 0, *, pace: Pace = "one by one", how: Any = None, **more: Any) -> Scene:
            ahead = pace == "reading ahead"
            latency = 0.025 if ahead else 0.0
            emulator = stack.enter_context(emulating(vendor, contacts, latency=latency, **more))
            asked = {"retry": PATIENT, "max_in_flight": 8 if ahead else 1, "timeout": 5.0, **(how or {})}
            client = make_client(style, vendor, base_url=emulator.url, **asked)
            if isinstance(client, BlockingAsyncClient):
                stack.callback(client.stop)
            stack.callback(client.close)
            return Scene(emulator, client)

        yield enter
