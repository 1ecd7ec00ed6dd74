"""What users write passes their type checkers: mypy and pyright read this file in `make lint`, and it runs."""

import inspect
from collections.abc import Callable, Iterator
from datetime import time
from typing import get_type_hints

import attrs
import pytest

import unibatch
from unibatch import (
    AsyncClient,
    CallStatus,
    Campaign,
    CampaignDraft,
    CampaignStatus,
    Client,
    Contact,
    ContactDraft,
    ContactList,
    Counts,
    Finding,
    Fit,
    RedialPolicy,
    RejectedRow,
    Schedule,
    Start,
)
from unibatch.client.rehearse import Rehearsal


def test_mappings_are_given_under_their_public_names() -> None:
    """pyright does not know an argument whose alias comes from a function of ours."""
    contact = Contact(
        id="1",
        provider="acme",
        campaign_id="2",
        phone_number="+12125550123",
        phone_valid=True,
        status=CallStatus("busy"),
        is_final=False,
        fields={"plan": "gold"},
        raw={"id": 1},
    )
    campaign = Campaign(id="2", provider="acme", status=CampaignStatus.RUNNING, raw={"id": 2})
    assert (contact.fields, contact.raw, campaign.raw) == ({"plan": "gold"}, {"id": 1}, {"id": 2})
    assert Counts(by_status={CallStatus.BUSY: 1}).by_status == {"busy": 1}
    assert Finding(field="name", fit=Fit.NATIVE, sent={"title": "A"}).sent == {"title": "A"}
    assert RejectedRow(1, "no number", row={"phone": "x"}).row == {"phone": "x"}
    assert ContactList(contacts=(), columns={"Phone": "phone_number"}).columns == {"Phone": "phone_number"}


def test_drafts_take_lists_and_words() -> None:
    draft = CampaignDraft(
        name="Spring renewals",
        contacts=[ContactDraft(phone_number="+12125550123", fields={"plan": "gold"})],
        start=Start.HOLD,
        from_number_ids=["number-1"],
        schedule=Schedule(timezone="Europe/Berlin", weekdays=range(1, 6), window_start=time(9), window_end=time(17)),
        retry=RedialPolicy(max_attempts=2, retry_on={"busy", CallStatus.TIMEOUT}),
        metadata={"team": "north"},
        vendor={"techladder": {"version_id": "pmt-1"}},
    )
    assert draft.schedule == attrs.evolve(draft.schedule, weekdays=(1, 2, 3, 4, 5)) if draft.schedule else False
    assert draft.retry == RedialPolicy(max_attempts=2, retry_on=[CallStatus.BUSY, CallStatus.TIMEOUT])
    assert (draft.metadata, draft.vendor) == ({"team": "north"}, {"techladder": {"version_id": "pmt-1"}})


def listings(client: Client) -> Iterator[object]:
    """Not run: these pass type checkers."""
    yield client.list_contacts("1", status="no_answer")
    yield client.list_contacts("1", status=["no_answer", CallStatus.BUSY])
    yield client.list_campaigns(status=CampaignStatus.RUNNING)
    yield client.list_campaigns(status={"running", "paused"})
    yield client.list_contacts("1", status=5)  # type: ignore[arg-type]  # on purpose
    yield unibatch.to_dict("Campaign")  # type: ignore[arg-type]  # on purpose


def public_functions() -> Iterator[Callable[..., object]]:
    """Every public function, and every public method of public classes and of `Client.rehearse`."""
    things = [getattr(unibatch, name) for name in unibatch.__all__ if name != "__version__"]
    for thing in [*things, Rehearsal]:
        kind = isinstance(thing, type) and not issubclass(thing, Exception)
        members = vars(thing).items() if kind else [(thing.__name__, thing)]
        for name, member in members:
            function = getattr(member, "__func__", member)  # of a class method
            if inspect.isfunction(function) and (name == "__init__" or not name.startswith("_")):
                yield function


def test_no_public_argument_is_any() -> None:
    """Any alone lets a type checker accept everything. Within a mapping it is what JSON can hold."""
    untyped = [
        f"{function.__qualname__}({name})"
        for function in public_functions()
        for name, kind in inspect.get_annotations(function).items()
        if name != "return" and str(kind) in {"Any", "typing.Any"}
    ]
    assert untyped == []


@pytest.mark.parametrize("cls", [Client, AsyncClient], ids=lambda cls: cls.__name__)
def test_type_hints_can_be_had_while_the_program_runs(cls: type) -> None:
    """As by frameworks that call functions with what their hints ask for."""
    for _, method in inspect.getmembers(cls, inspect.isfunction):
        assert "return" in get_type_hints(method) or method.__name__ == "__init__"
