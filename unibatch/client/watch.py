"""Follows a campaign to its end: looks at it again and again, and reports each change once.

`Watching` decides everything, without I/O: when to look, whether contacts have to be read, what changed, when it is
over. `Watch` and `AsyncWatch` only carry it out. In each round the campaign is read first, which is one request. Its
contacts are read if its counts have changed since they were read last, or if that is long ago: some counts say nothing
of calls that are under way.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, closing
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from unibatch.client import watch_marks as marking
from unibatch.client.conversation import Conversation, Pause, Step
from unibatch.client.drivers import AsyncDriver, Driver
from unibatch.client.halt import Halt
from unibatch.client.listing import AsyncListing, Listing, Plan
from unibatch.client.transport import httpx
from unibatch.core import errors
from unibatch.core.events import (
    CALL_TYPES,
    CampaignChanged,
    ContactChanged,
    Event,
    EventType,
    Finished,
    call_key,
    campaign_key,
)
from unibatch.core.flow import adapted
from unibatch.core.model import Campaign, Contact
from unibatch.core.paging import ListingReport
from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus, CampaignStatus

D = TypeVar("D", bound=Driver | AsyncDriver)
T = TypeVar("T")

WatchState: TypeAlias = Mapping[str, Any]
"""What a watch knows, as a plain value that JSON can hold."""

_logger = logging.getLogger("unibatch")
_clock = time.monotonic

_VERSION = 1

_SHARE = 0.5
"""How much of the key's limit a watch uses at most; the rest is for the application's other requests."""

_UNKNOWN_LIMIT = 60.0  # requests a minute

_LOOKS = 5
"""While contacts cannot be read yet, because they cost so much, one in so many requests looks at the campaign."""

_FIRST, _FASTEST = 2.0, 1.0  # seconds between two rounds
_AFTER_CHANGES, _AFTER_NONE = 0.5, 1.5  # by how much that grows

_NOT_BEGUN = frozenset({CampaignStatus.DRAFT, CampaignStatus.SCHEDULED, CampaignStatus.PENDING})

_SLOWEST: Mapping[CampaignStatus, float] = {
    CampaignStatus.DRAFT: 60.0,
    CampaignStatus.SCHEDULED: 60.0,
    CampaignStatus.PAUSED: 60.0,
    CampaignStatus.PENDING: 15.0,
    CampaignStatus.RUNNING: 15.0,
    CampaignStatus.UNKNOWN: 60.0,
}
"""Seconds between two rounds in which nothing happens."""
_SLOWEST_AT_END = 5.0

_READ_ANYWAY: Mapping[CampaignStatus, float] = {CampaignStatus.RUNNING: 30.0, CampaignStatus.UNKNOWN: 60.0}
"""After how many seconds contacts are read although no count has changed."""
_READ_ANYWAY_OTHERWISE = 300.0

_PATIENCE: Mapping[CampaignStatus, float] = {CampaignStatus.COMPLETED: 60.0, CampaignStatus.UNKNOWN: 900.0}
"""For how many seconds nothing must happen in a campaign that is over, while contacts wait to be called."""
_PATIENCE_OTHERWISE = 10.0  # one that was stopped calls nobody any more
_PATIENCE_UNDER_WAY = 900.0  # the same, while calls are under way; the longest call that a vendor documents

_CALLED_AGAIN = frozenset({CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.TIMEOUT})
_UNSURE = 60.0
"""For how many seconds such a result is not told as final while attempts are left: a vendor may still plan another."""

_MOST_INCOMPLETE = 3  # readings of the contacts, one after the other

_FIRST_LOOK = 1.0
"""Seconds that the first look has, also if the time-out is shorter: with 0, a campaign is looked at once."""

_LONGEST_OUTAGE = 3_600.0  # seconds
_SHORTEST_BREAK, _LONGEST_BREAK = 2.0, 60.0  # seconds after an error
_MOST_MALFORMED = 5  # answers, one after the other

_SURVIVED = (errors.TransportError, errors.ServerError, errors.RateLimited, errors.MalformedResponse)
_LASTING = (errors.RedirectRefused,)
_NO_CONNECTION = (errors.ConnectFailed, errors.ConnectTimeout)
"""Passes while a campaign is followed. At its first look there may be no such server at all."""

Until: TypeAlias = str | Iterable[str] | Callable[[Campaign], bool]


@attrs.define
class _Pass:
    """One reading of the contacts.

    Attributes:
        began: When it began.
        known: What showed that they had to be read, as it was before.
        was_over: The campaign was over before.
        seen: How many contacts it has brought.
        waiting: How many have not been called to the end, and no call to them is under way.
        under_way: How many calls are under way.
        changes: How many changes it has brought.
    """

    began: float
    known: object
    was_over: bool
    seen: int = 0
    waiting: int = 0
    under_way: int = 0
    changes: int = 0

    @property
    def open(self) -> int:
        return self.waiting + self.under_way


class Watching:
    """One watch, without I/O. See the module.

    Attributes:
        campaign: The campaign as it was seen last.
        counts: How many contacts have which status, as far as it was reported; see `Watch.counts`.
        report: How complete the latest reading of the contacts is.
        is_over: No further round follows.
        wants_contacts: The contacts have to be read in this round.
    """

    def __init__(
        self,
        provider: Provider,
        campaign_id: str,
        *,
        read: Callable[[], Conversation[Campaign]],
        plan: Callable[[], Plan[Contact]],
        requests_per_minute: float | None,
        state: WatchState | None = None,
        on_pause: Callable[[], object] | None = None,
        until: Callable[[Campaign], bool] | None = None,
        timeout: float | None = None,
        reports_contacts: bool = True,
    ) -> None:
        """Begin, or go on from a state.

        Args:
            provider: The provider.
            campaign_id: The campaign.
            read: Begins the conversation that reads it.
            plan: Plans the listing of its contacts.
            requests_per_minute: The limit of the key; ``None`` if it is not known.
            state: Where an earlier watch was.
            on_pause: Called before each pause.
            until: When it is over; ``None``: when the campaign is.
            timeout: For how many seconds at most.
            reports_contacts: Read contacts before the end, too.

        Raises:
            InvalidInput: The state is none, or is of another campaign.
        """
        self.campaign: Campaign | None = None
        self.counts: Counter[CallStatus] = Counter()
        self.report: ListingReport | None = None
        self.is_over = False
        self.wants_contacts = False
        self._plan = plan
        self._provider = provider
        self._id = campaign_id
        self._read = read
        self._spacing = 60.0 / ((requests_per_minute or _UNKNOWN_LIMIT) * _SHARE)
        self._on_pause = on_pause
        self._until = until
        self._timeout = timeout
        self._deadline = None if timeout is None else _clock() + timeout
        self._reads_until = None if timeout is None else _clock() + max(timeout, _FIRST_LOOK)
        self._reports_contacts = reports_contacts

        self._status: CampaignStatus | None = None
        self._changes = 0
        self._is_finished = False
        self._marks: dict[str, str] = {}
        if state is not None:
            self._go_on(state)

        self._pause = _FIRST
        self._round = _clock()  # when the present round began
        self._due = -1.0  # when the next one begins
        self._paid_at = _clock()  # when the requests that were sent are as few as they may be
        self._must_wait = False  # contacts have to be read, as soon as that is so
        self._pass: _Pass | None = None
        self._done: _Pass | None = None  # the latest one that came to its end
        self._incomplete = 0
        self._doubted: frozenset[str] = frozenset()  # contacts that were final before, and are not any more
        self._doubts: set[str] = set()
        self._unsure: dict[str, tuple[str, float]] = {}  # results that may not be final after all, and since when
        self._quiet_since = _clock()
        self._failures = 0
        self._failing_since = 0.0
        self._error: errors.UnibatchError | None = None

    @property
    def result(self) -> Campaign:
        """The campaign at the end."""
        assert self.campaign is not None  # noqa: S101 - a watch ends only after it has seen its campaign
        return self.campaign

    @property
    def open(self) -> int | None:
        """See `Watch.open`."""
        return None if self._done is None else self._done.open

    @property
    def state(self) -> dict[str, Any]:
        """See `Watch.state`."""
        return {
            "version": _VERSION,
            "provider": self._provider.name,
            "campaign_id": self._id,
            "status": None if self._status is None else str(self._status),
            "changes": self._changes,
            "finished": self._is_finished,
            "contacts": dict(self._marks),
        }

    def _go_on(self, state: WatchState) -> None:
        given: Any = state
        if not isinstance(given, Mapping) or state.get("version") != _VERSION:
            raise errors.InvalidInput("state is not the state of a watch, such as watch.state gives")
        if (state.get("provider"), state.get("campaign_id")) != (self._provider.name, self._id):
            raise errors.InvalidInput(
                f"the state is that of {state.get('campaign_id')!r} at {state.get('provider')!r}, "
                f"not of {self._id!r} at {self._provider.name!r}; give each campaign a state of its own"
            )
        status, changes, contacts = state.get("status"), state.get("changes"), state.get("contacts")
        words = {str(word): word for word in CampaignStatus}
        if (
            (status is not None and status not in words)
            or type(changes) is not int
            or not isinstance(contacts, Mapping)
            or not all(type(key) is type(mark) is str and marking.is_mark(mark) for key, mark in contacts.items())
        ):
            raise errors.InvalidInput("the state is damaged; begin without one")
        self._status = None if status is None else words[status]
        self._changes = changes
        self._is_finished = state.get("finished") is True
        self._marks = dict(contacts)
        self.counts.update(map(marking.status_of, self._marks.values()))

    # Rounds

    def look(self) -> Conversation[None]:
        """Wait for the next round, and read the campaign.

        Raises:
            WaitTimeout: It took longer than it may.
            UnibatchError: What does not pass.
        """
        yield from self._wait()
        self._round = _clock()
        self._error = None
        self.wants_contacts = False
        try:
            campaign = yield from self._in_time(self._read())
        except errors.UnibatchError as exc:
            self.survive(exc)
            return
        self.campaign = campaign
        if campaign.status is not self._status:
            self._quiet_since = _clock()
        if not campaign.status.is_terminal:
            self._is_finished = False
        if self._until is None:
            needed = self._must_read(campaign)
            is_just_over = campaign.status.is_terminal and (self._done is None or not self._done.was_over)
            self.wants_contacts = needed and (is_just_over or _clock() >= self._paid_at)
            self._must_wait = needed and not self.wants_contacts
        else:
            self.is_over = self._until(campaign)
            self._require_hope(campaign)
        if self.wants_contacts:
            self._pass = _Pass(_clock(), _known(campaign), was_over=campaign.status.is_terminal)
            self._doubts = set()

    def plan(self) -> Plan[Contact]:
        """Plan the reading of the contacts, which raises `WaitTimeout` as `look` does."""
        plan = self._plan()
        if self._reads_until is None:
            return plan
        return attrs.evolve(
            plan,
            ask=lambda position, chosen: self._in_time(plan.ask(position, chosen)),
            finish=lambda answered: self._in_time(plan.finish(answered)),
        )

    def _in_time(self, conversation: Conversation[T]) -> Conversation[T]:
        """The same conversation, until the time is over: at the latest then each pause ends, and each request fails.

        Raises:
            WaitTimeout: It was over before the conversation was; its cause is the failure after which it waited.
        """
        end = self._reads_until
        if end is None:
            return conversation
        failure: BaseException | None = self._error

        def cut(step: Step) -> Step:
            nonlocal failure
            left = end - _clock()
            if isinstance(step, Pause):
                failure = step.error or failure
            if left <= 0:
                raise self._timed_out() from failure
            if isinstance(step, Pause):
                return attrs.evolve(step, seconds=min(step.seconds, left))
            if isinstance(step, httpx.Request):
                given = step.extensions["timeout"]
                cut_off = {name: left if seconds is None else min(seconds, left) for name, seconds in given.items()}
                step.extensions = {**step.extensions, "timeout": cut_off}
            return step

        return adapted(conversation, cut)

    def _wait(self) -> Conversation[None]:
        if self._on_pause is not None and self._due > _clock():
            self._on_pause()
        while (left := self._due - _clock()) > 0:
            yield Pause(left if self._deadline is None else max(min(left, self._deadline - _clock()), 0.001))
            self.require_time()

    def require_time(self) -> None:
        """Raise `WaitTimeout` if it took longer than it may."""
        if self._deadline is not None and _clock() >= self._deadline and not self.is_over:
            raise self._timed_out() from self._error

    def _timed_out(self) -> errors.WaitTimeout:
        return errors.WaitTimeout(
            provider=self._provider.name, subject=self._id, seconds=self._timeout or 0.0, campaign=self.campaign
        )

    def _require_hope(self, campaign: Campaign) -> None:
        """Raise `Conflict` if what is waited for has not come, and the campaign is over."""
        quiet = _clock() - self._quiet_since
        if not self.is_over and campaign.status.is_terminal and quiet >= _PATIENCE[CampaignStatus.COMPLETED]:
            raise not_reached(self._provider.name, campaign)

    def _must_read(self, campaign: Campaign) -> bool:
        status, done = campaign.status, self._done
        if status.is_terminal:
            return True
        if not self._reports_contacts:
            return False
        if done is None:
            return bool(self._marks) or status not in _NOT_BEGUN or _has_begun(campaign)
        age = _clock() - done.began
        return (
            self._incomplete > 0
            or _known(campaign) != done.known
            or age >= _READ_ANYWAY.get(status, _READ_ANYWAY_OTHERWISE)
        )

    def campaign_events(self) -> Iterator[Event]:
        """What the latest look at the campaign has shown. What is yielded is in the state."""
        campaign = self.campaign
        if campaign is None or campaign.status is self._status:
            return
        previous, self._status = self._status, campaign.status
        self._changes += 1
        self._quicken()
        kind, name = EventType.CAMPAIGN_CHANGED, self._provider.name
        key = campaign_key(name, self._id, kind, campaign.status)
        yield CampaignChanged(
            type=kind,
            provider=name,
            dedupe_key=key or f"{name}:campaign:{self._id}:{campaign.status}:{self._changes}",
            seen_at=datetime.now(UTC),
            occurred_at=_changed_at(campaign),
            campaign_id=self._id,
            status=campaign.status,
            vendor_status=campaign.vendor_status,
            raw=campaign.raw,
            previous=previous,
            campaign=campaign,
        )

    def take(self, contacts: Sequence[Contact]) -> Iterator[Event]:
        """What is new of these contacts. What is yielded is in the state, and nothing else is."""
        self.require_time()
        current = self._pass
        assert current is not None  # noqa: S101 - contacts are read after a look that wants them
        seen_at = datetime.now(UTC)
        marks = self._marks
        for contact in contacts:
            current.seen += 1
            if not contact.is_final:
                if contact.status.is_under_way:
                    current.under_way += 1
                else:
                    current.waiting += 1
            mark = marking.mark_of(contact)
            known = marks.get(contact.id)
            if mark == known or (known is None and mark == CallStatus.PENDING):
                continue
            old, was_final = marking.split(known)
            if old is not None:
                kept = old if mark == old else marking.without_news(old, mark)
                if kept is not None:
                    marks[contact.id] = marking.joined(kept, was_final)
                    continue
                if marking.is_step_back(old, mark):
                    if contact.id not in self._doubted:
                        self._doubts.add(contact.id)  # from a cache, or a new attempt: the next reading shows it
                        continue
                    was_final = old if "/" in old else None  # else it may be the same result of another attempt
            if self._may_be_called_again(contact, mark):
                continue
            is_told = was_final is not None and marking.is_same_result(was_final, mark)
            marks[contact.id] = mark if marking.is_final(mark) else marking.joined(mark, was_final)
            self.counts[contact.status] += 1
            if old is not None:
                self.counts[marking.status_of(old)] -= 1
            current.changes += 1
            if self._reports_contacts and not is_told:
                yield self._contact_event(contact, old, mark, seen_at)

    def _may_be_called_again(self, contact: Contact, mark: str) -> bool:
        """Whether a result counts as final only because no time of another attempt is given, and that only just."""
        campaign, made, most = self.campaign, contact.attempts, contact.max_attempts
        is_over = campaign is not None and campaign.status.is_terminal
        if is_over or not contact.is_final or contact.status not in _CALLED_AGAIN or not made or made >= (most or 0):
            return False
        before, since = self._unsure.get(contact.id, ("", 0.0))
        if before != mark:
            since = self._round
            self._unsure[contact.id] = mark, since
        if self._round - since < _UNSURE:
            return True
        del self._unsure[contact.id]
        return False

    def _contact_event(self, contact: Contact, old: str | None, mark: str, seen_at: datetime) -> Event:
        kind = CALL_TYPES.get(contact.status, EventType.CONTACT_CHANGED)
        previous = None if old is None else marking.status_of(old)
        if previous is not None and CALL_TYPES.get(previous) is kind and not marking.is_other_attempt(old or "", mark):
            kind = EventType.CONTACT_CHANGED  # such as from dialing to ringing: the call has begun already
        name, call_id = self._provider.name, self._provider.call_of(contact)
        return ContactChanged(
            type=kind,
            provider=name,
            dedupe_key=call_key(name, call_id, kind) or f"{name}:contact:{self._id}:{contact.id}:{mark}",
            seen_at=seen_at,
            occurred_at=contact.ended_at or contact.started_at or contact.last_attempt_at,
            campaign_id=self._id,
            call_id=contact.call_id,
            contact_id=contact.id,
            phone_number=contact.phone_number,
            contact=contact,
            status=contact.status,
            vendor_status=contact.vendor_status,
            duration=contact.duration,
            raw=contact.raw,
            previous=previous,
        )

    def finish_reading(self, report: ListingReport) -> None:
        """The contacts were read to their end, or as far as they could be read."""
        current, self._pass = self._pass, None
        assert current is not None  # noqa: S101 - as above
        self.report = report
        self._done = current
        self._doubted = frozenset(self._doubts)
        self._incomplete = 0 if report.complete else self._incomplete + 1
        if current.changes:
            self._quicken()
            self._quiet_since = _clock()

    def conclude(self) -> Iterator[Event]:
        """End the round: plan the next one, or yield that the campaign is over."""
        now = _clock()
        requests = 1 if self.report is None or not self.wants_contacts else 1 + self.report.requests
        self._paid_at = max(self._paid_at, self._round) + requests * self._spacing
        if self._error is None:
            self._failures = 0
            status = None if self.campaign is None else self.campaign.status
            slowest = _SLOWEST.get(status or CampaignStatus.UNKNOWN, _SLOWEST_AT_END)
            self._pause = min(self._pause, slowest)
            count = _LOOKS if self._must_wait else min(requests, _LOOKS)
            self._due = max(now, self._round + max(self._pause, count * self._spacing))
            if self._must_wait:
                self._due = max(now, min(self._due, self._paid_at))
            self._due = self._not_behind_start(self._due, now)
            self._pause *= _AFTER_NONE
            if self.wants_contacts and self._nothing_is_left(now):
                self.is_over = True
                if not self._is_finished:
                    self._is_finished = True
                    yield self._finished()
        self.require_time()

    def _nothing_is_left(self, now: float) -> bool:
        campaign, done = self.campaign, self._done
        assert campaign is not None  # noqa: S101 - contacts are read after a campaign
        assert done is not None  # noqa: S101 - this is asked when they have been read
        if 0 < self._incomplete < _MOST_INCOMPLETE or self._doubted:
            return False
        status, quiet = campaign.status, now - self._quiet_since
        if status is CampaignStatus.UNKNOWN:
            return done.seen > 0 and not done.open and quiet >= _PATIENCE[status]
        if not status.is_terminal:
            return False
        if done.under_way:
            return quiet >= _PATIENCE_UNDER_WAY
        return not done.waiting or quiet >= _PATIENCE.get(status, _PATIENCE_OTHERWISE)

    def _finished(self) -> Event:
        campaign, done = self.campaign, self._done
        assert campaign is not None  # noqa: S101 - as above
        assert done is not None  # noqa: S101 - as above
        kind, name = EventType.CAMPAIGN_FINISHED, self._provider.name
        return Finished(
            type=kind,
            provider=name,
            dedupe_key=str(campaign_key(name, self._id, kind, campaign.status)),
            seen_at=datetime.now(UTC),
            occurred_at=_changed_at(campaign),
            campaign_id=self._id,
            status=campaign.status,
            vendor_status=campaign.vendor_status,
            raw=campaign.raw,
            campaign=campaign,
            open=done.open,
            complete=self._incomplete == 0,
        )

    def _quicken(self) -> None:
        self._pause = max(self._pause / _AFTER_NONE * _AFTER_CHANGES, _FASTEST)

    def _not_behind_start(self, due: float, now: float) -> float:
        """The time of the next round: not long after a scheduled campaign begins."""
        campaign = self.campaign
        start = None if campaign is None or campaign.schedule is None else campaign.schedule.start
        if campaign is None or campaign.status is not CampaignStatus.SCHEDULED or start is None:
            return due
        left = (start - datetime.now(UTC)).total_seconds()
        return min(due, now + left + _FASTEST) if left > 0 else due

    # Errors

    def survive(self, error: errors.UnibatchError) -> None:
        """Plan another round after an error that passes; raise any other."""
        if not isinstance(error, _SURVIVED) or isinstance(error, _LASTING):
            raise error
        if isinstance(error, _NO_CONNECTION) and self._status is None:
            raise error
        now = _clock()
        if not self._failures:
            self._failing_since = now
        self._failures += 1
        is_malformed = isinstance(error, errors.MalformedResponse) and self._failures >= _MOST_MALFORMED
        if is_malformed or now - self._failing_since >= _LONGEST_OUTAGE:
            raise error
        self._error = error
        if self._pass is not None:
            self._pass = self._done = None  # contacts have to be read again
        pause = min(_SHORTEST_BREAK * 2 ** min(self._failures - 1, 10), _LONGEST_BREAK)
        after = getattr(error, "retry_after", None) or timedelta()
        pause = max(pause, after.total_seconds())
        self._due = now + pause
        _logger.warning("watching %s goes on in %.0f s after: %s", self._id, pause, error)


def not_reached(provider: str, campaign: Campaign, wanted: Iterable[CampaignStatus] = ()) -> errors.Conflict:
    """What is raised if a campaign is over, and what was waited for has not come."""
    return errors.Conflict(
        provider=provider,
        operation="wait",
        http_status=None,
        subject=campaign.id,
        message="it will not become what was waited for",
        present=campaign.status,
        allowed=wanted,
    )


def _known(campaign: Campaign) -> object:
    """What shows that contacts may have changed; never equal if the vendor counts nothing."""
    counts = campaign.counts
    told = (counts.attempted, counts.succeeded, counts.failed, counts.pending, counts.finished)
    if all(number is None for number in told) and not counts.by_status:
        return object()
    return counts, campaign.status, campaign.updated_at, campaign.cost


def _has_begun(campaign: Campaign) -> bool:
    """Whether somebody has been called, by the counts."""
    by_status = campaign.counts.by_status
    return bool(campaign.counts.attempted) or any(count for word, count in by_status.items() if word != "pending")


def _changed_at(campaign: Campaign) -> datetime | None:
    """When a campaign's status changed, by the vendor; the closest that it gives."""
    if campaign.status.is_terminal:
        return campaign.completed_at or campaign.updated_at
    return campaign.updated_at or (campaign.started_at if campaign.status is CampaignStatus.RUNNING else None)


class _BaseWatch(Generic[D]):
    """What both watches have."""

    def __init__(self, driver: D, watching: Watching) -> None:
        """Made by the methods of a client."""
        self._driver = driver
        self._watching = watching

    @property
    def state(self) -> dict[str, Any]:
        """What is known so far, as a plain value that JSON can hold: everything up to the latest event.

        A watch that begins with it repeats no event, and misses nothing that the vendor still shows. It has a short
        text for each contact that is not pending.
        """
        return self._watching.state

    @property
    def campaign(self) -> Campaign | None:
        """The campaign as it was seen last; ``None`` before."""
        return self._watching.campaign

    @property
    def counts(self) -> Mapping[CallStatus, int]:
        """How many contacts have which status, by what was reported so far, in an earlier watch, too.

        Contacts of whom nothing was reported, since they are pending, are not counted.
        """
        return {status: count for status, count in dict(self._watching.counts).items() if count}

    @property
    def open(self) -> int | None:
        """How many contacts had no final status when they were read last; ``None`` before."""
        return self._watching.open

    @property
    def report(self) -> ListingReport | None:
        """How complete the latest reading of the contacts is; ``None`` before."""
        return self._watching.report


class Watch(_BaseWatch[Driver]):
    """The events of a campaign, while they happen. Iterate it; it waits for the next one.

    Leaving the loop stops it; another loop goes on where the first one was.
    """

    _events: Iterator[Event] | None = None

    def __iter__(self) -> Iterator[Event]:
        watching, halt = self._watching, Halt()
        while not watching.is_over:
            self._driver.run(watching.look(), halt)
            yield from watching.campaign_events()
            if watching.wants_contacts:
                listing = Listing(self._driver, watching.plan())
                try:
                    with closing(listing.pages()) as pages:
                        for page in pages:
                            yield from watching.take(page)
                    watching.finish_reading(listing.report)
                except errors.IncompleteListing:
                    watching.finish_reading(listing.report)
                except errors.UnibatchError as exc:
                    watching.survive(exc)
            yield from watching.conclude()

    def __next__(self) -> Event:
        if self._events is None:
            self._events = iter(self)
        return next(self._events)


class AsyncWatch(_BaseWatch[AsyncDriver]):
    """The events of a campaign, for ``async for``; otherwise like `Watch`."""

    _events: AsyncIterator[Event] | None = None

    async def _run(self) -> AsyncGenerator[Event, None]:
        watching = self._watching
        while not watching.is_over:
            await self._driver.run(watching.look())
            for event in watching.campaign_events():
                yield event
            if watching.wants_contacts:
                listing = AsyncListing(self._driver, watching.plan())
                try:
                    async with aclosing(listing.pages()) as pages:
                        async for page in pages:
                            for event in watching.take(page):
                                yield event
                    watching.finish_reading(listing.report)
                except errors.IncompleteListing:
                    watching.finish_reading(listing.report)
                except errors.UnibatchError as exc:
                    watching.survive(exc)
            for event in watching.conclude():
                yield event

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._run()

    async def __anext__(self) -> Event:
        if self._events is None:
            self._events = aiter(self)
        return await anext(self._events)
