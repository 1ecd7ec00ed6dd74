"""The canonical words for the status of a call and of a campaign, and what each word means."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, StrEnum, auto


class CallStatus(StrEnum):
    """The status of the latest attempt to call one contact.

    A member is a ``str``; its value is the word that JSON output and command-line options use. Beside its
    ``meaning`` it answers four questions about the *attempt*. Whether the vendor will make another attempt depends on
    the vendor's rules, so it is an attribute of the contact: ``Contact.is_final``.

    Attributes:
        meaning: What the word means, in one sentence.
        is_terminal: The attempt is over.
        is_connected: Somebody, or an answering machine, picked up.
        is_retryable: The attempt is over, nobody was reached, and nothing says that the number must not be called
            again: by default another attempt makes sense.
        is_under_way: A call is going on now: the number was dialled, and the call is not over. Pausing or cancelling a
            campaign does not end it.
    """

    meaning: str
    is_terminal: bool
    is_connected: bool
    is_retryable: bool
    is_under_way: bool

    PENDING = "pending"
    QUEUED = "queued"
    RETRY_SCHEDULED = "retry_scheduled"
    DIALING = "dialing"
    PLACED = "placed"
    RINGING = "ringing"
    ANSWERED = "answered"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    VOICEMAIL = "voicemail"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    TIMEOUT = "timeout"
    REJECTED = "rejected"
    INVALID_NUMBER = "invalid_number"
    BLOCKED = "blocked"
    CARRIER_ERROR = "carrier_error"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class CampaignStatus(StrEnum):
    """The status of a campaign as a whole.

    Attributes:
        meaning: What the word means, in one sentence.
        is_terminal: The campaign is over and will not dial again.
    """

    meaning: str
    is_terminal: bool

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class _Trait(Flag):
    OVER = auto()
    CONNECTED = auto()
    RETRYABLE = auto()
    UNDER_WAY = auto()


_OPEN = _Trait(0)
_OVER, _CONNECTED, _RETRYABLE = _Trait.OVER, _Trait.CONNECTED, _Trait.RETRYABLE
_UNDER_WAY = _Trait.UNDER_WAY

_CALL: Mapping[CallStatus, tuple[_Trait, str]] = {
    CallStatus.PENDING: (_OPEN, "Not yet handed to the dialler."),
    CallStatus.QUEUED: (_OPEN, "With the dialler, waiting for a free line."),
    CallStatus.RETRY_SCHEDULED: (_OPEN, "Tried before; another attempt is due."),
    CallStatus.DIALING: (_UNDER_WAY, "The number is being dialled."),
    CallStatus.PLACED: (_UNDER_WAY, "The call was placed; the vendor does not say yet whether anybody picked up."),
    CallStatus.RINGING: (_UNDER_WAY, "The phone is ringing."),
    CallStatus.ANSWERED: (_UNDER_WAY | _CONNECTED, "Somebody picked up; the conversation is about to begin."),
    CallStatus.IN_PROGRESS: (_UNDER_WAY | _CONNECTED, "The conversation is going on."),
    CallStatus.COMPLETED: (_OVER | _CONNECTED, "The conversation took place and ended."),
    CallStatus.VOICEMAIL: (_OVER | _CONNECTED, "An answering machine picked up."),
    CallStatus.NO_ANSWER: (_OVER | _RETRYABLE, "It rang, and nobody picked up."),
    CallStatus.BUSY: (_OVER | _RETRYABLE, "The line was engaged."),
    CallStatus.TIMEOUT: (_OVER | _RETRYABLE, "The attempt ran out of time before anybody picked up."),
    CallStatus.REJECTED: (_OVER, "The person called declined the call."),
    CallStatus.INVALID_NUMBER: (_OVER, "No such number."),
    CallStatus.BLOCKED: (_OVER, "The carrier, or a do-not-call list, refused the call."),
    CallStatus.CARRIER_ERROR: (_OVER | _RETRYABLE, "The carrier or the network failed before the phone rang."),
    CallStatus.FAILED: (_OVER, "The attempt failed for another reason, or the vendor does not say why."),
    CallStatus.CANCELLED: (_OVER, "Stopped before it connected."),
    CallStatus.SKIPPED: (_OVER, "Will never be dialled: left out on purpose."),
    CallStatus.EXPIRED: (_OVER, "Was not dialled before the campaign or its time window ended."),
    CallStatus.UNKNOWN: (_OPEN, "The vendor used a word that is not in its documentation; see vendor_status."),
}

_CAMPAIGN: Mapping[CampaignStatus, tuple[_Trait, str]] = {
    CampaignStatus.DRAFT: (_OPEN, "Created; dials nobody until it is started."),
    CampaignStatus.SCHEDULED: (_OPEN, "Will start by itself at a set time."),
    CampaignStatus.PENDING: (_OPEN, "Accepted by the vendor and not yet started."),
    CampaignStatus.RUNNING: (_OPEN, "Dialling, or ready to dial."),
    CampaignStatus.PAUSED: (_OPEN, "Stopped for now; can be resumed."),
    CampaignStatus.COMPLETED: (_OVER, "Done with every contact."),
    CampaignStatus.FAILED: (_OVER, "Stopped by an error."),
    CampaignStatus.CANCELLED: (_OVER, "Stopped by hand for good."),
    CampaignStatus.EXPIRED: (_OVER, "Its time ran out before every contact was called."),
    CampaignStatus.UNKNOWN: (_OPEN, "The vendor used a word that is not in its documentation; see vendor_status."),
}

# Plain attributes of the members, so that looking one up costs no call.
for _call, (_traits, _meaning) in _CALL.items():
    _call.meaning = _call.__doc__ = _meaning
    _call.is_terminal = _OVER in _traits
    _call.is_connected = _CONNECTED in _traits
    _call.is_retryable = _RETRYABLE in _traits
    _call.is_under_way = _UNDER_WAY in _traits

for _campaign, (_traits, _meaning) in _CAMPAIGN.items():
    _campaign.meaning = _campaign.__doc__ = _meaning
    _campaign.is_terminal = _OVER in _traits

UNDER_WAY = frozenset(_call for _call in CallStatus if _call.is_under_way)
"""Statuses of calls that are going on, or were just placed; they go on although the campaign is over."""

SILENT_ON_CALLS = frozenset(
    {
        CallStatus.PENDING,
        CallStatus.QUEUED,
        CallStatus.CANCELLED,
        CallStatus.SKIPPED,
        CallStatus.EXPIRED,
        CallStatus.UNKNOWN,
    }
)
"""Statuses that do not say that there was a call. Every other one does."""
