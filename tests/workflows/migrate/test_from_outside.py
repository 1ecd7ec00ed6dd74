"""A vendor of somebody else's package can be moved from and to, by what it declares."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.heron import Heron
from tests.workflows.migrate.conftest import Move, Moving
from unibatch import Client, Retry
from unibatch.client import Options
from unibatch.core.errors import MigrationRefused
from unibatch.workflows.migrate import PartStep, plan_migration

one_client = pytest.mark.parametrize("style", ["sync"], indirect=True)
pytestmark = one_client


class HeronServer:
    """Heron itself: batches in memory."""

    def __init__(self) -> None:
        self.batches: dict[str, dict[str, Any]] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        *_, last = request.url.path.split("/")
        if request.method == "POST":
            body = json.loads(request.content)
            rows = [{**row, "id": f"r{index}", "status": "pending"} for index, row in enumerate(body["recipients"])]
            batch = {"id": f"h{len(self.batches)}", **body, "status": "pending", "recipients": rows}
            self.batches[batch["id"]] = {**batch, "calls_scheduled": len(rows)}
            return httpx.Response(200, json=self.batches[batch["id"]])
        if last == "batches":
            listed = [{**batch, "recipients": None} for batch in self.batches.values()]
            return httpx.Response(200, json={"batches": listed, "has_more": False})
        if last not in self.batches:
            return httpx.Response(404, json={"detail": "no such batch"})
        return httpx.Response(200, json=self.batches[last])


@pytest.fixture
def server() -> HeronServer:
    return HeronServer()


@pytest.fixture
def heron(server: HeronServer, moving: Moving, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    entry = EntryPoint("heron", "tests.contract.heron:Heron", "unibatch.providers")
    monkeypatch.setattr("unibatch.providers.registry.entry_points", lambda **_: (entry,))
    del moving  # which has no plug-ins
    options = Options(retry=Retry(attempts=1))
    with Client(Heron({}), "a-key", options=options, transport=httpx.MockTransport(server.answer)) as client:
        yield client


def test_to_a_vendor_that_holds_only_until_a_time(heron: Client, server: HeronServer, moving: Moving) -> None:
    move = moving("truedy", "talkifai", called=0, status="paused")
    source, _ = move.connect()
    plan = plan_migration((source, move.campaign_id), heron, journal=move.journal, changes={"agent_id": "agent_1"})
    status = plan.apply()
    (batch,) = server.batches.values()
    assert sorted(row["phone_number"] for row in batch["recipients"]) == sorted(
        contact.number for contact in move.state.contacts
    )
    assert batch["scheduled_at_unix"] > move.there.now.timestamp() + 29 * 86_400
    assert [part.step for part in status.parts] == [PartStep.CHECKED]
    assert plan.verify().is_proven
    undone = plan.undo()
    assert [campaign_id for campaign_id, _ in undone.remaining] == ["h0"]  # Heron deletes only what is over


def test_from_a_vendor_that_cannot_be_stopped(
    heron: Client, server: HeronServer, moving: Moving, tmp_path: Path
) -> None:
    move: Move = moving("truedy", "talkifai")
    _, target = move.connect()
    rows: list[dict[str, Any]] = [
        {"id": f"r{index}", "phone_number": f"+1212555010{index}", "status": word}
        for index, word in enumerate(["pending", "completed", "failed", "dispatched", "pending", "new word"])
    ]
    rows.append({"id": "r6", "phone_number": None, "status": "pending"})
    server.batches["h0"] = {"id": "h0", "status": "in_progress", "recipients": rows, "calls_scheduled": len(rows)}
    plan = plan_migration((heron, "h0"), target, journal=tmp_path / "move.sqlite")
    assert plan.facts.moving == 2
    with pytest.raises(MigrationRefused, match="Heron's API cannot stop it"):
        plan.apply()
    status = plan.apply(source_stopped=True, wait_for_calls=30)
    assert (status.moved, status.kept_back) == (2, 5)
    reasons = {entry.source_id: entry.reason for entry in plan.report()}
    assert reasons["r3"] == "a call is under way"
    assert reasons["r6"].startswith("it has no phone number")
    assert [contact.number for contact in move.parts[0].contacts] == ["+12125550100", "+12125550104"]
