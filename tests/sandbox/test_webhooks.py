"""The webhooks of the sandbox: signed as documented, repeated as documented, and in step with what happens."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import unibatch
from tests.madeup import MadeUpTime
from tests.webhooks.receiver import Post, Receiver
from unibatch import CampaignChanged, ContactChanged, Event, EventType, Finished
from unibatch.sandbox import Sandbox, serve
from unibatch.webhooks import SqliteSeen, receive

RUNNING = {"truedy": "active", "talkifai": "running"}
VENDORS = tuple(RUNNING)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    with serve(seeded=False, enforce_rate_limits=False, webhooks=receiver.url) as sandbox:
        yield sandbox


def begun(sandbox: Sandbox, vendor: str, contacts: int) -> str:
    campaign_id = sandbox.create(vendor, contacts)
    sandbox.set_status(vendor, campaign_id, RUNNING[vendor])
    return campaign_id


def events(sandbox: Sandbox, vendor: str, posts: list[Post]) -> list[Event]:
    """What an application makes of what came, each thing once."""
    secret = sandbox.webhook_secret(vendor)
    found: dict[str, Event] = {}
    for post in posts:
        for event in receive(vendor, post.headers, post.body, secrets=secret):
            found.setdefault(event.dedupe_key, event)
    return list(found.values())


@pytest.mark.parametrize("vendor", VENDORS)
class TestWhatIsSent:
    def test_each_call_begins_and_ends_once(self, sandbox: Sandbox, receiver: Receiver, vendor: str) -> None:
        campaign_id = begun(sandbox, vendor, 40)
        calls = sandbox.advance(calls=1_000)
        kinds = Counter(event.type for event in events(sandbox, vendor, receiver.posts))
        assert kinds[EventType.CALL_STARTED] == calls == sum(sandbox.state(vendor, campaign_id).dialled.values())
        assert kinds[EventType.CALL_ENDED] + kinds[EventType.CALL_FAILED] == calls
        assert kinds[EventType.UNKNOWN] > 0

    def test_they_are_repeated_and_in_any_order_on_demand(
        self, sandbox: Sandbox, receiver: Receiver, vendor: str, tmp_path: Path
    ) -> None:
        sandbox.misdeliver(repeat=2, reverse=True)
        begun(sandbox, vendor, 10)
        calls = sandbox.advance(calls=1_000)
        ids = [json.loads(post.body)["id"] for post in receiver.posts]
        assert len(ids) == 3 * len(set(ids))
        words = [json.loads(post.body).get("event") or json.loads(post.body)["type"] for post in receiver.posts]
        assert words.index("call.started") > words.index("call.ended")
        with SqliteSeen(tmp_path / "seen.db") as seen:
            secret = sandbox.webhook_secret(vendor)
            new = [
                event
                for post in receiver.posts
                for event in receive(vendor, post.headers, post.body, secrets=secret)
                if seen.add(event)
            ]
        assert sum(event.type == EventType.CALL_STARTED for event in new) == calls

    def test_what_is_not_taken_comes_again_by_the_clock(
        self, sandbox: Sandbox, receiver: Receiver, vendor: str
    ) -> None:
        receiver.answer = lambda post: 500 if b"call.started" in post.body else 204
        begun(sandbox, vendor, 1)
        sandbox.advance(seconds=0.1)
        tries = [delivery for delivery in sandbox.deliveries if delivery.id == sandbox.deliveries[0].id]
        assert [(one.attempt, one.status) for one in tries] == [(1, 500)]
        if vendor == "talkifai":  # Truedy documents only that it sends again
            for seconds, attempts in ((28, 1), (2, 2), (298, 2), (2, 3), (1_798, 3), (2, 4), (86_400, 4)):
                sandbox.advance(seconds=seconds)
                first = [one for one in sandbox.deliveries if one.id == tries[0].id]
                assert len(first) == attempts

    def test_nobody_there_is_like_a_refusal(self, sandbox: Sandbox, receiver: Receiver, vendor: str) -> None:
        def gone(_: Post) -> int:
            raise ConnectionAbortedError

        receiver._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # it would print the error
        receiver.answer = gone
        begun(sandbox, vendor, 1)
        sandbox.advance(seconds=0.1)
        assert {delivery.status for delivery in sandbox.deliveries} == {None}


class TestTruedy:
    def test_the_status_of_a_campaign_is_told(self, sandbox: Sandbox, receiver: Receiver) -> None:
        with unibatch.connect(**sandbox.profile("truedy")) as client:
            campaign_id = sandbox.create("truedy", 3)
            client.start_campaign(campaign_id)
            client.pause_campaign(campaign_id)
            client.resume_campaign(campaign_id)
        sandbox.advance(calls=1_000)
        about = [event for event in events(sandbox, "truedy", receiver.posts) if event.campaign_id == campaign_id]
        changes = [event.status for event in about if isinstance(event, CampaignChanged)]
        assert changes == ["running", "paused", "running", "completed"]
        assert isinstance(about[-1], Finished)

    @pytest.mark.parametrize("ids", ["nested", "snake_case", "camelCase"])
    @pytest.mark.parametrize("time", ["unix", "iso"])
    def test_every_documented_spelling_is_read(self, sandbox: Sandbox, receiver: Receiver, ids: str, time: str) -> None:
        sandbox.assume("truedy", webhook_ids=ids, webhook_time=time)
        campaign_id = begun(sandbox, "truedy", 2)
        sandbox.advance(calls=2)
        calls = [event for event in events(sandbox, "truedy", receiver.posts) if isinstance(event, ContactChanged)]
        assert all(event.call_id and event.id and event.campaign_id == campaign_id for event in calls)

    @pytest.mark.parametrize("seed", [1, 2])
    def test_a_watch_and_the_webhooks_count_each_call_once(
        self, sandbox: Sandbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, seed: int
    ) -> None:
        """Half of the webhooks get lost; the watch has them all."""
        time = MadeUpTime(monkeypatch)
        time.meanwhile = lambda seconds: sandbox.advance(seconds=seconds * 10)
        receiver.answer = lambda post: 200 if sum(post.body) % 2 == seed % 2 else 500
        campaign_id = begun(sandbox, "truedy", 50)
        with unibatch.connect(**sandbox.profile("truedy"), retry=unibatch.Retry(attempts=1)) as client:
            watched = list(client.watch(campaign_id))
        sent = events(sandbox, "truedy", [post for post in receiver.posts if receiver.answer(post) == 200])
        ends = (EventType.CALL_ENDED, EventType.CALL_FAILED)
        both: dict[str, list[Any]] = {}
        for event in [*sent, *watched]:
            if event.type in ends:
                both.setdefault(event.dedupe_key, []).append(event)
        assert len(both) == 50
        assert any(len(pair) == 2 for pair in both.values())
        assert all(len({event.status for event in pair}) == 1 for pair in both.values())


class TestSandbox:
    def test_techladder_documents_none_so_it_sends_none(self, sandbox: Sandbox, receiver: Receiver) -> None:
        campaign_id = sandbox.create("techladder", 3)
        sandbox.set_status("techladder", campaign_id, "active")
        sandbox.advance(calls=3)
        assert receiver.posts == []
        with pytest.raises(LookupError, match="documents no webhooks"):
            sandbox.webhook_secret("techladder")

    def test_who_gets_one_may_ask_the_vendor(self, sandbox: Sandbox, receiver: Receiver) -> None:
        campaign_id = begun(sandbox, "truedy", 3)
        asked: list[int] = []

        def answer(_: Post) -> int:
            headers = {"Authorization": f"Bearer {sandbox.api_key('truedy')}"}
            url = f"{sandbox.base_url('truedy')}/batch-calls/{campaign_id}"
            asked.append(httpx.get(url, headers=headers).status_code)
            return 200

        receiver.answer = answer
        sandbox.advance(calls=3)
        httpx.post(f"{sandbox.url}/_sandbox/advance", json={"seconds": 60})
        sandbox.deliver()
        assert set(asked) == {200}
        assert len(asked) == len(sandbox.deliveries) == len(httpx.get(f"{sandbox.url}/_sandbox/deliveries").json())

    def test_a_reset_forgets_them(self, sandbox: Sandbox, receiver: Receiver) -> None:
        receiver.answer = lambda _: 500
        begun(sandbox, "talkifai", 2)
        sandbox.advance(calls=2)
        sandbox.reset()
        assert sandbox.deliveries == ()
        before = len(receiver.posts)
        sandbox.advance(seconds=86_400)
        assert len(receiver.posts) == before

    def test_with_a_real_clock_they_come_by_themselves(self, receiver: Receiver) -> None:
        now = 1_000_000.0
        with serve(seeded=False, clock="real", wall=lambda: now, webhooks=receiver.url) as sandbox:
            begun(sandbox, "talkifai", 1)
            now += 60
            sandbox.deliver()
            assert json.loads(receiver.posts[0].body)["type"] == "call.started"

    def test_without_a_url_there_are_none(self) -> None:
        with serve(seeded=False) as sandbox:
            assert sandbox.deliveries == ()
            sandbox.deliver()
            with pytest.raises(ValueError, match="webhooks=URL"):
                sandbox.misdeliver(repeat=1)

    @pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://localhost/", "http://"])
    def test_a_url_must_be_one(self, url: str) -> None:
        with pytest.raises(ValueError, match="begins with http"):
            serve(seeded=False, webhooks=url)
