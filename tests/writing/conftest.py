"""Vendors that take writes, and drafts that they take."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from unibatch.core.draft import CampaignDraft, ContactDraft, Start, StartKind
from writing.emulator import EMULATORS, Emulator

VENDORS = tuple(EMULATORS)

SETTINGS: Mapping[str, Mapping[str, str]] = {"truedy": {}, "techladder": {}, "talkifai": {"organization_id": "org_1"}}
"""The settings with which a client speaks to an emulator."""

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
        usual["hold_until"] = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    return CampaignDraft(**{**usual, "start": start, **changes})
