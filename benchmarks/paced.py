"""Listing under a rate limit: how close to the theoretical minimum, and does the server ever have to say no?

The server counts in a sliding window of a minute and refuses what exceeds the limit. Takes some minutes.
"""

import argparse
import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import unibatch

PAGE = 100
WINDOW = 60.0
MOST = 1.05


class Limited:
    """A server of Truedy's contacts that lets through exactly so many requests in any minute."""

    def __init__(self, limit: int, pages: int, latency: float, *, says: bool) -> None:
        self.limit = limit
        self.pages = pages
        self.latency = latency
        self.says = says
        self.refused = 0
        self.arrivals: deque[float] = deque()

    def answer(self, offset: int) -> tuple[str, dict[str, object], dict[str, str]]:
        now = time.monotonic()
        while self.arrivals and self.arrivals[0] <= now - WINDOW:
            self.arrivals.popleft()
        if len(self.arrivals) >= self.limit:
            self.refused += 1
            return "429 Too Many Requests", {"error": {"code": "rate_limit_exceeded"}}, {"retry-after": "1"}
        self.arrivals.append(now)
        total = self.pages * PAGE
        rows = [
            {"contact_id": f"c{row}", "phone_number": f"+1212555{row % 10_000:04}", "call_status": "pending"}
            for row in range(offset, offset + PAGE)
        ]
        paging = {"total": total, "limit": PAGE, "offset": offset, "has_more": offset + PAGE < total}
        count = {
            "x-ratelimit-remaining": str(self.limit - len(self.arrivals)),
            "x-ratelimit-reset": str(int(time.time() + self.arrivals[0] + WINDOW - now)),
        }
        return "200 OK", {"data": rows, "pagination": paging}, count if self.says else {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                offset = int(head.split(b"offset=")[1].split(b" ")[0].split(b"&")[0])
                status, body, headers = self.answer(offset)
                content = json.dumps(body).encode()
                headers |= {"content-type": "application/json", "content-length": str(len(content))}
                lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                await asyncio.sleep(self.latency)
                writer.write(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + content)
        except asyncio.IncompleteReadError:
            writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        async with server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def list_blocking(base_url: str, limit: int) -> int:
    with unibatch.connect(provider="truedy", api_key="k", base_url=base_url, requests_per_minute=limit) as client:
        return sum(1 for _ in client.list_contacts("batch_1"))


async def list_awaiting(base_url: str, limit: int) -> int:
    async with unibatch.connect_async(
        provider="truedy", api_key="k", base_url=base_url, requests_per_minute=limit
    ) as client:
        return len([contact async for contact in client.list_contacts("batch_1")])


async def measure(way: str, limit: int, pages: int, latency: float, *, says: bool) -> tuple[float, int]:
    server = Limited(limit, pages, latency, says=says)
    async with server.running() as base_url:
        began = time.monotonic()
        work = list_awaiting(base_url, limit) if way == "async" else asyncio.to_thread(list_blocking, base_url, limit)
        count = await work
        took = time.monotonic() - began
    if count != pages * PAGE:
        raise RuntimeError(f"expected {pages * PAGE} contacts, got {count}")
    return took, server.refused


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=100, help="requests a minute")
    parser.add_argument("--pages", type=int, default=250)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before each response")
    options = parser.parse_args()
    least = (-(-options.pages // options.limit) - 1) * WINDOW
    print(f"{options.pages} pages, {options.limit} requests a minute: at least {least:g} s")
    print(f"{'way':<8}{'server says':>13}{'seconds':>9}{'ratio':>8}{'most':>7}{'refused':>9}")
    runs = [(way, says) for way in ("sync", "async") for says in (False, True)]
    work = [partial(measure, way, options.limit, options.pages, options.latency, says=says) for way, says in runs]
    for (way, says), (took, refused) in zip(runs, await asyncio.gather(*(one() for one in work)), strict=True):
        said = "its count" if says else "nothing"
        print(f"{way:<8}{said:>13}{took:9.1f}{took / least:8.3f}{MOST:7.2f}{refused:9}")


if __name__ == "__main__":
    asyncio.run(main())
