"""Watches a flow that creates a campaign: who must know before it sends anything, and who only wants it to look."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from unibatch.core.draft_fields import Composition
from unibatch.core.errors import UnsupportedFeature
from unibatch.core.flow import Flow, Request, adapted
from unibatch.core.model import Campaign
from unibatch.core.provider import Provider

T = TypeVar("T")


def announced(flow: Flow[T], before_sending: Callable[[], None]) -> Flow[T]:
    """The same flow, with a call before its first request that may change something."""
    is_told = False

    def tell(request: Request) -> Request:
        nonlocal is_told
        if _writes(request) and not is_told:
            before_sending()
            is_told = True
        return request

    return adapted(flow, tell)


class _WouldWrite(Exception):
    """The flow would go on with a request that changes something."""

    def __init__(self, request: Request) -> None:
        self.request = request


def looked_for(provider: Provider, composition: Composition) -> Flow[Campaign | None]:
    """The campaign that a composition created, found by the looks of its creation; nothing that changes is sent.

    Raises:
        UnsupportedFeature: The creation would send without a look.
    """
    has_looked = False

    def only_look(request: Request) -> Request:
        nonlocal has_looked
        if _writes(request):
            raise _WouldWrite(request)
        has_looked = True
        return request

    try:
        return (yield from adapted(provider.create_campaign(composition), only_look))
    except _WouldWrite as end:
        subject = end.request.subject
    if subject is not None:  # it is there, and the flow would go on to start, pause or cancel it
        return (yield from provider.get_campaign(subject))
    if not has_looked:
        raise UnsupportedFeature(provider.name, "find_campaign", "look for it in the vendor's dashboard")
    return None


def _writes(request: Request) -> bool:
    return request.method != "GET"
