"""One server for each module of tests, back in its seeded state for each test, and a client for each vendor."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

import unibatch.sandbox
from unibatch.sandbox import Sandbox

WALL = 1_800_000_000.0


@pytest.fixture(scope="module")
def wall() -> list[float]:
    """The wall clock that rate limits go by; a test moves it by assigning to its only item."""
    return [WALL]


@pytest.fixture(scope="module")
def seeded() -> bool:
    """Whether there are campaigns from the beginning; modules that make their own override it."""
    return True


@pytest.fixture(scope="module")
def server(wall: list[float], *, seeded: bool) -> Iterator[Sandbox]:
    with unibatch.sandbox.serve(seeded=seeded, wall=lambda: wall[0]) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox, wall: list[float]) -> Sandbox:
    wall[0] = WALL
    server.reset()
    return server


@pytest.fixture(scope="module")
def clients(server: Sandbox) -> Iterator[dict[str, httpx.Client]]:
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


@pytest.fixture
def truedy(sandbox: Sandbox, clients: dict[str, httpx.Client]) -> httpx.Client:
    del sandbox  # only for its reset
    return clients["truedy"]


@pytest.fixture
def techladder(sandbox: Sandbox, clients: dict[str, httpx.Client]) -> httpx.Client:
    del sandbox
    return clients["techladder"]


@pytest.fixture
def talkifai(sandbox: Sandbox, clients: dict[str, httpx.Client]) -> httpx.Client:
    del sandbox
    return clients["talkifai"]
