"""Flows, carried out with plain values."""

from __future__ import annotations

import json
from typing import Any, Generic, TypeVar

import attrs

from unibatch.core.flow import Flow, Request, Response

T = TypeVar("T")


@attrs.frozen
class Played(Generic[T]):
    """A flow that has been carried out.

    Attributes:
        requests: What it wanted sent, in order.
        value: What it returned.
    """

    requests: tuple[Request, ...]
    value: T

    @property
    def request(self) -> Request:
        """The request, of a flow that made only one."""
        (only,) = self.requests
        return only


def play(flow: Flow[T], *answers: Any) -> Played[T]:
    """Carry out a flow without any I/O.

    Args:
        flow: The flow, for example ``provider.get_campaign("batch_1")``.
        answers: What the vendor answers to one request after the other: a `Response`, ``bytes`` for the body of a
            success, an exception for what happens instead (such as `OutcomeUnknown`), or anything else for the body of
            a success in JSON.

    Raises:
        StructureError: An answer is not what the vendor documents. A client turns it into `MalformedResponse`.
        ValueError: There are more requests than answers, or fewer.
    """
    requests: list[Request] = []
    left = list(answers)
    try:
        request = next(flow)
        while left:
            requests.append(request)
            answer = left.pop(0)
            request = flow.throw(answer) if isinstance(answer, Exception) else flow.send(_response(answer))
    except StopIteration as done:
        if left:
            raise ValueError(f"the flow was over before {len(left)} of the answers were asked for") from done
        value: T = done.value
        return Played(tuple(requests), value)
    raise ValueError(f"the flow wants {request} answered too")


def _response(answer: Any) -> Response:
    if isinstance(answer, Response):
        return answer
    return Response(status=200, content=answer if isinstance(answer, bytes) else json.dumps(answer).encode())
