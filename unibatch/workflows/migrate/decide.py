"""Who is moved and who is kept back, as a table: for each status the decision and its reason.

Several rows can be of one subscriber. One that must not be called again keeps all of them back, and of several that
could be moved exactly one is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from unibatch.core.draft import ContactDraft, once_each
from unibatch.core.errors import InvalidInput
from unibatch.core.findings import shown
from unibatch.core.model import Contact
from unibatch.core.phone import subscriber_key
from unibatch.core.status import SILENT_ON_CALLS, CallStatus

NO_NUMBER = "it has no phone number in international form (+ and country code)"
"""The reason for a contact whom no vendor can call."""

_UNDER_WAY = "a call was under way, and its result is not known"


@attrs.frozen(kw_only=True)
class Rule:
    """What is done with the contacts of one status.

    Attributes:
        moves: They are moved, unless the choice of the user says otherwise.
        reason: Why, in plain words.
        fixed: Why they cannot be moved even if the user asks for it; empty if they can.
        risk: What can happen if they are moved, which the user has to accept; empty if nothing speaks against it.
        holds: A contact who is kept back by this keeps the other rows of the same subscriber back, too.
    """

    moves: bool
    reason: str
    fixed: str = ""
    risk: str = ""
    holds: bool = True


def _moves(reason: str) -> Rule:
    return Rule(moves=True, reason=reason)


def _stays(reason: str, *, fixed: str = "", risk: str = "", holds: bool = True) -> Rule:
    return Rule(moves=False, reason=reason, fixed=fixed, risk=risk, holds=holds)


_CALLING = "a call is under way"
_WAIT = "wait until the call is over; then its result decides"

RULES: Mapping[CallStatus, Rule] = MappingProxyType(
    {
        CallStatus.PENDING: _moves("not called yet"),
        CallStatus.QUEUED: _moves("waiting to be called"),
        CallStatus.RETRY_SCHEDULED: _moves("not reached; another call was due"),
        CallStatus.DIALING: _stays(_CALLING, fixed=_WAIT),
        CallStatus.PLACED: _stays(_CALLING, fixed=_WAIT),
        CallStatus.RINGING: _stays(_CALLING, fixed=_WAIT),
        CallStatus.ANSWERED: _stays(_CALLING, fixed=_WAIT),
        CallStatus.IN_PROGRESS: _stays(_CALLING, fixed=_WAIT),
        CallStatus.COMPLETED: _stays("reached", fixed="they had their call; to call them again, create a campaign"),
        CallStatus.VOICEMAIL: _stays("an answering machine picked up"),
        CallStatus.NO_ANSWER: _moves("nobody picked up"),
        CallStatus.BUSY: _moves("the line was busy"),
        CallStatus.TIMEOUT: _moves("nobody picked up in time"),
        CallStatus.REJECTED: _stays("declined the call", risk="people who declined the call are called again"),
        CallStatus.INVALID_NUMBER: _stays("the vendor says that there is no such number"),
        CallStatus.BLOCKED: _stays(
            "the carrier or a do-not-call list refused the call",
            risk="people who may be on a do-not-call list are called again",
        ),
        CallStatus.CARRIER_ERROR: _moves("the carrier failed before the phone rang"),
        CallStatus.FAILED: _stays("the call failed, and the vendor does not say why"),
        CallStatus.CANCELLED: _stays("cancelled before the migration", holds=False),
        CallStatus.SKIPPED: _stays("left out on purpose"),
        CallStatus.EXPIRED: _stays("not called before the campaign's time was over", holds=False),
        CallStatus.UNKNOWN: _stays("the vendor's word for the status is not known, so they may have been reached"),
    }
)
"""The decision for each status."""


def _statuses(words: Iterable[CallStatus | str]) -> frozenset[CallStatus]:
    given: Any = words
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise InvalidInput(f"expected statuses in a list, not {shown(given)}")
    found = set()
    for word in given:
        try:
            found.add(CallStatus(word))
        except ValueError as exc:
            raise InvalidInput(f"{shown(word)} is no status of a call; these are: {', '.join(CallStatus)}") from exc
    return frozenset(found)


def _in_order(statuses: Collection[CallStatus]) -> list[str]:
    return [str(status) for status in CallStatus if status in statuses]


@attrs.frozen(kw_only=True)
class Choice:
    """What the user chose about who is moved. By default, `RULES` decide.

    Attributes:
        only: Only contacts with these statuses are moved, also those who would be kept back; empty: see `RULES`.
        also: Contacts with these statuses are moved, too, beside those of `RULES`.
        without: Contacts with these statuses are not moved.
        accept_risk: Statuses whose risk is accepted: ``rejected`` and ``blocked`` are moved only if they are here, too.
        max_attempts: How often a subscriber is called at most, the calls of the source included; who was called as
            often as that is kept back. ``None``: any number.

    Raises:
        InvalidInput: It makes no sense, or would move people who must not be moved.
    """

    only: frozenset[CallStatus] = attrs.field(default=frozenset(), converter=_statuses)
    also: frozenset[CallStatus] = attrs.field(default=frozenset(), converter=_statuses)
    without: frozenset[CallStatus] = attrs.field(default=frozenset(), converter=_statuses)
    accept_risk: frozenset[CallStatus] = attrs.field(default=frozenset(), converter=_statuses)
    max_attempts: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.max_attempts is not None and (type(self.max_attempts) is not int or self.max_attempts < 1):
            raise InvalidInput(f"max_attempts must be a whole number, 1 or more, not {shown(self.max_attempts)}")
        if self.only and self.also:
            raise InvalidInput("give either only or also: only says all statuses that are moved, also adds some")
        asked = self.only | self.also
        if both := _in_order(asked & self.without):
            raise InvalidInput(f"{', '.join(both)} cannot be both moved and left out")
        for status in CallStatus:
            if status in asked and RULES[status].fixed:
                raise InvalidInput(f"contacts who are {status} cannot be moved: {RULES[status].fixed}")
        risky = [status for status in CallStatus if RULES[status].risk]
        for status in risky:
            if status in asked - self.accept_risk:
                raise InvalidInput(
                    f"moving contacts who are {status} has a risk: {RULES[status].risk}. "
                    f"To accept it, name {status} in accept_risk, too"
                )
        if harmless := _in_order(self.accept_risk - {*risky}):
            raise InvalidInput(f"accept_risk is for {' and '.join(risky)}, not for {', '.join(harmless)}")
        if idle := _in_order(self.accept_risk - asked):
            raise InvalidInput(f"accept_risk names {', '.join(idle)}, and neither only nor also does")

    def rule(self, status: CallStatus) -> Rule:
        """The rule for a status, as the user chose it."""
        rule = RULES[status]
        if status in self.without or (self.only and rule.moves and status not in self.only):
            return attrs.evolve(rule, moves=False, reason=f"{rule.reason}; you left {status} out", holds=True)
        if not rule.moves and status in self.only | self.also:
            return attrs.evolve(rule, moves=True, reason=f"{rule.reason}; you chose to move {status}")
        return rule


@attrs.frozen(kw_only=True)
class Decision:
    """What happens to one contact of the source.

    Attributes:
        contact: The contact, as it was read.
        moves: It is moved; otherwise it is kept back.
        reason: Why, in plain words, without personal data.
        attempts: How often the subscriber was called by the source, in all rows together, as far as it is known; see
            `attempts_made`.
    """

    contact: Contact
    moves: bool
    reason: str
    attempts: int = 0


def attempts_made(contact: Contact) -> int:
    """How often a contact was called: what the vendor says, or else 1 if its status says that it was called, or 0."""
    if contact.attempts is not None:
        return contact.attempts
    return int(contact.status not in SILENT_ON_CALLS)


@attrs.frozen
class _Own:
    """What a row says by itself."""

    moves: bool
    reason: str
    holds: bool


def decide(
    contacts: Sequence[Contact],
    choice: Choice | None = None,
    *,
    never: Mapping[str, str] = MappingProxyType({}),
    before: Mapping[str, CallStatus] = MappingProxyType({}),
    unfit: Callable[[Contact], str | None] | None = None,
) -> list[Decision]:
    """Decide for each contact of a source whether it is moved. Every contact gets exactly one decision.

    Args:
        contacts: All contacts of the source.
        choice: What the user chose; the default is `RULES`.
        never: The numbers that must never be called, as `subscriber_key` writes them, and why.
        before: If the source was stopped by cancelling it: the status of each contact before that, by its id. A vendor
            that cancels makes contacts ``cancelled`` who were still to be called; the status before decides on them.
        unfit: Says why the target would not take a contact, or ``None``.

    Returns:
        The decisions, in the order of the contacts.
    """
    chosen = choice or Choice()
    rules = {status: chosen.rule(status) for status in CallStatus}
    rows: dict[str, list[int]] = {}
    own: list[_Own] = []
    for index, contact in enumerate(contacts):
        has_number = contact.phone_valid and bool(contact.phone_number)
        key = subscriber_key(contact.phone_number) if has_number else f"row {index}"  # no number repeats nothing
        rows.setdefault(key, []).append(index)
        own.append(_judge(contact, rules, has_number=has_number, never=never.get(key), before=before))
    decisions: list[Decision | None] = [None] * len(contacts)
    for same in rows.values():
        attempts = sum(attempts_made(contacts[index]) for index in same)
        chosen_row, others = _one_of(contacts, own, same, attempts=attempts, most=chosen.max_attempts, unfit=unfit)
        for index in same:
            moves = index == chosen_row
            reason = own[index].reason if moves or not own[index].moves else others
            decisions[index] = Decision(contact=contacts[index], moves=moves, reason=reason, attempts=attempts)
    return [decision for decision in decisions if decision is not None]


def _judge(
    contact: Contact,
    rules: Mapping[CallStatus, Rule],
    *,
    has_number: bool,
    never: str | None,
    before: Mapping[str, CallStatus],
) -> _Own:
    if not has_number:
        return _Own(moves=False, reason=NO_NUMBER, holds=True)
    if never is not None:
        return _Own(moves=False, reason=never, holds=True)
    status = contact.status
    if status is CallStatus.CANCELLED and contact.id in before:
        status = before[contact.id]
        if status.is_under_way:  # it was not to be cancelled, and may have been reached
            return _Own(moves=False, reason=_UNDER_WAY, holds=True)
    rule = rules[status]
    return _Own(moves=rule.moves, reason=rule.reason, holds=rule.holds and not rule.moves)


def _one_of(
    contacts: Sequence[Contact],
    own: Sequence[_Own],
    same: Sequence[int],
    *,
    attempts: int,
    most: int | None,
    unfit: Callable[[Contact], str | None] | None,
) -> tuple[int | None, str]:
    """Which row of one subscriber is moved, if any, and why the others that could be are not."""
    movable = [index for index in same if own[index].moves]
    if not movable:
        return None, ""
    for index in same:
        if own[index].holds:
            return None, f"another row of the same number is kept back: {own[index].reason}"
    if most is not None and attempts >= most:
        return None, f"called {_times(attempts)} already, and at most {_times(most)} are allowed"
    faults = {index: unfit(contacts[index]) for index in movable} if unfit is not None else {}
    fitting = sorted((index for index in movable if not faults.get(index)), key=lambda index: contacts[index].id)
    if not fitting:
        return None, f"the target does not take it: {faults[movable[0]]}"
    moved = fitting[0]
    if len(fitting) > 1:  # the one that says most, in any order of the rows
        drafts = [ContactDraft.from_contact(contacts[index]) for index in fitting]
        (best,), _ = once_each(drafts)
        moved = next(index for index, draft in zip(fitting, drafts, strict=True) if draft is best)
    return moved, "its number repeats that of another row, which is moved"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
