"""Many requests at the same time, from threads or tasks that share one client."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from bothways import VENDORS, AnyClient, BlockingAsyncClient

from client.conftest import Visitor
from client.replies import CAMPAIGN, Reply, one
from unibatch import AsyncClient
from unibatch.client import drivers
from unibatch.providers import registry

MORE_THAN_CONNECTIONS = 40


def count_contacts(client: AnyClient, campaign_ids: list[str]) -> list[int]:
    """The numbers of contacts of all campaigns, read at the same time."""
    if isinstance(client, BlockingAsyncClient):
        shared = client.client

        async def count(campaign_id: str) -> int:
            return len([contact async for contact in shared.list_contacts(campaign_id)])

        async def count_all() -> list[int]:
            return await asyncio.gather(*map(count, campaign_ids))

        return client.run(count_all())
    with ThreadPoolExecutor(len(campaign_ids)) as threads:
        return list(threads.map(lambda campaign_id: len(list(client.list_contacts(campaign_id))), campaign_ids))


@pytest.mark.parametrize("vendor", VENDORS)
def test_everybody_gets_the_answer_to_their_own_question(visit: Visitor, vendor: str) -> None:
    at = visit(vendor)
    sizes = list(range(MORE_THAN_CONNECTIONS))
    assert count_contacts(at.client, [at.sandbox.create(vendor, size) for size in sizes]) == sizes


def test_one_client_opens_sixteen_connections_and_keeps_them() -> None:
    limits = drivers._transport_options("https://api.example.com")["limits"]
    assert (limits.max_connections, limits.max_keepalive_connections) == (16, 16)


def test_a_cancelled_task_leaves_the_client_usable() -> None:
    asked = asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/never"):
            asked.set()
            await asyncio.Event().wait()
        return Reply(body=one("truedy", CAMPAIGN["truedy"])).response()

    async def cancel_and_go_on() -> str:
        truedy = registry.load("truedy")({})
        async with AsyncClient(truedy, "a-key-for-tests", transport=httpx.MockTransport(answer)) as client:
            task = asyncio.ensure_future(client.get_campaign("never"))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return (await client.get_campaign("batch_1")).id

    assert asyncio.run(cancel_and_go_on()) == "batch_1"
