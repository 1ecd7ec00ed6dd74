"""What trying again and keeping below the limit cost a request that needs neither, in µs of CPU."""

import statistics
import time
from collections.abc import Callable

import httpx

from unibatch.client import Options
from unibatch.client.conversation import Conversation
from unibatch.client.exchange import Exchange
from unibatch.core.flow import Request, Response
from unibatch.providers import registry

REQUESTS = 5_000
ROUNDS = 15
MOST = 60.0

ANSWER = Response(status=200, content=b'{"data": []}', headers=httpx.Headers({"content-type": "application/json"}))
REQUEST = Request(operation="list_contacts", path="/batch-calls/batch_1/contacts", query={"limit": "100"})


def seconds(begin: Callable[[Request], Conversation[Response]]) -> float:
    """The CPU time of a request that is answered immediately, without anything being sent."""
    began = time.process_time()
    for _ in range(REQUESTS):
        conversation = begin(REQUEST)
        next(conversation)
        try:
            conversation.send(ANSWER)
        except StopIteration:
            continue
    return (time.process_time() - began) / REQUESTS


def main() -> None:
    exchange = Exchange(registry.load("truedy")({}), "k", Options(requests_per_minute=1_000_000))

    def without(request: Request) -> Conversation[Response]:
        answer = yield exchange._outgoing(request, exchange._url(request))  # noqa: SLF001  # what both are wrapped around
        return exchange._accepted(request, exchange._decoded(request, answer, hasty=True))  # noqa: SLF001  # same

    rounds = [(seconds(without), seconds(exchange._send)) for _ in range(ROUNDS)]  # noqa: SLF001  # same
    plain, whole, more = (
        statistics.median(values) * 1e6
        for values in ([a for a, _ in rounds], [b for _, b in rounds], [b - a for a, b in rounds])
    )
    print(f"without {plain:.1f} µs, with {whole:.1f} µs a request: {more:.1f} µs for both together (at most {MOST:g})")


if __name__ == "__main__":
    main()
