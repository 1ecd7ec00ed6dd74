"""Where a request's time goes: pages of shape A, fetched through ever less of httpx, in one process."""

import argparse
import random
import socket
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
from server import local_server

PATH = "/truedy/batch-calls/n100000/contacts"
HEADERS = {"authorization": "Bearer k", "accept": "application/json"}


def build_ways(base_url: str, stack: ExitStack) -> dict[str, Callable[[int], int]]:
    """Name the ways to fetch the page at an offset, the dearest first; each returns the bytes or rows it got."""
    url = base_url + PATH
    address = urlsplit(base_url)
    client = stack.enter_context(httpx.Client(headers=HEADERS))
    transport = stack.enter_context(httpx.HTTPTransport())
    connection = stack.enter_context(socket.create_connection((address.hostname, address.port)))

    headers = httpx.Headers({"host": address.netloc} | HEADERS)
    no_body = httpx.ByteStream(b"")
    extensions = {"timeout": httpx.Timeout(30).as_dict()}
    same_request = httpx.Request("GET", f"{url}?limit=100&offset=0", headers=HEADERS, extensions=extensions)

    def lean_request(offset: int) -> httpx.Request:
        """With its headers and its stream given, a request has nothing left to prepare but its URL."""
        target = f"{url}?limit=100&offset={offset}"
        return httpx.Request("GET", target, headers=headers, stream=no_body, extensions=extensions)

    def user_loop(offset: int) -> int:
        page = client.get(url, params={"limit": 100, "offset": offset}).json()
        return sum(1 for row in page["data"] if row["contact_id"])

    def client_get(offset: int) -> int:
        return len(client.get(url, params={"limit": 100, "offset": offset}).content)

    def client_send(offset: int) -> int:
        return len(client.send(httpx.Request("GET", f"{url}?limit=100&offset={offset}", headers=HEADERS)).content)

    def client_send_lean(offset: int) -> int:
        return len(client.send(lean_request(offset)).content)

    def client_send_same(_: int) -> int:
        return len(client.send(same_request).content)

    def transport_lean(offset: int) -> int:
        return len(transport.handle_request(lean_request(offset)).read())

    def transport_same(_: int) -> int:
        return len(transport.handle_request(same_request).read())

    def transport_same_stream(_: int) -> int:
        response = transport.handle_request(same_request)
        assert isinstance(response.stream, httpx.SyncByteStream)
        content = b"".join(response.stream)
        response.close()
        return len(content)

    def raw_socket(offset: int) -> int:
        connection.sendall(b"GET %b?limit=100&offset=%d HTTP/1.1\r\nhost: localhost\r\n\r\n" % (PATH.encode(), offset))
        received = connection.recv(65_536)
        head, _, body = received.partition(b"\r\n\r\n")
        missing = int(head.rpartition(b"content-length: ")[2]) - len(body)
        while missing:
            missing -= len(connection.recv(missing))
        return len(received)

    return {
        "client.get, json, each row": user_loop,
        "client.get": client_get,
        "client.send, new Request": client_send,
        "client.send, lean Request": client_send_lean,
        "client.send, same Request": client_send_same,
        "transport, lean Request": transport_lean,
        "transport, same Request": transport_same,
        "transport, same, stream only": transport_same_stream,
        "raw socket": raw_socket,
    }


def per_request(fetch: Callable[[int], int], requests: int) -> tuple[float, float]:
    """Return wall and CPU time of this process, in µs a request."""
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(requests):
        assert fetch(number * 100)
    return (time.perf_counter() - wall) / requests * 1e6, (time.process_time() - cpu) / requests * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=500, help="of each way in each round")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with ExitStack() as stack:
        ways = build_ways(stack.enter_context(local_server()), stack)
        names = list(ways)
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for fetch in ways.values():
            per_request(fetch, options.requests)
        for _ in range(options.rounds):
            for name in random.sample(names, len(names)):
                rounds[name].append(per_request(ways[name], options.requests))
    loop_walls = [wall for wall, _ in rounds[names[0]]]
    print(f"{'a request of shape A':30}{'wall µs':>9}{'CPU µs':>9}{'speed':>8}")
    for name, measured in rounds.items():
        wall, cpu = (statistics.median(times) for times in zip(*measured, strict=True))
        speed = statistics.median(loop / wall for loop, (wall, _) in zip(loop_walls, measured, strict=True))
        print(f"{name:30}{wall:9.0f}{cpu:9.0f}{speed:8.2f}")


if __name__ == "__main__":
    main()
