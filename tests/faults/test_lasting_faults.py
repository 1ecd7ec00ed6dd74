"""A server that stays wrong: the error says how, after everything that could be had; and nothing is left behind."""

from __future__ import annotations

import gzip
import json
import random
import socket
from typing import Any

import pytest

from tests.bothways import VENDORS, AnyListing
from tests.faults.conftest import Enter, Pace, Scene, turned_to
from unibatch import Contact, IncompleteListing, Retry, UnibatchError
from unibatch.sandbox import FaultProxy
from unibatch.sandbox import fault_proxy as wrong
from unibatch.sandbox.fault_proxy import Arrival, Fault, Plan, saying

pytestmark = pytest.mark.usefixtures("no_backoff")


def always_on_page(page: int, fault: Fault) -> Plan:
    return lambda arrival: fault if arrival.page == page else None


HTML = "<html><body><h1>Sign in to the network</h1></body></html>"
BRIEF = {"retry": Retry(attempts=3, total=5.0), "timeout": 0.1}


def forty_megabytes(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    """In chunks, so that nobody can know before."""
    del proxy, arrival
    block = b" " * 1_000_000
    connection.sendall(wrong.head(200, {"Transfer-Encoding": "chunked"}))
    for _ in range(40):
        connection.sendall(b"F4240\r\n" + block + b"\r\n")
    return False


def forty_megabytes_announced(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    connection.sendall(wrong.message(b"{", length=40_000_000))
    return wrong.stall(proxy, connection, arrival)


BOMB = gzip.compress(b" " * 34_000_000, 1)
bomb = saying(200, BOMB, {"Content-Encoding": "gzip"})
elsewhere = saying(307, b"", {"Location": "//localhost:9/"})


def loop(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    return saying(302, b"", {"Location": arrival.target})(proxy, connection, arrival)


def dripping(first: bytes, drop: bytes) -> Fault:
    """Send the first part, and then the second again and again for a while."""

    def fault(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
        del arrival
        connection.sendall(first)
        for _ in range(200):
            connection.sendall(drop)
            proxy.over.wait(0.02)
        return False

    return fault


def gone(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
    del connection, arrival
    proxy.run(proxy.refuse_connections, 30)
    return False


LASTING: dict[str, tuple[Fault, str]] = {
    "reset": (wrong.reset_at_once, "ConnectionLost"),
    "reset in the body": (wrong.reset_in_body, "ConnectionLost"),
    "cut off": (wrong.cut_off, "ConnectionLost"),
    "chunks cut off": (wrong.chunks_cut_off, "ConnectionLost"),
    "cut off with its length": (wrong.cut_off_with_its_length, "MalformedResponse"),
    "cut off without length": (wrong.cut_off_without_length, "MalformedResponse"),
    "damaged gzip": (wrong.damaged_gzip, "MalformedResponse"),
    "stall": (wrong.stall, "ReadTimeout"),
    "stall in the body": (wrong.stall_in_body, "ReadTimeout"),
    "connections refused": (gone, "ConnectFailed"),
    "empty": (saying(200), "MalformedResponse"),
    "blank": (saying(200, " \n"), "MalformedResponse"),
    "nothing to say": (saying(204), "MalformedResponse"),
    "null": (saying(200, "null"), "MalformedResponse"),
    "HTML": (saying(200, HTML, {"Content-Type": "text/html"}), "MalformedResponse"),
    "nested deeply": (saying(200, '{"data":' + "[" * 200_000 + "]" * 200_000 + "}"), "MalformedResponse"),
    "a bomb": (bomb, "AnswerTooLarge"),
    "40 MB": (forty_megabytes, "AnswerTooLarge"),
    "40 MB announced": (forty_megabytes_announced, "AnswerTooLarge"),
    "a redirect to itself": (loop, "RedirectRefused"),
    "a redirect to another host": (elsewhere, "RedirectRefused"),
    "a redirect to nowhere": (saying(302), "ServerError"),
    "400": (saying(400, HTML), "InvalidRequest"),
    "401": (saying(401, HTML), "AuthenticationError"),
    "402": (saying(402, HTML), "PaymentRequired"),
    "403": (saying(403, HTML), "PermissionDenied"),
    "404": (saying(404, HTML), "NotFound"),
    "422": (saying(422, HTML), "InvalidRequest"),
    "429": (saying(429, HTML), "RateLimited"),
    "429 for hours": (saying(429, HTML, {"Retry-After": "7200"}), "RateLimited"),
    "500": (saying(500, HTML), "ServerError"),
    "503": (saying(503, HTML), "ServerError"),
    "503 for hours": (saying(503, HTML, {"Retry-After": "7200"}), "ServerError"),
    "501 with a deeply nested body": (saying(501, "[" * 200_000), "ServerError"),
}
DRIPPING: dict[str, Fault] = {
    "a body": dripping(wrong.head(200, {"Content-Length": "5000"}), b" "),
    "chunks": dripping(wrong.head(200, {"Transfer-Encoding": "chunked"}), b"1\r\n \r\n"),
}


def read(listing: AnyListing[Contact]) -> tuple[list[str], str]:
    """The ids that came, and the name of the error at the end."""
    ids: list[str] = []
    try:
        ids.extend(contact.id for contact in listing)
    except UnibatchError as exc:
        return ids, type(exc).__name__
    return ids, ""


@pytest.mark.parametrize(
    ("fault", "pace"),
    [(fault, "one by one") for fault in LASTING]
    + [(fault, "reading ahead") for fault in ("reset", "stall", "HTML", "404", "429")],
)
def test_the_error_comes_after_the_rows_before_it(enter: Enter, pace: Pace, fault: str) -> None:
    wrong_for_ever, error = LASTING[fault]
    how = BRIEF if error == "ReadTimeout" else {**BRIEF, "timeout": 5.0}  # a busy machine may be slow
    scene = enter("truedy", 58, pace=pace, plan=always_on_page(4, wrong_for_ever), how=how)
    listing = scene.client.list_contacts("one")

    assert read(listing) == (scene.emulator.ids[:20], error)
    assert not listing.report.complete
    assert [arrival.page for arrival in scene.emulator.arrivals].count(4) <= 6
    scene.leave()


@pytest.mark.parametrize("fault", DRIPPING)
def test_an_answer_that_drips_is_given_up(enter: Enter, fault: str) -> None:
    how = {"retry": Retry(attempts=1), "timeout": 0.15}  # long enough for the first page on a busy machine
    scene = enter("truedy", 18, plan=always_on_page(2, DRIPPING[fault]), how=how)

    assert read(scene.client.list_contacts("one")) == (scene.emulator.ids[:10], "ReadTimeout")


def facts(answer: dict[str, Any]) -> tuple[dict[str, Any], list[Any], str, str]:
    """Where a vendor's answer has the numbers of the page, its rows, and the names of total and has-more."""
    if "pagination" in answer:
        return answer["pagination"], answer["data"], "total", "has_more"
    if "contacts" in answer:
        return answer, answer["contacts"], "contactsTotal", "contactsHasMore"
    return answer["data"], answer["data"]["items"], "total", "has_more"


def lying(**lies: Any) -> Fault:
    """Say something else than the truth; a function is given the arrival and the truth."""

    def fault(proxy: FaultProxy, connection: socket.socket, arrival: Arrival) -> bool:
        rows_from = lies.get("page", arrival.page)
        answer = json.loads(proxy.fetch(connection, arrival).body)
        where, rows, total, more = facts(answer)
        for lie, key in (("total", total), ("more", more)):
            if lie in lies:
                where[key] = lies[lie](arrival, where[key]) if callable(lies[lie]) else lies[lie]
        if rows_from != arrival.page:
            rows[:] = facts(json.loads(proxy.fetch(connection, turned_to(rows_from, arrival)).body))[1]
        if "rows" in lies:
            rows[:] = lies["rows"](arrival, rows)
        connection.sendall(wrong.message(json.dumps(answer).encode()))
        return True

    return fault


LIES: dict[str, tuple[Fault, int]] = {
    "a total too high": (lying(total=lambda _, total: total + 100), 58),
    "a total too low": (lying(total=3, more=lambda _, more: more), 58),
    "no total at all, and more for ever": (lying(total=None, more=True), 58),
    "more for ever": (lying(more=True), 58),
    "an enormous total": (lying(total=2**62), 58),
    "an enormous total and more for ever": (lying(total=2**62, more=True), 58),
    "a total that grows": (lying(total=lambda arrival, total: total + arrival.number), 58),
    "a total that shrinks": (lying(total=lambda arrival, total: total + 9_999 - arrival.number), 58),
    "a total that flutters": (lying(total=lambda arrival, total: total + arrival.number % 2), 58),
    "a total that grows and more for ever": (lying(total=lambda a, total: total + 5 * a.number, more=True), 58),
    "no more after the third page": (lying(more=lambda arrival, _: arrival.page < 2), 15),
    "the first page for ever": (lying(page=0, more=True), 5),
    "the first page as often as there are pages": (lying(page=0), 5),
    "the first page for ever while the total grows": (
        lying(page=0, more=True, total=lambda arrival, _: 58 + 5 * arrival.number),
        5,
    ),
    "no rows after the third page": (lying(rows=lambda arrival, rows: rows if arrival.page < 3 else []), 15),
    "one page that never comes": (lying(rows=lambda arrival, rows: rows if arrival.page != 3 else []), 53),
}


@pytest.mark.parametrize(
    ("vendor", "pace", "lie"),
    [(("truedy", "techladder")[number % 2], "one by one", lie) for number, lie in enumerate(LIES)]
    + [("talkifai", "reading ahead", lie) for lie in list(LIES)[::4]],
)
def test_a_server_that_lies_is_found_out_in_a_bounded_number_of_requests(
    enter: Enter, pace: Pace, vendor: str, lie: str
) -> None:
    liar, had = LIES[lie]
    scene = enter(vendor, 58, pace=pace, plan=lambda _: liar)
    listing = scene.client.list_contacts("one")
    ids, error = read(listing)

    assert error == "IncompleteListing"
    assert len(ids) == len(set(ids))
    if lie != "one page that never comes":
        assert ids == scene.emulator.ids[:had]
    else:
        assert set(ids) >= set(scene.emulator.ids[:15])
    assert listing.report.reason is not None
    assert len(scene.emulator.arrivals) < 3 * (12 + 8 + 1) or "grows" in lie
    assert len(scene.emulator.arrivals) < 12_000
    scene.leave()


@pytest.mark.parametrize(("seed", "vendor"), list(enumerate(VENDORS)))
def test_rows_in_another_order_each_time_are_never_called_complete_with_some_missing(
    enter: Enter, vendor: str, seed: int
) -> None:
    scene = enter(vendor, 33, pace="reading ahead" if seed % 2 else "one by one")
    dice = random.Random(seed)

    def shuffle(_: Arrival, answer: object) -> object:
        dice.shuffle(scene.emulator.rows)
        return answer

    scene.emulator.plan = lambda _: wrong.editing(shuffle)
    ids, error = read(scene.client.list_contacts("one"))

    assert len(ids) == len(set(ids))
    assert error == "IncompleteListing" or len(ids) == 33
    assert len(scene.emulator.arrivals) < 3 * (7 + 8)


def test_what_is_incomplete_says_why(enter: Enter) -> None:
    scene: Scene = enter("truedy", 8, plan=lambda _: lying(total=9))

    with pytest.raises(IncompleteListing, match="9 rows were announced, and 8 came") as caught:
        scene.ids()
    assert caught.value.report.seen == 8
