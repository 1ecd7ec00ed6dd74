"""The canonical words for the status of a call and of a campaign, and what each word means."""

from __future__ import annotations

from enum import Flag, StrEnum, auto
from typing import TYPE_CHECKING, Self


class _Trait(Flag):
    OVER = auto()
    CONNECTED = auto()
    RETRYABLE = auto()


_OPEN = _Trait(0)
_OVER, _CONNECTED, _RETRYABLE = _Trait


class CallStatus(StrEnum):
    """The status of the latest attempt to call one contact.

    A member is a ``str``; its value is the word that JSON output and command-line options use. Beside its
    ``meaning`` it answers three questions about the *attempt*. Whether the vendor will make another attempt depends on
    the vendor's rules, so it is an attribute of the contact: ``Contact.is_final``.

    Attributes:
        meaning: What the word means, in one sentence.
        is_terminal: The attempt is over.
        is_connected: Somebody, or an answering machine, picked up.
        is_retryable: The attempt is over, nobody was reached, and nothing says that the number must not be called
            again: by default another attempt makes sense.
    """

    meaning: str
    is_terminal: bool
    is_connected: bool
    is_retryable: bool

    if not TYPE_CHECKING:  # for type checkers a call looks a member up, by its word alone

        def __new__(cls, value: str, traits: _Trait, meaning: str) -> Self:
            """Make the member ``value`` and attach what it means."""
            member = str.__new__(cls, value)
            member._value_ = value
            member.meaning = member.__doc__ = meaning
            member.is_terminal = _OVER in traits
            member.is_connected = _CONNECTED in traits
            member.is_retryable = _RETRYABLE in traits
            return member

    PENDING = "pending", _OPEN, "Not yet handed to the dialler."
    QUEUED = "queued", _OPEN, "With the dialler, waiting for a free line."
    RETRY_SCHEDULED = "retry_scheduled", _OPEN, "Tried before; another attempt is due."
    DIALING = "dialing", _OPEN, "The number is being dialled."
    PLACED = "placed", _OPEN, "The call was placed; the vendor does not say yet whether anybody picked up."
    RINGING = "ringing", _OPEN, "The phone is ringing."
    ANSWERED = "answered", _CONNECTED, "Somebody picked up; the conversation is about to begin."
    IN_PROGRESS = "in_progress", _CONNECTED, "The conversation is going on."
    COMPLETED = "completed", _OVER | _CONNECTED, "The conversation took place and ended."
    VOICEMAIL = "voicemail", _OVER | _CONNECTED, "An answering machine picked up."
    NO_ANSWER = "no_answer", _OVER | _RETRYABLE, "It rang, and nobody picked up."
    BUSY = "busy", _OVER | _RETRYABLE, "The line was engaged."
    TIMEOUT = "timeout", _OVER | _RETRYABLE, "The attempt ran out of time before anybody picked up."
    REJECTED = "rejected", _OVER, "The person called declined the call."
    INVALID_NUMBER = "invalid_number", _OVER, "No such number."
    BLOCKED = "blocked", _OVER, "The carrier, or a do-not-call list, refused the call."
    CARRIER_ERROR = "carrier_error", _OVER | _RETRYABLE, "The carrier or the network failed before the phone rang."
    FAILED = "failed", _OVER, "The attempt failed for another reason, or the vendor does not say why."
    CANCELLED = "cancelled", _OVER, "Stopped before it connected."
    SKIPPED = "skipped", _OVER, "Will never be dialled: left out on purpose."
    EXPIRED = "expired", _OVER, "Was not dialled before the campaign or its time window ended."
    UNKNOWN = (
        "unknown",
        _OPEN,
        "The vendor used a word that is not in its documentation; see vendor_status.",
    )


class CampaignStatus(StrEnum):
    """The status of a campaign as a whole.

    Attributes:
        meaning: What the word means, in one sentence.
        is_terminal: The campaign is over and will not dial again.
    """

    meaning: str
    is_terminal: bool

    if not TYPE_CHECKING:  # for type checkers a call looks a member up, by its word alone

        def __new__(cls, value: str, traits: _Trait, meaning: str) -> Self:
            """Make the member ``value`` and attach what it means."""
            member = str.__new__(cls, value)
            member._value_ = value
            member.meaning = member.__doc__ = meaning
            member.is_terminal = _OVER in traits
            return member

    DRAFT = "draft", _OPEN, "Created; dials nobody until it is started."
    SCHEDULED = "scheduled", _OPEN, "Will start by itself at a set time."
    PENDING = "pending", _OPEN, "Accepted by the vendor and not yet started."
    RUNNING = "running", _OPEN, "Dialling, or ready to dial."
    PAUSED = "paused", _OPEN, "Stopped for now; can be resumed."
    COMPLETED = "completed", _OVER, "Done with every contact."
    FAILED = "failed", _OVER, "Stopped by an error."
    CANCELLED = "cancelled", _OVER, "Stopped by hand for good."
    EXPIRED = "expired", _OVER, "Its time ran out before every contact was called."
    UNKNOWN = "unknown", _OPEN, "The vendor used a word that is not in its documentation; see vendor_status."
