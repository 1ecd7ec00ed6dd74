"""What vendors answer to requests that they refuse, from recorded answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from tests.bothways import VENDORS, Connect
from tests.replay import replay
from unibatch import (
    AuthenticationError,
    InvalidRequest,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    ProviderError,
    RateLimited,
)

REQUEST_ID = "req_e95cd061-1"
A_MINUTE_LATER = datetime(2026, 3, 10, 9, 1, tzinfo=UTC)


@attrs.frozen
class Case:
    cassette: str
    kind: type[ProviderError]
    status: int
    code: str | None
    message: str | None
    details: Any = None
    fields: dict[str, str] = attrs.field(factory=dict)


CASES = [
    Case("truedy/unauthorized", AuthenticationError, 401, "unauthorized", "The API key is missing or not valid"),
    Case(
        "truedy/payment-required",
        PaymentRequired,
        402,
        "payment_required",
        "The trial is over or the account has no credits left",
    ),
    Case("truedy/forbidden", PermissionDenied, 403, "forbidden", "This address may not use the API"),
    Case("truedy/refused-400", InvalidRequest, 400, "bad_request", "The request could not be read"),
    Case(
        "truedy/refused-422",
        InvalidRequest,
        422,
        None,
        None,
        [{"loc": ["body"], "msg": "The request breaks a rule", "type": "value_error"}],
        {"body": "The request breaks a rule"},
    ),
    Case(
        "truedy/refused-422-as-in-guide",
        InvalidRequest,
        422,
        "validation_error",
        "The request breaks a rule",
        {"field": "body", "reason": "The request breaks a rule"},
        {"body": "The request breaks a rule"},
    ),
    Case(
        "truedy/rate-limited",
        RateLimited,
        429,
        "rate_limit_exceeded",
        "Too many requests",
        {"limit": 0, "reset_at": "2026-03-10T09:01:00.000000Z"},
    ),
    Case(
        "techladder/unauthorized",
        AuthenticationError,
        401,
        "UNAUTHORIZED",
        "API key missing or not valid",
        ["API key missing or not valid"],
    ),
    Case(
        "techladder/payment-required",
        PaymentRequired,
        402,
        "PAYMENT_REQUIRED",
        "The account has no credits left",
        ["The account has no credits left"],
    ),
    Case(
        "techladder/forbidden",
        PermissionDenied,
        403,
        "FORBIDDEN",
        "API access is not enabled for this account",
        ["API access is not enabled for this account"],
    ),
    Case(
        "techladder/refused-400",
        InvalidRequest,
        400,
        "VALIDATION_ERROR",
        "The request could not be read",
        ["The request could not be read"],
    ),
    Case(
        "techladder/refused-422",
        InvalidRequest,
        422,
        "VALIDATION_ERROR",
        "The request breaks a rule",
        ["The request breaks a rule"],
    ),
    Case(
        "techladder/rate-limited",
        RateLimited,
        429,
        "RATE_LIMITED",
        "Rate limit exceeded. Please retry after 60 seconds.",
        ["Rate limit exceeded. Please retry after 60 seconds."],
    ),
    Case("talkifai/unauthorized", AuthenticationError, 401, "unauthorized", "The API key is missing or not valid"),
    Case(
        "talkifai/payment-required",
        PaymentRequired,
        402,
        "insufficient_credits",
        "The organization has no credits left",
    ),
    Case("talkifai/forbidden", PermissionDenied, 403, "forbidden", "This key may not do that"),
    Case("talkifai/refused-400", InvalidRequest, 400, "validation_error", "The request could not be read"),
    Case("talkifai/rate-limited", RateLimited, 429, "rate_limit_exceeded", "Too many requests; try again in 60 s"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.cassette)
def test_a_refusal_is_an_error_with_everything_that_the_vendor_said(case: Case, connect: Connect) -> None:
    vendor = case.cassette.partition("/")[0]
    with replay(case.cassette), pytest.raises(ProviderError) as caught:
        connect(vendor).get_campaign("no-such-campaign")
    error = caught.value
    assert type(error) is case.kind
    assert (error.provider, error.operation, error.subject) == (vendor, "get_campaign", "no-such-campaign")
    assert (error.http_status, error.code, error.message) == (case.status, case.code, case.message)
    assert error.details == case.details
    assert error.field_errors == case.fields


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_unknown_campaign_is_named_with_its_vendor(vendor: str, connect: Connect) -> None:
    with replay(f"{vendor}/not-found"), pytest.raises(NotFound) as caught:
        list(connect(vendor).list_contacts("no-such-campaign"))
    assert f"{vendor} list_contacts of 'no-such-campaign': not found in this account" in str(caught.value)


def test_the_request_id_in_truedys_envelope_is_kept(connect: Connect) -> None:
    with replay("truedy/unauthorized"), pytest.raises(AuthenticationError) as caught:
        connect("truedy").get_campaign("no-such-campaign")
    assert caught.value.request_id == REQUEST_ID


def test_truedy_says_in_the_body_when_to_try_again(connect: Connect) -> None:
    with replay("truedy/rate-limited"), pytest.raises(RateLimited) as caught:
        connect("truedy").get_campaign("no-such-campaign")
    assert caught.value.retry_at == A_MINUTE_LATER


def test_techladder_says_in_a_header_when_to_try_again(connect: Connect) -> None:
    with replay("techladder/rate-limited"), pytest.raises(RateLimited) as caught:
        connect("techladder").get_campaign("no-such-campaign")
    assert caught.value.retry_at == A_MINUTE_LATER
