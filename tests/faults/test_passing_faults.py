"""A server that goes wrong now and then: every contact comes exactly once, in order, as if nothing had happened."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.bothways import VENDORS, AnyClient, BlockingAsyncClient, Style, connected
from tests.faults.conftest import PATIENT, Enter, Pace, emulating
from tests.faults.test_lasting_faults import lying
from unibatch import UnibatchError
from unibatch.sandbox import FaultProxy
from unibatch.sandbox import fault_proxy as wrong
from unibatch.sandbox.fault_proxy import Arrival, Fault, Plan, saying

pytestmark = pytest.mark.usefixtures("no_backoff")


def scripted(faults: Mapping[int, Sequence[Fault]]) -> Plan:
    """For each page, its faults one after the other, and then none."""

    def plan(arrival: Arrival) -> Fault | None:
        coming = faults.get(arrival.page, ())
        return coming[arrival.before] if arrival.before < len(coming) else None

    return plan


HTML = "<html><body><h1>Bad Gateway</h1></body></html>"

LOST: dict[str, Fault] = {
    "reset at once": wrong.reset_at_once,
    "end at once": wrong.end_at_once,
    "end in the headers": wrong.end_in_headers,
    "reset in the body": wrong.reset_in_body,
    "cut off": wrong.cut_off,
    "cut off with its length": wrong.cut_off_with_its_length,
    "cut off without length": wrong.cut_off_without_length,
    "chunks cut off": wrong.chunks_cut_off,
    "last chunk missing": wrong.last_chunk_missing,
    "damaged gzip": wrong.damaged_gzip,
    "no HTTP": wrong.no_http,
    "connections refused": wrong.refuse,
}
REFUSED: dict[str, Fault] = {
    "500 in HTML": saying(500, HTML),
    "502 in HTML": saying(502, HTML, {"Content-Type": "text/html"}),
    "503 in HTML": saying(503, HTML),
    "504 in HTML": saying(504, HTML),
    "503 with Retry-After: 0": saying(503, HTML, {"Retry-After": "0"}),
    "500 of a damaged body": saying(500, "\x1f\x8b", {"Content-Encoding": "gzip"}),
    "429 without a word": saying(429),
    "429 in HTML": saying(429, HTML),
    "429 with Retry-After: 0": saying(429, "{}", {"Retry-After": "0"}),
    "429 until a time long past": saying(
        429, '{"error": {"details": {"reset_at": "2020-01-01T00:00:00Z"}}}', {"X-RateLimit-Reset": "1577836800"}
    ),
    "429 with nonsense": saying(429, "{}", {"Retry-After": "soon", "X-RateLimit-Reset": "nan", "Date": "yesterday"}),
}
PASSING = {**LOST, **REFUSED}


@pytest.mark.parametrize(
    ("fault", "pace"),
    [(fault, "one by one") for fault in PASSING] + [(fault, "reading ahead") for fault in list(PASSING)[::4]],
)
def test_a_fault_that_passes_costs_no_contact_even_if_it_comes_again(enter: Enter, pace: Pace, fault: str) -> None:
    one = PASSING[fault]
    plan = scripted({0: [one] * 2, 1: [one], 4: [one] * 3, 8: [one]})
    scene = enter("techladder", 43, pace=pace, plan=plan)
    listing = scene.client.list_contacts("one")

    assert [contact.id for contact in listing] == scene.emulator.ids
    assert (listing.report.complete, listing.report.passes, listing.report.duplicates) == (True, 1, 0)
    scene.leave()


@pytest.mark.parametrize(("vendor", "fault"), [("truedy", "stall"), ("talkifai", "stall in the body")])
def test_an_answer_that_does_not_come_is_asked_for_again(enter: Enter, pace: Pace, vendor: str, fault: str) -> None:
    stall = {"stall": wrong.stall, "stall in the body": wrong.stall_in_body}[fault]
    scene = enter(vendor, 43, pace=pace, plan=scripted({0: [stall], 4: [stall], 5: [stall]}), how={"timeout": 0.08})

    assert scene.ids() == scene.emulator.ids
    scene.leave()


@pytest.mark.parametrize(
    ("seed", "vendor", "pace"),
    [
        (1, "truedy", "one by one"),
        (2, "techladder", "one by one"),
        (3, "talkifai", "one by one"),
        (4, "truedy", "reading ahead"),
        (5, "talkifai", "reading ahead"),
    ],
)
def test_with_any_mixture_of_faults_every_contact_comes_once(enter: Enter, pace: Pace, vendor: str, seed: int) -> None:
    dice = random.Random(seed)
    faults = list(PASSING.values())
    plan = scripted({page: dice.choices(faults, k=dice.choice([0, 0, 0, 1, 1, 2, 4])) for page in range(24)})
    scene = enter(vendor, 118, pace=pace, plan=plan)
    listing = scene.client.list_contacts("one")

    assert [contact.id for contact in listing] == scene.emulator.ids
    assert (listing.report.complete, listing.report.passes) == (True, 1)
    scene.leave()


def cut_off_before_its_first_byte(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    """A body that ends with the connection, of which nothing came."""
    del proxy, arrival
    connection.sendall(wrong.head(200, {"Connection": "close", "Content-Type": "application/json"}))
    return False


def test_a_body_without_length_may_be_cut_off_before_its_first_byte(enter: Enter) -> None:
    scene = enter("truedy", 33, plan=scripted({3: [cut_off_before_its_first_byte]}))

    assert scene.ids() == scene.emulator.ids


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_body_without_length_may_be_cut_off_after_any_bracket(enter: Enter, vendor: str) -> None:
    scene = enter(vendor, 3)
    whole = b""
    coming: list[int] = []

    def cut(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
        nonlocal whole
        whole = proxy.fetch(connection, arrival).body
        connection.sendall(wrong.head(200, {"Connection": "close"}) + whole[: coming.pop()])
        return False

    scene.emulator.plan = lambda _: cut if coming else None
    coming.append(1)
    assert scene.ids() == scene.emulator.ids
    failed = {}
    for end in (match.end() for match in re.finditer(rb"[]}](?=.)", whole)):
        coming.append(end)
        try:
            assert scene.ids() == scene.emulator.ids
        except UnibatchError as exc:
            failed[end] = type(exc).__name__
    assert failed == {}


def test_a_length_that_is_too_small_spoils_no_other_answer(enter: Enter, pace: Pace) -> None:
    scene = enter(
        "truedy", 58, pace=pace, plan=scripted({2: [wrong.too_short_a_length], 6: [wrong.too_short_a_length]})
    )

    assert scene.ids() == scene.emulator.ids


def test_a_connection_that_ended_while_it_was_idle_is_not_noticed(enter: Enter) -> None:
    scene = enter("truedy", 58, plan=lambda _: wrong.answer_and_end)

    assert scene.ids() == scene.emulator.ids


def test_a_page_that_comes_empty_or_short_or_twice_once_is_read_again(enter: Enter, pace: Pace) -> None:
    spoilt = {
        "whole": lying(),
        "empty": lying(rows=lambda _, rows: rows[:0]),
        "short": lying(rows=lambda _, rows: rows[:2]),
        "another": lying(page=3),
    }
    for vendor in ("techladder", "truedy"):
        for name, fault in spoilt.items():
            scene = enter(vendor, 33, pace=pace, plan=scripted({4: [fault]}))
            listing = scene.client.list_contacts("one")

            assert sorted(contact.id for contact in listing) == sorted(scene.emulator.ids), (vendor, name)
            assert listing.report.complete
            scene.leave()


@pytest.mark.parametrize(
    ("seed", "vendor", "pace"),
    [(1, "truedy", "one by one"), (2, "techladder", "reading ahead"), (3, "talkifai", "one by one")],
)
def test_contacts_that_stay_are_seen_while_others_come_and_go(enter: Enter, pace: Pace, vendor: str, seed: int) -> None:
    scene = enter(vendor, 93, pace=pace)
    dice = random.Random(seed)
    staying = set(scene.emulator.ids[::2])

    def move(arrival: Arrival, answer: object) -> object:
        rows, ids = scene.emulator.rows, scene.emulator.ids
        if arrival.page >= 0 and arrival.number < 22:
            rows[:] = [row for name, row in zip(ids, rows, strict=True) if name in staying or dice.random() > 0.05]
            if dice.random() < 0.3:
                rows.insert(dice.randrange(len(rows)), scene.emulator.new_row())
        return answer

    scene.emulator.plan = lambda _: wrong.editing(move)
    listing = scene.client.list_contacts("one")
    seen = [contact.id for contact in listing]

    assert len(seen) == len(set(seen))
    assert staying <= set(seen)
    assert listing.report.complete


RESETS: dict[str, Callable[[], Fault]] = {
    "Retry-After in seconds": lambda: saying(429, "{}", {"Retry-After": "1"}),
    "Retry-After in seconds, clock hours off": lambda: saying(429, "{}", {"Retry-After": "1", **_date(hours=-7)}),
    "Retry-After as a date, clock hours off": lambda: saying(
        429, "{}", {"Retry-After": _date(hours=5, seconds=1)["Date"], **_date(hours=5)}
    ),
    "X-RateLimit-Reset, clock hours off": lambda: saying(
        429, "{}", {"X-RateLimit-Reset": str(int(time.time()) - 7199), **_date(hours=-2)}
    ),
    "X-RateLimit-Reset in seconds": lambda: saying(429, "{}", {"X-RateLimit-Reset": "1"}),
    "Truedy's reset_at, clock hours off": lambda: saying(429, _reset_at(hours=3, seconds=1), _date(hours=3)),
    "503 with Retry-After": lambda: saying(503, HTML, {"Retry-After": "1"}),
    "Retry-After in fractions": lambda: saying(429, "{}", {"Retry-After": "1.0"}),
}


def _date(**ahead: int) -> dict[str, str]:
    return {"Date": format_datetime((datetime.now(UTC) + timedelta(**ahead)).replace(microsecond=0), usegmt=True)}


def _reset_at(**ahead: int) -> str:
    moment = (datetime.now(UTC) + timedelta(**ahead)).replace(microsecond=0)
    return f'{{"error": {{"code": "rate_limit_exceeded", "details": {{"reset_at": "{moment.isoformat()}"}}}}}}'


def test_nothing_comes_sooner_than_the_server_said(style: Style) -> None:
    """Page 9 is refused while page 4 is under way; when that comes, further pages could be read ahead."""
    with ThreadPoolExecutor(len(RESETS)) as threads:
        early = dict(zip(RESETS, threads.map(lambda reset: _early(style, reset), RESETS), strict=True))
    assert {reset: pages for reset, pages in early.items() if pages} == {}


def _early(style: Style, reset: str) -> list[tuple[int, float]]:
    """Which pages were asked for before the time was over, and after how many seconds."""
    refused: list[float] = []

    def refuse(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
        refused.append(time.monotonic())
        return RESETS[reset]()(proxy, connection, arrival)

    def late(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
        proxy.over.wait(0.3)
        return wrong.pass_on(proxy, connection, arrival)

    plan = scripted({4: [late], 9: [refuse]})
    with (
        emulating("truedy", 88, latency=0.025, plan=plan) as emulator,
        connected(style, "truedy", base_url=emulator.url, retry=PATIENT) as client,
    ):
        assert [contact.id for contact in client.list_contacts("one")] == emulator.ids
    # What was on its way already when the answer was sent cannot be called back.
    after = [(arrival.page, arrival.at - refused[0]) for arrival in emulator.arrivals]
    return [(page, at) for page, at in after if 0.15 < at < 0.95 and (page == 9 or "503" not in reset)]


def test_requests_that_wait_for_a_connection_wait_for_the_limit_too(enter: Enter) -> None:
    """The last of so many concurrent ones have no connection yet when the first ones are refused."""
    refused: list[float] = []

    def refuse(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
        proxy.over.wait(0.1)
        refused.append(time.monotonic())
        return saying(429, "{}", {"Retry-After": "1"})(proxy, connection, arrival)

    scene = enter("truedy", plan=lambda arrival: refuse if arrival.number < 16 else None)
    for number in range(24):
        scene.emulator.sandbox.create("truedy", 0, campaign_id=str(number))
    read_many(scene.client, 24)

    early = [arrival.number for arrival in scene.emulator.arrivals[16:] if arrival.at - refused[0] < 0.95]
    assert early == []


def read_many(client: AnyClient, count: int) -> None:
    """Read so many campaigns at the same time."""
    if isinstance(client, BlockingAsyncClient):
        inner = client.client

        async def read() -> None:
            await asyncio.gather(*(inner.get_campaign(str(number)) for number in range(count)))

        client.run(read())
    else:
        with ThreadPoolExecutor(count) as threads:
            list(threads.map(client.get_campaign, map(str, range(count))))
