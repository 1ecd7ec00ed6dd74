"""What vendors say in errors, in every body that they document."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.bothways import ONE_CLIENT, VENDORS, Connect
from tests.client.replies import Replies, Reply
from unibatch import InvalidRequest, PaymentRequired, ProviderError
from unibatch.core.flow import Response
from unibatch.core.refusal import Refusal, read_refusal
from unibatch.sandbox import Sandbox

LOCATED = [{"loc": ["body", "contacts", 0, "phone"], "msg": "too short"}, {"loc": ["body", "name"], "msg": "missing"}]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"detail": "Not allowed"}, Refusal(message="Not allowed")),
        ({"detail": "job_not_found"}, Refusal(code="job_not_found", message="job_not_found")),
        (
            {"success": False, "error": "Bad key", "code": "invalid_api_key"},
            Refusal(code="invalid_api_key", message="Bad key"),
        ),
        ({"error": "Unauthorized - no key"}, Refusal(message="Unauthorized - no key")),
        (
            {"detail": {"code": "no_agent", "message": "No agent"}},
            Refusal(code="no_agent", message="No agent", details={"code": "no_agent", "message": "No agent"}),
        ),
        (
            {"detail": LOCATED},
            Refusal(details=LOCATED, field_errors={"contacts.0.phone": "too short", "name": "missing"}),
        ),
        (
            {"error": {"code": "validation_error", "message": "Bad", "details": {"field": "name", "reason": "long"}}},
            Refusal(
                code="validation_error",
                message="Bad",
                details={"field": "name", "reason": "long"},
                field_errors={"name": "long"},
            ),
        ),
        (
            {
                "message": "Bad",
                "error": {"code": "VALIDATION_ERROR", "details": ["name: long", "name: odd", "All bad"]},
            },
            Refusal(
                code="VALIDATION_ERROR",
                message="Bad",
                details=["name: long", "name: odd", "All bad"],
                field_errors={"name": "long; odd"},
            ),
        ),
        (
            {"error": {"details": {"reset_at": "2026-03-05T09:01:00Z"}}, "meta": {"request_id": "req_1"}},
            Refusal(
                details={"reset_at": "2026-03-05T09:01:00Z"},
                request_id="req_1",
                retry_at=datetime(2026, 3, 5, 9, 1, tzinfo=UTC),
            ),
        ),
        (
            {"detail": {"type": "not_found", "code": "no_batch", "message": "No batch", "request_id": "req_2"}},
            Refusal(
                code="no_batch",
                message="No batch",
                details={"type": "not_found", "code": "no_batch", "message": "No batch", "request_id": "req_2"},
                request_id="req_2",
            ),
        ),
        (
            {"detail": {"status": "quota_exceeded", "message": "No credits"}},
            Refusal(
                code="quota_exceeded",
                message="No credits",
                details={"status": "quota_exceeded", "message": "No credits"},
            ),
        ),
        ({"message": ["name is long", 5, "is odd"], "error": "Bad Request"}, Refusal(message="name is long; is odd")),
        ({"message": "Bad", "error": None}, Refusal(message="Bad")),
        ({"error": 5, "detail": 5, "code": 5, "message": []}, Refusal()),
        ([], Refusal()),
    ],
)
def test_every_documented_body(body: Any, expected: Refusal) -> None:
    assert read_refusal(Response(status=400, content=json.dumps(body).encode())) == expected
    assert read_refusal(Response(status=400, content=b"\xef\xbb\xbf" + json.dumps(body).encode())) == expected


@ONE_CLIENT
@pytest.mark.parametrize(
    "body",
    [
        {"success": False, "error": "Not enough credits", "code": "insufficient_credits"},
        {"detail": {"code": "insufficient_credits", "message": "Not enough credits"}},
        {"detail": "insufficient_credits"},
    ],
)
def test_credits_that_run_out_with_a_400_are_a_payment_required(connect: Connect, body: Any) -> None:
    with pytest.raises(PaymentRequired) as caught:
        connect("talkifai", answer=Replies(Reply(400, body))).get_campaign("job_1")
    assert (caught.value.http_status, caught.value.code) == (400, "insufficient_credits")


@ONE_CLIENT
def test_a_text_without_a_code_does_not_decide_which_error_it_is(connect: Connect) -> None:
    with pytest.raises(InvalidRequest, match="Insufficient credits"):
        connect("talkifai", answer=Replies(Reply(400, {"detail": "Insufficient credits"}))).get_campaign("job_1")


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("form", "has_code", "has_message"),
    [
        ("usual", True, True),
        ("detail text", False, True),
        ("detail object", True, True),
        ("detail list", False, False),
        ("error text", False, True),
        ("envelope", True, True),
    ],
)
def test_the_sandbox_sends_them_all(vendor: str, form: str, *, has_code: bool, has_message: bool) -> None:
    import unibatch  # noqa: PLC0415 - the sandbox is needed here only

    with unibatch.sandbox.serve(seeded=False) as sandbox:
        assert isinstance(sandbox, Sandbox)
        sandbox.assume(vendor, errors=form)
        with unibatch.connect(**sandbox.profile(vendor)) as client, pytest.raises(ProviderError) as caught:
            client.get_campaign("no-such-campaign")
    error = caught.value
    assert (error.http_status, error.code is not None, error.message is not None) == (404, has_code, has_message)
