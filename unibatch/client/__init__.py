"""The only folder that speaks HTTP: two clients, synchronous and asynchronous, over the same flows.

A provider's flow yields requests and knows nothing of HTTP libraries. `unibatch.client.exchange` turns it into a
*conversation*, which yields ``httpx`` requests, translates answers and errors, and holds all logic that the two clients
share. `unibatch.client.drivers` carries a conversation out, once with ``await`` and once without.
"""

from unibatch.client.clients import AsyncClient, Client
from unibatch.client.exchange import Timeout
from unibatch.client.listing import AsyncListing, Listing

__all__ = ["AsyncClient", "AsyncListing", "Client", "Listing", "Timeout"]
