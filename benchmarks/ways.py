"""The ways of listing a campaign that are compared. `measure` runs one of them in a process of its own."""

import argparse
import asyncio
import importlib
import json
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pages import SHAPES

WARM_UP = 2_000  # contacts listed, on the same connection, before the clock starts


@dataclass(frozen=True, slots=True)
class Measured:
    """What one listing cost the process that did it: seconds, and the process's peak in MiB."""

    wall: float
    cpu: float
    peak_rss: float


class Stopwatch:
    """Times listings, and fails when one of them did not bring every contact."""

    def __init__(self, shape: str) -> None:
        self.shape = SHAPES[shape]
        self.restart()

    def restart(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self, total: int, count: int, last_id: str) -> Measured:
        wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
        expected = total, self.shape.contact_id(total - 1)
        if (count, last_id) != expected:
            raise RuntimeError(f"expected {expected}, got {(count, last_id)}")
        return Measured(wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def truedy_pages(client: Any, base_url: str, total: int | str) -> Iterator[list[dict[str, Any]]]:
    offset, has_more = 0, True
    while has_more:
        url = f"{base_url}/truedy/batch-calls/n{total}/contacts"
        response = client.get(url, params={"limit": 100, "offset": offset})
        response.raise_for_status()
        body = response.json()
        yield body["data"]
        offset, has_more = offset + 100, body["pagination"]["has_more"]


def techladder_pages(client: Any, base_url: str, total: int) -> Iterator[list[dict[str, Any]]]:
    page, has_more = 1, True
    while has_more:
        url = f"{base_url}/techladder/call-batches/n{total}/calls"
        response = client.get(url, params={"limit": 500, "page": page})
        response.raise_for_status()
        data = response.json()["data"]
        yield data["items"]
        page, has_more = page + 1, data["has_more"]


def talkifai_pages(client: Any, base_url: str, total: int) -> Iterator[list[dict[str, Any]]]:
    page, has_more = 1, True
    while has_more:
        url = f"{base_url}/talkifai/batch/jobs/n{total}"
        response = client.get(url, params={"contactsPage": page, "contactsPageSize": 500})
        response.raise_for_status()
        job = response.json()
        yield job["contacts"]
        page, has_more = page + 1, job["contactsHasMore"]


USER_LOOPS = {"A": (truedy_pages, "contact_id"), "B": (techladder_pages, "call_id"), "C": (talkifai_pages, "id")}


def user_loop(base_url: str, shape: str, total: int, _: int) -> Measured:
    httpx = importlib.import_module("httpx")
    pages, id_key = USER_LOOPS[shape]
    stopwatch = Stopwatch(shape)
    with httpx.Client(headers={"Authorization": "Bearer k"}) as client:
        for contacts in (WARM_UP, total):
            stopwatch.restart()
            count, last_id = 0, ""
            for page in pages(client, base_url, contacts):
                for contact in page:
                    count += 1
                    last_id = contact[id_key]
            measured = stopwatch.read(contacts, count, last_id)
    return measured


def account(base_url: str, shape: str, in_flight: int) -> dict[str, Any]:
    provider = SHAPES[shape].provider
    return {
        "provider": provider,
        "api_key": "k",
        "base_url": f"{base_url}/{provider}",
        "requests_per_minute": 1_000_000,
        "max_in_flight": in_flight,
    }


def unibatch_sync(base_url: str, shape: str, total: int, in_flight: int) -> Measured:
    unibatch = importlib.import_module("unibatch")
    stopwatch = Stopwatch(shape)
    with unibatch.connect(**account(base_url, shape, in_flight)) as client:
        for contacts in (WARM_UP, total):
            stopwatch.restart()
            count, last_id = 0, ""
            for contact in client.list_contacts(f"n{contacts}"):
                count += 1
                last_id = contact.id
            measured = stopwatch.read(contacts, count, last_id)
    return measured


def unibatch_async(base_url: str, shape: str, total: int, in_flight: int) -> Measured:
    unibatch = importlib.import_module("unibatch")

    async def list_all() -> Measured:
        stopwatch = Stopwatch(shape)
        async with unibatch.connect_async(**account(base_url, shape, in_flight)) as client:
            for contacts in (WARM_UP, total):
                stopwatch.restart()
                count, last_id = 0, ""
                async for contact in client.list_contacts(f"n{contacts}"):
                    count += 1
                    last_id = contact.id
                measured = stopwatch.read(contacts, count, last_id)
        return measured

    return asyncio.run(list_all())


AIOHTTP_PAGES: dict[str, tuple[str, Callable[[int], dict[str, int]], Callable[[Any], Any]]] = {
    "A": (
        "truedy/batch-calls/n{}/contacts",
        lambda page: {"limit": 100, "offset": page * 100},
        lambda body: (body["data"], body["pagination"]["total"]),
    ),
    "B": (
        "techladder/call-batches/n{}/calls",
        lambda page: {"limit": 500, "page": page + 1},
        lambda body: (body["data"]["items"], body["data"]["total"]),
    ),
    "C": (
        "talkifai/batch/jobs/n{}",
        lambda page: {"contactsPageSize": 500, "contactsPage": page + 1},
        lambda body: (body["contacts"], body["contactsTotal"]),
    ),
}


def aiohttp_gather(base_url: str, shape: str, total: int, in_flight: int) -> Measured:
    """What a user in a hurry would write: so many pages at a time, as dicts; nothing is checked or tried again."""
    aiohttp, orjson = importlib.import_module("aiohttp"), importlib.import_module("orjson")
    path, query, rows = AIOHTTP_PAGES[shape]
    id_key = USER_LOOPS[shape][1]

    async def list_one(session: Any, contacts: int) -> tuple[int, str]:
        async def fetch(page: int) -> Any:
            async with session.get(f"{base_url}/{path.format(contacts)}", params=query(page)) as response:
                response.raise_for_status()
                return rows(orjson.loads(await response.read()))

        first, announced = await fetch(0)
        rest = iter(range(1, -(-announced // SHAPES[shape].page_size)))
        under_way = deque([asyncio.create_task(fetch(page)) for page in islice(rest, in_flight)])
        count, last_id = len(first), first[-1][id_key]
        while under_way:
            items, _ = await under_way.popleft()
            under_way.extend(asyncio.create_task(fetch(page)) for page in islice(rest, 1))
            for contact in items:
                count += 1
                last_id = contact[id_key]
        return count, last_id

    async def list_all() -> Measured:
        stopwatch = Stopwatch(shape)
        connector = aiohttp.TCPConnector(limit=in_flight)
        async with aiohttp.ClientSession(connector=connector, headers={"Authorization": "Bearer k"}) as session:
            for contacts in (WARM_UP, total):
                stopwatch.restart()
                measured = stopwatch.read(contacts, *await list_one(session, contacts))
        return measured

    return asyncio.run(list_all())


DLT_PAGING: dict[str, tuple[str, str, str, str, dict[str, Any], dict[str, Any]]] = {
    "A": (
        "truedy/batch-calls/n{}/contacts",
        "data",
        "contact_id",
        "OffsetPaginator",
        {"limit": 100, "total_path": "pagination.total"},
        {},
    ),
    "B": (
        "techladder/call-batches/n{}/calls",
        "data.items",
        "call_id",
        "PageNumberPaginator",
        {"base_page": 1, "page_param": "page", "total_path": None, "has_more_path": "data.has_more"},
        {"limit": 500},
    ),
    "C": (
        "talkifai/batch/jobs/n{}",
        "contacts",
        "id",
        "PageNumberPaginator",
        {"base_page": 1, "page_param": "contactsPage", "total_path": None, "has_more_path": "contactsHasMore"},
        {"contactsPageSize": 500},
    ),
}


def dlt_client(base_url: str, shape: str, total: int, _: int) -> Measured:
    rest_client = importlib.import_module("dlt.sources.helpers.rest_client")
    path, selector, id_key, paginator, paging, params = DLT_PAGING[shape]
    stopwatch = Stopwatch(shape)
    client = rest_client.RESTClient(base_url, headers={"Authorization": "Bearer k"})
    for contacts in (WARM_UP, total):
        stopwatch.restart()
        count, last_id = 0, ""
        for page in client.paginate(
            path.format(contacts),
            params=params,
            paginator=getattr(rest_client.paginators, paginator)(**paging),
            data_selector=selector,
        ):
            for contact in page:
                count += 1
                last_id = contact[id_key]
        measured = stopwatch.read(contacts, count, last_id)
    return measured


WAYS: dict[str, Callable[[str, str, int, int], Measured]] = {
    "loop": user_loop,
    "sync": unibatch_sync,
    "async": unibatch_async,
    "aiohttp": aiohttp_gather,
    "dlt": dlt_client,
}


def measure(way: str, base_url: str, shape: str, total: int, in_flight: int = 8) -> Measured:
    """Run `way` once, in a fresh process."""
    command = [sys.executable, str(Path(__file__).resolve()), way, base_url, shape, str(total), str(in_flight)]
    return Measured(**json.loads(subprocess.check_output(command, text=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description="One measurement, printed as JSON.")
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("base_url")
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("total", type=int)
    parser.add_argument("in_flight", type=int)
    options = parser.parse_args()
    measured = WAYS[options.way](options.base_url, options.shape, options.total, options.in_flight)
    print(json.dumps(asdict(measured)))


if __name__ == "__main__":
    main()
