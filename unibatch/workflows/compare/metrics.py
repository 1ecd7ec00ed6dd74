"""What is compared: a table of metrics, each with its definition, its source, and what it is a share of.

`docs/compare.md` is made of this table (``python docs/generate_metrics.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from unibatch.core.status import CallStatus

Unit: TypeAlias = Literal["count", "share", "seconds", "calls", "money", "time", "per hour"]
"""How a value is to be read: a whole number; 0 to 1; seconds; attempts a contact; money; a moment; contacts an hour."""

Per: TypeAlias = Literal["contact", "attempt", "call", "campaign"]
"""What a metric counts: contacts, attempts to call them, calls that were answered, or what is said of a campaign."""

OUTCOMES = (
    CallStatus.COMPLETED,
    CallStatus.VOICEMAIL,
    CallStatus.NO_ANSWER,
    CallStatus.BUSY,
    CallStatus.TIMEOUT,
    CallStatus.REJECTED,
    CallStatus.INVALID_NUMBER,
    CallStatus.BLOCKED,
    CallStatus.CARRIER_ERROR,
    CallStatus.FAILED,
)
"""The statuses that say how a call to somebody ended."""

ANSWERED = frozenset({CallStatus.COMPLETED, CallStatus.VOICEMAIL})
"""A person or a machine picked up."""

DELIVERED = ANSWERED | {CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.REJECTED}
"""The network did its part: the call came to the phone that was called, or found it engaged."""

SET_ASIDE = (CallStatus.CANCELLED, CallStatus.SKIPPED, CallStatus.EXPIRED)
"""The final statuses that are in no outcome."""

GROUPS = {
    "contacts": "Contacts",
    "outcomes": "Outcomes by last status",
    "network": "Network",
    "attempts": "Attempts",
    "duration": "Answered calls",
    "cost": "Cost",
    "pace": "Pace",
    "quality": "Quality of the data",
}
"""The headings of the groups of metrics."""

_E411 = "ITU-T E.411"
_E425 = "ITU-T E.425"
_OWN = "unibatch"

_CONCLUDED = "concluded contacts"
_ANSWERED_CALLS = "answered calls whose length is stated"


@attrs.frozen(kw_only=True)
class Metric:
    """What one figure means.

    Attributes:
        name: Its name in JSON, CSV and code.
        title: Its name in tables.
        group: What it is about: a key of `GROUPS`.
        unit: How its value is to be read.
        per: What it counts.
        definition: What it is, in a sentence.
        source: Where the definition comes from.
        numerator: What is counted, for a share or a ratio.
        denominator: Of what it is a share, or by what it is divided.
        needs: The attributes of contacts or campaigns without which it cannot be told.
        statuses: For a share of concluded contacts, the statuses that it counts.
        is_main: It is among the figures that people look at first, whose differences are put into sentences.
    """

    name: str
    title: str
    group: str
    unit: Unit
    per: Per = "contact"
    definition: str
    source: str = _OWN
    numerator: str | None = None
    denominator: str | None = None
    needs: tuple[str, ...] = ()
    statuses: frozenset[CallStatus] = attrs.field(default=frozenset(), repr=False)
    is_main: bool = False


def _outcome(status: CallStatus, title: str, definition: str) -> Metric:
    return Metric(
        name=status.value,
        title=title,
        group="outcomes",
        unit="share",
        definition=definition,
        numerator=f"concluded contacts with the status {status.value}",
        denominator=_CONCLUDED,
        needs=("status",),
        statuses=frozenset({status}),
        is_main=status in ANSWERED,
    )


_METRICS = (
    # Contacts
    Metric(
        name="contacts",
        title="contacts",
        group="contacts",
        unit="count",
        definition="Contacts of the campaign that were read and that no filter left out.",
    ),
    Metric(
        name="attempted",
        title="attempted",
        group="contacts",
        unit="share",
        definition="Contacts that were called at least once, whether the vendor is done with them or not.",
        numerator="contacts that were called",
        denominator="contacts",
        needs=("status",),
    ),
    Metric(
        name="concluded",
        title="concluded",
        group="contacts",
        unit="share",
        definition=(
            "Contacts that were called, that the vendor will not call again, and whose last status says how the call "
            "ended. All outcomes are shares of these."
        ),
        numerator="contacts that were called, are final and have an outcome",
        denominator="contacts",
        needs=("status",),
    ),
    Metric(
        name="open",
        title="still open",
        group="contacts",
        unit="share",
        definition="Contacts that the vendor may still call. They are in no outcome.",
        numerator="contacts that are not final",
        denominator="contacts",
        needs=("status",),
    ),
    *(
        Metric(
            name=status.value,
            title=status.value,
            group="contacts",
            unit="count",
            definition=f"Final contacts with this last status: {status.meaning[0].lower()}{status.meaning[1:]}"
            " They are in no outcome.",
            needs=("status",),
        )
        for status in SET_ASIDE
    ),
    Metric(
        name="left_over",
        title="left over",
        group="contacts",
        unit="count",
        definition=(
            "Contacts that are final without an outcome: they were not called, or they waited for another attempt, "
            "when the campaign was over. They are in no outcome."
        ),
        needs=("status",),
    ),
    # Outcomes
    Metric(
        name="reached",
        title="reached",
        group="outcomes",
        unit="share",
        definition="A person or a machine picked up.",
        numerator="concluded contacts with the status completed or voicemail",
        denominator=_CONCLUDED,
        needs=("status",),
        statuses=ANSWERED,
        is_main=True,
    ),
    _outcome(CallStatus.COMPLETED, "completed", "The conversation took place and ended. Voicemail is not in it."),
    _outcome(
        CallStatus.VOICEMAIL,
        "voicemail",
        "An answering machine picked up: answered, by the network's definition, but no person was reached.",
    ),
    _outcome(CallStatus.NO_ANSWER, "no answer", "It rang, and nobody picked up."),
    _outcome(CallStatus.BUSY, "busy", "The line was engaged."),
    _outcome(CallStatus.TIMEOUT, "time-out", "The attempt ran out of time before anybody picked up."),
    _outcome(CallStatus.REJECTED, "rejected", "The person called declined the call."),
    _outcome(CallStatus.INVALID_NUMBER, "invalid number", "No such number."),
    _outcome(CallStatus.BLOCKED, "blocked", "The carrier, or a do-not-call list, refused the call."),
    _outcome(CallStatus.CARRIER_ERROR, "carrier error", "The carrier or the network failed before the phone rang."),
    _outcome(CallStatus.FAILED, "failed", "The attempt failed for another reason, or the vendor does not say why."),
    # Network
    Metric(
        name="answer_seizure_ratio",
        title="answer-seizure ratio",
        group="network",
        unit="share",
        per="attempt",
        definition="Of all attempts that are over, those that were answered, by a person or a machine.",
        source=_E411,
        numerator="answered attempts",
        denominator="attempts that are over",
        needs=("attempts",),
    ),
    Metric(
        name="network_effectiveness_ratio",
        title="network effectiveness",
        group="network",
        unit="share",
        per="attempt",
        definition="Of all attempts that are over, those that were answered, busy, not answered or rejected.",
        source=_E425,
        numerator="attempts that ended as completed, voicemail, busy, no answer or rejected",
        denominator="attempts that are over",
        needs=("attempts",),
    ),
    Metric(
        name="answer_share",
        title="answer share",
        group="network",
        unit="share",
        definition="As the answer-seizure ratio, but of the last attempt to each contact only.",
        source=f"after {_E411}",
        numerator="concluded contacts with the status completed or voicemail",
        denominator=_CONCLUDED,
        needs=("status",),
        statuses=ANSWERED,
    ),
    Metric(
        name="delivered_share",
        title="delivered share",
        group="network",
        unit="share",
        definition="As the network effectiveness ratio, but of the last attempt to each contact only.",
        source=f"after {_E425}",
        numerator="concluded contacts with the status completed, voicemail, busy, no answer or rejected",
        denominator=_CONCLUDED,
        needs=("status",),
        statuses=DELIVERED,
    ),
    # Attempts
    Metric(
        name="attempts",
        title="attempts",
        group="attempts",
        unit="count",
        per="attempt",
        definition="Attempts to call, of all contacts that were called, those under way included.",
        needs=("attempts",),
    ),
    Metric(
        name="attempts_per_contact",
        title="attempts a contact",
        group="attempts",
        unit="calls",
        definition="The mean number of attempts that a concluded contact took.",
        numerator="attempts to call concluded contacts",
        denominator=_CONCLUDED,
        needs=("attempts",),
    ),
    # Duration
    Metric(
        name="average_duration",
        title="average call",
        group="duration",
        unit="seconds",
        per="call",
        definition="The mean length of an answered call.",
        source=_E411,
        numerator="talk time",
        denominator=_ANSWERED_CALLS,
        needs=("duration",),
        is_main=True,
    ),
    Metric(
        name="median_duration",
        title="median call",
        group="duration",
        unit="seconds",
        per="call",
        definition="Half of the answered calls are shorter.",
        denominator=_ANSWERED_CALLS,
        needs=("duration",),
    ),
    Metric(
        name="p90_duration",
        title="90 % of calls below",
        group="duration",
        unit="seconds",
        per="call",
        definition=(
            "Nine of ten answered calls are shorter. Between two calls the value is interpolated, as numpy and pandas "
            "do by default."
        ),
        denominator=_ANSWERED_CALLS,
        needs=("duration",),
    ),
    Metric(
        name="talk_time",
        title="talk time",
        group="duration",
        unit="seconds",
        per="call",
        definition="The lengths of all answered calls together.",
        needs=("duration",),
    ),
    Metric(
        name="stated_average_duration",
        title="average, as stated",
        group="duration",
        unit="seconds",
        per="campaign",
        definition=(
            "The average length of a call as the vendor states it for the campaign. Which calls it is the average of "
            "is not documented, so it is not compared with an average that is counted here."
        ),
        source="the vendor",
        needs=("campaign.average_duration",),
    ),
    # Cost
    Metric(
        name="cost",
        title="cost",
        group="cost",
        unit="money",
        per="campaign",
        definition="What the campaign has cost so far, as the vendor states it.",
        source="the vendor",
        needs=("campaign.cost",),
    ),
    Metric(
        name="cost_per_reached",
        title="cost, each reached",
        group="cost",
        unit="money",
        definition="The cost of the campaign for each contact that a person or a machine picked up for.",
        numerator="cost",
        denominator="reached contacts",
        needs=("campaign.cost", "status"),
    ),
    Metric(
        name="cost_per_completed",
        title="cost, each completed",
        group="cost",
        unit="money",
        definition="The cost of the campaign for each conversation that took place.",
        numerator="cost",
        denominator="completed contacts",
        needs=("campaign.cost", "status"),
    ),
    # Pace
    Metric(
        name="first_attempt",
        title="first attempt",
        group="pace",
        unit="time",
        per="attempt",
        definition="When somebody was called first.",
        needs=("last_attempt_at or started_at",),
    ),
    Metric(
        name="last_attempt",
        title="last attempt",
        group="pace",
        unit="time",
        per="attempt",
        definition="When somebody was called last, so far.",
        needs=("last_attempt_at or started_at",),
    ),
    Metric(
        name="calling_time",
        title="first to last attempt",
        group="pace",
        unit="seconds",
        per="campaign",
        definition="The time from the first attempt to the last one.",
        needs=("last_attempt_at or started_at",),
    ),
    Metric(
        name="contacts_per_hour",
        title="contacts an hour",
        group="pace",
        unit="per hour",
        definition="Contacts called in an hour, from the first attempt to the last one.",
        numerator="contacts that were called",
        denominator="hours from the first to the last attempt",
        needs=("last_attempt_at or started_at",),
    ),
    Metric(
        name="time_to_final",
        title="start to final",
        group="pace",
        unit="seconds",
        per="campaign",
        definition="The time from the start of the campaign until all its contacts were final.",
        needs=("campaign.started_at", "campaign.completed_at or ended_at"),
    ),
    # Quality
    Metric(
        name="unknown_words",
        title="unknown words",
        group="quality",
        unit="share",
        definition="Contacts whose status is a word that the vendor does not document. They are in no outcome.",
        numerator="contacts with the status unknown",
        denominator="contacts",
        needs=("status",),
    ),
    Metric(
        name="without_duration",
        title="final, no duration",
        group="quality",
        unit="share",
        definition="Final contacts for which the vendor states no length of a call; calls that nobody answered too.",
        numerator="final contacts without a duration",
        denominator="final contacts",
        needs=("duration",),
    ),
    Metric(
        name="answered_without_duration",
        title="answered, no duration",
        group="quality",
        unit="share",
        definition="Answered calls for which the vendor states no length. They are missing in the durations.",
        numerator="reached contacts without a duration",
        denominator="reached contacts",
        needs=("duration",),
    ),
    Metric(
        name="invalid_numbers",
        title="not E.164",
        group="quality",
        unit="share",
        definition="Contacts whose number is missing, or has not the form of an E.164 number.",
        source="ITU-T E.164",
        numerator="contacts whose number has not the form",
        denominator="contacts",
    ),
    Metric(
        name="repeated_numbers",
        title="repeated numbers",
        group="quality",
        unit="share",
        definition="Contacts whose number another contact had before them.",
        numerator="contacts with a number that came before",
        denominator="contacts with a number",
    ),
)

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _METRICS}
"""All metrics by name, in the order in which they are shown."""
