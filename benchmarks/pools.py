"""What ways to httpx's connections cost a request, one at a time and 16 in flight, relative to unibatch's own."""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable

from server import local_server

from unibatch.client.conversation import Conversation
from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.transport import httpx

PATH = "/truedy/batch-calls/n100000/contacts"
HEADERS = httpx.Headers({"host": "localhost", "authorization": "Bearer k", "accept": "application/json"})
EXTENSIONS = {"timeout": httpx.Timeout(30).as_dict()}
POOL = httpx.Limits(max_connections=16, max_keepalive_connections=16)
ONE = httpx.Limits(max_connections=1, max_keepalive_connections=1)

Fetch = Callable[[httpx.Request], int]
AsyncFetch = Callable[[httpx.Request], Awaitable[int]]
Times = dict[str, list[float]]


def conversation(request: httpx.Request) -> Conversation[int]:
    answer = yield request
    assert answer is not None
    return len(answer.content)


class Spread(httpx.BaseTransport):
    """Transports of one connection each, the free ones on a pile."""

    def __init__(self) -> None:
        self.free = [httpx.HTTPTransport(limits=ONE) for _ in range(16)]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        transport = self.free.pop()
        try:
            response = transport.handle_request(request)
            return httpx.Response(response.status_code, headers=response.headers, content=response.read())
        finally:
            self.free.append(transport)


class AsyncSpread(httpx.AsyncBaseTransport):
    """The same for tasks."""

    def __init__(self) -> None:
        self.free = [httpx.AsyncHTTPTransport(limits=ONE) for _ in range(16)]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = self.free.pop()
        try:
            response = await transport.handle_async_request(request)
            return httpx.Response(response.status_code, headers=response.headers, content=await response.aread())
        finally:
            self.free.append(transport)


def blocking_ways(base_url: str) -> dict[str, Fetch]:
    driver = Driver(base_url, connections=16)
    one = httpx.HTTPTransport(limits=ONE)
    pool = httpx.HTTPTransport(limits=POOL)
    client = httpx.Client(transport=httpx.HTTPTransport(limits=POOL), trust_env=False)
    spread = httpx.Client(transport=Spread(), trust_env=False)
    return {
        "unibatch": lambda request: driver.run(conversation(request)),
        "one transport, a pool of 1": lambda request: len(one.handle_request(request).read()),
        "one transport, a pool of 16": lambda request: len(pool.handle_request(request).read()),
        "httpx.Client, its pool": lambda request: len(client.send(request, auth=None).content),
        "httpx.Client, 16 transports": lambda request: len(spread.send(request, auth=None).content),
    }


def awaited_ways(base_url: str, at_once: int) -> dict[str, AsyncFetch]:
    driver = AsyncDriver(base_url, connections=16)
    one = httpx.AsyncHTTPTransport(limits=ONE)
    pool = httpx.AsyncHTTPTransport(limits=POOL)
    client = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(limits=POOL), trust_env=False)
    spread = httpx.AsyncClient(transport=AsyncSpread(), trust_env=False)

    async def through_one(request: httpx.Request) -> int:
        return len(await (await one.handle_async_request(request)).aread())

    async def through_pool(request: httpx.Request) -> int:
        return len(await (await pool.handle_async_request(request)).aread())

    async def through_client(request: httpx.Request) -> int:
        return len((await client.send(request, auth=None)).content)

    async def through_spread(request: httpx.Request) -> int:
        return len((await spread.send(request, auth=None)).content)

    return {
        "unibatch": lambda request: driver.run(conversation(request)),
        **({"one transport, a pool of 1": through_one} if at_once == 1 else {}),
        "one transport, a pool of 16": through_pool,
        "httpx.AsyncClient, its pool": through_client,
        "httpx.AsyncClient, 16 transports": through_spread,
    }


def page(base_url: str, number: int) -> httpx.Request:
    url = f"{base_url}{PATH}?limit=100&offset={number * 100}"
    return httpx.Request("GET", url, headers=HEADERS, stream=httpx.ByteStream(b""), extensions=EXTENSIONS)


def blocking(base_url: str, rounds: int, requests: int) -> Times:
    ways = blocking_ways(base_url)
    times: Times = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name in random.sample(list(ways), len(ways)):
            began = time.process_time()
            for number in range(requests):
                ways[name](page(base_url, number))
            times[name].append((time.process_time() - began) / requests * 1e6)
    return times


async def awaited(base_url: str, rounds: int, requests: int, at_once: int) -> Times:
    ways = awaited_ways(base_url, at_once)
    times: Times = {name: [] for name in ways}

    async def work(fetch: AsyncFetch, numbers: list[int]) -> None:
        while numbers:
            await fetch(page(base_url, numbers.pop()))

    for _ in range(rounds + 1):
        for name in random.sample(list(ways), len(ways)):
            numbers = list(range(requests))
            began = time.process_time()
            await asyncio.gather(*(work(ways[name], numbers) for _ in range(at_once)))
            times[name].append((time.process_time() - began) / requests * 1e6)
    return times


def report(title: str, times: Times) -> None:
    print(f"{title:34}{'CPU µs':>9}{'ratio':>8}")
    for name, measured in times.items():
        ratio = statistics.median(one / own for one, own in zip(measured[1:], times["unibatch"][1:], strict=True))
        print(f"{name:34}{statistics.median(measured[1:]):9.0f}{ratio:8.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=300, help="of each way in each round")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    print(f"with {httpx.__name__} {httpx.__version__}")
    with local_server() as base_url:
        report("blocking", blocking(base_url, options.rounds, options.requests))
        for at_once in (1, 16):
            times = asyncio.run(awaited(base_url, options.rounds, options.requests, at_once))
            report(f"awaited, {at_once} in flight", times)


if __name__ == "__main__":
    main()
