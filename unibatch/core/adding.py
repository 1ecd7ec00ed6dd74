"""Adding contacts to a campaign, each once: the parts of `Provider.add_contacts` that are the same for every vendor."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs

from unibatch.core.errors import Conflict, InvalidInput, OutcomeUnknown, RateLimited
from unibatch.core.flow import Flow, Request, Response
from unibatch.core.looking import FAILED, LOST, MOST_SENDS, NOT_SENT, looks, outcome_unknown, read_all, require_whole
from unibatch.core.model import Campaign, Contact
from unibatch.core.phone import may_be_one_of, subscriber_key
from unibatch.core.provider import Added, ContactFilter, Provider
from unibatch.core.status import CampaignStatus
from unibatch.core.structuring import StructureError

_logger = logging.getLogger("unibatch")

_TRY_AGAIN = "try again when no rows move; only contacts that are missing are sent"


def require_open(campaign: Campaign) -> None:
    """Require that contacts can be added to a campaign.

    Raises:
        Conflict: It is over.
    """
    if campaign.status.is_terminal:
        raise Conflict(
            provider=campaign.provider,
            operation="add_contacts",
            http_status=None,
            subject=campaign.id,
            present=campaign.status,
            allowed=[status for status in CampaignStatus if not status.is_terminal],
        )


@attrs.frozen(kw_only=True)
class Adding:
    """How to add contacts to a campaign in several requests, each contact that is not there already.

    Attributes:
        provider: The vendor.
        campaign: The campaign, as it was just read.
        bodies: The contacts as the vendor takes them, by their numbers.
        count: Returns what an answer states: how many were added, and a remark about the others.
        on_progress: Called with the number of contacts that are settled, and of all.
        size: The most contacts in one request.
    """

    provider: Provider
    campaign: Campaign
    bodies: Mapping[str, Mapping[str, Any]]
    count: Callable[[Response], tuple[int, str]]
    on_progress: Callable[[int, int], None]
    size: int

    def run(self) -> Flow[Added]:
        """Add them.

        Returns:
            What happened to them; ``failed`` says why not all are settled.

        Raises:
            IncompleteListing: Which contacts are there already is unknown; nothing was sent.
            InvalidInput: So it is, because the vendor does not show their numbers; nothing was sent.
        """
        done = Added(len(self.bodies), before=self.campaign.counts.total)
        contacts = yield from self._contacts(NOT_SENT)
        for look in looks(lambda: self._contacts(NOT_SENT)):
            if len(contacts) >= (self.campaign.counts.total or 0):
                break
            contacts = yield from look  # a vendor may take seconds to list those that it counts
        there = self._among(contacts)
        done.present = [number for number in self.bodies if number in there]
        left = iter([number for number in self.bodies if number not in there])
        doubtful: dict[str, str] = {}
        counted = 0
        self.on_progress(done.settled, done.total)
        try:
            while chunk := list(islice(left, self.size)):
                added, unclear = yield from self._add(chunk, done)
                counted += added
                doubtful.update(unclear)
                self.on_progress(done.settled, done.total)
            if doubtful:
                for again in looks(self._there):
                    there = yield from again
                    if len(there.intersection(doubtful)) >= counted:
                        break  # a vendor may take seconds to list those that it counts
                done.added += [number for number in doubtful if number in there]
                if len(there.intersection(doubtful)) < counted:
                    missing = [number for number in doubtful if number not in there][: self.size]
                    raise self._not_listed(missing, counted)
                done.rejected.update((number, remark) for number, remark in doubtful.items() if number not in there)
                self.on_progress(done.settled, done.total)
        except FAILED as exc:
            done.unknown += [number for number in doubtful if number not in {*done.added, *done.rejected}]
            done.failed = exc
        return done

    def _add(self, chunk: Sequence[str], done: Added) -> Flow[tuple[int, Mapping[str, str]]]:
        """Add one chunk.

        Returns:
            How many of the numbers that follow were added; the numbers for which the answer does not say whether they
            were, with its remark.
        """
        for number_of_sends in range(1, MOST_SENDS + 1):
            (request,) = self.provider.addition(self.campaign.id, [self.bodies[number] for number in chunk])
            try:
                added, remark = self.count((yield attrs.evolve(request, looks_first=True)))
            except RateLimited as exc:  # which does not prove that nothing was done
                if number_of_sends == MOST_SENDS or not exc.waited:
                    raise
                try:
                    there = yield from self._there_after_refusal(chunk, len(done.added))
                except FAILED:
                    done.unknown += chunk
                    raise
                done.added += [number for number in chunk if number in there]
                if not (chunk := [number for number in chunk if number not in there]):
                    return 0, {}
            except LOST as lost:
                return 0, (yield from self._settle(request, chunk, done, lost))
            else:
                if added != len(chunk):
                    return min(added, len(chunk)), dict.fromkeys(chunk, remark)
                done.added += chunk
                return 0, {}
        raise AssertionError("the last attempt returns or raises")

    def _not_listed(self, numbers: Sequence[str], counted: int) -> OutcomeUnknown:
        """Who was counted as added and is not listed cannot be told apart from who was refused."""
        (request,) = self.provider.addition(self.campaign.id, [self.bodies[number] for number in numbers])
        lost = StructureError("$.data", f"{counted:,} were counted as added, and fewer are listed")
        check = f"wait some minutes, then look which contacts {self.campaign.id} has"
        return outcome_unknown(request, self.provider, lost, check)

    def _settle(self, request: Request, chunk: Sequence[str], done: Added, lost: Exception) -> Flow[Mapping[str, str]]:
        """Look which contacts of a chunk whose answer was lost are there."""
        seen = yield from self._look(chunk)
        done.added += [number for number in chunk if number in seen]
        done.unknown += [number for number in chunk if number not in seen]
        if len(seen) == len(chunk):
            return {}
        check = f"wait some minutes, then look which contacts {self.campaign.id} has"
        raise outcome_unknown(request, self.provider, lost, check) from lost

    def _look(self, chunk: Sequence[str]) -> Flow[set[str]]:
        """Look which of the numbers are there now."""
        seen: set[str] = set()
        for look in looks(self._there):
            try:
                seen |= (yield from look).intersection(chunk)
            except FAILED as exc:
                _logger.warning("%s: looking which contacts are there failed: %s", self.provider.name, exc)
            if len(seen) == len(chunk):
                break
        return seen

    def _there_after_refusal(self, chunk: Sequence[str], added: int) -> Flow[set[str]]:
        """Which of the numbers are there, after some time in which a vendor may still add what it has refused.

        While the vendor counts no more contacts than before, they are not listed until the end.
        """
        before = self.campaign.counts.total
        for look in looks(lambda: self.provider.get_campaign(self.campaign.id), is_long=True):
            total = (yield from look).counts.total
            if before is None or total is None or total != before + added:
                there = yield from self._there()
                if not there.isdisjoint(chunk):
                    return there
        return (yield from self._there())

    def _there(self) -> Flow[set[str]]:
        """Which of the numbers are in the campaign.

        Raises:
            IncompleteListing: Some may be missing.
            InvalidInput: The vendor does not show all numbers.
        """
        return self._among((yield from self._contacts()))

    def _contacts(self, consequence: str = _TRY_AGAIN) -> Flow[Sequence[Contact]]:
        """All contacts of the campaign.

        Raises:
            IncompleteListing: Some may be missing.
        """
        contacts, report = yield from read_all(
            self.provider.capabilities.contact_paging,
            lambda position: self.provider.list_contacts(self.campaign.id, position, ContactFilter()),
        )
        require_whole(report, self.provider, "add_contacts", self.campaign.id, consequence)
        return contacts

    def _among(self, contacts: Sequence[Contact]) -> set[str]:
        """Which of the numbers these contacts have, in whatever spelling of the same subscriber's number.

        Raises:
            InvalidInput: The vendor does not show all numbers.
        """
        there = {subscriber_key(contact.phone_number) for contact in contacts}
        present = {number for number in self.bodies if subscriber_key(number) in there}
        odd = {contact.phone_number for contact in contacts if not contact.phone_valid}
        if len(present) < len(self.bodies) and any(may_be_one_of(number, self.bodies) for number in odd):
            raise InvalidInput(
                f"who is in {self.campaign.id} already is unknown, since the vendor does not show some of its numbers; "
                f"to send contacts could call people twice; add them in {self.provider.title}'s dashboard"
            )
        return present
