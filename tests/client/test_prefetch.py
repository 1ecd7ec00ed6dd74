"""Pages of a far server are read before they are asked for: in order, within bounds, and never longer than wanted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from tests.bothways import VENDORS, AnyClient, BlockingAsyncClient, Connect, Style
from tests.client.rawserver import PATIENT, RawServer, serving
from tests.client.replies import CAMPAIGN, CONTACT, ID, one, page
from unibatch import AsyncClient, Client, Contact, IncompleteListing, Retry, ServerError
from unibatch.client import Options, prefetch
from unibatch.client.halt import Halt
from unibatch.client.prefetch import AsyncPrefetch, Eagerness, Prefetch
from unibatch.client.transport import httpx
from unibatch.core.flow import Flow
from unibatch.core.paging import Page, Paging, Position
from unibatch.core.provider import Capabilities, ContactFilter
from unibatch.providers import registry
from unibatch.providers.truedy import CAPABILITIES, Truedy

FAR = 0.025
"""Seconds that a far server takes to answer; more than a client takes for near."""

SIZE = {"truedy": 100, "techladder": 500, "talkifai": 500}
REQUEST = re.compile(rb"GET (\S+) HTTP/1.1\r\n.*?\r\n\r\n", re.DOTALL)


@attrs.define(eq=False)
class Vendor:
    """A server of one campaign: which pages of it were asked for (``positions``), and how many at once (``most``).

    ``short``, ``failing`` and ``stalling`` are the offsets of a page that has only 60 rows, is refused, or never comes;
    ``crowd`` pages must be under way at once before any but the first is answered.
    """

    rows: int
    vendor: str = "truedy"
    delay: float = FAR
    total: Callable[[int], int | None] = lambda rows: rows
    short: int | None = None
    failing: int | None = None
    stalling: int | None = None
    crowd: int | None = None
    positions: list[int] = attrs.field(factory=list)
    most: int = 0
    under_way: int = 0
    _changed: threading.Condition = attrs.field(factory=threading.Condition)

    def __call__(self, server: RawServer, connection: socket.socket) -> None:
        received = b""
        while more := connection.recv(4096):
            received += more
            while asked := REQUEST.match(received):
                received = received[asked.end() :]
                status, body = self.answer(server, asked[1].decode())
                content = json.dumps(body).encode()
                connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(content)) + content)

    def answer(self, server: RawServer, target: str) -> tuple[int, Any]:
        query = {name: int(values[0]) for name, values in parse_qs(urlsplit(target).query).items()}
        if not query or query == {"contactsPageSize": 1}:
            return 200, one(self.vendor, CAMPAIGN[self.vendor])
        position = query.get("offset", query.get("page", query.get("contactsPage", query.get("after", 0))))
        with self._changed:
            self.positions.append(position)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self._changed.notify_all()
            if self.crowd is not None and len(self.positions) > 1:
                assert self._changed.wait_for(lambda: self.crowd is None or self.most >= self.crowd, PATIENT)
        try:
            server.over.wait(self.delay)
            if position == self.stalling:
                server.stage.set()
                server.over.wait()
            if position == self.failing:
                return 500, {}
            offset = position if self.vendor == "truedy" else (position - 1) * SIZE[self.vendor]
            return 200, self._page(offset, CAMPAIGN if target.startswith("/batch-calls?") else CONTACT)
        finally:
            with self._changed:
                self.under_way -= 1

    def _page(self, offset: int, row: Mapping[str, Mapping[str, Any]]) -> Any:
        end = min(self.rows, offset + (60 if offset == self.short else SIZE[self.vendor]))
        known_as = "id" if row is CAMPAIGN else ID[self.vendor]
        rows = [{**row[self.vendor], known_as: name(number)} for number in range(offset, end)]
        total = self.total(self.rows)
        counts = {} if total is None else {"total": total}
        has_more = end < self.rows
        if self.vendor == "truedy":
            return {"data": rows, "pagination": {**counts, "has_more": has_more}}
        if self.vendor == "techladder":
            return {"data": {"items": rows, **counts, "has_more": has_more}}
        return {"contacts": rows, "contactsTotal": total, "contactsHasMore": has_more}


def name(number: int) -> str:
    return f"contact_{number:05}"


def names(count: int) -> list[str]:
    return list(map(name, range(count)))


def ids(listing: Any) -> list[str]:
    return [contact.id for contact in listing]


def keep(rows: Iterable[Contact], seen: list[str]) -> None:
    """Read to the end, or as far as it goes."""
    for contact in rows:
        seen.append(contact.id)  # noqa: PERF401  # what came is kept when an error comes


def reading_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("unibatch_")]


def budget_in_use(client: AnyClient) -> int:
    made = client.client if isinstance(client, BlockingAsyncClient) else client
    assert isinstance(made, Client | AsyncClient)
    return made._exchange.budget._in_flight


def let_the_loop_finish(client: AnyClient) -> set[str]:
    """Give what is being stopped the steps that it needs for that, and tell which tasks are left."""
    if not isinstance(client, BlockingAsyncClient):
        return set()

    async def look() -> set[str]:
        for _ in range(100):
            await asyncio.sleep(0)
        return {repr(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    return client.run(look())


def assert_at_rest(client: AnyClient) -> None:
    """Nothing is left running, and the client is usable."""
    assert let_the_loop_finish(client) == set()
    assert reading_threads() == []
    assert budget_in_use(client) == 0
    assert client.get_campaign("batch_1").id


@contextlib.contextmanager
def campaign_of(vendor: Vendor) -> Iterator[str]:
    with serving(vendor) as server:
        yield server.url


class TestOrder:
    @pytest.mark.parametrize("name_of_vendor", VENDORS)
    @pytest.mark.parametrize("extra", [0, 1])
    def test_rows_come_in_order_and_each_page_is_asked_for_once(
        self, connect: Connect, name_of_vendor: str, extra: int
    ) -> None:
        rows = 9 * SIZE[name_of_vendor] + extra
        vendor = Vendor(rows, name_of_vendor)
        with campaign_of(vendor) as url:
            listing = connect(name_of_vendor, base_url=url).list_contacts("c-1")
            assert ids(listing) == names(rows)
        step, first = (100, 0) if name_of_vendor == "truedy" else (1, 1)
        assert sorted(vendor.positions) == [first + step * number for number in range(9 + extra)]
        assert (listing.report.requests, listing.report.complete) == (9 + extra, True)

    def test_pages_come_as_the_vendor_cuts_them(self, connect: Connect) -> None:
        with campaign_of(Vendor(450)) as url:
            pages = list(connect("truedy", base_url=url).list_contacts("c-1").pages())
        assert [len(rows) for rows in pages] == [100, 100, 100, 100, 50]

    def test_campaigns_are_read_ahead_as_well(self, connect: Connect) -> None:
        vendor = Vendor(850, crowd=4)
        with campaign_of(vendor) as url:
            assert ids(connect("truedy", base_url=url, max_in_flight=4).list_campaigns()) == names(850)
        assert vendor.most == 4


class TestBound:
    @pytest.mark.parametrize(("how", "most"), [({"max_in_flight": 2}, 2), ({"max_in_flight": 3}, 3), ({}, 8)])
    def test_as_many_requests_as_allowed_are_under_way_and_no_more(
        self, connect: Connect, how: dict[str, Any], most: int
    ) -> None:
        vendor = Vendor(1050, crowd=most)
        with campaign_of(vendor) as url:
            assert ids(connect("truedy", base_url=url, **how).list_contacts("c-1")) == names(1050)
        assert vendor.most == most

    def test_one_is_one_page_after_the_other_and_only_when_it_is_needed(self, connect: Connect) -> None:
        vendor = Vendor(450)
        asked = []
        with campaign_of(vendor) as url:
            for _ in connect("truedy", base_url=url, max_in_flight=1).list_contacts("c-1").pages():
                time.sleep(0.005)
                asked.append(list(vendor.positions))
        assert asked == [[0], [0, 100], [0, 100, 200], [0, 100, 200, 300], [0, 100, 200, 300, 400]]

    def test_pages_are_not_read_further_ahead_while_nobody_reads_them(self, connect: Connect) -> None:
        vendor = Vendor(3000)
        with campaign_of(vendor) as url:
            client = connect("truedy", base_url=url, max_in_flight=3)
            pages = iter(client.list_contacts("c-1").pages())
            next(pages)
            time.sleep(4 * FAR)
            assert len(vendor.positions) <= 3
            del pages
            assert_at_rest(client)

    def test_no_more_pages_are_asked_for_than_the_total_calls_for(self, connect: Connect) -> None:
        vendor = Vendor(250)
        with campaign_of(vendor) as url:
            list(connect("truedy", base_url=url, max_in_flight=64).list_contacts("c-1"))
        assert sorted(vendor.positions) == [0, 100, 200]


class TestNear:
    """What is near is read one page at a time: the time goes into reading what came."""

    def test_a_near_server_is_asked_for_a_page_when_it_is_needed(
        self, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(prefetch, "time", SimpleNamespace(monotonic=lambda: 0.0, thread_time=lambda: 0.0))
        vendor = Vendor(450, delay=0)
        asked = []
        with campaign_of(vendor) as url:
            for _ in connect("truedy", base_url=url).list_contacts("c-1").pages():
                asked.append(len(vendor.positions))
                assert reading_threads() == []
        assert asked == [1, 2, 3, 4, 5]
        assert vendor.most == 1

    @pytest.mark.parametrize(
        ("waits", "pages"),
        [
            ([], 1),
            ([0.02], 8),
            ([0.019], 1),
            ([0.001] * 2, 1),
            ([0.001] * 3, 8),
            ([0.0009] * 9, 1),
            ([0.001, 0.001, 0.0009, 0.001, 0.001], 1),
            ([0.0009, 0.001, 0.002, 0.003], 8),
            ([0.03, 0.0005, 0.0005, 0.0005], 8),
            ([0.0005, 0.03, 0.03], 1),
            ([0.0005, 0.03, 0.03, 0.03], 8),
        ],
    )
    def test_one_long_wait_or_three_in_a_row_that_are_not_short_are_far(self, waits: list[float], pages: int) -> None:
        eagerness = Eagerness(8)
        for waited in waits:
            eagerness.note(waited)
        assert eagerness.pages == pages

    @pytest.mark.parametrize(("computed", "pages"), [(0.015, 1), (0.005, 8)])
    def test_waiting_is_sleeping_and_not_computing(
        self, monkeypatch: pytest.MonkeyPatch, computed: float, pages: int
    ) -> None:
        eagerness = Eagerness(8)
        clocks = SimpleNamespace(monotonic=iter([0.0, 0.03]).__next__, thread_time=iter([0.0, computed]).__next__)
        monkeypatch.setattr(prefetch, "time", clocks)
        eagerness.begin()
        eagerness.end()
        assert eagerness.pages == pages


class TestStopping:
    @pytest.mark.parametrize("after", [0, 3])
    def test_after_some_pages(self, connect: Connect, after: int) -> None:
        with campaign_of(Vendor(1050)) as url:
            client = connect("truedy", base_url=url)
            for number, _ in enumerate(client.list_contacts("c-1").pages()):
                if number == after:
                    break
            assert_at_rest(client)

    def test_while_a_page_stalls_that_nobody_has_asked_for_yet(self, connect: Connect) -> None:
        vendor = Vendor(1050, stalling=200)
        with serving(vendor) as server:
            client = connect("truedy", base_url=server.url, timeout=PATIENT)
            pages = iter(client.list_contacts("c-1").pages())
            next(pages)
            if not isinstance(client, BlockingAsyncClient):  # whose loop stands still meanwhile
                assert server.stage.wait(PATIENT)
            next(pages)
            del pages
            assert_at_rest(client)

    def test_what_was_seen_until_then_is_in_the_report(self, connect: Connect) -> None:
        with campaign_of(Vendor(1050)) as url:
            client = connect("truedy", base_url=url)
            listing = client.list_contacts("c-1")
            for contact in listing:
                if contact.id == name(150):
                    break
            assert_at_rest(client)
        assert (listing.report.seen, listing.report.complete) == (200, False)


class TestErrors:
    def test_one_on_the_fifth_page_comes_after_the_first_four(self, connect: Connect) -> None:
        with campaign_of(Vendor(1050, failing=400)) as url:
            client = connect("truedy", base_url=url)
            seen: list[str] = []
            listing = client.list_contacts("c-1")
            with pytest.raises(ServerError):
                keep(listing, seen)
            assert seen == names(400)
            assert not listing.report.complete
            assert_at_rest(client)

    def test_one_on_a_page_that_nobody_comes_to_is_never_seen(self, connect: Connect) -> None:
        with campaign_of(Vendor(1050, failing=400)) as url:
            client = connect("truedy", base_url=url)
            pages = iter(client.list_contacts("c-1").pages())
            for _ in range(3):
                next(pages)
            del pages
            assert_at_rest(client)

    def test_one_is_tried_again_while_other_pages_come(self, connect: Connect) -> None:
        vendor = Vendor(1050, failing=400)
        with campaign_of(vendor) as url:

            def heal(_: object) -> None:
                vendor.failing = None

            client = connect("truedy", base_url=url, retry=Retry(), on_wait=heal)
            assert ids(client.list_contacts("c-1")) == names(1050)
        assert vendor.positions.count(400) == 2

    def test_what_on_wait_raises_comes_out_of_the_listing(self, connect: Connect) -> None:
        def refuse(_: object) -> None:
            raise ZeroDivisionError

        with campaign_of(Vendor(1050, failing=400)) as url:
            client = connect("truedy", base_url=url, retry=Retry(), on_wait=refuse)
            with pytest.raises(ZeroDivisionError):
                list(client.list_contacts("c-1"))
            assert_at_rest(client)


class TestCancellation:
    """Every point at which a task can be cancelled is one step of the event loop away from the one before."""

    @pytest.fixture(autouse=True)
    def everything_is_far(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(prefetch, "_FAR", -1.0)

    class Quick:
        """A vendor within the loop."""

        def __init__(self) -> None:
            self.under_way = 0

        async def answer(self, request: httpx.Request) -> httpx.Response:
            self.under_way += 1
            try:
                for _ in range(3):
                    await asyncio.sleep(0)
                if "offset" not in request.url.params:
                    return httpx.Response(200, json=one("truedy", CAMPAIGN["truedy"]))
                offset = int(request.url.params["offset"])
                rows = [{**CONTACT["truedy"], "contact_id": name(number)} for number in range(offset, offset + 2)]
                return httpx.Response(
                    200, json={"data": rows, "pagination": {"total": 30, "has_more": offset + 2 < 30}}
                )
            finally:
                self.under_way -= 1

    def client(self, quick: Quick) -> AsyncClient:
        options = Options(retry=Retry(attempts=1), requests_per_minute=1_000_000, max_in_flight=3)
        transport = httpx.MockTransport(quick.answer)
        return AsyncClient(registry.load("truedy")({}), "a-key-for-tests", options=options, transport=transport)

    async def read(self, client: AsyncClient) -> list[str]:
        return [contact.id async for contact in client.list_contacts("c-1")]

    def test_at_any_step_it_leaves_nothing_running_and_the_client_usable(self) -> None:
        async def go() -> int:
            quick = self.Quick()
            async with self.client(quick) as client:
                for steps in range(200):
                    task = asyncio.create_task(self.read(client))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    task.cancel()
                    try:
                        assert await task == names(30)
                    except asyncio.CancelledError:
                        assert asyncio.all_tasks() == {asyncio.current_task()}
                        assert quick.under_way == 0
                        assert client._exchange.budget._in_flight == 0
                        assert (await client.get_campaign("batch_1")).id == "batch_1"
                    else:
                        assert await self.read(client) == names(30)
                        return steps
            return 0

        assert asyncio.run(go()) > 20

    def test_one_that_comes_again_while_it_is_closing_does_not_hurt(self) -> None:
        async def go() -> None:
            quick = self.Quick()
            async with self.client(quick) as client:
                for steps in range(60):
                    task = asyncio.create_task(self.read(client))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.sleep(0)
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
                    for _ in range(20):
                        await asyncio.sleep(0)
                    assert asyncio.all_tasks() == {asyncio.current_task()}
                    assert client._exchange.budget._in_flight == 0
                assert await self.read(client) == names(30)

        asyncio.run(go())

    def test_rows_that_are_kept_beyond_the_end_of_the_loop_are_closed_without_an_error(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def go() -> AsyncIterator[Contact]:
            rows = aiter(self.client(self.Quick()).list_contacts("c-1"))
            await anext(rows)
            return rows

        rows = asyncio.run(go())
        assert rows is not None
        assert caplog.messages == []

    def test_closing_the_rows_waits_until_nothing_is_running(self) -> None:
        async def go() -> None:
            quick = self.Quick()
            async with self.client(quick) as client:
                async with aclosing(aiter(client.list_contacts("c-1"))) as rows:  # type: ignore[type-var]  # it is a generator
                    await anext(rows)
                    assert len(asyncio.all_tasks()) > 1
                assert asyncio.all_tasks() == {asyncio.current_task()}
                assert quick.under_way == 0

        asyncio.run(go())


class TestTotalsThatAreWrong:
    @pytest.mark.parametrize("total", [1, 150, 300, 1450])
    def test_one_that_is_wrong_loses_and_repeats_nothing(self, connect: Connect, total: int) -> None:
        vendor = Vendor(450, total=lambda _: total)
        seen: list[str] = []
        with campaign_of(vendor) as url:
            client = connect("truedy", base_url=url)
            with pytest.raises(IncompleteListing, match=f"{total:,} rows were announced, and 450 came"):
                keep(client.list_contacts("c-1"), seen)
            assert_at_rest(client)
        assert seen == names(450)

    def test_a_page_read_ahead_that_is_not_there_any_more_counts_as_one_request(
        self, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(prefetch, "_FAR", -1.0)
        positions: list[int] = []

        def answer(request: httpx.Request) -> httpx.Response:
            position = int(request.url.params["offset"])
            total = 200 if positions else 300
            positions.append(position)
            if position == 200:
                return httpx.Response(404, json={})
            contacts = [{**CONTACT["truedy"], "contact_id": name(position + number)} for number in range(100)]
            return httpx.Response(200, json=page("truedy", *contacts, total=total, has_more=True))

        listing = connect("truedy", answer=answer).list_contacts("c-1")
        assert ids(listing) == names(200)
        assert positions.count(200) == 2
        assert listing.report.requests == len(positions) == 6

    def test_without_one_the_next_page_is_read_while_this_one_is_used(self, connect: Connect) -> None:
        vendor = Vendor(450, total=lambda _: None)
        with campaign_of(vendor) as url:
            listing = connect("truedy", base_url=url).list_contacts("c-1")
            assert ids(listing) == names(450)
        assert vendor.positions == [0, 100, 200, 300, 400]
        assert vendor.most == 1
        assert listing.report.complete


class TestAShortPage:
    @pytest.mark.parametrize("short", [0, 200, 900])
    def test_what_is_behind_it_is_asked_for_where_it_begins(self, connect: Connect, short: int) -> None:
        vendor = Vendor(1050, short=short)
        with campaign_of(vendor) as url:
            client = connect("truedy", base_url=url)
            listing = client.list_contacts("c-1")
            assert ids(listing) == names(1050)
            assert_at_rest(client)
        assert short + 60 in vendor.positions
        assert (listing.report.seen, listing.report.complete) == (1050, True)
        assert listing.report.requests >= len(vendor.positions)


class Cursors(Truedy):
    """A vendor that pages by cursor, and tells no total."""

    capabilities: Capabilities = attrs.evolve(  # type: ignore[misc]  # only this test looks
        CAPABILITIES, contact_paging=Paging("cursor", 100, size_param="limit", position_param="after")
    )

    def list_contacts(self, campaign_id: str, position: Position, wanted: ContactFilter) -> Flow[Page[Contact]]:
        page = yield from super().list_contacts(campaign_id, position, wanted)
        return attrs.evolve(page, total=None, next_cursor=str(int(position or 0) + 100) if page.has_more else None)


class TestCursors:
    @contextlib.contextmanager
    def connected(self, style: Style, url: str, max_in_flight: int = 8) -> Iterator[AnyClient]:
        options = Options(base_url=url, requests_per_minute=1_000_000, max_in_flight=max_in_flight)
        if style == "sync":
            with Client(Cursors({}), "a-key-for-tests", options=options) as client:
                yield client
        else:
            blocking = BlockingAsyncClient(AsyncClient(Cursors({}), "a-key-for-tests", options=options))
            with blocking:
                yield cast("Client", blocking)  # it looks like one
            blocking.stop()

    def test_rows_come_in_order_and_each_page_is_asked_for_once(self, style: Style) -> None:
        vendor = Vendor(450)
        with campaign_of(vendor) as url, self.connected(style, url) as client:
            listing = client.list_contacts("c-1")
            assert ids(listing) == names(450)
        assert vendor.positions == [0, 100, 200, 300, 400]
        assert (listing.report.requests, listing.report.complete, vendor.most) == (5, True, 1)

    def test_the_next_page_is_read_while_this_one_is_used(self, style: Style) -> None:
        vendor = Vendor(450)
        with campaign_of(vendor) as url, self.connected(style, url) as client:
            pages = iter(client.list_contacts("c-1").pages())
            next(pages)
            end = time.monotonic() + PATIENT
            while len(vendor.positions) < 2:
                let_the_loop_finish(client)
                assert time.monotonic() < end
            time.sleep(2 * FAR)
            let_the_loop_finish(client)
            assert vendor.positions == [0, 100]
            del pages
            assert_at_rest(client)


class TestThreads:
    """What reads ahead, by itself."""

    def test_pages_that_are_not_needed_any_more_are_halted(self) -> None:
        began, halts = threading.Event(), []

        def read(position: Position, halt: Halt | None) -> Position:
            assert halt is not None
            halts.append(halt)
            began.set()
            halt.sleep(PATIENT)
            return position

        reading: Prefetch[Position, Position] = Prefetch(read, 2)
        reading.begin([7])
        assert began.wait(PATIENT)
        reading.begin([])
        assert halts[0].is_set()
        reading.close()
        assert len(reading.discarded) == 1
        assert reading_threads() == []

    def test_pages_that_nobody_began_to_read_are_not_counted_as_asked_for(self) -> None:
        began, go_on = threading.Event(), threading.Event()

        def read(position: Position, _: Halt | None) -> Position:
            began.set()
            assert go_on.wait(PATIENT)
            return position

        reading: Prefetch[Position, Position] = Prefetch(read, 1)
        reading.begin([1, 2, 3])
        assert began.wait(PATIENT)
        reading.begin([1])
        go_on.set()
        assert reading.take([1]) == 1
        reading.close()
        assert not reading.discarded

    def test_nor_is_one_whose_task_has_not_had_its_turn(self) -> None:
        async def read(position: Position) -> Position:
            await asyncio.sleep(0)
            return position

        async def go() -> list[Position]:
            reading: AsyncPrefetch[Position, Position] = AsyncPrefetch(read, 1)
            await reading.begin([1, 2, 3])
            await reading.begin([1])
            assert await reading.take([1]) == 1
            await reading.close()
            return reading.discarded

        assert asyncio.run(go()) == []
