"""What a campaign of any vendor consists of: its contacts, how it is dialled, and what is due to happen."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

_WORD = 2**32
_ODD = 2_654_435_761


class Mint:
    """Makes ids that look random, never repeat and are the same for the same seed."""

    def __init__(self, seed: int, realm: int) -> None:
        self.offset = (seed * 40_503 + realm * 97_531_013) % _WORD
        self.serial = 0

    def next(self) -> str:
        """Return 32 hexadecimal digits, of which the first 8 alone are unique."""
        self.serial = serial = self.serial + 1
        head = (serial * _ODD + self.offset) % _WORD
        tail = (head * 0x9E3779B97F4A7C15F39CC060 + serial) % 2**96
        return f"{head:08x}{tail:024x}"


def as_uuid(digits: str) -> str:
    """Write 32 hexadecimal digits as a UUID."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def as_text(moment: float | None, timespec: str = "milliseconds") -> str | None:
    """Write seconds since the epoch in ISO 8601, in UTC, with a Z."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


@attrs.frozen
class Outcome:
    """One way for an attempt to end.

    Attributes:
        word: The contact's status afterwards, in the vendor's spelling.
        weight: How often, relative to the other outcomes.
        ring: Shortest and longest time, in seconds, before somebody answers or the attempt ends.
        talk: Shortest and longest conversation in seconds; None when nobody answered.
        sip_code: The carrier's code, where the vendor gives it.
        reason: The failure in words, where the vendor gives it.
    """

    word: str
    weight: int
    ring: tuple[float, float] = (4.0, 22.0)
    talk: tuple[int, int] | None = None
    sip_code: str | None = None
    reason: str | None = None


@attrs.frozen
class Rules:
    """How one vendor's campaigns are dialled, in its own words.

    Attributes:
        running: The campaign's status while it dials.
        completed: The campaign's status once everybody has been tried.
        waiting: Statuses of contacts that are still to be dialled.
        ringing: The contact's status from the first moment of a call.
        talking: Statuses that an answered call passes through before its end.
        outcomes: How attempts end.
        queued: Status of the contacts next in line, where the vendor shows that.
        retried: Outcomes after which the vendor tries again while attempts remain.
        retry_queued: Status shortly before such another attempt.
    """

    running: str
    completed: str
    waiting: frozenset[str]
    ringing: str
    talking: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    queued: str | None = None
    retried: frozenset[str] = frozenset()
    retry_queued: str | None = None


@attrs.define(eq=False)
class VendorContact:
    """Somebody to be called.

    Attributes:
        id: 32 hexadecimal digits.
        number: E.164 with a plus.
        status: The vendor's word.
        final: Whether the vendor is done with this contact.
        data: What else was uploaded.
        sent: The contact as a request sent it.
    """

    id: str
    number: str
    status: str
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    external_id: str | None = None
    data: Mapping[str, Any] = attrs.field(factory=dict)
    sent: Mapping[str, Any] = attrs.field(factory=dict)
    max_attempts: int = 1
    attempts: int = 0
    final: bool = False
    removed: bool = False
    call_id: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    retry_at: float | None = None
    duration: int | None = None
    sip_code: str | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        """First and last name together."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


@attrs.define
class Event:
    """Something due to happen to a contact.

    Attributes:
        kind: "stage": the status changes; "end": the attempt is over; "redial": another one is due.
        word: The status that a stage brings.
        outcome: How the attempt ends.
        duration: The conversation's length in seconds.
    """

    kind: str
    contact: VendorContact
    word: str = ""
    outcome: Outcome | None = None
    duration: int | None = None


@attrs.define(eq=False)
class VendorCampaign:
    """A campaign at one vendor.

    Attributes:
        status: The vendor's word.
        cancelled: Whether it was stopped for good, so that nobody is called again.
        starts_at: When it will start by itself; None when it will not.
        scheduled_at: The start that was asked for, kept after it has passed.
        settings: What only this vendor knows about a campaign.
        shape: The one shape that this campaign is always shown in, where a vendor has several.
    """

    id: str
    vendor: str
    name: str
    status: str
    rules: Rules
    created_at: float
    updated_at: float
    description: str | None = None
    concurrency: int = 5
    max_attempts: int = 1
    timezone: str = "UTC"
    scheduled_at: float | None = None
    starts_at: float | None = None
    started_at: float | None = None
    completed_at: float | None = None
    cancelled: bool = False
    settings: dict[str, Any] = attrs.field(factory=dict)
    shape: str | None = None
    contacts: list[VendorContact] = attrs.field(factory=list)
    tally: Counter[str] = attrs.field(factory=Counter)
    finished: Counter[str] = attrs.field(factory=Counter)
    waiting: deque[VendorContact] = attrs.field(factory=deque)
    due_again: deque[VendorContact] = attrs.field(factory=deque)
    agenda: list[tuple[float, int, Event]] = attrs.field(factory=list)
    """A heap of what is due: when, a serial number that settles ties, and what."""
    in_flight: int = 0
    dialled: Counter[str] = attrs.field(factory=Counter)
    talk_seconds: int = 0
    conversations: int = 0

    @property
    def is_running(self) -> bool:
        """Whether calls may begin."""
        return self.status == self.rules.running

    @property
    def is_live(self) -> bool:
        """Whether anything can happen by the mere passing of time."""
        return self.is_running or self.starts_at is not None or bool(self.agenda)

    @property
    def next_event_at(self) -> float | None:
        """When something happens next."""
        moments = [self.starts_at, *(at for at, _, _ in self.agenda[:1])]
        return min((at for at in moments if at is not None), default=None)

    @property
    def unfinished(self) -> int:
        """How many contacts the vendor is not done with."""
        return len(self.contacts) - self.finished.total()

    def add(self, contact: VendorContact, *, front: bool = False) -> None:
        """Put a contact that is still to be called at the end of the listing, or at its front."""
        self.tally[contact.status] += 1
        if front:
            self.contacts.insert(0, contact)
            self.waiting.appendleft(contact)
        else:
            self.contacts.append(contact)
            self.waiting.append(contact)

    def remove(self, *, front: bool = False) -> None:
        """Take the last contact of the listing away, or the first."""
        if self.contacts:
            contact = self.contacts.pop(0 if front else -1)
            contact.removed = True
            self.tally[contact.status] -= 1
            self.finished[contact.status] -= contact.final

    def withhold(self, first: int) -> list[VendorContact]:
        """Take all contacts away but the first ones, and return them, so that `give_back` can bring them later."""
        held = self.contacts[first:]
        for _ in held:
            self.remove()
        self.waiting = deque(contact for contact in self.waiting if not contact.removed)
        return held

    def give_back(self, held: list[VendorContact]) -> None:
        """Bring the contacts that were withheld."""
        for contact in held:
            contact.removed = False
            self.add(contact)

    def mark(self, contact: VendorContact, word: str, *, final: bool = False) -> None:
        """Give a contact another status and keep the counts true."""
        if contact.removed:
            return
        self.tally[contact.status] -= 1
        self.tally[word] += 1
        self.finished[contact.status] -= contact.final
        self.finished[word] += final
        contact.status, contact.final = word, final

    def count(self, *words: str) -> int:
        """How many contacts have one of these statuses."""
        return sum(self.tally[word] for word in words)

    def start(self, now: float) -> None:
        """Begin dialling."""
        self.status = self.rules.running
        self.starts_at = None
        self.started_at = self.started_at or now
        self.updated_at = now

    def cancel(self, now: float, status: str, word: str) -> int:
        """Stop for good: nobody is called again, and calls under way end as they would have.

        Args:
            now: The moment at which it happens.
            status: The campaign's status from now on.
            word: The status of contacts from now on.

        Returns:
            How many contacts were cancelled.
        """
        under_way = {self.rules.ringing, *self.rules.talking}
        hit = [contact for contact in self.contacts if not contact.final and contact.status not in under_way]
        for contact in hit:
            contact.retry_at = None
            self.mark(contact, word, final=True)
        self.status, self.cancelled, self.starts_at = status, True, None
        self.updated_at = self.completed_at = now
        return len(hit)

    def next_waiting(self) -> VendorContact | None:
        """Take the next contact to be called out of its queue; those to be tried again go first."""
        for queue in (self.due_again, self.waiting):
            while queue:
                contact = queue.popleft()
                if not contact.removed and not contact.final:
                    return contact
        return None

    def show_queue(self) -> None:
        """Show those next in line as queued, where the vendor does that."""
        if self.rules.queued is None or not self.is_running:
            return
        for contact in itertools.islice(self.waiting, self.concurrency):
            if contact.status in self.rules.waiting and not contact.final:
                self.mark(contact, self.rules.queued)

    def finish_if_done(self, now: float) -> None:
        """Complete the campaign once nobody is left to call."""
        if self.is_running and not self.in_flight and not self.agenda:
            contact = self.next_waiting()
            if contact is not None:
                self.due_again.appendleft(contact)
                return
            self.status = self.rules.completed
            self.completed_at = self.updated_at = now
