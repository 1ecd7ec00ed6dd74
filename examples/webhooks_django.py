"""Webhooks of any vendor in Django: ``path("hooks/<provider>", webhooks_django.hook)`` in the list of URLs."""

import os
from typing import Any

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from unibatch import InvalidSignature, MalformedWebhook
from unibatch.webhooks import SqliteSeen, receive

secrets = {name: os.environ[f"{name.upper()}_WEBHOOK_SECRET"].split() for name in ("truedy", "talkifai")}
seen = SqliteSeen(os.environ.get("SEEN", "seen.db"))


@csrf_exempt  # the signature says who sent it
@require_POST
def hook(request: Any, provider: str) -> HttpResponse:
    """Take one webhook; the vendor gets the answer."""
    try:
        events = receive(provider, request.headers, request.body, secrets=secrets[provider])
    except InvalidSignature:
        return HttpResponse(status=401)
    except MalformedWebhook:
        return HttpResponse(status=400)
    for event in filter(seen.add, events):
        print(event.type, event.call_id, event.status, event.duration)
    return HttpResponse(status=200)
