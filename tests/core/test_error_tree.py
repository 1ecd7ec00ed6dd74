"""The exceptions: a tree that is drawn in the documentation, messages that help, objects that can be pickled."""

import copy
import pickle
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from unibatch.core import errors
from unibatch.core.paging import ListingReport

ABOUT: dict[str, Any] = {"provider": "truedy", "operation": "get_campaign", "http_status": 404}
ON_THE_WAY: dict[str, Any] = {
    "provider": "truedy",
    "operation": "get_campaign",
    "host": "api.truedy.ai",
    "reason": "no route",
}

LOST: dict[str, Any] = {"provider": "truedy", "operation": "start_campaign", "reason": "no answer in time"}
MISSING: dict[str, Any] = {
    "provider": "truedy",
    "operation": "list_contacts",
    "report": ListingReport(expected_total=1250, seen=1249, reason="1,250 rows were announced, and 1,249 came"),
}

CLASSES = {
    name: thing
    for name, thing in vars(errors).items()
    if isinstance(thing, type) and issubclass(thing, errors.UnibatchError)
}


def made(kind: type[errors.UnibatchError]) -> errors.UnibatchError:
    """An instance with every attribute set."""
    if issubclass(kind, errors.TransportError):
        return kind(**ON_THE_WAY)
    if issubclass(kind, errors.ProviderError):
        more: dict[str, Any] = {}
        if issubclass(kind, errors.RateLimited):
            more["retry_at"] = datetime(2026, 3, 5, 9, tzinfo=UTC)
        if issubclass(kind, errors.MalformedResponse):
            more = {"path": "$.data", "reason": "missing"}
        return kind(
            **ABOUT,
            code="not_found",
            message="No such batch",
            details={"resource": "batch"},
            request_id="req_1",
            subject="batch_1",
            field_errors={"id": "unknown"},
            retry_after=timedelta(seconds=30),
            **more,
        )
    if kind is errors.UnsupportedFeature:
        return errors.UnsupportedFeature("techladder", "add_contacts", "create another one")
    if kind is errors.OutcomeUnknown:
        return errors.OutcomeUnknown(**LOST, subject="batch_1")
    if kind is errors.IncompleteListing:
        return errors.IncompleteListing(**MISSING, subject="batch_1")
    return kind("a message")


def drawn_tree() -> dict[str, str]:
    """For each class drawn in the module's documentation, the class that it hangs from."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    (?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)(\s|$)", line)
        if match:
            depth = len(match["branch"]) // 4
            above[depth:] = [match["name"]]
            if depth:
                parents[match["name"]] = above[depth - 1]
    return parents


class TestTree:
    def test_the_tree_as_drawn_is_the_tree(self) -> None:
        assert drawn_tree() == {
            name: kind.__bases__[0].__name__ for name, kind in CLASSES.items() if kind is not errors.UnibatchError
        }

    @pytest.mark.parametrize("kind", [errors.UnsupportedFeature, errors.InvalidInput])
    def test_a_wrong_argument_is_a_value_error_too(self, kind: type[errors.UnibatchError]) -> None:
        assert issubclass(kind, ValueError)

    def test_nothing_else_is(self) -> None:
        value_errors = {name for name, kind in CLASSES.items() if issubclass(kind, ValueError)}
        assert value_errors == {"UnsupportedFeature", "InvalidInput"}


class TestMessages:
    def test_all_that_the_vendor_said(self) -> None:
        assert str(made(errors.NotFound)) == (
            "truedy get_campaign of 'batch_1': not found in this account: No such batch [id: unknown] "
            "(HTTP 404, code not_found, request req_1)"
        )

    def test_as_little_as_the_vendor_said(self) -> None:
        assert str(errors.ServerError(**ABOUT | {"http_status": 502})) == (
            "truedy get_campaign: the vendor's server failed (HTTP 502)"
        )

    def test_several_rejected_fields(self) -> None:
        error = errors.InvalidRequest(**ABOUT | {"http_status": 422}, field_errors={"name": "too long", "limit": "0"})
        assert str(error) == ("truedy get_campaign: the request was rejected [name: too long; limit: 0] (HTTP 422)")

    def test_when_to_try_again(self) -> None:
        error = errors.RateLimited(**ABOUT | {"http_status": 429}, retry_at=datetime(2026, 3, 5, 9, 1, tzinfo=UTC))
        assert str(error) == "truedy get_campaign: too many requests (HTTP 429); try again after 2026-03-05T09:01:00Z"

    def test_a_limit_without_an_end(self) -> None:
        error = errors.RateLimited(**ABOUT | {"http_status": 429})
        assert str(error) == "truedy get_campaign: too many requests (HTTP 429)"

    def test_where_an_answer_is_malformed(self) -> None:
        error = errors.MalformedResponse(**ABOUT | {"http_status": 200}, path="$.data[3].id", reason="missing")
        assert str(error) == (
            "truedy get_campaign: the answer is not what the vendor documents (HTTP 200): missing at $.data[3].id"
        )

    @pytest.mark.parametrize(
        ("kind", "summary"),
        [
            (errors.TransportError, "no answer arrived"),
            (errors.ConnectFailed, "could not connect; check the network and base_url"),
            (errors.ConnectTimeout, "no connection in time; check the network, or raise the connect time-out"),
            (errors.ReadTimeout, "no answer in time; try again, or raise the read time-out"),
            (errors.WriteTimeout, "the request could not be sent in time; try again"),
            (errors.PoolTimeout, "every connection of this client is busy"),
            (errors.ConnectionLost, "the connection broke before the whole answer had arrived"),
            (errors.AnswerTooLarge, "the answer is too large; check base_url"),
            (errors.RedirectRefused, "refused to follow a redirect; set base_url to where the API is"),
        ],
    )
    def test_why_no_answer_arrived(self, kind: type[errors.TransportError], summary: str) -> None:
        assert str(kind(**ON_THE_WAY)) == f"truedy get_campaign: {summary} (api.truedy.ai: no route)"

    @pytest.mark.parametrize(("subject", "about"), [("batch_1", " of 'batch_1'"), (None, "")])
    def test_a_write_whose_answer_is_lost(self, subject: str | None, about: str) -> None:
        assert str(errors.OutcomeUnknown(**LOST, subject=subject)) == (
            f"truedy start_campaign{about}: the request was sent and its answer was lost, so nobody knows whether the "
            "vendor has carried it out; look before you send it again (no answer in time)"
        )

    @pytest.mark.parametrize(("subject", "about"), [("batch_1", " of 'batch_1'"), (None, "")])
    def test_a_listing_of_which_rows_may_be_missing(self, subject: str | None, about: str) -> None:
        assert str(errors.IncompleteListing(**MISSING, subject=subject)) == (
            f"truedy list_contacts{about}: rows may be missing after the 1,249 that came: 1,250 rows were announced, "
            "and 1,249 came; read again when nothing moves"
        )

    def test_what_to_do_instead(self) -> None:
        error = errors.UnsupportedFeature("techladder", "add_contacts", "create another batch")
        assert str(error) == "techladder does not support add_contacts: create another batch"

    def test_nothing_can_be_done_instead(self) -> None:
        assert str(errors.UnsupportedFeature("acme", "get_account")) == "acme does not support get_account"


class TestObjects:
    @pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
    def test_an_error_survives_pickling(self, kind: type[errors.UnibatchError]) -> None:
        error = made(kind)
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))

    @pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
    def test_an_error_survives_copying(self, kind: type[errors.UnibatchError]) -> None:
        error = made(kind)
        assert vars(copy.copy(error)) == vars(copy.deepcopy(error)) == vars(error)

    def test_an_error_keeps_its_notes_when_pickled(self) -> None:
        error = made(errors.NotFound)
        error.add_note("while migrating")
        assert pickle.loads(pickle.dumps(error)).__notes__ == ["while migrating"]

    def test_every_class_says_what_it_means(self) -> None:
        assert [name for name, kind in CLASSES.items() if not kind.__doc__] == []

    def test_the_field_errors_are_a_copy(self) -> None:
        told = {"name": "too long"}
        error = errors.InvalidRequest(**ABOUT, field_errors=told)
        told.clear()
        assert error.field_errors == {"name": "too long"}
