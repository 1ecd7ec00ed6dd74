"""One server for each module of tests, back in its first state for each test, and a client for each vendor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import httpx
import pytest

import unibatch.sandbox
from tests.bothways import VENDORS
from unibatch.sandbox import Sandbox

Clients: TypeAlias = Mapping[str, httpx.Client]

WALL = 1_800_000_000.0

READ = {"truedy": "/batch-calls", "techladder": "/call-batches", "talkifai": "/batch/jobs?organizationId=org_sandbox"}
"""Where each vendor lists its campaigns."""
CREATE = {"truedy": "/batch-calls", "techladder": "/call-batches", "talkifai": "/batch/create"}
"""Where each vendor takes a new campaign."""
RUNNING = {"truedy": "active", "techladder": "active", "talkifai": "running"}


@pytest.fixture(scope="module")
def wall() -> list[float]:
    """The wall clock that rate limits go by; a test moves it by assigning to its only item."""
    return [WALL]


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, wall: list[float]) -> Iterator[Sandbox]:
    """A sandbox that is empty at first, unless the module says `SEEDED = True`."""
    seeded = getattr(request.module, "SEEDED", False)
    with unibatch.sandbox.serve(seeded=seeded, wall=lambda: wall[0]) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox, wall: list[float]) -> Sandbox:
    wall[0] = WALL
    server.reset()
    return server


@pytest.fixture(scope="module")
def clients(server: Sandbox) -> Iterator[Clients]:
    made = {
        name: httpx.Client(
            base_url=server.base_url(name),
            headers={"authorization": f"Bearer {server.api_key(name)}"},
            trust_env=False,
        )
        for name in server.vendors
    }
    yield made
    for client in made.values():
        client.close()


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    """Each vendor, in the tests that ask for it."""
    return str(request.param)


@pytest.fixture
def client(sandbox: Sandbox, clients: Clients, vendor: str) -> httpx.Client:
    """The client of that vendor."""
    del sandbox  # only for its reset
    return clients[vendor]


@pytest.fixture
def truedy(sandbox: Sandbox, clients: Clients) -> httpx.Client:
    del sandbox
    return clients["truedy"]


@pytest.fixture
def techladder(sandbox: Sandbox, clients: Clients) -> httpx.Client:
    del sandbox
    return clients["techladder"]


@pytest.fixture
def talkifai(sandbox: Sandbox, clients: Clients) -> httpx.Client:
    del sandbox
    return clients["talkifai"]


def problem(answer: httpx.Response) -> str:
    """Where the first problem is, of Truedy's 422 in the shape "schema"."""
    assert answer.status_code == 422
    first = answer.json()["detail"][0]
    assert set(first) == {"loc", "msg", "type"}
    return ".".join(str(part) for part in first["loc"])


def details(answer: httpx.Response) -> str:
    """Where the first problem is, of TechLadder's 422."""
    body = answer.json()
    assert (answer.status_code, body["status_code"], body["error"]["code"]) == (422, 422, "VALIDATION_ERROR")
    field, _, reason = body["error"]["details"][0].partition(": ")
    assert reason
    return str(field)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """TalkifAI's status and code."""
    body = answer.json()
    assert set(body) == {"success", "error", "code"}
    return answer.status_code, body["code"]
