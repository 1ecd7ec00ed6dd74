"""Drafts to test a provider with: right ones, and wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, Part, Start
from unibatch.core.model import RedialPolicy, Schedule
from unibatch.core.provider import Setting
from unibatch.core.status import CallStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def later() -> datetime:
    """A time in a month, which is long after the test."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)


def person(index: int, **about: Any) -> ContactDraft:
    """A contact of the number with this end, in a range for fiction."""
    return ContactDraft(phone_number=f"+1212555{index:04}", **about)


def draft_with(**about: Any) -> CampaignDraft:
    """A draft that is the same each time, unless something else is asked for."""
    usual: dict[str, Any] = {"name": "Contract", "contacts": [person(1), person(2)], "start": Start.NOW}
    return CampaignDraft(**{**usual, **about})


_TEXTS_OF_A_CONTACT = tuple(str(field.alias) for field in attrs.fields(ContactDraft) if field.default is None)

CHANGES: Mapping[str, Sequence[Any]] = {
    "name": ["", None, 5, "x" * 10_000, "\ud800"],
    "start": [Start.HOLD, Start.at(NOW + timedelta(days=1)), Start.at(NOW), None, "now"],
    "contacts": [
        [],
        [person(1), person(1)],
        [person(1, **{name: value}) for value in ("Ada", "", 5) for name in sorted(_TEXTS_OF_A_CONTACT)],
        [person(1, fields={"plan": "gold", "deep": {"list": [1, None, True]}})],
        [person(1, fields={"a": float("nan")})],
        [ContactDraft(phone_number="212 555 0123")],
    ],
    "hold_until": [NOW + timedelta(days=1), 5],
    "agent_id": ["agent_1", 5, ""],
    "from_number_ids": [["number_1"], ["number_1", "number_2"], [5], []],
    "description": ["Words", "x" * 10_000, 5],
    "schedule": [
        Schedule(timezone="Europe/Berlin"),
        Schedule(timezone="Europe/Berlin", window_start=time(9), window_end=time(17), weekdays=(1, 5)),
        Schedule(max_calls_per_day=100, end=NOW + timedelta(days=2)),
        Schedule(timezone="Nowhere", window_start=time(17), window_end=time(9), weekdays=(0,), max_calls_per_day=0),
        5,
    ],
    "max_concurrency": [1, 0, 1_000_000, "5"],
    "retry": [RedialPolicy(max_attempts=1), RedialPolicy(max_attempts=3, retry_on=frozenset({CallStatus.BUSY})), 5],
    "metadata": [{"source": "crm"}, {"a": float("inf")}],
    "idempotency_key": ["a-key", "", 5],
    "part": [Part(number=1, of=2, whole="whole"), 5],
}
"""For each field of a draft, values, right and wrong."""


def used(draft: CampaignDraft) -> set[str]:
    """The fields that a draft uses: those of a schedule and of a retry policy one by one."""
    used = {str(field.alias) for field in attrs.fields(CampaignDraft) if getattr(draft, str(field.alias))}
    for name, kind in (("schedule", Schedule), ("retry", RedialPolicy)):
        whole = getattr(draft, name)
        if isinstance(whole, kind):
            used.discard(name)
            used |= {f"{name}.{field.name}" for field in attrs.fields(kind) if getattr(whole, field.name)}
    return used - {"vendor"}


def right_value(setting: Setting) -> Any:
    """A value that the setting can have."""
    if setting.is_flag:
        return True
    if setting.numbers is not None:
        return setting.numbers[0]
    if setting.is_list:
        return ["value"]
    return setting.choices[0] if setting.choices else "value"
