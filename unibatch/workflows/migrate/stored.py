"""How drafts and readings are kept in the journal: as JSON, so that a rerun places exactly the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, Part, Start, StartKind
from unibatch.core.errors import InvalidInput
from unibatch.core.model import Campaign, Contact, RedialPolicy, Schedule
from unibatch.core.status import SILENT_ON_CALLS, CallStatus
from unibatch.core.to_dict import to_dict


def _json(plain: Any, what: str) -> str:
    try:
        return json.dumps(plain, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidInput(f"{what} must hold nothing that JSON cannot hold") from exc


def store_contact(draft: ContactDraft) -> str:
    """A contact as the journal keeps it."""
    plain = {name: value for name, value in to_dict(draft).items() if value is not None}
    return _json(plain, "a contact")


def read_contact(text: str) -> ContactDraft:
    """A contact of the journal."""
    return ContactDraft(**json.loads(text))


def store_campaign(draft: CampaignDraft) -> str:
    """A draft without its contacts, as the journal keeps it."""
    return _json(to_dict(attrs.evolve(draft, contacts=())), "a draft")


def read_campaign(text: str, contacts: Iterable[ContactDraft] = ()) -> CampaignDraft:
    """A draft of the journal."""
    plain: dict[str, Any] = json.loads(text)
    plain |= {
        "contacts": tuple(contacts),
        "start": read_start(plain["start"]),
        "hold_until": _moment(plain["hold_until"]),
        "schedule": None if plain["schedule"] is None else _schedule(plain["schedule"]),
        "retry": None if plain["retry"] is None else RedialPolicy(**plain["retry"]),
        "part": None if plain["part"] is None else Part(**plain["part"]),
    }
    return CampaignDraft(**plain)


def read_start(plain: Mapping[str, Any]) -> Start:
    """A start of the journal."""
    return Start(StartKind(plain["kind"]), _moment(plain["moment"]), plain["timezone"])


def _schedule(plain: Mapping[str, Any]) -> Schedule:
    moments = {name: _moment(plain[name]) for name in ("start", "end")}
    times: dict[str, Any] = {
        name: plain[name] and time.fromisoformat(plain[name]) for name in ("window_start", "window_end")
    }
    return Schedule(**{**plain, **moments, **times})


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@attrs.frozen(kw_only=True)
class Reading:
    """What was read of a contact that tells whether it was called since.

    Attributes:
        status: The status.
        word: The vendor's own word for it.
        attempts: How often it was called.
        last_attempt: When it was called last, as ISO 8601.
        seconds: How long the latest call took.
        call: The vendor's id of the latest call.
    """

    status: CallStatus
    word: str | None
    attempts: int | None
    last_attempt: str | None
    seconds: float | None
    call: str | None = None

    @classmethod
    def of(cls, contact: Contact) -> Reading:
        """What was read of a contact."""
        last = contact.last_attempt_at or contact.started_at
        return cls(
            status=contact.status,
            word=contact.vendor_status,
            attempts=contact.attempts,
            last_attempt=None if last is None else last.isoformat(),
            seconds=None if contact.duration is None else contact.duration.total_seconds(),
            call=contact.call_id,
        )

    @classmethod
    def load(cls, text: str | None) -> Reading | None:
        """A reading of the journal."""
        if text is None:
            return None
        status, *others = json.loads(text)
        return cls(status=CallStatus(status), **dict(zip(_OTHERS, others, strict=False)))  # an older one has no call

    def store(self) -> str:
        """As the journal keeps it."""
        return json.dumps([self.status.value, *(getattr(self, name) for name in _OTHERS)])

    def shows_call_since(self, earlier: Reading) -> bool:
        """Whether it shows a call, or the result of one, that the earlier reading did not show."""
        is_other = self.status is not earlier.status and self.status not in _WITHOUT_CALL
        return (
            is_other
            or self.attempts != earlier.attempts
            or self.last_attempt != earlier.last_attempt
            or self.seconds != earlier.seconds
        )

    def shows_attempt_since(self, earlier: Reading) -> bool:
        """Whether it shows a call that the earlier reading did not show, whatever its status is.

        A vendor that cancels may make everybody cancelled, also those whom it has called.
        """
        pairs = (
            (self.attempts, earlier.attempts),
            (self.last_attempt, earlier.last_attempt),
            (self.seconds, earlier.seconds),
            (self.call, earlier.call),
        )
        return any(now and now != before for now, before in pairs)


_WITHOUT_CALL = SILENT_ON_CALLS - {CallStatus.UNKNOWN}
"""Statuses that a contact can get without being called."""

_OTHERS = ("word", "attempts", "last_attempt", "seconds", "call")


def counts_of(campaign: Campaign) -> dict[str, Any]:
    """A campaign's counts, to see later whether anybody was called since; empty if the vendor gives none."""
    return {name: value for name, value in to_dict(campaign.counts).items() if value not in (None, {})}
