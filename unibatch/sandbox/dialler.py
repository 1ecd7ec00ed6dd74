"""The simulated dialler: calls begin, ring, are talked through and end, on a clock that a test moves.

Who picks up is settled before anybody is called: an attempt's course depends on the seed, the campaign, the number and
the attempt, and on nothing else. So two runs agree, for any requests in between.

Daily windows, working days and calls a day are kept by the vendors' campaigns but do not hold this dialler back.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Literal

import attrs

from unibatch.sandbox.campaign import Event, Mint, VendorCampaign, VendorContact
from unibatch.sandbox.webhooks import Notice

RETRY_AFTER = 900.0
"""Seconds between the end of an attempt and the next one, where a vendor tries again."""


@attrs.define
class Dialler:
    """Runs campaigns through time.

    Attributes:
        seed: Decides the outcome of every attempt.
        mint: Where the ids of calls come from.
        outcomes: How every call ends, by the vendor's name; of a vendor that is not in it, outcomes are drawn.
        notices: What has happened to calls; None if nobody wants to know.
    """

    seed: int
    mint: Mint
    outcomes: dict[str, str] = attrs.field(factory=dict)
    notices: list[Notice] | None = None
    serial: int = 0

    def advance(
        self,
        campaigns: Iterable[VendorCampaign],
        now: float,
        *,
        until: float | None = None,
        calls: int | None = None,
        chosen: Sequence[VendorCampaign] | None = None,
    ) -> tuple[float, int]:
        """Let time pass until a moment, or until a number of attempts has begun and ended.

        Args:
            campaigns: All campaigns that time passes for.
            now: The moment at which this begins.
            until: The moment at which it stops.
            calls: How many attempts may begin; it stops when they are over, or when nobody is left to call.
            chosen: The only campaigns in which attempts may begin; None means all of them.

        Returns:
            The moment at which it stopped and how many attempts began.
        """
        live = [campaign for campaign in campaigns if campaign.is_live]
        dialling = live if chosen is None else [campaign for campaign in live if campaign in chosen]
        begun = 0
        while True:
            for campaign in live:
                self._process(campaign, now)
            begun += self._fill(dialling, now, None if calls is None else calls - begun)
            for campaign in live:
                campaign.finish_if_done(now)
            upcoming = min((at for campaign in live if (at := campaign.next_event_at) is not None), default=None)
            if calls is not None and not any(campaign.in_flight for campaign in live):
                waiting = any(campaign.is_running and campaign.agenda for campaign in dialling)
                if begun >= calls or not waiting:
                    break
            if upcoming is None or (until is not None and upcoming > until):
                break
            now = max(now, upcoming)
        for campaign in live:
            campaign.show_queue()
        return (now if until is None else max(now, until)), begun

    def _fill(self, campaigns: Sequence[VendorCampaign], now: float, budget: int | None) -> int:
        """Give each free line of each running campaign somebody to call, one line at a time in turn."""
        begun = 0
        moved = True
        while moved:
            moved = False
            for campaign in campaigns:
                if budget is not None and begun >= budget:
                    return begun
                if not campaign.is_running or campaign.in_flight >= campaign.concurrency:
                    continue
                contact = campaign.next_waiting()
                if contact is not None:
                    self._dial(campaign, contact, now)
                    begun += 1
                    moved = True
        return begun

    def _dial(self, campaign: VendorCampaign, contact: VendorContact, now: float) -> None:
        rules = campaign.rules
        contact.attempts += 1
        contact.call_id = self.mint.next()
        contact.started_at = now
        contact.ended_at = contact.retry_at = contact.duration = contact.sip_code = contact.reason = None
        campaign.in_flight += 1
        campaign.dialled[contact.number] += 1
        campaign.mark(contact, rules.ringing)
        self._note("started", campaign, contact, now)
        draw = random.Random(f"{self.seed}/{campaign.id}/{contact.number}/{contact.attempts}")
        outcome = draw.choices(rules.outcomes, [outcome.weight for outcome in rules.outcomes])[0]
        fixed = self.outcomes.get(campaign.vendor)
        if fixed is not None:
            outcome = next(one for one in rules.outcomes if one.word == fixed)
        at = now + round(draw.uniform(*outcome.ring), 3)
        duration = None
        if outcome.talk is not None:
            duration = draw.randint(*outcome.talk)
            for step, word in enumerate(rules.talking):
                self._plan(campaign, at + 2 * step, Event("stage", contact, word))
            at += duration
        self._plan(campaign, at, Event("end", contact, outcome=outcome, duration=duration))

    def _plan(self, campaign: VendorCampaign, at: float, event: Event) -> None:
        self.serial += 1
        heapq.heappush(campaign.agenda, (at, self.serial, event))

    def _process(self, campaign: VendorCampaign, now: float) -> None:
        if campaign.starts_at is not None and campaign.starts_at <= now:
            campaign.start(campaign.starts_at)
        while campaign.agenda and campaign.agenda[0][0] <= now:
            at, _, event = heapq.heappop(campaign.agenda)
            contact = event.contact
            if event.kind == "end":
                campaign.in_flight -= 1
                self._end(campaign, event, at)
            elif contact.removed or contact.final:
                continue
            elif event.kind == "redial":
                campaign.due_again.append(contact)
            else:
                campaign.mark(contact, event.word)
                if event.word in campaign.rules.talking[:1]:
                    self._note("answered", campaign, contact, at)

    def _note(
        self, kind: Literal["started", "answered", "ended"], campaign: VendorCampaign, contact: VendorContact, at: float
    ) -> None:
        if self.notices is not None:
            self.notices.append(Notice(kind, campaign, copy(contact), at))

    def _end(self, campaign: VendorCampaign, event: Event, at: float) -> None:
        contact, outcome = event.contact, event.outcome
        if contact.removed or outcome is None:
            return
        rules = campaign.rules
        campaign.updated_at = contact.ended_at = at
        contact.duration = event.duration
        contact.sip_code, contact.reason = outcome.sip_code, outcome.reason
        campaign.talk_seconds += event.duration or 0
        campaign.conversations += event.duration is not None
        again = outcome.word in rules.retried and contact.attempts < contact.max_attempts and not campaign.cancelled
        campaign.mark(contact, outcome.word, final=not again)
        if again:
            contact.retry_at = at + RETRY_AFTER
            if rules.retry_queued is not None:
                self._plan(campaign, at + RETRY_AFTER / 2, Event("stage", contact, rules.retry_queued))
            self._plan(campaign, contact.retry_at, Event("redial", contact))
        self._note("ended", campaign, contact, at)
