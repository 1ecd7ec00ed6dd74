"""How refusals become errors: by HTTP status first, by the vendor's code second, never by the text."""

from __future__ import annotations

from typing import Any

import pytest

import unibatch
from tests.bothways import VENDORS, Connect
from tests.client.replies import Replies, Reply, refusal
from unibatch import (
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    ProviderError,
    RateLimited,
    ServerError,
)

BY_STATUS: dict[int, type[ProviderError]] = {
    400: InvalidRequest,
    401: AuthenticationError,
    402: PaymentRequired,
    403: PermissionDenied,
    404: NotFound,
    405: InvalidRequest,
    409: Conflict,
    410: NotFound,
    413: InvalidRequest,
    418: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
    500: ServerError,
    502: ServerError,
    503: ServerError,
    504: ServerError,
    599: ServerError,
}


def refused(connect: Connect, vendor: str, reply: Reply) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        connect(vendor, answer=Replies(reply)).get_campaign("c-1")
    return caught.value


class TestClass:
    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize(("status", "kind"), BY_STATUS.items())
    def test_it_goes_by_the_status(self, connect: Connect, vendor: str, status: int, kind: type[ProviderError]) -> None:
        assert type(refused(connect, vendor, Reply(status, refusal(vendor, "whatever", "No.")))) is kind

    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize(("status", "kind"), BY_STATUS.items())
    def test_the_body_may_be_a_proxys_page(
        self, connect: Connect, vendor: str, status: int, kind: type[ProviderError]
    ) -> None:
        assert type(refused(connect, vendor, Reply(status, "<html>Sorry</html>"))) is kind

    @pytest.mark.parametrize(
        ("vendor", "code", "kind"),
        [
            ("techladder", "UNAUTHORIZED", AuthenticationError),
            ("techladder", "FORBIDDEN", PermissionDenied),
            ("techladder", "NOT_FOUND", NotFound),
            ("techladder", "RATE_LIMITED", RateLimited),
            ("talkifai", "job_not_found", NotFound),
        ],
    )
    @pytest.mark.parametrize("status", [400, 422])
    def test_the_code_settles_what_a_400_or_422_leaves_open(
        self, connect: Connect, vendor: str, code: str, kind: type[ProviderError], status: int
    ) -> None:
        assert type(refused(connect, vendor, Reply(status, refusal(vendor, code, "No.")))) is kind

    def test_the_code_does_not_overrule_any_other_status(self, connect: Connect) -> None:
        reply = Reply(403, refusal("techladder", "RATE_LIMITED", "No."))
        assert type(refused(connect, "techladder", reply)) is PermissionDenied

    def test_the_text_settles_nothing(self, connect: Connect) -> None:
        reply = Reply(400, refusal("techladder", "VALIDATION_ERROR", "401 Unauthorized: rate limit exceeded"))
        assert type(refused(connect, "techladder", reply)) is InvalidRequest


class TestWhatTheVendorSaid:
    def test_truedys_envelope(self, connect: Connect) -> None:
        body = {
            "error": {"code": "conflict", "message": "Already deleted", "details": {"resource": "batch_call"}},
            "meta": {"request_id": "req_7", "ts": "2026-03-10T17:00:00Z"},
        }
        error = refused(connect, "truedy", Reply(409, body))
        assert (error.code, error.message, error.request_id) == ("conflict", "Already deleted", "req_7")
        assert error.details == {"resource": "batch_call"}

    @pytest.mark.parametrize("details", [{}, {"details": None}])
    def test_truedys_envelope_without_details(self, connect: Connect, details: dict[str, Any]) -> None:
        body = {"error": {"code": "bad_request", "message": "No", **details}}
        error = refused(connect, "truedy", Reply(400, body))
        assert (error.code, error.message, error.details, error.request_id) == ("bad_request", "No", None, None)

    def test_truedys_422_of_the_openapi(self, connect: Connect) -> None:
        body = {
            "detail": [
                {"loc": ["body", "contacts", 0, "phone_number"], "msg": "does not match", "type": "value_error"},
                {"loc": ["query", "limit"], "msg": "is too large", "type": "value_error"},
                {"loc": ["body"], "msg": "is no object", "type": "type_error"},
            ]
        }
        error = refused(connect, "truedy", Reply(422, body))
        assert error.field_errors == {
            "contacts.0.phone_number": "does not match",
            "limit": "is too large",
            "body": "is no object",
        }
        assert error.details == body["detail"]

    def test_truedys_422_of_the_guide_on_errors(self, connect: Connect) -> None:
        details = {"field": "agent_id", "reason": "is required"}
        body = {"error": {"code": "validation_error", "message": "Validation failed", "details": details}}
        error = refused(connect, "truedy", Reply(422, body))
        assert error.field_errors == {"agent_id": "is required"}
        assert (error.code, error.message, error.details) == ("validation_error", "Validation failed", details)

    @pytest.mark.parametrize(
        "body",
        [
            {"error": {"code": "validation_error", "message": "No", "details": {"field": "limit"}}},
            {"error": {"code": "validation_error", "message": "No", "details": {"field": "limit", "reason": None}}},
            {"detail": [{"loc": ["query", "limit"]}]},
            {"detail": [{"loc": ["query", "limit"], "msg": None}]},
        ],
    )
    def test_a_field_that_truedy_rejects_without_a_reason(self, connect: Connect, body: Any) -> None:
        assert refused(connect, "truedy", Reply(422, body)).field_errors == {"limit": "rejected"}

    @pytest.mark.parametrize("status", [400, 422])
    def test_techladders_envelope(self, connect: Connect, status: int) -> None:
        details = ["status: must be one of pending, active", "limit: must be at most 500", "Also: read the manual."]
        body = {
            "status_code": status,
            "message": "Validation failed",
            "error": {"code": "VALIDATION_ERROR", "details": details},
            "data": None,
        }
        error = refused(connect, "techladder", Reply(status, body, {"X-Request-Id": "r-9"}))
        assert (error.code, error.message, error.request_id) == ("VALIDATION_ERROR", "Validation failed", "r-9")
        assert error.details == details
        assert error.field_errors["status"] == "must be one of pending, active"
        assert error.field_errors["limit"] == "must be at most 500"

    def test_talkifais_envelope(self, connect: Connect) -> None:
        body = {"success": False, "error": "contactsPage must be at least 1", "code": "invalid_page"}
        error = refused(connect, "talkifai", Reply(400, body, {"X-Request-Id": "r-9"}))
        assert (error.code, error.message) == ("invalid_page", "contactsPage must be at least 1")
        assert error.request_id == "r-9"

    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b'"error"',
            b"\xff\xfe",
            b"<html>",
            b'{"error": "text"}',
            b'{"error": null, "message": 5, "code": []}',
            b'{"error": {"code": 5, "message": {}, "details": 7}, "meta": []}',
            b'{"error": {"details": {"field": {}, "reason": []}}}',
            b'{"error": {"details": [1, null, {}]}}',
            b'{"detail": "text"}',
            b'{"detail": [null, 1, {}, {"loc": 5, "msg": null}]}',
        ],
    )
    def test_a_body_that_makes_no_sense_is_no_further_error(self, connect: Connect, vendor: str, body: bytes) -> None:
        assert type(refused(connect, vendor, Reply(403, body))) is PermissionDenied


class TestMessage:
    def test_it_names_vendor_operation_subject_status_code_and_request(self, connect: Connect) -> None:
        reply = Reply(409, refusal("truedy", "conflict", "Already paused"))
        assert str(refused(connect, "truedy", reply)) == (
            "truedy get_campaign of 'c-1': not possible in the present state: Already paused "
            "(HTTP 409, code conflict, request req_1)"
        )

    def test_it_names_the_rejected_fields(self, connect: Connect) -> None:
        reply = Reply(422, {"detail": [{"loc": ["query", "limit"], "msg": "is too large", "type": "x"}]})
        assert str(refused(connect, "truedy", reply)) == (
            "truedy get_campaign of 'c-1': the request was rejected [limit: is too large] (HTTP 422)"
        )


class TestAtTheSandbox:
    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize(("kind", "error"), [("no_credits", PaymentRequired), ("forbidden", PermissionDenied)])
    def test_a_key_that_is_known_and_not_enough(
        self,
        connect: Connect,
        sandbox: unibatch.sandbox.Sandbox,
        vendor: str,
        kind: str,
        error: type[ProviderError],
    ) -> None:
        client = connect(vendor, api_key=sandbox.api_key(vendor, kind), base_url=sandbox.base_url(vendor))
        with pytest.raises(error):
            list(client.list_campaigns())

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_a_key_that_is_not_known(self, connect: Connect, sandbox: unibatch.sandbox.Sandbox, vendor: str) -> None:
        client = connect(vendor, api_key="sk_unknown", base_url=sandbox.base_url(vendor))
        with pytest.raises(AuthenticationError):
            list(client.list_campaigns())

    def test_another_organization_is_forbidden(self, connect: Connect, sandbox: unibatch.sandbox.Sandbox) -> None:
        client = connect(
            "talkifai",
            api_key=sandbox.api_key("talkifai"),
            base_url=sandbox.base_url("talkifai"),
            defaults={"organization_id": "org_of_somebody_else"},
        )
        with pytest.raises(PermissionDenied):
            list(client.list_campaigns())
