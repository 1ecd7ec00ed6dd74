"""Flows, carried out with plain values."""

import pytest

from unibatch.core.flow import Flow, Request, Response
from unibatch.testing import play


def twice() -> Flow[list[bytes]]:
    """Asks two things, one after the other."""
    first = yield Request(operation="get_campaign", path="/a")
    second = yield Request(operation="get_campaign", path="/b")
    return [first.content, second.content]


def test_answers_are_handed_over_in_order() -> None:
    played = play(twice(), {"data": 1}, b"<html>")
    assert played.value == [b'{"data": 1}', b"<html>"]
    assert [request.path for request in played.requests] == ["/a", "/b"]


def test_a_response_is_taken_as_it_is() -> None:
    played = play(twice(), Response(status=503, content=b"x"), None)
    assert played.value == [b"x", b"null"]


def test_too_few_answers_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"^the flow wants Request\(.*path='/b'.*\) answered too$"):
        play(twice(), {})


def test_too_many_answers_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"^the flow was over before 1 of the answers were asked for$"):
        play(twice(), {}, {}, {})


def test_the_only_request_is_not_one_of_two() -> None:
    with pytest.raises(ValueError, match="too many values"):
        _ = play(twice(), {}, {}).request
