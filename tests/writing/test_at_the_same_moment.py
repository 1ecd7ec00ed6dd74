"""The same thing, asked for several times at the same moment, is done once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

import unibatch
from tests.writing.conftest import VENDORS, Emulating, Emulator, contacts, draft, numbers
from unibatch import Client, Start, Wait
from unibatch.client import turns
from unibatch.client.conversation import Conversation, Pause
from unibatch.client.exchange import Exchange
from unibatch.client.options import Options
from unibatch.client.turns import Turn
from unibatch.core.errors import Conflict, OutcomeUnknown, UnibatchError
from unibatch.providers.truedy import Truedy

R = TypeVar("R")

pytestmark = pytest.mark.usefixtures("impatient")

CALLERS = 6


def profile(emulator: Emulator) -> dict[str, Any]:
    given = dict(emulator.sandbox.profile(emulator.vendor))
    defaults = {name: value for name, value in given["defaults"].items() if name == "organization_id"}
    return {**given, "defaults": defaults, "timeout": 30.0, "requests_per_minute": 1_000_000}


@pytest.fixture
def clients() -> Iterator[Callable[[Emulator], Client]]:
    with ExitStack() as stack:
        yield lambda emulator: stack.enter_context(unibatch.connect(**profile(emulator)))


def at_once(*calls: Callable[[], R]) -> list[R | Exception]:
    """What each call returns or raises, all being made at the same moment."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], R]) -> R | Exception:
        barrier.wait()
        try:
            return call()
        except UnibatchError as exc:
            return exc

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.parametrize("vendor", VENDORS)
class TestTheSameDraft:
    def test_threads_that_share_a_client_get_one_campaign(
        self, vendor: str, emulating: Emulating, clients: Callable[[Emulator], Client]
    ) -> None:
        emulator = emulating(vendor)
        client, wanted = clients(emulator), draft(vendor, 3, Start.NOW)
        created = at_once(*[lambda: client.create_campaign(wanted)] * CALLERS)
        assert {getattr(campaign, "id", campaign) for campaign in created} == set(emulator.campaigns)
        assert len(emulator.campaigns) == 1

    def test_clients_of_both_kinds_get_one_campaign(
        self, vendor: str, emulating: Emulating, clients: Callable[[Emulator], Client]
    ) -> None:
        emulator = emulating(vendor)
        wanted = draft(vendor, 3, Start.NOW)

        async def several() -> list[Any]:
            async with unibatch.connect_async(**profile(emulator)) as client:
                return await asyncio.gather(*(client.create_campaign(wanted) for _ in range(CALLERS)))

        blocking = [clients(emulator) for _ in range(2)]
        by_threads = [lambda client=client: [client.create_campaign(wanted)] for client in blocking]
        created = at_once(lambda: asyncio.run(several()), *by_threads)
        ids = {campaign.id for each in created for campaign in each}  # type: ignore[union-attr]  # none is an error
        assert ids == set(emulator.campaigns)
        assert len(ids) == 1


@pytest.mark.parametrize("vendor", ["techladder", "talkifai"])
def test_who_waited_for_one_of_unknown_outcome_sends_nothing(
    vendor: str, emulating: Emulating, clients: Callable[[Emulator], Client]
) -> None:
    """The vendor does the work later, so looking does not show it."""
    emulator = emulating(vendor)
    emulator.fail({"writes": True}, {"drop": "late"})
    client = clients(emulator)
    outcomes = at_once(*[lambda: client.create_campaign(draft(vendor, 3, Start.NOW))] * 3)
    assert {type(outcome) for outcome in outcomes} == {OutcomeUnknown}
    assert len(emulator.writes) == 1


def test_contacts_that_several_add_are_added_once(emulating: Emulating, clients: Callable[[Emulator], Client]) -> None:
    emulator = emulating("truedy")
    client = clients(emulator)
    campaign_id = client.create_campaign(draft("truedy", 3)).id
    more = contacts("truedy", 150, first=500)
    done = at_once(*[lambda: client.add_contacts(campaign_id, more)] * CALLERS)
    assert emulator.numbers(campaign_id) == numbers(contacts("truedy", 3)) + numbers(more)
    assert sorted(len(each.added) for each in done) == [0] * (CALLERS - 1) + [150]  # type: ignore[union-attr]  # same


def test_contacts_that_another_may_have_added_are_unknown(
    emulating: Emulating, clients: Callable[[Emulator], Client]
) -> None:
    emulator = emulating("truedy")
    client = clients(emulator)
    campaign_id = client.create_campaign(draft("truedy", 3)).id
    more = contacts("truedy", 2, first=500)
    emulator.fail({"writes": True}, {"drop": "late"})
    for outcome in at_once(*[lambda: client.add_contacts(campaign_id, more)] * 2):
        assert isinstance(outcome, OutcomeUnknown)
        assert outcome.contacts is not None
        assert outcome.contacts.unknown == tuple(more)


def test_contacts_that_another_machine_adds_too_are_reported(
    emulating: Emulating, clients: Callable[[Emulator], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = emulating("truedy")
    client = clients(emulator)
    campaign_id = client.create_campaign(draft("truedy", 3)).id
    more = contacts("truedy", 4, first=500)

    def add_elsewhere(done: int, _: int) -> None:
        if not done and not emulator.numbers(campaign_id)[3:]:
            turns._turns.held.clear()  # another machine knows nothing of ours
            monkeypatch.setattr(turns, "_own_folder", lambda: None)
            client.add_contacts(campaign_id, more[:3])

    assert client.add_contacts(campaign_id, more, on_progress=add_elsewhere).twice == tuple(more[:3])


class TestTurns:
    """By their names; nothing is sent."""

    HOLDER = """
        import sys
        from unibatch.client.turns import Turn
        turn = Turn(["spring"])
        assert turn.begin()
        print("begun", flush=True)
        sys.stdin.readline()
        turn.unknown = "lost"
        turn.end()
        print("ended", flush=True)
        sys.stdin.readline()
    """

    @pytest.fixture
    def other(self) -> Iterator[subprocess.Popen[str]]:
        """Another process, which has the turn."""
        program = [sys.executable, "-c", textwrap.dedent(self.HOLDER)]
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            yield process
            process.kill()

    def test_that_of_a_process_that_is_killed_is_free(self, other: subprocess.Popen[str]) -> None:
        turn = Turn(["spring", "summer"])
        assert not turn.begin()
        other.kill()
        other.wait()
        assert turn.begin()
        assert turn.unknown_before() is None
        turn.end()

    def test_who_waited_learns_that_another_process_does_not_know_its_outcome(
        self, other: subprocess.Popen[str]
    ) -> None:
        turn, later = Turn(["spring"]), Turn(["spring"])
        assert not turn.begin()
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "ended\n"
        assert turn.begin()
        assert turn.unknown_before() == "lost"
        turn.end()
        assert later.begin()
        assert later.unknown_before() is None  # it did not wait, so it looks for itself
        later.end()

    def test_without_lock_files_threads_still_take_turns(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setattr(turns, "_own_folder", lambda: tmp_path / "file")
        first, second = Turn(["spring"]), Turn(["spring"])
        assert (first.begin(), second.begin()) == (True, False)
        first.end()
        assert second.begin()
        second.end()
        assert "do not notice each other" in caplog.text

    def test_waiting_is_announced_and_ends(
        self, emulating: Emulating, clients: Callable[[Emulator], Client], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("unibatch.client.exchange._LONGEST_TURN", 0.02)
        monkeypatch.setattr("unibatch.client.exchange._WORTH_SAYING", 0.0)
        emulator = emulating("truedy")
        campaign_id = clients(emulator).create_campaign(draft("truedy", 3)).id
        waits: list[Wait] = []
        inner: list[Conflict] = []

        def add_again(_done: int, _total: int) -> None:
            with unibatch.connect(**profile(emulator), on_wait=waits.append) as client:
                with pytest.raises(Conflict) as caught:
                    client.add_contacts(campaign_id, contacts("truedy", 4))
                inner.append(caught.value)

        clients(emulator).add_contacts(campaign_id, contacts("truedy", 4), on_progress=add_again)
        assert [wait.is_turn for wait in waits] == [True] * len(inner)
        assert "doing the same" in str(inner[0])
        assert len(emulator.numbers(campaign_id)) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://127.0.0.1:{port}/x", "http://localhost:{port}/x"),
        ("http://127.0.0.1:{port}/x", "http://LOCALHOST.:{port}/x/"),
        ("http://[::1]:{port}/x", "http://127.0.0.1:{port}/x"),
        ("https://api.example.com/x", "https://API.Example.com.:443/x/"),
    ],
)
def test_a_vendor_is_the_same_one_under_every_spelling_of_its_url(one: str, other: str) -> None:
    """So two programs take turns, and count their requests together."""
    first, second = (Exchange(Truedy({}), "key", Options(base_url=url.format(port=4010))) for url in (one, other))
    assert first.budget is second.budget

    def nothing(_: Turn) -> Conversation[None]:
        yield Pause(1)

    about: Any = ("create_campaign", None, ["draft 1"], nothing)
    held = first.in_turn(*about)
    assert next(held) == Pause(1)
    assert next(second.in_turn(*about)) != Pause(1)  # it waits
    held.close()
    assert next(second.in_turn(*about)) == Pause(1)


def test_another_port_is_another_vendor() -> None:
    first, second = (Exchange(Truedy({}), "key", Options(base_url=f"http://localhost:{port}")) for port in (80, 8080))
    assert first.budget is not second.budget
