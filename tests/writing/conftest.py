"""Vendors that take writes, and drafts that they take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import pytest

from tests.bothways import AnyClient, Connect
from tests.writing.faults import BEFORE, Fault, When
from unibatch.core.draft import CampaignDraft, ContactDraft, Start, StartKind
from unibatch.core.errors import OutcomeUnknown, PartlyDone
from unibatch.core.model import Campaign
from unibatch.sandbox import CampaignState, LoggedRequest, Sandbox, serve

R = TypeVar("R")

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
"""A time to come."""

NEEDED: Mapping[str, Mapping[str, Any]] = {
    "truedy": {"agent_id": "agt_1"},
    "techladder": {"agent_id": "agt-1", "vendor": {"techladder": {"version_id": "pmt-1"}}},
    "talkifai": {"from_number_ids": ["pn_1"]},
}
"""What each vendor requires."""

VENDORS = tuple(NEEDED)


class Writer:
    """A client of either kind, whose methods that write have short names."""

    def __init__(self, client: AnyClient) -> None:
        self.add = client.add_contacts
        self.reschedule = client.reschedule_campaign
        self._client = client

    def create(
        self, draft: CampaignDraft, accept_loss: Collection[str] = (), *, refuse_overlap: bool = False
    ) -> Campaign:
        if self._client.provider == "techladder":
            accept_loss = [*accept_loss, "start"]  # a held batch can only be started in the dashboard
        return self._client.create_campaign(draft, accept_loss=accept_loss, refuse_overlap=refuse_overlap)

    def change(self, operation: str, campaign_id: str) -> Campaign | None:
        """Do to a campaign what the client's method of this name does; it is rescheduled for `LATER`."""
        more = (LATER,) if operation == "reschedule_campaign" else ()
        campaign: Campaign | None = getattr(self._client, operation)(campaign_id, *more)
        return campaign


class Emulator:
    """One vendor of the sandbox, in which everybody picks up, and time stands still until it is moved."""

    def __init__(self, sandbox: Sandbox, vendor: str, connect: Connect) -> None:
        self.sandbox = sandbox
        self.vendor = vendor
        self._connect = connect
        self.catch_up = sandbox.catch_up
        self.no_faults = sandbox.clear_faults

    def join(self, **how: Any) -> Writer:
        """Connect, as a program that was just started does."""
        profile = self.sandbox.profile(self.vendor)
        settings = {name: value for name, value in profile["defaults"].items() if name == "organization_id"}
        return Writer(self._connect(**{**profile, "defaults": settings, **how}))

    @property
    def campaigns(self) -> Mapping[str, CampaignState]:
        """All campaigns by id, in the order in which they were made."""
        return {name: self.sandbox.state(self.vendor, name) for name in self.sandbox.campaign_ids(self.vendor)}

    @property
    def arrivals(self) -> list[LoggedRequest]:
        return list(self.sandbox.requests)

    @property
    def writes(self) -> list[LoggedRequest]:
        """The requests that were to change something, with any outcome."""
        return [request for request in self.sandbox.requests if request.is_write]

    @property
    def dialled(self) -> list[str]:
        """Every number that is dialled if time goes on until nobody is left to call, as often as it is."""
        self.sandbox.advance(calls=100_000)
        return list(Counter(self.sandbox.dialled).elements())

    @property
    def now(self) -> datetime:
        return self.sandbox.now

    @now.setter
    def now(self, moment: datetime) -> None:
        self.sandbox.advance(seconds=max(0.0, (moment - self.sandbox.now).total_seconds()))

    def numbers(self, campaign_id: str) -> list[str]:
        """The numbers of a campaign, each as often as it is there."""
        return [contact.number for contact in self.campaigns[campaign_id].contacts]

    def all_numbers(self) -> list[str]:
        """The numbers of all campaigns, each as often as it is there."""
        return [contact.number for campaign in self.campaigns.values() for contact in campaign.contacts]

    def set_status(self, campaign_id: str, status: str, *, starts_at: datetime | None = None) -> None:
        """Do what somebody does in the vendor's dashboard."""
        self.sandbox.set_status(self.vendor, campaign_id, status, starts_at=starts_at)

    def fail(self, when: When, fault: Fault) -> None:
        """Let something go wrong.

        Args:
            when: With which requests: a number counts the writes from now on, 1 being the next; a text is how the path
                of the writes ends; a function is asked about every request, reads included.
            fault: What goes wrong.
        """
        if isinstance(when, int):
            match: Mapping[str, Any] = {"writes": True, "after": when - 1}
        elif isinstance(when, str):
            match = {"writes": True, "path": when + "$", "times": None}
        else:
            match = {"times": None, **(when if isinstance(when, Mapping) else {"when": when})}
        self.sandbox.fail(self.vendor, **match, **fault)

    def hide_after(self, writes: int) -> None:
        """Let no read succeed once so many writes have come."""
        when = {"writes": False, "when": lambda _: len(self.writes) >= writes}
        self.fail(when, BEFORE["500 before"])


class Emulating(Protocol):
    """Begins with an empty vendor and the readings given; after the test, no request may have been objectionable."""

    def __call__(self, vendor: str, **readings: Any) -> Emulator: ...


@pytest.fixture(scope="session")
def strict_sandbox() -> Iterator[Sandbox]:
    with serve(seeded=False, strict=True, enforce_rate_limits=False, start=datetime.now(UTC)) as sandbox:
        yield sandbox


@pytest.fixture
def emulating(strict_sandbox: Sandbox, connect: Connect) -> Iterator[Emulating]:
    def emulating(vendor: str, **readings: Any) -> Emulator:
        assert strict_sandbox.objections == ()
        strict_sandbox.reset()
        strict_sandbox.assume(vendor, outcome="completed", **readings)
        return Emulator(strict_sandbox, vendor, connect)

    strict_sandbox.reset()
    yield emulating
    assert strict_sandbox.objections == ()


def number(index: int) -> str:
    """One of many phone numbers, each of which could exist."""
    return f"+1212{5550000 + index}"


def contacts(vendor: str, n: int = 3, first: int = 100) -> list[ContactDraft]:
    """So many contacts with a name that this vendor keeps as it is; the first one has the `number` of that index."""
    field = "first_name" if vendor == "truedy" else "name"
    names: list[dict[str, Any]] = [{field: f"Person{index}"} for index in range(first, first + n)]
    return [ContactDraft(phone_number=number(first + index), **name) for index, name in enumerate(names)]


def draft(vendor: str, n: int = 3, start: Start = Start.HOLD, **changes: Any) -> CampaignDraft:
    """A draft that this vendor can take without any loss, unless the changes see to that."""
    usual: dict[str, Any] = {"name": "Spring calls", "contacts": contacts(vendor, n), **NEEDED[vendor]}
    if vendor == "talkifai" and start.kind is StartKind.HOLD:
        usual["hold_until"] = LATER + timedelta(days=30)
    return CampaignDraft(**{**usual, "start": start, **changes})


one_client = pytest.mark.parametrize("style", ["sync"], indirect=True)
"""Tried over one of the two clients only, since it is not the client that makes the difference."""


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request adds five contacts."""
    monkeypatch.setattr("unibatch.providers.truedy._MOST_ADDED", 5)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is hardly any time before looks and further attempts."""
    monkeypatch.setattr("unibatch.core.looking.LOOKS", (0.001, 0.002, 0.003))
    monkeypatch.setattr("unibatch.client.retry._backoff", lambda _: 0.005)


def numbers(contacts: Iterable[ContactDraft]) -> list[str]:
    """The numbers of contacts, in order."""
    return sorted(contact.phone_number for contact in contacts)


def settle(emulator: Emulator, ask: Callable[[Writer], R], **how: Any) -> R:
    """Ask; if that does not end well, ask once more, of a client that knows nothing of it, when all goes well again."""
    try:
        return ask(emulator.join(**how))
    except (OutcomeUnknown, PartlyDone):
        emulator.no_faults()
        return ask(emulator.join(**how))
