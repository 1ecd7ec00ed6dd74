"""Vendors that take writes, and drafts that they take."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

import pytest

from tests.bothways import AnyClient, BlockingAsyncClient, Connect
from tests.writing.emulator import EMULATORS, Emulator
from unibatch.core.draft import AddedContacts, CampaignDraft, ContactDraft, Start, StartKind
from unibatch.core.errors import OutcomeUnknown, PartlyDone
from unibatch.core.model import Campaign

R = TypeVar("R")

VENDORS = tuple(EMULATORS)

SETTINGS: Mapping[str, Mapping[str, str]] = {"truedy": {}, "techladder": {}, "talkifai": {"organization_id": "org_1"}}
"""The settings with which a client speaks to an emulator."""

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=9)
"""A time to come."""

NEEDED: Mapping[str, Mapping[str, Any]] = {
    "truedy": {"agent_id": "agt_1"},
    "techladder": {"agent_id": "agt-1", "vendor": {"techladder": {"version_id": "pmt-1"}}},
    "talkifai": {"from_number_ids": ["pn_1"]},
}
"""What each vendor insists on."""


class Emulating(Protocol):
    """Begins an emulator; after the test it is closed, and nothing that it was sent may have been against the rules.

    A test that breaks the rules on purpose clears `Emulator.violations` when it has looked at them.
    """

    def __call__(self, vendor: str, **options: Any) -> Emulator: ...


@pytest.fixture
def emulating() -> Iterator[Emulating]:
    begun: list[Emulator] = []
    with contextlib.ExitStack() as stack:

        def emulating(vendor: str, **options: Any) -> Emulator:
            emulator = EMULATORS[vendor](**options)
            stack.callback(emulator.close)
            begun.append(emulator)
            return emulator

        yield emulating
    assert [violation for emulator in begun for violation in emulator.violations] == []


def number(index: int) -> str:
    """One of many phone numbers, each of which could exist."""
    return f"+1212{5550000 + index}"


def contacts(vendor: str, n: int = 3, first: int = 100) -> list[ContactDraft]:
    """Contacts with all of a person that this vendor keeps as it is.

    Args:
        vendor: The vendor.
        n: How many.
        first: The index of the first one's `number`.
    """
    name = "first_name" if vendor == "truedy" else "name"
    people: list[dict[str, Any]] = [
        {"phone_number": number(index), name: f"Person{index}"} for index in range(first, first + n)
    ]
    return [ContactDraft(**person) for person in people]


def draft(vendor: str, n: int = 3, start: Start = Start.HOLD, **changes: Any) -> CampaignDraft:
    """A draft that this vendor can take without any loss, unless the changes see to that."""
    usual: dict[str, Any] = {"name": "Spring calls", "contacts": contacts(vendor, n), **NEEDED[vendor]}
    if vendor == "talkifai" and start.kind is StartKind.HOLD:
        usual["hold_until"] = LATER + timedelta(days=30)
    return CampaignDraft(**{**usual, "start": start, **changes})


one_client = pytest.mark.parametrize("style", ["sync"], indirect=True)
"""Tried over one of the two clients only, since it is not the client that makes the difference."""


class Writer:
    """A client of either kind, whose methods that write are used without ``await``."""

    def __init__(self, client: AnyClient) -> None:
        self.client = client

    def create(self, draft: CampaignDraft, accept_loss: Collection[str] = ()) -> Campaign:
        campaign: Campaign = self._do("create_campaign", draft, accept_loss=accept_loss)
        return campaign

    def add(self, campaign_id: str, contacts: Iterable[ContactDraft], **how: Any) -> AddedContacts:
        added: AddedContacts = self._do("add_contacts", campaign_id, contacts, **how)
        return added

    def change(self, operation: str, campaign_id: str) -> Campaign | None:
        """Do to a campaign what the client's method of this name does; it is rescheduled for `LATER`."""
        more = (LATER,) if operation == "reschedule_campaign" else ()
        campaign: Campaign | None = self._do(operation, campaign_id, *more)
        return campaign

    def _do(self, operation: str, *about: Any, **how: Any) -> Any:
        if isinstance(self.client, BlockingAsyncClient):
            return self.client.run(getattr(self.client.client, operation)(*about, **how))
        return getattr(self.client, operation)(*about, **how)


class Joining(Protocol):
    """Makes a client of an emulator, as a program that was just started does."""

    def __call__(self, emulator: Emulator, **how: Any) -> Writer: ...


@pytest.fixture
def joining(connect: Connect) -> Joining:
    def joining(emulator: Emulator, **how: Any) -> Writer:
        vendor = type(emulator).__name__.lower()
        return Writer(connect(vendor, **{"base_url": emulator.url, "defaults": SETTINGS[vendor], **how}))

    return joining


@pytest.fixture(autouse=True)
def no_plug_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """No distribution is searched for further providers, which takes longer than all that is tested."""
    monkeypatch.setattr("unibatch.providers.registry.entry_points", lambda **_: ())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is hardly any time before looks and further attempts."""
    monkeypatch.setattr("unibatch.core.reconcile.LOOKS", (0.001, 0.002, 0.003))
    monkeypatch.setattr("unibatch.client.retry._backoff", lambda _: 0.005)


def numbers(contacts: Iterable[ContactDraft]) -> list[str]:
    """The numbers of contacts, in order."""
    return sorted(contact.phone_number for contact in contacts)


BRIEF = 0.1
"""Seconds after which a client gives up waiting for an answer that does not come."""


def patience(fault: str) -> float:
    """How long a client waits where something of this name goes wrong."""
    return BRIEF if fault.startswith("stall") else 5.0


def settle(emulator: Emulator, joining: Joining, ask: Callable[[Writer], R], **how: Any) -> R:
    """Ask; if that does not end well, ask once more, of a client that knows nothing of it, when all goes well again."""
    try:
        return ask(joining(emulator, **how))
    except (OutcomeUnknown, PartlyDone):
        emulator.no_faults()
        return ask(joining(emulator, **how))
