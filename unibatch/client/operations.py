"""Every operation of the clients, shared by both: checks the arguments, then makes the conversation or the plan."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from unibatch.client.conversation import Conversation
from unibatch.client.exchange import Exchange
from unibatch.client.listing import Plan
from unibatch.client.looking import announced, looked_for
from unibatch.client.turns import Turn
from unibatch.core.creating import placed_before, require_still_as_asked
from unibatch.core.draft import (
    AddedContacts,
    CampaignDraft,
    ContactDraft,
    RejectedContact,
    Start,
    StartKind,
    as_contacts,
)
from unibatch.core.draft_fields import Composition, is_text, require_fit
from unibatch.core.errors import InvalidInput, OutcomeUnknown, PartlyDone, UnibatchError, UnsupportedFeature
from unibatch.core.flow import Request, segment
from unibatch.core.late import Late
from unibatch.core.looking import read_all, reread
from unibatch.core.model import Account, Campaign, Contact
from unibatch.core.phone import subscriber_key
from unibatch.core.provider import Added, CampaignFilter, ContactFilter, OperationName
from unibatch.core.renaming import rename_once
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.steering import carry_out, retry_once
from unibatch.core.times import When

if TYPE_CHECKING:
    from unibatch.client import contacts_of, watch
    from unibatch.client.contacts_of import PlanOfMany
    from unibatch.client.watch import Until, Watching, WatchState
    from unibatch.core import preflight
else:  # reading needs none of them
    contacts_of, watch = Late("unibatch.client.contacts_of"), Late("unibatch.client.watch")
    preflight = Late("unibatch.core.preflight")

S = TypeVar("S", bound=StrEnum)
F = TypeVar("F", CampaignFilter, ContactFilter)

_logger = logging.getLogger("unibatch")

FINISHED: Final = "finished"
"""What ``client.wait`` waits for, unless ``until`` is given."""

_AT_REST = frozenset({CampaignStatus.DRAFT, *filter(lambda status: status.is_terminal, CampaignStatus)})
"""In these statuses of a campaign, no contact changes its status while contacts are read."""


class Operations:
    """Checks arguments, and makes the conversation or the plan that carries the operation out."""

    def __init__(self, exchange: Exchange, max_in_flight: int) -> None:
        self._exchange = exchange
        self._max_in_flight = max_in_flight
        self._provider = exchange.provider

    def patient(self, max_wait: float | None) -> Operations:
        """The same operations with another ``max_wait``; ``None`` changes nothing."""
        return self if max_wait is None else Operations(self._exchange.patient(max_wait), self._max_in_flight)

    def list_campaigns(self, status: str | Iterable[str] | None, agent_id: str | None) -> Plan[Campaign]:
        """Plan the listing of campaigns."""
        self._provider.require("list_campaigns")
        _require_text("agent_id", agent_id)
        wanted = CampaignFilter(status=_statuses(CampaignStatus, status), agent_id=agent_id)
        return Plan(
            provider=self._provider.name,
            operation="list_campaigns",
            subject=None,
            paging=self._provider.capabilities.campaign_paging,
            max_in_flight=self._max_in_flight,
            choose=lambda: _returned(wanted),
            ask=lambda position, chosen: self._exchange.ask(partial(self._provider.list_campaigns, position, chosen)),
            finish=self._exchange.finish,
            admits=wanted.admits if wanted else None,
        )

    def get_campaign(self, campaign_id: str) -> Conversation[Campaign]:
        """Read one campaign."""
        self._provider.require("get_campaign")
        return self._exchange.run(self._provider.get_campaign(campaign_id))

    def list_contacts(
        self,
        campaign_id: str,
        status: str | Iterable[str] | None,
        external_id: str | None,
        *,
        server_filter: bool,
    ) -> Plan[Contact]:
        """Plan the listing of a campaign's contacts."""
        wanted = self._contact_filter(status, external_id)
        return self._contacts_of(campaign_id, wanted, server_filter=server_filter)

    def list_contacts_of(
        self,
        campaign_ids: Iterable[str],
        status: str | Iterable[str] | None,
        external_id: str | None,
        *,
        server_filter: bool,
    ) -> PlanOfMany:
        """Plan the listings of the contacts of several campaigns."""
        wanted = self._contact_filter(status, external_id)
        if isinstance(campaign_ids, str):
            raise InvalidInput(f"campaign_ids are several ids, such as [{campaign_ids!r}], not one text")
        ids = list(dict.fromkeys(campaign_ids))
        for campaign_id in ids:
            segment(campaign_id)
        plan = partial(self._contacts_of, wanted=wanted, server_filter=server_filter)
        return contacts_of.PlanOfMany(ids, plan, self._max_in_flight)

    def _contact_filter(self, status: str | Iterable[str] | None, external_id: str | None) -> ContactFilter:
        self._provider.require("list_contacts")
        if external_id is not None and "external_id" not in self._provider.capabilities.contact_fields:
            instead = f"{self._provider.title} does not return external ids; look for the phone number"
            raise UnsupportedFeature(self._provider.name, "list_contacts(external_id=...)", instead)
        _require_text("external_id", external_id)
        return ContactFilter(status=_statuses(CallStatus, status), external_id=external_id)

    def _contacts_of(self, campaign_id: str, wanted: ContactFilter, *, server_filter: bool) -> Plan[Contact]:
        segment(campaign_id)  # refuses a wrong id now, not when the listing is iterated
        return Plan(
            provider=self._provider.name,
            operation="list_contacts",
            subject=campaign_id,
            paging=self._provider.capabilities.contact_paging,
            max_in_flight=self._max_in_flight,
            choose=lambda: _returned(wanted) if server_filter else self._safe_filter(campaign_id, wanted),
            ask=lambda position, chosen: self._exchange.ask(
                partial(self._provider.list_contacts, campaign_id, position, chosen)
            ),
            finish=self._exchange.finish,
            admits=wanted.admits if wanted else None,
        )

    def _safe_filter(self, campaign_id: str, wanted: ContactFilter) -> Conversation[ContactFilter]:
        """What the vendor may filter: the status only in a campaign that is a draft or over.

        A contact that is called while a listing is read leaves the filtered set, and others move up past the reader.
        """
        if self._provider.call_statuses.filter_word(wanted.status) is None:
            return wanted
        campaign = yield from self._exchange.run(self._provider.get_campaign(campaign_id))
        return wanted if campaign.status in _AT_REST else attrs.evolve(wanted, status=frozenset())

    def watch(self, campaign_id: str, state: WatchState | None, on_pause: Callable[[], object] | None) -> Watching:
        """Begin to watch a campaign."""
        if on_pause is not None and not callable(on_pause):
            raise InvalidInput(f"on_pause is a function, not {on_pause!r}")
        return self._watching(campaign_id, state=state, on_pause=on_pause)

    def wait(self, campaign_id: str, until: Until, timeout: float | timedelta | None) -> Watching:
        """Begin to wait for a campaign."""
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        if seconds is not None and (type(seconds) not in {int, float} or not 0 <= seconds < float("inf")):
            raise InvalidInput(f"timeout is a number of seconds, 0 or more, or a timedelta, not {timeout!r}")
        return self._watching(campaign_id, until=self._reached(until), timeout=seconds, reports_contacts=False)

    def _watching(self, campaign_id: str, **how: Any) -> Watching:
        self._provider.require("get_campaign")
        segment(campaign_id)
        return watch.Watching(
            self._provider,
            campaign_id,
            read=lambda: self.get_campaign(campaign_id),
            plan=lambda: self.list_contacts(campaign_id, None, None, server_filter=False),
            requests_per_minute=self._exchange.budget.requests_per_minute,
            **how,
        )

    def _reached(self, until: Until) -> Callable[[Campaign], bool] | None:
        """Says whether a campaign is what is waited for; ``None`` if that is its end."""
        if until == FINISHED:
            return None
        if callable(until):
            return until
        wanted = _statuses(CampaignStatus, until)

        def reached(campaign: Campaign) -> bool:
            # A campaign that is completed has run, maybe between two looks.
            is_behind = campaign.status is CampaignStatus.COMPLETED and CampaignStatus.RUNNING in wanted
            if campaign.status.is_terminal and campaign.status not in wanted and not is_behind:
                raise watch.not_reached(self._provider.name, campaign, wanted)
            return campaign.status in wanted or is_behind

        return reached

    def get_account(self) -> Conversation[Account]:
        """Read the account, and keep to the limit that it has."""
        self._provider.require("get_account")
        account = yield from self._exchange.run(self._provider.get_account())
        if account.limits.requests_per_minute:
            self._exchange.budget.tighten(account.limits.requests_per_minute)
        return account

    def create_campaign(
        self,
        draft: CampaignDraft,
        accept_loss: Collection[str],
        *,
        refuse_overlap: bool = False,
        before_sending: Callable[[], None] | None = None,
    ) -> Conversation[Campaign]:
        """Place a draft, while nobody else places it, nor another of that name with the same agent."""

        def compose() -> Composition:
            return attrs.evolve(self._compose(draft, accept_loss), refuse_overlap=refuse_overlap)

        composition = compose()
        whole = composition.draft
        names = (f"draft {whole.key}", f"campaign {whole.agent_id} {whole.name}")
        return self._exchange.in_turn(
            "create_campaign", None, names, lambda turn: self._create(compose, composition, turn, before_sending)
        )

    def _create(
        self,
        compose: Callable[[], Composition],
        composition: Composition,
        turn: Turn,
        before_sending: Callable[[], None] | None,
    ) -> Conversation[Campaign]:
        turn.about = composition.draft
        before = turn.before
        if before is not None and before.result is not None and before.about == turn.about:
            # A thread of this program placed it just now. The vendor may not list it yet.
            campaign = yield from self._exchange.run(reread(self._provider.expecting(composition.due), before.result))
            return require_still_as_asked(placed_before(campaign, composition), composition)
        if turn.waited:
            composition = compose()  # meanwhile its start may have become the past
        composition = attrs.evolve(composition, noted=turn.placed(), was_denied=turn.was_denied())
        flow = self._provider.create_campaign(composition)
        try:
            campaign = yield from self._exchange.run(
                flow if before_sending is None else announced(flow, before_sending)
            )
        except PartlyDone as exc:
            if exc.campaign is not None:
                turn.note_placed(exc.campaign.id, exc.campaign.created_at)
            raise
        except OutcomeUnknown as exc:
            if exc.was_denied:
                turn.note_denied()
            raise
        turn.note_placed(campaign.id, campaign.created_at)
        return campaign

    def find_campaign(
        self,
        draft: CampaignDraft,
        accept_loss: Collection[str],
        as_of: datetime | None,
        *,
        refuse_overlap: bool,
    ) -> Conversation[Campaign | None]:
        """Look for the campaign of a draft, as its creation does, and send nothing that changes anything."""
        self._provider.require("create_campaign")
        composition = preflight.compose(self._provider, draft, as_of or datetime.now(UTC))
        composition = composition.require("create_campaign", accept_loss)
        return self._exchange.run(looked_for(self._provider, attrs.evolve(composition, refuse_overlap=refuse_overlap)))

    def creation(self, draft: CampaignDraft, accept_loss: Collection[str]) -> Sequence[Request]:
        """The requests that place a draft, where everything goes well."""
        return self._provider.creation(self._compose(draft, accept_loss))

    def _compose(self, draft: CampaignDraft, accept_loss: Collection[str]) -> Composition:
        self._provider.require("create_campaign")
        return preflight.compose(self._provider, draft, datetime.now(UTC)).require("create_campaign", accept_loss)

    def add_contacts(
        self,
        campaign_id: str,
        contacts: Iterable[ContactDraft],
        accept_loss: Collection[str],
        on_progress: Callable[[int, int], None] | None,
    ) -> Conversation[AddedContacts]:
        """Add contacts to a campaign, while nobody else adds some to it."""
        given, bodies, repeated = self._compose_contacts(campaign_id, contacts, accept_loss)
        return self._exchange.in_turn(
            "add_contacts",
            campaign_id,
            (f"add to {campaign_id}",),
            lambda _: self._add(campaign_id, given, bodies, repeated, on_progress or (lambda _settled, _total: None)),
            lambda: _none_sent(campaign_id, given.values(), repeated),
        )

    def addition(
        self, campaign_id: str, contacts: Iterable[ContactDraft], accept_loss: Collection[str]
    ) -> Sequence[Request]:
        """The requests that add contacts to a campaign, where everything goes well."""
        _, bodies, _ = self._compose_contacts(campaign_id, contacts, accept_loss)
        return self._provider.addition(campaign_id, list(bodies.values()))

    def _compose_contacts(
        self, campaign_id: str, contacts: Iterable[ContactDraft], accept_loss: Collection[str]
    ) -> tuple[Mapping[str, ContactDraft], Mapping[str, Mapping[str, Any]], Sequence[ContactDraft]]:
        """The contacts and their bodies by number, and the contacts that repeat a number."""
        self._provider.require("add_contacts")
        segment(campaign_id)
        given = as_contacts(contacts)
        bodies, repeated, found = preflight.compose_contacts(self._provider, given)
        require_fit(found, "add_contacts", accept_loss)
        first = {contact.phone_number: contact for contact in reversed(given)}
        return {number: first[number] for number in bodies}, bodies, repeated

    def _add(
        self,
        campaign_id: str,
        given: Mapping[str, ContactDraft],
        bodies: Mapping[str, Mapping[str, Any]],
        repeated: Sequence[ContactDraft],
        on_progress: Callable[[int, int], None],
    ) -> Conversation[AddedContacts]:
        done = yield from self._exchange.run(self._provider.add_contacts(campaign_id, bodies, on_progress))
        twice = (yield from self._twice(campaign_id, done)) if done.added and done.before is not None else frozenset()
        settled = {*done.added, *done.present, *done.rejected, *done.unknown}
        not_sent = {number: "not sent, since something failed before" for number in given if number not in settled}
        added = AddedContacts(
            campaign_id=campaign_id,
            added=tuple(given[number] for number in done.added),
            duplicates=(*(given[number] for number in done.present), *repeated),
            rejected=tuple(
                RejectedContact(given[number], reason) for number, reason in {**done.rejected, **not_sent}.items()
            ),
            unknown=tuple(given[number] for number in done.unknown),
            twice=tuple(given[number] for number in done.added if number in twice),
        )
        failed = done.failed
        if failed is None:
            return added
        if isinstance(failed, OutcomeUnknown):
            names = ("provider", "operation", "subject", "reason", "check")
            about = {name: getattr(failed, name) for name in names}
            raise OutcomeUnknown(**about, contacts=added) from failed.__cause__
        if not (done.added or done.unknown or done.rejected):
            raise failed  # nothing was sent, or nothing was carried out
        raise PartlyDone(
            provider=self._provider.name,
            operation="add_contacts",
            contacts=added,
            reason=f"{len(added.added):,} contacts were added to {campaign_id} and {len(added.rejected):,} were not; "
            f"asking for the same again adds only those that are missing: {failed}",
        ) from failed

    def _twice(self, campaign_id: str, done: Added) -> Conversation[frozenset[str]]:
        """The added numbers that are in a campaign twice, looked for only if it has more contacts than it should."""
        name = self._provider.name
        try:
            campaign = yield from self.get_campaign(campaign_id)
            if (campaign.counts.total or 0) <= (done.before or 0) + len(done.added):
                return frozenset()
            rows, _ = yield from self._exchange.run(
                read_all(
                    self._provider.capabilities.contact_paging,
                    lambda position: self._provider.list_contacts(campaign_id, position, ContactFilter()),
                )
            )
        except UnibatchError as exc:
            _logger.warning("%s: looking for numbers that are in %s twice failed: %s", name, campaign_id, exc)
            return frozenset()
        times = Counter(subscriber_key(row.phone_number) for row in rows)
        mine = frozenset(number for number in done.added if times[subscriber_key(number)] > 1)
        if mine:
            reason = "so they are called more than once"
            _logger.warning("%s: %d added numbers are in %s more than once, %s", name, len(mine), campaign_id, reason)
        return mine

    def change(
        self, operation: OperationName, campaign_id: str, start: Start | datetime | None = None
    ) -> Conversation[Campaign]:
        """Start, pause, resume, reschedule or cancel a campaign, or have it call again those it did not reach."""
        request, when = self._change(operation, campaign_id, start)
        if operation == "retry_campaign":
            return self._in_turn(operation, campaign_id, self._exchange.run(retry_once(self._provider, request)))
        done = self._provider.transitions[operation].done

        def is_done(campaign: Campaign) -> bool:
            if campaign.status not in done:
                return False
            return when is None or (campaign.schedule is not None and campaign.schedule.start == when.moment)

        conversation = self._exchange.run(carry_out(self._provider.expecting(when), request, is_done, when=when))
        if operation != "start_campaign":
            return conversation
        return self._in_turn(operation, campaign_id, conversation)  # twice, it may call people twice

    def _in_turn(
        self, operation: OperationName, campaign_id: str, conversation: Conversation[Campaign]
    ) -> Conversation[Campaign]:
        names = (f"{operation} {campaign_id}",)
        return self._exchange.in_turn(operation, campaign_id, names, lambda _: conversation)

    def changing(self, operation: OperationName, campaign_id: str, start: Start | datetime | None = None) -> Request:
        """The request that `change` or `delete_campaign` sends."""
        return self._change(operation, campaign_id, start)[0]

    def _change(
        self, operation: OperationName, campaign_id: str, start: Start | datetime | None
    ) -> tuple[Request, When | None]:
        self._provider.require(operation)
        when = None
        if operation == "reschedule_campaign":
            start = Start.at(start) if isinstance(start, datetime) else start
            if not isinstance(start, Start) or start.kind is not StartKind.AT:
                raise InvalidInput("reschedule_campaign needs a time: a datetime or Start.at(...)")
            when = preflight.resolve_start(start, None, datetime.now(UTC))
        return self._provider.change(operation, campaign_id, when), when

    def rename_campaign(self, campaign_id: str, name: str) -> Conversation[Campaign]:
        """Give a campaign another name."""
        segment(campaign_id)
        if not is_text(name):
            raise InvalidInput(f"a name must be a text that is not blank, not {name!r}")
        self.renaming(campaign_id, name)  # raises if it cannot be done
        return self._exchange.run(rename_once(self._provider, campaign_id, name))

    def renaming(self, campaign_id: str, name: str) -> Request:
        """The request that `rename_campaign` sends."""
        request = self._provider.renaming(campaign_id, name)
        if request is None:
            raise UnsupportedFeature(self._provider.name, "rename_campaign", "rename it in the vendor's dashboard")
        return request

    def delete_campaign(self, campaign_id: str) -> Conversation[None]:
        """Delete a campaign."""
        self._provider.require("delete_campaign")
        return self._exchange.run(self._provider.delete_campaign(campaign_id))


def _none_sent(campaign_id: str, contacts: Iterable[ContactDraft], repeated: Sequence[ContactDraft]) -> AddedContacts:
    """Nothing was sent, since it is unknown what another thread or program has added: maybe the same contacts."""
    return AddedContacts(campaign_id=campaign_id, duplicates=tuple(repeated), unknown=tuple(contacts))


def _returned(wanted: F) -> Conversation[F]:
    """A conversation that sends nothing and returns ``wanted``."""
    return wanted
    yield


def _require_text(name: str, value: str | None) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidInput(f"{name} must be a text, not {value!r}: another type would match no row")


def _statuses(kind: type[S], wanted: str | Iterable[str] | None) -> frozenset[S]:
    """The statuses that are wanted, as members or as their words; empty if all are."""
    if wanted is None:
        return frozenset()
    words = [wanted] if isinstance(wanted, str) else list(wanted)
    if foreign := [word for word in words if isinstance(word, StrEnum) and not isinstance(word, kind)]:
        raise InvalidInput(f"{foreign[0]!r} is no {kind.__name__}")
    if not words:
        raise InvalidInput("status= names no status at all; leave it out to get all")
    known = [*map(str, kind)]
    for word in words:
        if word not in known:
            close = get_close_matches(str(word).lower().replace("-", "_"), known, 1)
            hint = f"did you mean {close[0]}? Known" if close else "known"
            raise InvalidInput(f"{word!r} is no {kind.__name__}; {hint} are {', '.join(known)}")
    return frozenset(map(kind, words))
