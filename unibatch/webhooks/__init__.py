"""Webhooks: checks who sent a message, and reads it into the events that ``client.watch`` gives, too.

There is no I/O in `receive`, and no web framework: it takes the headers and the bytes of a request as they came. `Seen`
notices what a vendor sends twice.
"""

from unibatch.core.errors import InvalidSignature, MalformedWebhook, UnsignedWebhook
from unibatch.core.events import CampaignChanged, ContactChanged, Event, EventType, Finished
from unibatch.core.webhook_scheme import HmacSignature, SharedSecret
from unibatch.webhooks.receive import receive
from unibatch.webhooks.seen import Seen, SqliteSeen

__all__ = [
    "CampaignChanged",
    "ContactChanged",
    "Event",
    "EventType",
    "Finished",
    "HmacSignature",
    "InvalidSignature",
    "MalformedWebhook",
    "Seen",
    "SharedSecret",
    "SqliteSeen",
    "UnsignedWebhook",
    "receive",
]
