"""Watches a flow that creates a campaign: who must know before it sends anything, and who only wants it to look."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from unibatch.core.draft_fields import Composition
from unibatch.core.errors import UnibatchError, UnsupportedFeature
from unibatch.core.flow import Flow, Request
from unibatch.core.model import Campaign
from unibatch.core.provider import Provider

T = TypeVar("T")


def announced(flow: Flow[T], before_sending: Callable[[], None]) -> Flow[T]:
    """The same flow, with a call before its first request that may change something."""
    is_told = False
    with closing(flow):
        try:
            request = next(flow)
            while True:
                if _writes(request) and not is_told:
                    before_sending()
                    is_told = True
                try:
                    response = yield request
                except UnibatchError as exc:
                    request = flow.throw(exc)
                else:
                    request = flow.send(response)
        except StopIteration as done:
            value: T = done.value
            return value


def looked_for(provider: Provider, composition: Composition) -> Flow[Campaign | None]:
    """The campaign that a composition created, found by the looks of its creation; nothing that changes is sent.

    Raises:
        UnsupportedFeature: The creation would send without a look.
    """
    flow, has_looked = provider.create_campaign(composition), False
    with closing(flow):
        try:
            request = next(flow)
            while not _writes(request):
                has_looked = True
                try:
                    response = yield request
                except UnibatchError as exc:
                    request = flow.throw(exc)
                else:
                    request = flow.send(response)
        except StopIteration as done:
            found: Campaign = done.value
            return found
    if request.subject is not None:  # it is there, and the flow would go on to start, pause or cancel it
        return (yield from provider.get_campaign(request.subject))
    if not has_looked:
        raise UnsupportedFeature(provider.name, "find_campaign", "look for it in the vendor's dashboard")
    return None


def _writes(request: Request) -> bool:
    return request.method != "GET"
