"""How refusals become errors: by HTTP status first, by the vendor's code second, never by the text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import unibatch.sandbox
from tests.bothways import ONE_CLIENT, VENDORS, Connect
from tests.client.conftest import Visit, Visitor
from tests.client.replies import CAMPAIGN, Replies, Reply, one, refusal
from unibatch import CampaignStatus
from unibatch.client.rate_limit import forget_budgets
from unibatch.core import errors
from unibatch.sandbox import Sandbox

BY_STATUS: dict[int, type[errors.ProviderError]] = {
    400: errors.InvalidRequest,
    401: errors.AuthenticationError,
    402: errors.PaymentRequired,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    405: errors.InvalidRequest,
    409: errors.Conflict,
    410: errors.NotFound,
    413: errors.InvalidRequest,
    418: errors.InvalidRequest,
    422: errors.InvalidRequest,
    429: errors.RateLimited,
    500: errors.ServerError,
    502: errors.ServerError,
    503: errors.ServerError,
    504: errors.ServerError,
    599: errors.ServerError,
}

BY_CODE: dict[str, dict[str, type[errors.ProviderError]]] = {
    "techladder": {
        "UNAUTHORIZED": errors.AuthenticationError,
        "FORBIDDEN": errors.PermissionDenied,
        "NOT_FOUND": errors.NotFound,
        "RATE_LIMITED": errors.RateLimited,
    },
    "talkifai": {"job_not_found": errors.NotFound},
}


def refused(connect: Connect, vendor: str, reply: Reply) -> errors.ProviderError:
    forget_budgets()  # a refusal before this one may have said to wait
    with pytest.raises(errors.ProviderError) as caught:
        connect(vendor, answer=Replies(reply)).get_campaign("c-1")
    return caught.value


@ONE_CLIENT
class TestClass:
    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize("body", ["the vendor's", "<html>Sorry</html>"])
    def test_it_goes_by_the_status_even_if_a_proxy_answers(self, connect: Connect, vendor: str, body: str) -> None:
        content = refusal(vendor, "whatever", "No.") if body == "the vendor's" else body
        assert {status: type(refused(connect, vendor, Reply(status, content))) for status in BY_STATUS} == BY_STATUS

    @pytest.mark.parametrize("status", [400, 422])
    @pytest.mark.parametrize(("vendor", "by_code"), BY_CODE.items())
    def test_the_code_settles_what_a_400_or_422_leaves_open(
        self, connect: Connect, vendor: str, by_code: dict[str, type[errors.ProviderError]], status: int
    ) -> None:
        assert {
            code: type(refused(connect, vendor, Reply(status, refusal(vendor, code, "No.")))) for code in by_code
        } == by_code

    def test_the_code_does_not_overrule_any_other_status(self, connect: Connect) -> None:
        reply = Reply(403, refusal("techladder", "RATE_LIMITED", "No."))
        assert type(refused(connect, "techladder", reply)) is errors.PermissionDenied

    def test_the_text_settles_nothing(self, connect: Connect) -> None:
        reply = Reply(400, refusal("techladder", "VALIDATION_ERROR", "401 Unauthorized: rate limit exceeded"))
        assert type(refused(connect, "techladder", reply)) is errors.InvalidRequest


@ONE_CLIENT
class TestMessage:
    def test_it_names_vendor_operation_subject_status_code_and_request(self, connect: Connect) -> None:
        reply = Reply(409, refusal("truedy", "conflict", "Already paused"))
        assert str(refused(connect, "truedy", reply)) == (
            "truedy get_campaign of 'c-1': not possible in the present state: Already paused "
            "(HTTP 409, code conflict, request req_1)"
        )


@ONE_CLIENT
def test_a_conflict_says_how_the_campaign_is_read_after_it(connect: Connect) -> None:
    """Even if what was asked should be possible then: the vendor knows why not, and the caller sees both."""
    active = Reply(body=one("truedy", {**CAMPAIGN["truedy"], "status": "active"}))
    server = Replies(active, Reply(409, refusal("truedy", "conflict", "Not now")), active)
    with pytest.raises(errors.Conflict) as caught:
        connect("truedy", answer=server).pause_campaign("batch_1")
    assert (caught.value.present, caught.value.code) == (CampaignStatus.RUNNING, "conflict")
    assert len(server.requests) == 3


class TestAtTheSandbox:
    """Every kind of refusal that the vendors document, in the envelope that they document for it."""

    @pytest.mark.parametrize("vendor", VENDORS)
    @pytest.mark.parametrize(
        ("key", "kind"),
        [
            ("wrong", errors.AuthenticationError),
            ("no_credits", errors.PaymentRequired),
            ("forbidden", errors.PermissionDenied),
        ],
    )
    def test_a_key_that_is_not_enough(
        self, connect: Connect, sandbox: Sandbox, vendor: str, key: str, kind: type[errors.ProviderError]
    ) -> None:
        api_key = "sk_unknown" if key == "wrong" else sandbox.api_key(vendor, key)
        client = connect(vendor, api_key=api_key, base_url=sandbox.base_url(vendor))
        with pytest.raises(errors.ProviderError) as caught:
            list(client.list_campaigns())
        assert type(caught.value) is kind
        assert BY_STATUS[caught.value.http_status or 0] is kind
        assert caught.value.code
        assert caught.value.message

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_an_unknown_campaign_is_named_with_its_vendor(self, visit: Visitor, vendor: str) -> None:
        with pytest.raises(errors.NotFound) as caught:
            list(visit(vendor).client.list_contacts("no-such-campaign"))
        assert str(caught.value).startswith(f"{vendor} list_contacts of 'no-such-campaign': ")
        assert (caught.value.http_status, caught.value.subject) == (404, "no-such-campaign")

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_too_many_requests_are_welcome_again_in_a_minute(self, connect: Connect, vendor: str) -> None:
        with unibatch.sandbox.serve(seeded=False) as sandbox:
            sandbox.limit(vendor, requests=0)
            client = connect(vendor, api_key=sandbox.api_key(vendor), base_url=sandbox.base_url(vendor))
            before = datetime.now(UTC)
            with pytest.raises(errors.RateLimited) as caught:
                client.get_campaign("c-1")
        assert (caught.value.http_status, bool(caught.value.code)) == (429, True)
        assert caught.value.retry_at is not None
        assert timedelta(seconds=50) < caught.value.retry_at - before < timedelta(seconds=90)

    @pytest.mark.parametrize(
        ("vendor", "status", "code"),
        [
            ("truedy", 400, "bad_request"),
            ("techladder", 400, "VALIDATION_ERROR"),
            ("techladder", 422, "VALIDATION_ERROR"),
            ("talkifai", 400, "validation_error"),
        ],
    )
    def test_a_request_that_breaks_a_rule(self, visit: Visitor, vendor: str, status: int, code: str) -> None:
        error = self.refused(visit(vendor), status)
        assert (error.http_status, error.code, error.field_errors) == (status, code, {})
        assert error.message

    @pytest.mark.parametrize(("shape", "code"), [("schema", None), ("example", "validation_error")])
    def test_a_field_that_breaks_a_rule_at_truedy(self, visit: Visitor, shape: str, code: str | None) -> None:
        at = visit("truedy")
        at.sandbox.shape("truedy", shape)
        error = self.refused(at, 422)
        assert (error.http_status, error.code, list(error.field_errors)) == (422, code, ["body"])

    def refused(self, at: Visit, status: int) -> errors.InvalidRequest:
        at.sandbox.fail(at.vendor, status=status)
        with pytest.raises(errors.InvalidRequest) as caught:
            at.client.get_campaign("c-1")
        assert (caught.value.provider, caught.value.operation, caught.value.subject) == (
            at.vendor,
            "get_campaign",
            "c-1",
        )
        return caught.value

    def test_another_organization_is_forbidden(self, connect: Connect, sandbox: Sandbox) -> None:
        client = connect(
            "talkifai",
            api_key=sandbox.api_key("talkifai"),
            base_url=sandbox.base_url("talkifai"),
            defaults={"organization_id": "org_of_somebody_else"},
        )
        with pytest.raises(errors.PermissionDenied):
            list(client.list_campaigns())
