"""What kinds of things happen. Apart from `unibatch.core.events`, since reading takes no more than the words."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """What kind of thing happened. A member is a ``str``; its value is the word that JSON output uses."""

    CALL_STARTED = "call_started"
    CALL_ANSWERED = "call_answered"
    CALL_ENDED = "call_ended"
    CALL_FAILED = "call_failed"
    CONTACT_CHANGED = "contact_changed"
    """Another change of a contact's status, such as from pending to queued or to cancelled."""
    CAMPAIGN_CHANGED = "campaign_changed"
    CAMPAIGN_FINISHED = "campaign_finished"
    CREDIT_LOW = "credit_low"
    UNKNOWN = "unknown"
    """The vendor sent something that none of the others is; see `Event.vendor_type` and `Event.raw`."""
