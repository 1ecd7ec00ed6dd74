"""Clients in forked processes, in several event loops, under other libraries than asyncio, and at a program's end."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import textwrap
import time

import pytest

import unibatch
from tests.bothways import AnyClient, Connect
from tests.client.conftest import Visitor
from tests.client.replies import Replies, Reply
from unibatch.client import prefetch
from unibatch.client.drivers import AsyncDriver
from unibatch.client.transport import httpx
from unibatch.core.errors import ConfigError
from unibatch.sandbox import Sandbox


def run(program: str, sandbox: Sandbox, *about: str) -> subprocess.CompletedProcess[str]:
    """Run a program that has a ``profile`` of Truedy."""
    profile = {name: sandbox.profile("truedy")[name] for name in ("provider", "api_key", "base_url")}
    head = f"""
        import os, sys, threading, time, asyncio, unibatch
        from unibatch.client import prefetch
        profile = {profile!r}
    """
    lines = textwrap.dedent(head) + textwrap.dedent(program)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", lines, *about]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def distant(monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast the server is, pages are read ahead."""
    monkeypatch.setattr(prefetch, "_FAR", 0.0)


class TestForks:
    def test_parent_and_child_read_their_own_answers(self, sandbox: Sandbox) -> None:
        for number in range(2):
            sandbox.create("truedy", 1, campaign_id=f"batch_{number}")
        program = """
            client = unibatch.connect(**profile, requests_per_minute=100_000)
            client.get_campaign("batch_0")
            mine = "batch_0" if (child := os.fork()) else "batch_1"
            wrong = [1 for _ in range(100) if client.get_campaign(mine).id != mine]
            if not child:
                os._exit(len(wrong))
            print(wrong, os.waitpid(child, 0)[1])
        """
        assert run(program, sandbox).stdout == "[] 0\n"

    @pytest.mark.parametrize("file", ["None", "'counts'"])
    def test_a_child_needs_no_lock_that_a_thread_of_the_parent_held(self, sandbox: Sandbox, file: str) -> None:
        sandbox.create("truedy", 1, campaign_id="batch_0")
        program = f"""
            import pathlib, tempfile
            from unibatch.client import rate_limit, turns
            from unibatch.core import structuring
            os.chdir(tempfile.mkdtemp())
            client = unibatch.connect(**profile, rate_limit_file={file})
            client.get_campaign("batch_0")
            locks = [client._exchange.budget._lock, client._driver._connections._lock, rate_limit._known.lock,
                     turns._turns.guard, structuring.decoders._lock]
            held = threading.Event()
            def hold():
                for lock in locks: lock.acquire()
                held.set()
                time.sleep(60)
            threading.Thread(target=hold, daemon=True).start()
            held.wait()
            child = os.fork()
            if not child:
                with unibatch.connect(**profile, rate_limit_file={file}) as another:
                    assert another.get_campaign("batch_0") == client.get_campaign("batch_0")
                client.close()
                os._exit(0)
            print(os.waitpid(child, 0)[1])
        """
        assert run(program, sandbox).stdout == "0\n"

    def test_a_listing_goes_on_in_both(self, sandbox: Sandbox) -> None:
        sandbox.create("truedy", 950, campaign_id="batch_0")
        program = """
            prefetch._FAR = 0.0
            client = unibatch.connect(**profile, requests_per_minute=100_000)
            pages = client.list_contacts("batch_0").pages()
            first = len(next(pages))
            child = os.fork()
            rest = sum(map(len, pages))
            if not child:
                os._exit(0 if rest == 850 else 1)
            print(first + rest, os.waitpid(child, 0)[1])
        """
        assert run(program, sandbox).stdout == "950 0\n"

    def test_a_transport_that_was_given_is_refused_in_the_child(self, sandbox: Sandbox) -> None:
        sandbox.create("truedy", 1, campaign_id="batch_0")
        program = """
            from unibatch.client.transport import httpx
            from unibatch.client import Client, Options
            from unibatch.providers.truedy import Truedy
            options = Options(base_url=profile["base_url"])
            client = Client(Truedy({}), profile["api_key"], options=options, transport=httpx.HTTPTransport())
            client.get_campaign("batch_0")
            child = os.fork()
            if not child:
                try:
                    client.get_campaign("batch_0")
                except RuntimeError as exc:
                    os._exit(0 if "make another client" in str(exc) else 1)
                os._exit(2)
            print(os.waitpid(child, 0)[1])
        """
        assert run(program, sandbox).stdout == "0\n"


class TestEventLoops:
    def test_one_client_serves_several_one_after_the_other(self, sandbox: Sandbox) -> None:
        campaign_id = sandbox.create("truedy", 1)
        client = unibatch.connect_async(**sandbox.profile("truedy"))
        for _ in range(4):
            assert asyncio.run(client.get_campaign(campaign_id)).id == campaign_id
        asyncio.run(client.close())

    def test_the_connections_of_one_that_ended_are_closed(self, sandbox: Sandbox) -> None:
        """Warnings are errors, and Python warns of sockets that are left open."""
        campaign_id = sandbox.create("truedy", 1)
        client = unibatch.connect_async(**sandbox.profile("truedy"))
        asyncio.run(client.get_campaign(campaign_id))
        assert client._driver._by_loop == {}

    def test_after_closing_none_is_served(self, sandbox: Sandbox) -> None:
        client = unibatch.connect_async(**sandbox.profile("truedy"))
        asyncio.run(client.close())
        with pytest.raises(RuntimeError, match="this client is closed"):
            asyncio.run(client.get_campaign("batch_0"))

    def test_a_transport_that_was_given_stays_with_the_first(self) -> None:
        driver = AsyncDriver("http://127.0.0.1:1", httpx.AsyncHTTPTransport(), connections=1)
        first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
        try:
            first.run_until_complete(driver._here())
            with pytest.raises(RuntimeError, match="make another client"):
                second.run_until_complete(driver._here())
            first.run_until_complete(driver.close())
        finally:
            first.close()
            second.close()

    def test_without_asyncio_nothing_is_sent(self) -> None:
        """As under trio: a coroutine is run, and no event loop of asyncio is running."""
        server = Replies(Reply(500))
        client = unibatch.AsyncClient(
            unibatch.providers.registry.load("truedy")({}), "key", transport=httpx.MockTransport(server)
        )
        with pytest.raises(ConfigError, match="trio"):
            client.get_campaign("batch_0").send(None)
        assert server.requests == []


_SPAN: contextvars.ContextVar[str] = contextvars.ContextVar("_SPAN", default="none")


@pytest.mark.usefixtures("distant")
class TestReadingAhead:
    def test_happens_in_the_context_of_who_reads(self, connect: Connect, sandbox: Sandbox) -> None:
        """So what traces requests finds the span to which they belong."""
        seen: list[str] = []
        profile = sandbox.profile("truedy")
        client: AnyClient = connect(
            **{**profile, "retry": unibatch.Retry(), "on_wait": lambda _: seen.append(_SPAN.get())}
        )
        campaign_id = sandbox.create("truedy", 950)
        sandbox.fail("truedy", status=503, times=1, after=3, path="/contacts$")
        token = _SPAN.set("mine")
        try:
            assert len(list(client.list_contacts(campaign_id))) == 950
        finally:
            _SPAN.reset(token)
        assert seen == ["mine"]

    def test_leaves_nothing_behind_after_the_first_row(self, sandbox: Sandbox) -> None:
        campaign_id = sandbox.create("truedy", 950)

        async def first() -> str:
            async with unibatch.connect_async(**sandbox.profile("truedy")) as client:
                async for contact in client.list_contacts(campaign_id):
                    number = contact.phone_number
                    break
                await asyncio.sleep(0)
                return number

        for _ in range(3):
            assert asyncio.run(first())

    def test_who_reads_when_the_client_is_closed_is_told(self, visit: Visitor) -> None:
        at = visit("truedy")
        contacts = iter(at.client.list_contacts(at.sandbox.create("truedy", 2000)))
        next(contacts)
        at.client.close()
        with pytest.raises(RuntimeError, match="this client is closed"):
            list(contacts)

    def test_keeps_no_program_from_ending(self, sandbox: Sandbox) -> None:
        sandbox.create("truedy", 950, campaign_id="batch_0")
        program = """
            prefetch._FAR = 0.0
            client = unibatch.connect(**profile, requests_per_minute=4)
            rows = iter(client.list_contacts("batch_0"))
            next(rows)
            raise SystemExit("over")
        """
        began = time.monotonic()
        ended = run(program, sandbox)
        assert (ended.stderr, ended.returncode) == ("over\n", 1)
        assert time.monotonic() - began < 20
