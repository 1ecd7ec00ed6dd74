"""One logic, two kinds of clients: work is a generator that yields what it wants done, and is sent the result.

`Call`, `ReadContacts` and `Wait` are all that it can want. An error is thrown into the generator, so it can be handled
where it happens. The two drivers differ in nothing but ``await``.
"""

from __future__ import annotations

from asyncio import sleep as sleep_async
from collections.abc import Callable, Generator, Iterable
from contextlib import aclosing, closing
from time import sleep
from typing import Any, Literal, TypeAlias, TypeVar

import attrs

from unibatch.client import AsyncClient, Client
from unibatch.core.model import Contact
from unibatch.core.status import CallStatus
from unibatch.workflows.migrate.ledger import Progress

T = TypeVar("T")

SideName: TypeAlias = Literal["source", "target"]

_Report: TypeAlias = Callable[[Progress], None] | None


@attrs.frozen
class Call:
    """Call a method of a client.

    Attributes:
        side: Which client.
        method: Its method.
        args: The arguments.
        options: The arguments by name.
    """

    side: SideName
    method: str
    args: tuple[Any, ...]
    options: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class ReadContacts:
    """Read all contacts of a campaign. The result is a list of them; an incomplete listing is an error.

    Attributes:
        side: Which client.
        campaign_id: The campaign.
        what: What is being read, for progress.
        total: How many contacts there should be, for progress.
        status: Only contacts of this status, filtered by the vendor.
        stops_at_calls: Stop behind the first page with a contact in a call: reading the rest would be in vain.
    """

    side: SideName
    campaign_id: str
    what: str
    total: int | None = None
    status: CallStatus | None = None
    stops_at_calls: bool = False

    def is_enough(self, page: Iterable[Contact]) -> bool:
        """Whether nothing has to be read behind a page."""
        return self.stops_at_calls and any(contact.status.is_under_way for contact in page)

    def options(self) -> dict[str, Any]:
        """The arguments of ``list_contacts``."""
        return {} if self.status is None else {"status": self.status, "server_filter": True}


@attrs.frozen
class Wait:
    """Wait for some seconds.

    Attributes:
        seconds: How long.
    """

    seconds: float


Wish: TypeAlias = Call | ReadContacts | Wait
Work: TypeAlias = Generator[Wish, Any, T]


def call(side: SideName, method: str, *args: Any, **options: Any) -> Work[Any]:
    """Call a method of a client, within work."""
    return (yield Call(side, method, args, options))


def read_contacts(wish: ReadContacts) -> Work[list[Contact]]:
    """Read all contacts of a campaign, within work."""
    contacts: list[Contact] = yield wish
    return contacts


def wait(seconds: float) -> Work[None]:
    """Wait, within work."""
    yield Wait(seconds)


def run(work: Work[T], source: Client, target: Client, on_progress: _Report = None) -> T:
    """Carry work out, blocking."""
    clients = {"source": source, "target": target}
    try:
        wish = next(work)
        while True:
            try:
                result = _fulfil(wish, clients, on_progress)
            except Exception as exc:  # noqa: BLE001 - the work decides
                wish = work.throw(exc)
            else:
                wish = work.send(result)
    except StopIteration as done:
        value: T = done.value
        return value
    finally:
        work.close()


def _fulfil(wish: Wish, clients: dict[str, Client], on_progress: _Report) -> Any:
    if isinstance(wish, Wait):
        sleep(wish.seconds)
        return None
    client = clients[wish.side]
    if isinstance(wish, Call):
        return getattr(client, wish.method)(*wish.args, **wish.options)
    contacts: list[Contact] = []
    listing: Any = client.list_contacts(wish.campaign_id, **wish.options()).pages()  # a generator, to be closed
    with closing(listing) as pages:
        for page in pages:
            contacts += page
            tell(on_progress, wish.what, len(contacts), wish.total)
            if wish.is_enough(page):
                break
    return contacts


async def run_async(work: Work[T], source: AsyncClient, target: AsyncClient, on_progress: _Report = None) -> T:
    """As `run`, awaited. The journal is written without ``await``: a write takes milliseconds."""
    clients = {"source": source, "target": target}
    try:
        wish = next(work)
        while True:
            try:
                result = await _fulfil_async(wish, clients, on_progress)
            except Exception as exc:  # noqa: BLE001 - the work decides
                wish = work.throw(exc)
            else:
                wish = work.send(result)
    except StopIteration as done:
        value: T = done.value
        return value
    finally:
        work.close()


async def _fulfil_async(wish: Wish, clients: dict[str, AsyncClient], on_progress: _Report) -> Any:
    if isinstance(wish, Wait):
        await sleep_async(wish.seconds)
        return None
    client = clients[wish.side]
    if isinstance(wish, Call):
        return await getattr(client, wish.method)(*wish.args, **wish.options)
    contacts: list[Contact] = []
    async with aclosing(client.list_contacts(wish.campaign_id, **wish.options()).pages()) as pages:
        async for page in pages:
            contacts += page
            tell(on_progress, wish.what, len(contacts), wish.total)
            if wish.is_enough(page):
                break
    return contacts


def tell(
    on_progress: _Report, what: str, done: int = 0, total: int | None = None, seconds: float | None = None
) -> None:
    """Report progress, if anybody wants to know."""
    if on_progress is not None:
        on_progress(Progress(what=what, done=done, total=total, seconds=seconds))
