"""Many requests at the same time, from threads or tasks that share one client."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.bothways import VENDORS, AnyClient, BlockingAsyncClient, Connect
from tests.client.conftest import Visitor
from tests.client.rawserver import PATIENT, RawServer, serving
from tests.client.replies import CAMPAIGN, one
from unibatch import Campaign

MORE_THAN_CONNECTIONS = 40
FOUND = json.dumps(one("truedy", CAMPAIGN["truedy"])).encode()


def read_campaigns(client: AnyClient, ids: list[str]) -> list[str]:
    """The ids of these campaigns, all read at the same time."""
    if isinstance(client, BlockingAsyncClient):
        shared = client.client

        async def read_all() -> list[Campaign]:
            return await asyncio.gather(*map(shared.get_campaign, ids))

        return [campaign.id for campaign in client.run(read_all())]
    with ThreadPoolExecutor(len(ids)) as threads:
        return [campaign.id for campaign in threads.map(client.get_campaign, ids)]


@pytest.mark.parametrize("vendor", VENDORS)
def test_everybody_gets_the_answer_to_their_own_question(visit: Visitor, vendor: str) -> None:
    at = visit(vendor)
    ids = [at.sandbox.create(vendor, 1) for _ in range(MORE_THAN_CONNECTIONS)]
    assert read_campaigns(at.client, ids) == ids


class Crowd:
    """A server that answers nobody before so many requests have come on connections of their own."""

    def __init__(self, size: int) -> None:
        self.largest = 0
        self._size = size
        self._under_way = 0
        self._changed = threading.Condition()
        self._came_together = False

    def __call__(self, server: RawServer, connection: socket.socket) -> None:
        while server.read_request(connection):
            with self._changed:
                self._under_way += 1
                self.largest = max(self.largest, self._under_way)
                self._came_together |= self._under_way == self._size
                self._changed.notify_all()
                assert self._changed.wait_for(lambda: self._came_together, PATIENT)
                self._under_way -= 1
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(FOUND), FOUND))


@pytest.mark.parametrize(("how", "most"), [({}, 16), ({"max_in_flight": 1}, 16), ({"max_in_flight": 20}, 20)])
def test_one_client_opens_sixteen_connections_or_as_many_as_it_may_read_ahead_and_keeps_them(
    connect: Connect, how: dict[str, Any], most: int
) -> None:
    crowd = Crowd(most)
    with serving(crowd) as server:
        client = connect("truedy", base_url=server.url, timeout=PATIENT, **how)
        for _ in range(2):
            ids = ["batch_1"] * MORE_THAN_CONNECTIONS
            assert read_campaigns(client, ids) == ids
        assert (crowd.largest, len(server.connections)) == (most, most)
