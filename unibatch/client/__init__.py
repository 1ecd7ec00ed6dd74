"""The only folder that speaks HTTP: two clients, synchronous and asynchronous, over the same flows.

A provider's flow yields requests and knows no HTTP library. `unibatch.client.exchange` turns it into a *conversation*,
which yields ``httpx`` requests and pauses; it translates answers and errors, tries again, keeps to the rate limit, and
has all logic that the two clients share. `unibatch.client.drivers` carries a conversation out, once with ``await`` and
once without, over `unibatch.client.connections`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from unibatch.client.client import AsyncClient, Client, fingerprint_of_client, provider_of_client
from unibatch.client.exchange import PlannedRequest
from unibatch.client.listing import AsyncListing, Listing, continued, pages_meanwhile, results_of
from unibatch.client.options import Options, Retry, Timeout, Wait

if TYPE_CHECKING:
    from unibatch.client.contacts_of import AsyncCampaignContacts, AsyncContactsOf, CampaignContacts, ContactsOf, noted
    from unibatch.client.watch import AsyncWatch, Watch

_LATER = {
    **dict.fromkeys(
        ("AsyncCampaignContacts", "AsyncContactsOf", "CampaignContacts", "ContactsOf", "noted"),
        "unibatch.client.contacts_of",
    ),
    **dict.fromkeys(("AsyncWatch", "Watch"), "unibatch.client.watch"),
}
"""What is imported when it is first used, since most programs do not: the module of each name."""

__all__ = [
    "AsyncCampaignContacts",
    "AsyncClient",
    "AsyncContactsOf",
    "AsyncListing",
    "AsyncWatch",
    "CampaignContacts",
    "Client",
    "ContactsOf",
    "Listing",
    "Options",
    "PlannedRequest",
    "Retry",
    "Timeout",
    "Wait",
    "Watch",
    "continued",
    "fingerprint_of_client",
    "noted",
    "pages_meanwhile",
    "provider_of_client",
    "results_of",
]


if not TYPE_CHECKING:  # type checkers see the imports above, and so notice a name that is misspelled

    def __getattr__(name: str) -> Any:
        """Import what is used for the first time."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_LATER[name]), name)
        return value
