"""Whatever a server answers, a listing gives the same, whether its pages are read ahead or one after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bothways import VENDORS, Style, connected
from tests.client.replies import CONTACT, ID, page
from unibatch import IncompleteListing, ProviderError
from unibatch.client import prefetch
from unibatch.client.transport import httpx

POSITIONED_BY = {"truedy": "offset", "techladder": "page", "talkifai": "contactsPage"}
FIRST = {"truedy": 0, "techladder": 1, "talkifai": 1}


@attrs.frozen
class Answer:
    """What is odd about one page. ``removed`` and ``added`` rows have gone from the front and come to the end."""

    removed: int = 0
    added: int = 0
    short: int = 0
    total: int = 0
    has_more: bool | None = None
    status: int = 200


ODD = st.builds(
    Answer,
    removed=st.integers(0, 3),
    added=st.integers(0, 3),
    short=st.integers(0, 2),
    total=st.sampled_from([0, 0, -2, 1, 9]),
    has_more=st.sampled_from([None, None, True, False]),
    status=st.sampled_from([200] * 8 + [404, 500]),
)


class Server:
    """One campaign. What it answers depends on the position, and on how often it was read from its front."""

    def __init__(self, vendor: str, rows: int, size: int, odd: Mapping[tuple[int, int], Answer]) -> None:
        self._vendor, self._rows, self._size, self._odd = vendor, rows, size, odd
        self._passes = 0
        self.arrived = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.arrived += 1
        first = FIRST[self._vendor]
        position = int(request.url.params.get(POSITIONED_BY[self._vendor], first))
        self._passes += position == first
        begin = position if self._vendor == "truedy" else (position - 1) * self._size
        odd = self._odd.get((self._passes, begin // self._size), Answer())
        names = range(odd.removed, self._rows + odd.added)
        shown = names[begin : begin + max(0, self._size - odd.short)]
        contacts = [{**CONTACT[self._vendor], ID[self._vendor]: f"contact_{number}"} for number in shown]
        has_more = begin + self._size < len(names) if odd.has_more is None else odd.has_more
        body = page(self._vendor, *contacts, total=max(0, len(names) + odd.total), has_more=has_more)
        return httpx.Response(odd.status, json=body if odd.status < 400 else {})


def read(style: Style, vendor: str, server: Server, far: float, max_in_flight: int) -> tuple[Any, int]:
    """The rows, the error, and the report without its number of requests; and that number."""
    error, seen = "", []
    with (
        patch.object(prefetch, "_FAR", far),
        patch.object(prefetch, "_NOT_NEAR", math.inf),
        connected(style, vendor, answer=server, max_in_flight=max_in_flight) as client,
    ):
        listing = client.list_contacts("c-1")
        try:
            for contact in listing:
                seen.append(contact.id)  # noqa: PERF401  # what came is kept when an error comes
        except (IncompleteListing, ProviderError) as exc:
            error = str(exc)
    return (seen, error, attrs.evolve(listing.report, requests=0)), listing.report.requests


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    style=st.sampled_from(["sync", "async"]),
    vendor=st.sampled_from(VENDORS),
    rows=st.integers(0, 40),
    size=st.integers(2, 5),
    odd=st.dictionaries(st.tuples(st.integers(1, 3), st.integers(0, 15)), ODD, max_size=6),
    max_in_flight=st.sampled_from([2, 3, 8]),
)
def test_pages_read_ahead_give_what_pages_read_one_by_one_give(  # noqa: PLR0917 - what a server can do
    style: Style,
    vendor: str,
    rows: int,
    size: int,
    odd: Mapping[tuple[int, int], Answer],
    max_in_flight: int,
) -> None:
    near, ahead = Server(vendor, rows, size, odd), Server(vendor, rows, size, odd)
    one_by_one, requests = read(style, vendor, near, math.inf, max_in_flight)
    several, more_requests = read(style, vendor, ahead, -1.0, max_in_flight)
    assert several == one_by_one
    sent = requests + ahead.arrived - near.arrived
    # A thread may have begun with a page, and be stopped before it sends the request.
    assert more_requests == sent or (style == "sync" and more_requests > sent)
    if not odd:
        assert ahead.arrived == near.arrived
