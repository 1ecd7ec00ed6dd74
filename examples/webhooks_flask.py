"""TalkifAI's webhooks in Flask."""

import os

from flask import Flask, request

from unibatch import InvalidSignature, MalformedWebhook
from unibatch.webhooks import SqliteSeen, receive

secrets = os.environ["TALKIFAI_WEBHOOK_SECRET"].split()  # two while one takes the place of the other
seen = SqliteSeen(os.environ.get("SEEN", "seen.db"))
app = Flask(__name__)


@app.post("/hooks/talkifai")
def hook() -> tuple[str, int]:
    """Take one webhook; the vendor gets the answer."""
    try:
        events = receive("talkifai", request.headers, request.get_data(), secrets=secrets)
    except InvalidSignature:
        return "", 401
    except MalformedWebhook:
        return "", 400
    for event in filter(seen.add, events):
        print(event.type, event.call_id, event.status, event.duration)
    return "", 200
