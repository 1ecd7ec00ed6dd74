"""The exceptions: a tree that is drawn in the documentation, messages that help, objects that can be pickled."""

import copy
import pickle
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from unibatch.core import errors
from unibatch.core.draft import AddedContacts, ContactDraft
from unibatch.core.findings import Finding, Fit
from unibatch.core.model import Campaign
from unibatch.core.paging import ListingReport
from unibatch.core.status import CampaignStatus

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

LOSS = Finding(field="description", fit=Fit.UNSUPPORTED, reason="there is none")
MISTAKE = Finding(field="name", fit=Fit.INVALID, reason="must not be blank")
CAMPAIGN = Campaign(id="batch_1", provider="truedy", status=CampaignStatus.DRAFT)
ADDED = AddedContacts(campaign_id="batch_1", added=(ContactDraft(phone_number="+12125550123"),))
PARTLY: dict[str, Any] = {"provider": "truedy", "operation": "create_campaign", "reason": "batch_1 was not started"}

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
        if issubclass(kind, errors.Conflict):
            more = {"present": CampaignStatus.COMPLETED, "allowed": [CampaignStatus.DRAFT]}
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
    others: dict[type[errors.UnibatchError], errors.UnibatchError] = {
        errors.UnsupportedFeature: errors.UnsupportedFeature("techladder", "add_contacts", "create another one"),
        errors.DraftRefused: errors.DraftRefused("truedy", "create_campaign", [LOSS, MISTAKE]),
        errors.PartlyDone: errors.PartlyDone(**PARTLY, campaign=CAMPAIGN, contacts=ADDED),
        errors.OutcomeUnknown: errors.OutcomeUnknown(**LOST, subject="batch_1"),
        errors.IncompleteListing: errors.IncompleteListing(**MISSING, subject="batch_1"),
        errors.WaitTimeout: errors.WaitTimeout(provider="truedy", subject="batch_1", seconds=30, campaign=CAMPAIGN),
        errors.InvalidSignature: errors.InvalidSignature("truedy", "the header X is missing"),
        errors.UnsignedWebhook: errors.UnsignedWebhook("techladder"),
        errors.MalformedWebhook: errors.MalformedWebhook("truedy", "the body is not JSON"),
    }
    return others.get(kind) or kind("a message")


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


def parent(kind: type[errors.UnibatchError]) -> type:
    """What a class hangs from; one that is of two kinds hangs from what those have in common."""
    kinds = [base for base in kind.__bases__ if issubclass(base, errors.UnibatchError)]
    return kinds[0] if len(kinds) == 1 else kinds[0].__bases__[0]


class TestTree:
    def test_the_tree_as_drawn_is_the_tree(self) -> None:
        assert drawn_tree() == {
            name: parent(kind).__name__ for name, kind in CLASSES.items() if kind is not errors.UnibatchError
        }

    def test_nothing_else_is(self) -> None:
        value_errors = {name for name, kind in CLASSES.items() if issubclass(kind, ValueError)}
        assert value_errors == {"UnsupportedFeature", "InvalidInput", "DraftRefused", "UnsignedWebhook"}


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
        ("kind", "said", "advice"),
        [
            (errors.TransportError, "no answer arrived", ""),
            (errors.ConnectFailed, "could not connect; check the network and base_url", ""),
            (errors.ConnectTimeout, "no connection in time; check the network, or raise the connect time-out", ""),
            (errors.ReadTimeout, "no answer in time", "; try again, or raise the read time-out"),
            (errors.WriteTimeout, "the request could not be sent in time", "; try again"),
            (errors.PoolTimeout, "every connection of this client is busy", ""),
            (errors.ConnectionLost, "the connection broke before the whole answer had arrived", ""),
            (errors.AnswerTooLarge, "the answer is too large; check base_url", ""),
            (errors.RedirectRefused, "refused to follow a redirect; set base_url to where the API is", ""),
        ],
    )
    def test_why_no_answer_arrived(self, kind: type[errors.TransportError], said: str, advice: str) -> None:
        error = kind(**ON_THE_WAY)
        assert str(error) == f"truedy get_campaign: {said}{advice} (api.truedy.ai: no route)"
        assert error.sentence(may_retry=False) == f"truedy get_campaign: {said} (api.truedy.ai: no route)"

    @pytest.mark.parametrize(("subject", "about"), [("batch_1", " of 'batch_1'"), (None, "")])
    def test_a_write_whose_answer_is_lost(self, subject: str | None, about: str) -> None:
        assert str(errors.OutcomeUnknown(**LOST, subject=subject)) == (
            f"truedy start_campaign{about}: the request was sent and no usable answer came, so it is unknown whether "
            "the vendor has carried it out; look before you send it again (no answer in time)"
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


class TestDraftRefused:
    def test_everything_that_blocks_it_is_named(self) -> None:
        error = errors.DraftRefused("truedy", "create_campaign", [LOSS, MISTAKE])
        assert str(error) == (
            "truedy create_campaign: nothing was sent: description: there is none; name: must not be blank"
        )
        assert (error.findings, error.instead) == ((LOSS, MISTAKE), None)

    def test_where_only_losses_do_it_says_how_to_accept_them(self) -> None:
        error = errors.DraftRefused("truedy", "create_campaign", [LOSS])
        assert error.instead == "accept_loss=['description'] accepts the loss"
        assert str(error).endswith("(accept_loss=['description'] accepts the loss)")


class TestConflict:
    def test_it_names_both_states(self) -> None:
        error = errors.Conflict(
            **ABOUT | {"http_status": None},
            present=CampaignStatus.COMPLETED,
            allowed=[CampaignStatus.SCHEDULED, CampaignStatus.DRAFT],
        )
        assert str(error) == (
            "truedy get_campaign: not possible in the present state (nothing was sent): the campaign is completed; "
            "possible while it is draft or scheduled"
        )
        assert error.allowed == {CampaignStatus.SCHEDULED, CampaignStatus.DRAFT}

    def test_what_the_vendor_alone_says(self) -> None:
        error = errors.Conflict(**ABOUT | {"http_status": 409})
        assert str(error) == "truedy get_campaign: not possible in the present state (HTTP 409)"
        assert (error.present, error.allowed) == (None, frozenset())

    def test_it_may_be_possible_in_no_state(self) -> None:
        error = errors.Conflict(**ABOUT | {"http_status": 409}, present=CampaignStatus.RUNNING)
        assert str(error).endswith("(HTTP 409): the campaign is running")


class TestPartlyDone:
    def test_what_was_done_comes_along(self) -> None:
        error = errors.PartlyDone(**PARTLY, campaign=CAMPAIGN, contacts=ADDED)
        assert (error.campaign, error.contacts) == (CAMPAIGN, ADDED)
        assert str(error) == "truedy create_campaign: batch_1 was not started"


class TestOutcomeUnknown:
    def test_it_says_what_to_look_at(self) -> None:
        error = errors.OutcomeUnknown(**LOST, subject=None, check="look in the dashboard")
        assert error.check == "look in the dashboard"
        assert str(error).endswith("vendor has carried it out; look in the dashboard (no answer in time)")

    def test_it_may_account_for_contacts(self) -> None:
        error = errors.OutcomeUnknown(**LOST, subject=None)
        assert error.contacts is None
        error.contacts = ADDED
        assert pickle.loads(pickle.dumps(error)).contacts == ADDED


class TestObjects:
    @pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
    def test_an_error_survives_pickling_and_copying(self, kind: type[errors.UnibatchError]) -> None:
        error = made(kind)
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
        assert vars(copy.copy(error)) == vars(copy.deepcopy(error)) == vars(error)

    def test_an_error_keeps_its_notes_when_pickled(self) -> None:
        error = made(errors.NotFound)
        error.add_note("while migrating")
        assert pickle.loads(pickle.dumps(error)).__notes__ == ["while migrating"]

    def test_every_class_says_what_it_means(self) -> None:
        assert [name for name, kind in CLASSES.items() if not kind.__doc__] == []

    def test_the_field_errors_are_a_copy(self) -> None:
        reasons = {"name": "too long"}
        error = errors.InvalidRequest(**ABOUT, field_errors=reasons)
        reasons.clear()
        assert error.field_errors == {"name": "too long"}
