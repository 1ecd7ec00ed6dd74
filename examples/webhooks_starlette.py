"""Truedy's webhooks in Starlette. In FastAPI, the same function goes under ``@app.post("/hooks/truedy")``."""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from unibatch import InvalidSignature, MalformedWebhook
from unibatch.webhooks import SqliteSeen, receive

secrets = os.environ["TRUEDY_WEBHOOK_SECRET"].split()  # two while one takes the place of the other
seen = SqliteSeen(os.environ.get("SEEN", "seen.db"))


async def hook(request: Request) -> Response:
    """Take one webhook; the vendor gets the answer."""
    try:
        events = receive("truedy", request.headers, await request.body(), secrets=secrets)
    except (InvalidSignature, MalformedWebhook) as error:
        return Response(status_code=401 if isinstance(error, InvalidSignature) else 400)
    for event in filter(seen.add, events):
        print(event.type, event.call_id, event.status, event.duration)
    return Response(status_code=200)


app = Starlette(routes=[Route("/hooks/truedy", hook, methods=["POST"])])
