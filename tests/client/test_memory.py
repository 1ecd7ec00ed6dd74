"""A listing is a stream: what has been used up is let go, so that memory stays flat however long the listing is."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.bothways import VENDORS, Answer, Connect
from tests.client.replies import CONTACT, ID, Reply, page
from unibatch import CallStatus, Contact
from unibatch.client.transport import httpx
from unibatch.core import structuring

pytestmark = pytest.mark.usefixtures("near")


def long_listing(vendor: str, *, pages: int, rows: int, padding: str = "") -> Answer:
    """A server with so many pages of so many contacts each, given in order whatever is asked for."""
    numbers = iter(range(1, pages + 1))

    def answer(_: httpx.Request) -> httpx.Response:
        number = next(numbers)
        contacts = [{**CONTACT[vendor], ID[vendor]: f"{number}-{row}", "padding": padding} for row in range(rows)]
        return Reply(body=page(vendor, *contacts, total=pages * rows, has_more=number < pages)).response()

    return answer


def held(*rows: weakref.ref[Contact]) -> int:
    """How many of these rows are still there."""
    if any(row() is not None for row in rows):
        gc.collect()  # takes long, and is needed only where objects refer to one another
    return sum(row() is not None for row in rows)


@pytest.mark.parametrize("vendor", VENDORS)
class TestRowsThatAreUsedUp:
    def test_contacts_are_let_go_with_their_page(self, connect: Connect, vendor: str) -> None:
        seen: list[weakref.ref[Contact]] = []
        for contact in connect(vendor, answer=long_listing(vendor, pages=4, rows=3)).list_contacts("c-1"):
            begins_a_page = len(seen) % 3 == 0
            assert not begins_a_page or held(*seen) == 0
            seen.append(weakref.ref(contact))
        assert len(seen) == 12

    def test_contacts_that_the_client_picks_are_let_go_too(self, connect: Connect, vendor: str) -> None:
        client = connect(vendor, answer=long_listing(vendor, pages=4, rows=3))
        wanted = [CallStatus.PENDING, CallStatus.BUSY]
        seen: list[weakref.ref[Contact]] = []
        for rows in client.list_contacts("c-1", status=wanted).pages():
            assert held(*seen) == 0
            seen.extend(map(weakref.ref, rows))
        assert len(seen) == 12


class TestBytes:
    PAGES = 50
    ROWS = 10
    PADDING = "x" * 10_000

    @pytest.fixture(autouse=True)
    def traced(self) -> Iterator[None]:
        gc.collect()
        tracemalloc.start()
        yield
        tracemalloc.stop()

    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize("look_at_raw", [False, True])
    def test_fifty_pages_take_the_memory_of_a_few(self, connect: Connect, vendor: str, *, look_at_raw: bool) -> None:
        """What is held may grow by the ids that are compared to find repeats, not by what the vendor sent."""
        server = long_listing(vendor, pages=self.PAGES, rows=self.ROWS, padding=self.PADDING)
        # One page at a time: on a busy machine reading ahead may begin, and then eight are held.
        listing = connect(vendor, answer=server, max_in_flight=1).list_contacts("c-1")
        before, _ = tracemalloc.get_traced_memory()
        for contact in listing:
            assert not look_at_raw or contact.raw["padding"] == self.PADDING
        assert listing.report.requests == self.PAGES
        _, peak = tracemalloc.get_traced_memory()
        one_page = self.ROWS * len(self.PADDING)
        assert peak - before < 12 * one_page


def test_durations_are_looked_up_among_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[float, timedelta] = {}
    monkeypatch.setattr(structuring, "known_seconds", known)
    for number in range(10_000):
        structuring.seconds(number, "duration")
    assert 1_000 < len(known) < 5_000
