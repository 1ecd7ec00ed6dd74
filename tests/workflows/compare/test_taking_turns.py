"""Threads that read from servers nearby take turns, and one that waits holds up nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import closing

import pytest

import unibatch
from tests.workflows.compare.conftest import Create
from unibatch.client import pages_meanwhile
from unibatch.workflows.compare import taking_turns
from unibatch.workflows.compare.taking_turns import TakingTurns

PATIENCE = 10  # seconds; a thread that is still held up then is held up for good


def numbers(most: int, before: Callable[[int], None]) -> Generator[int]:
    for number in range(most):
        before(number)
        yield number


def in_thread(turns: TakingTurns, pages: Generator[int], done: list[int]) -> threading.Thread:
    thread = threading.Thread(target=lambda: done.extend(turns.read(pages)), daemon=True)
    thread.start()
    return thread


def test_a_thread_whose_server_is_silent_holds_up_no_other() -> None:
    turns, is_asked, answers = TakingTurns(), threading.Event(), threading.Event()

    def wait(_number: int) -> None:
        is_asked.set()
        answers.wait(PATIENCE)

    slow_done: list[int] = []
    fast_done: list[int] = []
    slow = in_thread(turns, numbers(3, wait), slow_done)
    assert is_asked.wait(PATIENCE)
    in_thread(turns, numbers(500, lambda _number: None), fast_done).join(PATIENCE)
    assert (slow_done, fast_done) == ([], list(range(500)))

    answers.set()
    slow.join(PATIENCE)
    assert slow_done == [0, 1, 2]


def test_a_thread_that_wakes_up_after_its_turn_gets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = TakingTurns()
    slept: list[float] = []

    def sleep_too_long(timeout: float) -> None:
        assert len(slept) < 5, "it waits for a turn that never comes"
        slept.append(timeout)
        turns._pass_on()  # its turn comes,
        turns._pass_on()  # and another thread that loses patience passes it on

    monkeypatch.setattr(turns._changed, "wait", sleep_too_long)
    monkeypatch.setattr(taking_turns, "_PATIENCE", PATIENCE)
    other = turns.read(numbers(2, lambda _number: None))
    assert next(other) == 0
    with closing(other):
        assert list(turns.read(numbers(3, lambda _number: None))) == [0, 1, 2]
    assert slept


def test_a_thread_that_fails_leaves_its_turn_and_closes_its_pages() -> None:
    turns = TakingTurns()

    def fail(_number: int) -> None:
        raise ValueError("broken")

    broken = numbers(1, fail)
    with pytest.raises(ValueError, match="broken"):
        list(turns.read(broken))
    assert list(turns.read(numbers(3, lambda _number: None))) == [0, 1, 2]


@pytest.mark.usefixtures("near")
def test_a_page_nearby_is_counted_while_the_next_one_is_on_its_way(create: Create) -> None:
    campaign = create("truedy", 250).partition(":")[2]
    order: list[str] = []
    note = order.append
    with unibatch.connect("sandbox-truedy") as client:
        listing = client.list_contacts(campaign)
        for page in pages_meanwhile(listing, lambda: note("meanwhile")):
            note(f"page of {len(page)}")

    assert order == ["meanwhile", "page of 100", "meanwhile", "page of 100", "meanwhile", "page of 50"]


def test_what_fails_while_a_page_is_counted_is_raised(create: Create) -> None:
    def broken(_reference: str, _seen: int, _total: int | None) -> None:
        raise LookupError("no bar")

    with pytest.raises(LookupError, match="no bar"):
        unibatch.compare([create("truedy", 250), create("techladder")], on_progress=broken)
