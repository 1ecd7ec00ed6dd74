"""A local server with campaigns of any size, cheap enough a request that the client is what is measured.

A campaign's id says its size: `GET /truedy/batch-calls/n100000/contacts?limit=100&offset=0` is a page of 100,000. So
do ids such as `n50-7`, of which there are as many as are asked for. `GET /truedy/batch-calls/n100000` is the campaign,
and contacts that are added there are counted and forgotten.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pages import SHAPES, Shape

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


@lru_cache(maxsize=4096)
def route(target: bytes) -> tuple[Shape, int, int] | None:
    """Tell shape, campaign size and first row of the page that `target` asks for."""
    url = urlsplit(target.decode())
    query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
    match url.path.split("/")[1:]:
        case ["truedy", "batch-calls", campaign, "contacts"]:
            shape, start, limit = SHAPES["A"], query.get("offset", 0), query.get("limit")
        case ["techladder", "call-batches", campaign, "calls"]:
            shape, start, limit = SHAPES["B"], (query.get("page", 1) - 1) * 500, query.get("limit")
        case ["talkifai", "batch", "jobs", campaign]:
            shape, start, limit = SHAPES["C"], (query.get("contactsPage", 1) - 1) * 500, query.get("contactsPageSize")
        case _:
            return None
    if limit != shape.page_size:
        return None
    return shape, int(campaign.removeprefix("n").partition("-")[0]), start


def campaign_or_added(target: bytes, content: bytes) -> bytes | None:
    """A campaign without its contacts, or what is answered when contacts are added."""
    match target.decode().split("/")[1:]:
        case ["truedy", "batch-calls", campaign] if not content:
            total = int(campaign.removeprefix("n"))
            return json.dumps({"data": {"id": campaign, "status": "draft", "total_contacts": total}}).encode()
        case ["techladder", "call-batches", campaign]:
            return json.dumps({"data": {"schedule_id": campaign, "status": "active"}}).encode()
        case ["talkifai", "batch", "jobs", job] if job.endswith("?contactsPageSize=1"):
            return json.dumps({"id": job.partition("?")[0], "status": "running", "contacts": []}).encode()
        case ["truedy", "batch-calls", _, "contacts"] if content:
            added = content.count(b'"phone_number"')
            return json.dumps({"data": {"added_count": added, "failed_count": 0}}).encode()
    return None


def answer(target: bytes, content: bytes = b"") -> bytes:
    body = campaign_or_added(target, content)
    if body is None:
        routed = route(target)
        if routed is None:
            return NOT_FOUND
        shape, total, start = routed
        body = shape.body(total, start)
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    transport: asyncio.Transport

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, rest = self.received.partition(b"\r\n\r\n")
            length = 0 if head.startswith(b"GET") else int(LENGTH.search(head)[1])  # type: ignore[index]  # it is there
            if len(rest) < length:
                return
            self.received = rest[length:]
            response = answer(head.split(b" ", 2)[1], rest[:length])
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self.transport.write, response)
            else:
                self.transport.write(response)


async def serve(latency: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(latency), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def local_server(latency: float = 0) -> Iterator[str]:
    """Run the server in a process of its own and give its base URL."""
    command = [sys.executable, str(Path(__file__).resolve()), "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0, help="seconds before each response")
    latency = parser.parse_args().latency
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(latency))


if __name__ == "__main__":
    main()
