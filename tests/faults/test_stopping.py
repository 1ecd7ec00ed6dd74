"""Stopping in the middle leaves nothing behind, and the same client can go on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import unibatch
from tests.bothways import BlockingAsyncClient, make_client
from tests.faults.conftest import PATIENT, Emulator, Enter, Pace, Scene, emulating, eventually
from unibatch import RateLimited
from unibatch.client.halt import Halt
from unibatch.client.prefetch import Prefetch, _Threads
from unibatch.sandbox import fault_proxy as wrong

ROOT = Path(unibatch.__file__).parent.parent


def leave_the_loop(scene: Scene) -> None:
    for number, _ in enumerate(scene.client.list_contacts("one")):
        if number == 7:
            break


def raise_in_the_loop(scene: Scene) -> None:
    with contextlib.suppress(KeyError):
        for number, _ in enumerate(scene.client.list_contacts("one")):
            if number == 7:
                raise KeyError


WAYS: dict[str, Callable[[Scene], object]] = {
    "break": leave_the_loop,
    "an exception": raise_in_the_loop,
    "an iterator that nobody needs": lambda scene: list(islice(scene.client.list_contacts("one"), 7)),
    "pages that nobody needs": lambda scene: list(islice(scene.client.list_contacts("one").pages(), 2)),
}


@pytest.mark.parametrize("way", WAYS)
def test_after_stopping_another_listing_works(enter: Enter, pace: Pace, way: str) -> None:
    scene = enter("truedy", 98, pace=pace)
    for _ in range(3):
        WAYS[way](scene)

    assert scene.ids() == scene.emulator.ids
    assert scene.emulator.begun <= (1 if pace == "one by one" else 1 + 3 * 8 + 8)
    scene.leave()


@pytest.mark.parametrize("way", WAYS)
def test_stopping_does_not_wait_for_pages_that_do_not_come(enter: Enter, way: str) -> None:
    scene = enter("truedy", 98, pace="reading ahead", how={"timeout": 30.0})
    scene.emulator.plan = lambda arrival: wrong.stall if arrival.page > 2 and arrival.number < 20 else None
    began = time.monotonic()
    WAYS[way](scene)

    assert time.monotonic() - began < 5
    scene.emulator.plan = None
    assert scene.ids() == scene.emulator.ids
    scene.leave()


def test_a_failed_page_ends_the_others(enter: Enter) -> None:
    scene = enter("truedy", 98, pace="reading ahead", how={"timeout": 30.0, "retry": unibatch.Retry(attempts=1)})
    scene.emulator.plan = lambda arrival: (
        wrong.saying(429) if arrival.page == 3 else wrong.stall if arrival.page > 3 else None
    )
    began = time.monotonic()
    with pytest.raises(RateLimited):
        scene.ids()

    assert time.monotonic() - began < 5
    scene.leave()


@pytest.mark.parametrize("number", [0, 6])
def test_an_interrupt_while_a_thread_is_being_started_leaves_none(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Ctrl-C comes to the main thread at any moment, such as while it waits for a thread to begin."""
    begun: list[object] = []

    class Interrupted(_Threads):
        def submit(self, *args: Any, **how: Any) -> Any:
            begun.append(super().submit(*args, **how))
            if len(begun) == number + 1:
                raise KeyboardInterrupt
            return begun[-1]

    monkeypatch.setattr("unibatch.client.prefetch._Threads", Interrupted)
    with emulating("truedy", 98, latency=0.025) as emulator:
        emulator.plan = lambda arrival: wrong.stall if arrival.page > 0 else None
        how: dict[str, Any] = {"timeout": 2.0, "retry": unibatch.Retry(attempts=1)}
        with unibatch.connect(provider="truedy", api_key="k", base_url=emulator.url, **how) as client:
            began = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                list(client.list_contacts("one"))
            assert time.monotonic() - began < 1.5, "it waited for the time-out of a page that nobody needs"
            assert eventually(lambda: not any(thread.name.startswith("unibatch_") for thread in threading.enumerate()))


def test_a_listing_that_two_threads_stop_at_once_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that reads it does, and the one that closes the client, or ends the program."""
    stopped: list[int] = []

    class Other(Halt):
        def set(self) -> None:
            super().set()
            if not stopped:
                stopped.append(len(reading._under_way))
                reading.close()  # what the other thread does while this one is here

    def read(_position: int, halt: Halt | None) -> None:
        assert halt is not None
        halt.sleep(10)

    monkeypatch.setattr("unibatch.client.prefetch.Halt", Other)
    reading: Prefetch[int, None] = Prefetch(read, 3)
    reading.begin([1, 2, 3])
    reading.close()
    assert (stopped, reading._under_way) == ([3], {})


def test_an_interrupt_that_wakes_nobody_is_noticed_all_the_same() -> None:
    """Ctrl-C just before a thread begins to wait does not wake it, as does not one that another thread receives."""
    with emulating("truedy", 98, latency=0.025) as emulator:
        emulator.plan = lambda arrival: wrong.stall if arrival.page > 0 else None

        def interrupt() -> None:
            assert eventually(lambda: len(emulator.arrivals) == 1 + 8)
            time.sleep(0.3)  # until the main thread waits
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)

        how: dict[str, Any] = {"timeout": 10.0, "retry": unibatch.Retry(attempts=1)}
        with unibatch.connect(provider="truedy", api_key="k", base_url=emulator.url, **how) as client:
            interrupting = threading.Thread(target=interrupt)
            interrupting.start()
            began = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                list(client.list_contacts("one"))
            assert time.monotonic() - began < 8, "it waited for the time-out of a page that nobody needs"
            interrupting.join()


def cancel_and_go_on(emulator: Emulator, *, close_at_once: bool) -> list[str]:
    client = make_client("async", "truedy", base_url=emulator.url, retry=PATIENT, timeout=30.0)
    assert isinstance(client, BlockingAsyncClient)
    inner = client.client

    async def read() -> list[str]:
        return [contact.id async for contact in inner.list_contacts("one")]

    async def scene() -> list[str]:
        ids: list[str] = []
        for pause in (0.0, 0.01, 0.06, 0.1, 0.15):
            task = asyncio.create_task(read())
            await asyncio.sleep(pause)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == {asyncio.current_task()}
        if not close_at_once:
            emulator.plan = None
            ids = await read()
        await inner.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return ids

    try:
        return client.run(scene())
    finally:
        client.stop()


@pytest.mark.parametrize("close_at_once", [False, True])
def test_a_task_that_is_cancelled_leaves_nothing(*, close_at_once: bool) -> None:
    with emulating("truedy", 98, latency=0.02) as emulator:
        emulator.plan = lambda arrival: wrong.stall if arrival.page == 4 else None
        ids = cancel_and_go_on(emulator, close_at_once=close_at_once)

        assert ids == ([] if close_at_once else emulator.ids)
        assert eventually(lambda: emulator.open == 0)


def test_a_time_limit_around_a_listing_leaves_nothing() -> None:
    with emulating("truedy", 98, latency=0.02) as emulator:
        emulator.plan = lambda arrival: wrong.stall_in_body if arrival.page == 4 else None
        client = make_client("async", "truedy", base_url=emulator.url, retry=PATIENT, timeout=30.0)
        assert isinstance(client, BlockingAsyncClient)
        inner = client.client
        seen: list[str] = []

        async def scene() -> None:
            async with asyncio.timeout(0.3):
                async for contact in inner.list_contacts("one"):
                    seen.append(contact.id)  # noqa: PERF401  # what came before the end counts

        with pytest.raises(TimeoutError):
            client.run(scene())
        client.close()
        assert seen == emulator.ids[:20]
        assert eventually(lambda: emulator.open == 0)
        client.stop()


PROGRAM = """
import asyncio, sys, unibatch
how = dict(provider="truedy", api_key="k", base_url=sys.argv[1], timeout=30.0, requests_per_minute=100_000)

def sync():
    with unibatch.connect(**how) as client:
        for contact in client.list_contacts("one"):
            print(contact.id, flush=True)

async def awaited():
    async with unibatch.connect_async(**how) as client:
        async for contact in client.list_contacts("one"):
            print(contact.id, flush=True)

asyncio.run(awaited()) if sys.argv[2] == "async" else sync()
"""

LEFT_OPEN = """
import sys, unibatch
client = unibatch.connect(provider="truedy", api_key="k", base_url=sys.argv[1], timeout=30.0,
                          requests_per_minute=100_000)
with client:
    rows = iter(client.list_contacts("one"))
    for _ in range(12):
        next(rows)
print("closed", flush=True)
"""


@contextlib.contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("stalls", "far"), [("before the headers", False), ("in the body", True)])
def test_an_interrupt_ends_a_listing_that_stalls(style: str, stalls: str, *, far: bool) -> None:
    with emulating("truedy", 98, latency=0.025 if far else 0.0) as emulator:
        stall = wrong.stall if stalls == "before the headers" else wrong.stall_in_body
        emulator.plan = lambda arrival: stall if arrival.page > 3 else None
        with running(PROGRAM, emulator.url, style) as process:
            assert process.stdout is not None
            assert [process.stdout.readline().strip() for _ in range(20)] == emulator.ids[:20]
            assert eventually(lambda: any(arrival.page == 4 for arrival in emulator.arrivals))
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=5)

        assert process.returncode != 0
        assert said.rstrip().endswith("KeyboardInterrupt")
        assert "never awaited" not in said
        assert "was destroyed" not in said
        assert "ignored" not in said
        assert eventually(lambda: emulator.open == 0)


def test_a_program_ends_although_a_listing_of_a_closed_client_was_left_half_read() -> None:
    with emulating("truedy", 98, latency=0.025) as emulator:
        emulator.plan = lambda arrival: wrong.stall if arrival.page > 3 else None
        with running(LEFT_OPEN, emulator.url) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "closed\n"
            process.wait(timeout=2.5)

        assert process.returncode == 0
