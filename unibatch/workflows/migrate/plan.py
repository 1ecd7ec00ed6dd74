"""What a migration will do, before it does anything."""

from __future__ import annotations

from datetime import time

import attrs

from unibatch.core.draft import Start
from unibatch.core.findings import Finding
from unibatch.core.status import CallStatus


@attrs.frozen(kw_only=True)
class Side:
    """One side of a migration.

    Attributes:
        profile: The name of the profile; ``None`` if a client was given without one.
        provider: The provider's name.
        base_url: The base URL of the vendor's API.
        campaign_id: The source's id; ``None`` for the target.
    """

    profile: str | None
    provider: str
    base_url: str
    campaign_id: str | None = None


@attrs.frozen(kw_only=True)
class DecisionCount:
    """How many contacts of one status are decided on in the same way.

    Attributes:
        status: Their status.
        moves: They are moved; otherwise they are kept back.
        reason: Why, in plain words.
        contacts: How many there are.
    """

    status: CallStatus
    moves: bool
    reason: str
    contacts: int


@attrs.frozen(kw_only=True)
class Estimate:
    """What a migration costs in requests, from the plan to the end of ``apply``.

    Attributes:
        source_requests: Requests to the source.
        target_requests: Requests to the target.
        minutes: How long they take under both limits at least; waits for calls under way are not counted.
    """

    source_requests: int
    target_requests: int
    minutes: float


@attrs.frozen(kw_only=True)
class ZoneHours:
    """When people of one time zone could be called, on their own clocks.

    Attributes:
        zone: The IANA name.
        contacts: How many of those who are moved have a number there.
        first: The first call possible on a day; ``None`` if the target has no daily window.
        last: The last call possible on a day.
    """

    zone: str
    contacts: int
    first: time | None
    last: time | None


@attrs.frozen(kw_only=True)
class PlanFacts:
    """What a migration will do.

    Attributes:
        id: The migration's own id, of which the keys of its campaigns are made.
        source: Where the campaign is.
        target: Where it goes.
        name: The campaign's name in the target.
        start: When the target is to start: `Start.HOLD`, `Start.NOW` or `Start.at`.
        total: How many contacts the source has.
        decisions: Who moves and who is kept back, by status.
        parts: How many contacts each campaign of the target gets.
        repeated: How many numbers are in the source more than once.
        never: How many contacts have a number of the skip list.
        findings: What happens to each field: what the source does not return, and the preflight of the target.
        source_plan: What will happen to the source, as a sentence.
        target_plan: What will happen in the target, as a sentence.
        estimate: Requests and time needed.
        zones: When people could be called, in their own zones.
    """

    id: str
    source: Side
    target: Side
    name: str
    start: Start
    total: int
    decisions: tuple[DecisionCount, ...]
    parts: tuple[int, ...]
    repeated: int
    never: int
    findings: tuple[Finding, ...]
    source_plan: str
    target_plan: str
    estimate: Estimate
    zones: tuple[ZoneHours, ...] = ()

    @property
    def moving(self) -> int:
        """How many contacts are moved."""
        return sum(self.parts)

    @property
    def obstacles(self) -> tuple[Finding, ...]:
        """What must be corrected before the plan can be applied."""
        return tuple(finding for finding in self.findings if finding.is_obstacle() and not finding.acceptable)

    @property
    def losses(self) -> tuple[Finding, ...]:
        """What is lost, wholly or in part; applying the plan accepts it."""
        return tuple(finding for finding in self.findings if finding.is_obstacle() and finding.acceptable)
