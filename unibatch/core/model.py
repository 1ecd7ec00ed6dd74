"""The canonical model: what every vendor's campaigns, contacts and accounts are translated into.

All datetimes are aware and in UTC, durations are `datetime.timedelta`, money is `decimal.Decimal` with its currency.
What a vendor does not give is ``None``, never a zero; only a missing phone number is an empty text. Every object that
came from a vendor keeps the vendor's own mapping as ``raw``, and the vendor's own word beside each translated status.

Objects are frozen and hashable. Their ``repr`` leaves out personal data and masks phone numbers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, time, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, cast

import attrs

from unibatch.core.base_errors import InvalidInput
from unibatch.core.masking import mask_phone
from unibatch.core.raw import RawRows
from unibatch.core.status import CallStatus, CampaignStatus

_quiet: Any = attrs.field(default=None, repr=False)


def _raw_of(stored: Mapping[str, Any] | tuple[RawRows, int]) -> Mapping[str, Any]:
    if isinstance(stored, tuple):
        rows, index = stored
        return rows[index]
    return stored


def _custom_of(stored: Mapping[str, Any] | tuple[RawRows, int]) -> Mapping[str, Any]:
    if isinstance(stored, tuple):
        rows, index = stored
        return rows.custom(index)
    return stored


def as_dict(value: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a mapping.

    Raises:
        InvalidInput: It is something else.
    """
    if type(value) is not dict and not isinstance(value, Mapping):
        raise InvalidInput(f"expected a mapping, got {type(value).__name__}")
    return dict(value)


# A draft may hold anything, and preflight names what is wrong. So these leave as it is what they cannot convert.


def _days(days: Collection[int]) -> tuple[int, ...]:
    given: Any = days
    converted: Any = tuple(given) if isinstance(given, Collection) and not isinstance(given, str) else given
    return cast("tuple[int, ...]", converted)


def _statuses(words: Iterable[CallStatus | str]) -> frozenset[CallStatus]:
    given: Any = words
    with suppress(TypeError):  # nothing to iterate over, or nothing that a set can hold
        if not isinstance(given, str):
            given = frozenset(_CALL_STATUSES.get(word, word) for word in given)
    return cast("frozenset[CallStatus]", given)


_CALL_STATUSES: Mapping[Any, CallStatus] = {status.value: status for status in CallStatus}


# Type checkers find an alias only in a call of `attrs.field` that stands in the class itself.


@attrs.frozen(kw_only=True)
class Contact:
    """One person to be called in one campaign, and the result so far.

    Attributes:
        id: The vendor's id of this contact. TechLadder has none: there it is the id of the call.
        provider: The provider's name, for example ``"truedy"``.
        campaign_id: The vendor's id of the campaign.
        phone_number: In E.164 form with plus if ``phone_valid``, otherwise the vendor's text as it came; empty if the
            vendor gives no number.
        phone_valid: Whether ``phone_number`` has the form of an E.164 number. Whether it is in service is not known.
        name: The full name; made of first and last name where the vendor gives only those.
        first_name: The first name, where the vendor has a field for it.
        last_name: The last name, where the vendor has a field for it.
        email: The e-mail address.
        external_id: The id that you gave the contact when you sent it to the vendor.
        fields: Custom data, under the names that the vendor returns; see `field`. Read-only.
        status: The status of the latest attempt.
        vendor_status: The vendor's own word for ``status``.
        is_final: The vendor will make no further attempt, as far as its answer shows. Not the same as
            ``status.is_terminal``: TalkifAI tries ``no_answer``, ``busy`` and ``timeout`` again while attempts remain.
        call_id: The vendor's id of the latest call.
        attempts: How often the number was dialled so far.
        max_attempts: How often it will be dialled at most.
        last_attempt_at: When it was dialled last.
        next_attempt_at: When it will be dialled next.
        started_at: When the latest call began.
        ended_at: When the latest call ended.
        duration: How long the latest call took.
        sip_code: The SIP response code of a failed attempt, 100 to 699.
        failure_reason: The vendor's text on why the attempt failed.
        end_reason: The vendor's word for why the call ended, where it gives one beside the status, whether the call
            failed or not.
        raw: The vendor's own mapping. Read-only.
    """

    id: str
    provider: str
    campaign_id: str
    phone_number: str = attrs.field(repr=lambda number: repr(mask_phone(number)))
    phone_valid: bool
    name: str | None = _quiet
    first_name: str | None = _quiet
    last_name: str | None = _quiet
    email: str | None = _quiet
    external_id: str | None = _quiet
    _fields: Mapping[str, Any] | tuple[RawRows, int] = attrs.field(
        alias="fields", factory=dict, repr=False, eq=_custom_of, hash=False
    )
    status: CallStatus
    vendor_status: str | None = None
    is_final: bool
    call_id: str | None = _quiet
    attempts: int | None = None
    max_attempts: int | None = None
    last_attempt_at: datetime | None = _quiet
    next_attempt_at: datetime | None = _quiet
    started_at: datetime | None = _quiet
    ended_at: datetime | None = _quiet
    duration: timedelta | None = _quiet
    sip_code: int | None = _quiet
    failure_reason: str | None = _quiet
    end_reason: str | None = _quiet
    _raw: Mapping[str, Any] | tuple[RawRows, int] = attrs.field(
        alias="raw", factory=dict, repr=False, eq=False, hash=False
    )

    @property
    def fields(self) -> Mapping[str, Any]:
        """Custom data, under the names that the vendor returns. Read-only."""
        return MappingProxyType(_custom_of(self._fields))

    @property
    def raw(self) -> Mapping[str, Any]:
        """The vendor's own mapping. Read-only."""
        return MappingProxyType(_raw_of(self._raw))

    def __getstate__(self) -> dict[str, Any]:
        """For pickling and copying: the contact's own row, without the page that it came on."""
        state = {field.name: getattr(self, field.name) for field in attrs.fields(Contact)}
        return {**state, "_fields": _custom_of(self._fields), "_raw": _raw_of(self._raw)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def field(self, name: str, default: object = None) -> Any:
        """Look up custom data by the name under which you sent it.

        Vendors respell names: what was sent to TechLadder as ``company_name`` comes back as ``Company Name``. An exact
        match wins; otherwise case, spaces, hyphens and underscores make no difference.

        Args:
            name: The name, for example ``"company_name"``.
            default: What to return if there is no such field.
        """
        fields = self.fields
        if name in fields:
            return fields[name]
        wanted = fold(name)
        return next((value for key, value in fields.items() if fold(key) == wanted), default)


@attrs.frozen(kw_only=True)
class Counts:
    """How many contacts of a campaign have which result. ``None`` where the vendor does not say.

    Attributes:
        total: Contacts in the campaign.
        attempted: Contacts that were called. (Truedy names this number ``completed_contacts``.)
        succeeded: Contacts whose call succeeded.
        failed: Contacts whose call failed.
        pending: Contacts still to be called.
        voicemail: Contacts whose call reached an answering machine.
        no_answer: Contacts who did not pick up.
        finished: Contacts whose call is over, whether it succeeded or not.
        skipped: Contacts who will never be called: left out on purpose.
        by_status: Contacts by canonical status, where the vendor counts them so. Read-only, may be empty.
    """

    total: int | None = None
    attempted: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    pending: int | None = None
    voicemail: int | None = None
    no_answer: int | None = None
    finished: int | None = None
    skipped: int | None = None
    _by_status: Mapping[CallStatus, int] = attrs.field(alias="by_status", factory=dict, repr=False, hash=False)

    @property
    def by_status(self) -> Mapping[CallStatus, int]:
        """Contacts by canonical status, where the vendor counts them so. Read-only, may be empty."""
        return MappingProxyType(self._by_status)


@attrs.frozen(kw_only=True)
class Schedule:
    """When a campaign may dial.

    Attributes:
        start: When it starts, or started, by plan.
        end: When it stops dialling for good, by plan. No built-in vendor has one.
        timezone: The IANA name of the daily window's zone, for example ``"America/New_York"``.
        window_start: The time of day from which it dials, in ``timezone``.
        window_end: The time of day until which it dials, in ``timezone``.
        weekdays: The days on which it dials, 1 (Monday) to 7 (Sunday); empty if the vendor does not say.
        max_calls_per_day: The most calls on one day.
    """

    start: datetime | None = None
    end: datetime | None = None
    timezone: str | None = None
    window_start: time | None = None
    window_end: time | None = None
    weekdays: tuple[int, ...] = attrs.field(default=(), converter=_days)
    max_calls_per_day: int | None = None


@attrs.frozen(kw_only=True)
class RedialPolicy:
    """How a vendor calls again by itself.

    Attributes:
        max_attempts: How often a contact is dialled at most, the first attempt included.
        retry_on: The statuses after which another attempt is made; empty if the vendor does not say. Words such as
            ``"busy"`` will do.
    """

    max_attempts: int | None = None
    retry_on: frozenset[CallStatus] = attrs.field(default=frozenset(), converter=_statuses)


@attrs.frozen
class Money:
    """An amount of money.

    Attributes:
        amount: The amount, exact.
        currency: The ISO 4217 code, for example ``"USD"``.
    """

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@attrs.frozen(kw_only=True)
class Campaign:
    """One batch of calls.

    Attributes:
        id: The vendor's id.
        provider: The provider's name, for example ``"techladder"``.
        name: Its name. TechLadder's batches have none.
        description: Its description.
        status: Its status.
        vendor_status: The vendor's own word for ``status``.
        agent_id: The vendor's id of the AI agent that talks.
        from_numbers: The numbers that it calls from, or the vendor's ids of numbers where it gives only those; empty
            if it gives neither.
        counts: How many contacts have which result.
        schedule: When it may dial, or ``None`` if the vendor says nothing about that.
        max_concurrency: The most calls at the same time.
        retry: How the vendor calls again by itself.
        cost: What it has cost so far.
        average_duration: The average length of a call.
        created_at: When it was created.
        updated_at: When it was changed last.
        started_at: When it started to dial.
        completed_at: When it was over.
        raw: The vendor's own mapping. Read-only.
    """

    id: str
    provider: str
    name: str | None = None
    description: str | None = _quiet
    status: CampaignStatus
    vendor_status: str | None = None
    agent_id: str | None = None
    from_numbers: tuple[str, ...] = attrs.field(default=(), repr=False)
    counts: Counts = Counts()
    schedule: Schedule | None = _quiet
    max_concurrency: int | None = _quiet
    retry: RedialPolicy | None = _quiet
    cost: Money | None = _quiet
    average_duration: timedelta | None = _quiet
    created_at: datetime | None = _quiet
    updated_at: datetime | None = _quiet
    started_at: datetime | None = _quiet
    completed_at: datetime | None = _quiet
    _raw: Mapping[str, Any] = attrs.field(alias="raw", factory=dict, repr=False, eq=False, hash=False)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The vendor's own mapping. Read-only."""
        return MappingProxyType(self._raw)


@attrs.frozen(kw_only=True)
class AccountLimits:
    """What an account may do.

    Attributes:
        max_contacts: Contacts in one campaign.
        max_concurrency: Calls at the same time, in all campaigns together.
        max_call_duration: The length of one call.
        requests_per_minute: Requests to the API in one minute.
    """

    max_contacts: int | None = None
    max_concurrency: int | None = None
    max_call_duration: timedelta | None = None
    requests_per_minute: int | None = None


@attrs.frozen(kw_only=True)
class Account:
    """The account that an API key belongs to.

    Attributes:
        id: The vendor's id.
        provider: The provider's name.
        name: The account's name.
        email: The account's e-mail address.
        limits: What it may do.
        raw: The vendor's own mapping. Read-only.
    """

    id: str
    provider: str
    name: str | None = None
    email: str | None = _quiet
    limits: AccountLimits = AccountLimits()
    _raw: Mapping[str, Any] = attrs.field(alias="raw", factory=dict, repr=False, eq=False, hash=False)

    @property
    def raw(self) -> Mapping[str, Any]:
        """The vendor's own mapping. Read-only."""
        return MappingProxyType(self._raw)


_SEPARATORS = re.compile(r"[\s_-]+")


def fold(word: str) -> str:
    """The word without what vendors respell: case, spaces, hyphens and underscores."""
    return _SEPARATORS.sub("", word).casefold()
