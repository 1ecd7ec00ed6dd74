"""The only folder that speaks HTTP: two clients, synchronous and asynchronous, over the same flows.

A provider's flow yields requests and knows no HTTP library. `unibatch.client.exchange` turns it into a *conversation*,
which yields ``httpx`` requests and pauses; it translates answers and errors, tries again, keeps to the rate limit, and
has all logic that the two clients share. `unibatch.client.drivers` carries a conversation out, once with ``await`` and
once without, over `unibatch.client.connections`.
"""

from unibatch.client.client import AsyncClient, Client, fingerprint_of_client, provider_of_client
from unibatch.client.contacts_of import AsyncCampaignContacts, AsyncContactsOf, CampaignContacts, ContactsOf, noted
from unibatch.client.exchange import PlannedRequest
from unibatch.client.listing import AsyncListing, Listing, continued, pages_meanwhile
from unibatch.client.options import Options, Retry, Timeout, Wait
from unibatch.client.watch import AsyncWatch, Watch

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
]
