"""A migration in one's hands: plan it, apply it, verify it, undo it. Blocking and awaited, with one logic."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, Self, TypeAlias, TypeVar

from unibatch.client import AsyncClient, Client, fingerprint_of_client, provider_of_client
from unibatch.config import connect, connect_async
from unibatch.core.draft import ContactDraft, Start
from unibatch.core.errors import InvalidInput, JournalError, MigrationRefused, MigrationStopped, UnibatchError
from unibatch.core.model import Contact
from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus
from unibatch.providers import registry
from unibatch.workflows.contacts.skipping import numbers_to_skip
from unibatch.workflows.migrate.apply import Applying
from unibatch.workflows.migrate.context import Context
from unibatch.workflows.migrate.decide import Choice
from unibatch.workflows.migrate.join import PlacedFile
from unibatch.workflows.migrate.journal import Journal
from unibatch.workflows.migrate.ledger import (
    LedgerEntry,
    MigrationStatus,
    Outcome,
    Progress,
    Step,
    Undone,
    Verification,
)
from unibatch.workflows.migrate.plan import PlanFacts, Side, Wishes, load_plan, planning
from unibatch.workflows.migrate.standstill import Standstill
from unibatch.workflows.migrate.stored import Reading
from unibatch.workflows.migrate.undo import undo_plan, undoing
from unibatch.workflows.migrate.verify import verifying
from unibatch.workflows.migrate.work import Work, run, run_async

Watch: TypeAlias = Callable[[Progress], None]
Skip: TypeAlias = str | os.PathLike[str] | Iterable[str | int | ContactDraft | Contact]

C = TypeVar("C", Client, AsyncClient)

_KILLED = "it was killed, or the machine stopped"
_AGAIN = "run the same command again"


class _BasePlan(Generic[C]):
    """What both kinds have in common: the journal, and what is read from it alone."""

    def __init__(self, journal: Path, connecting: Callable[[str], C], source: C | None, target: C | None) -> None:
        self.journal = journal
        self._connecting: Callable[[str], C] = connecting
        self._source: C | None = source
        self._target: C | None = target
        self._own: list[C] = []
        with Journal.open(journal, to_write=False) as opened:
            self.facts: PlanFacts = load_plan(opened.fact("plan"))

    def status(self) -> MigrationStatus:
        """Where the migration is, by its journal; sends nothing. Works also while another process applies it.

        Raises:
            JournalError: The journal cannot be read.
        """
        with self._looking() as context:
            return context.status()

    def undo_plan(self) -> tuple[str, ...]:
        """What `undo` would do, and what it cannot undo, as sentences. Sends nothing."""
        with self._looking() as context:
            return undo_plan(context)

    def report(self) -> Sequence[LedgerEntry]:
        """The ledger: one entry for each contact of the source, in the order of the source. Sends nothing."""
        lost = [each.field.partition(".")[2] for each in self.facts.losses if each.field.startswith("contacts.")]
        with Journal.open(self.journal, to_write=False) as journal:
            campaigns = {row["number"]: row["campaign_id"] for row in journal.rows("SELECT * FROM parts")}
            rows = journal.rows("SELECT * FROM contacts ORDER BY position, source_id")
        return [_entry(row, campaigns, tuple(lost)) for row in rows]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.facts.id} in {self.journal}>"

    @contextmanager
    def _looking(self) -> Iterator[Context]:
        """The migration, to be looked at; needs neither network nor key."""
        with Journal.open(self.journal, to_write=False) as journal:
            yield Context(
                journal=journal,
                source=_provider(self._source, self.facts.source),
                target=_provider(self._target, self.facts.target),
            )

    @contextmanager
    def _reading(self, clients: tuple[C, C], on_progress: Watch | None) -> Iterator[Context]:
        """The migration, with clients of both sides."""
        source, target = clients
        with Journal.open(self.journal, to_write=False) as journal:
            self._require_same_profiles(journal, source, target)
            yield _context(journal, source, target, on_progress)

    @contextmanager
    def _writing(self, clients: tuple[C, C], on_progress: Watch | None) -> Iterator[Context]:
        """The migration, to be carried on by this process alone; its journal says how that ended."""
        source, target = clients
        with Journal.open(self.journal, to_write=True) as journal:
            if journal.fact("id") != self.facts.id:
                raise JournalError(f"{self.journal}: it was replaced by another plan; open it again")
            self._require_same_profiles(journal, source, target)
            context = _context(journal, source, target, on_progress)
            journal.note("a run begins", interrupted=_KILLED)
            try:
                yield context
            except MigrationRefused:
                journal.note("a run was refused", interrupted=None)
                raise
            except JournalError:
                raise
            except MigrationStopped as exc:  # which says itself what to do
                with suppress(JournalError):
                    journal.note("a run was stopped", interrupted=str(exc))
                exc.status = context.status()
                raise
            except UnibatchError as exc:
                with suppress(JournalError):
                    journal.note("a run was stopped", interrupted=str(exc))
                raise MigrationStopped(f"the migration is not finished; {_AGAIN}: {exc}", context.status()) from exc
            except BaseException as exc:
                with suppress(JournalError):
                    reason = "it was interrupted" if isinstance(exc, KeyboardInterrupt) else type(exc).__name__
                    journal.note("a run was interrupted", interrupted=reason)
                raise
            if journal.fact("interrupted") is not None:
                journal.note("a run ended", interrupted=None)

    def _clients(self) -> tuple[C, C]:
        """Clients of both sides; those that are missing are connected by the names of their profiles."""
        if self._source is None:
            self._source = self._connected("source", self.facts.source)
        if self._target is None:
            self._target = self._connected("target", self.facts.target)
        return self._source, self._target

    def _connected(self, side: str, about: Side) -> C:
        if about.profile is None:
            raise InvalidInput(f"the journal names no profile for the {side}; open it with a client of the {side}")
        client: C = self._connecting(about.profile)
        self._own.append(client)
        return client

    def _require_same_profiles(self, journal: Journal, source: C, target: C) -> None:
        prints = journal.fact("prints")
        for side, client in (("source", source), ("target", target)):
            now = fingerprint_of_client(client, prints["salt"])
            if changed := [_PRINTED[name] for name, value in prints[side].items() if now[name] != value]:
                raise MigrationRefused(
                    f"the profile of the {side} has changed since the plan: another {' and '.join(changed)}. Set it "
                    "back: what was created with the former one could not be found. Nothing was changed"
                )


_PRINTED = {"provider": "provider", "base_url": "base_url", "key": "API key", "defaults": "value in its defaults"}


class MigrationPlan(_BasePlan[Client]):
    """A migration that is kept in a journal: `plan_migration` and `open_migration` return it. Blocking.

    Every method opens the journal, and closes it at its end. A method that came to no end, by an error, by Ctrl-C or
    because the machine lost power, is called again and goes on where it was. Use it in a ``with`` statement, or
    close it.

    Attributes:
        facts: What the migration will do, as a `PlanFacts`.
        journal: Where the journal is.
    """

    def apply(
        self,
        *,
        source_stopped: bool = False,
        wait_for_calls: float = 180.0,
        look_again_after: float = 15.0,
        on_progress: Watch | None = None,
    ) -> MigrationStatus:
        """Stop the source, create the campaigns of the target, compare them, and start them if that was asked for.

        In this order: the source is stopped; calls under way are awaited; the source is read again, and it is settled
        who moves; the target is created, and held; it is compared, contact by contact; it is started, if that was asked
        for and everything is as it should be. Applying it accepts what is lost, as ``facts.losses`` shows it.

        Args:
            source_stopped: A person has stopped the source by other means, such as its dashboard. It is then watched
                for a while. Needed only where the vendor's API cannot stop it. Who was cancelled since the plan counts
                as cancelled by that.
            wait_for_calls: How many seconds to wait at most until calls under way have ended, which decides about those
                who do not pick up. Who is still in a call then is kept back.
            look_again_after: With ``source_stopped``: how many seconds the source must stand still.
            on_progress: Called from time to time.

        Returns:
            Where the migration is: finished. ``failed`` counts contacts whom the target did not take; then it was not
            started, and calling this again compares once more.

        Raises:
            MigrationRefused: Nothing was changed.
            MigrationStopped: It came to no end; ``status`` says how far it is. Call it again.
            JournalError: The journal cannot be used, or another process uses it.
        """
        clients = self._clients()
        with self._writing(clients, on_progress) as context:
            standstill = Standstill(
                context=context,
                source_stopped=source_stopped,
                wait_for_calls=wait_for_calls,
                look_again_after=look_again_after,
            )
            applying = Applying(context=context, standstill=standstill)
            return run(applying.run(), *clients, on_progress)

    def verify(self, *, on_progress: Watch | None = None) -> Verification:
        """Read both sides again, and compare them with the ledger. Changes nothing.

        Raises:
            IncompleteListing: Rows of one side may be missing.
            MigrationRefused: A profile has changed since the plan.
        """
        clients = self._clients()
        with self._reading(clients, on_progress) as context:
            return run(verifying(context), *clients, on_progress)

    def undo(self, *, on_progress: Watch | None = None) -> Undone:
        """Cancel or delete what was created, and resume the source where that is possible.

        Raises:
            MigrationRefused: The target has started; nothing was undone.
            MigrationStopped: It came to no end. Call it again.
            JournalError: The journal cannot be used, or another process uses it.
        """
        clients = self._clients()
        with self._writing(clients, on_progress) as context:
            return run(undoing(context), *clients, on_progress)

    def close(self) -> None:
        """Close the clients that were opened for this migration, not those that were given."""
        while self._own:
            self._own.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncMigrationPlan(_BasePlan[AsyncClient]):
    """As `MigrationPlan`; ``apply``, ``verify``, ``undo`` and ``close`` are awaited, the rest needs no network.

    The journal is written without ``await``; a write takes milliseconds.
    """

    async def apply(
        self,
        *,
        source_stopped: bool = False,
        wait_for_calls: float = 180.0,
        look_again_after: float = 15.0,
        on_progress: Watch | None = None,
    ) -> MigrationStatus:
        """As `MigrationPlan.apply`, awaited."""
        clients = self._clients()
        with self._writing(clients, on_progress) as context:
            standstill = Standstill(
                context=context,
                source_stopped=source_stopped,
                wait_for_calls=wait_for_calls,
                look_again_after=look_again_after,
            )
            applying = Applying(context=context, standstill=standstill)
            return await run_async(applying.run(), *clients, on_progress)

    async def verify(self, *, on_progress: Watch | None = None) -> Verification:
        """As `MigrationPlan.verify`, awaited."""
        clients = self._clients()
        with self._reading(clients, on_progress) as context:
            return await run_async(verifying(context), *clients, on_progress)

    async def undo(self, *, on_progress: Watch | None = None) -> Undone:
        """As `MigrationPlan.undo`, awaited."""
        clients = self._clients()
        with self._writing(clients, on_progress) as context:
            return await run_async(undoing(context), *clients, on_progress)

    async def close(self) -> None:
        """As `MigrationPlan.close`, awaited."""
        while self._own:
            await self._own.pop().close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def plan_migration(
    source: str | tuple[Client, str],
    target: str | Client,
    *,
    journal: str | os.PathLike[str],
    start: Start = Start.HOLD,
    hold_until: datetime | None = None,
    only: Collection[CallStatus | str] = (),
    also: Collection[CallStatus | str] = (),
    without: Collection[CallStatus | str] = (),
    accept_risk: Collection[CallStatus | str] = (),
    max_attempts: int | None = None,
    skip: Skip = (),
    region: str | None = None,
    fields_from: PlacedFile | None = None,
    changes: Mapping[str, Any] | None = None,
    profiles: tuple[str | None, str | None] = (None, None),
    on_progress: Watch | None = None,
) -> MigrationPlan:
    """Plan to move a campaign to another vendor or account. Changes nothing at any vendor.

    Args:
        source: The campaign: ``"PROFILE:CAMPAIGN_ID"``, or a client and the campaign's id.
        target: The name of a profile, or a client.
        journal: Where to keep the journal. A plan that is there and was not applied is replaced, if it is of the same
            source and target.
        start: When the target is to start, after it was compared with the source.
        hold_until: For a target that cannot hold without a time (aware): when it starts by itself if nobody starts or
            cancels it; in 30 days if left out.
        only: Only contacts with these statuses are moved.
        also: Contacts with these statuses are moved, too.
        without: Contacts with these statuses are not moved.
        accept_risk: Statuses whose risk is accepted: ``rejected`` and ``blocked``.
        max_attempts: How often a subscriber is called at most, the calls of the source included.
        skip: Numbers that must never be called: a file, or an iterable of them; as in `read_contacts`.
        region: The region of national numbers in ``skip``.
        fields_from: What the source does not return, from the file that the campaign was placed with; see
            `read_placed_file`.
        changes: Fields of the draft to set, by the names that findings have, such as
            ``{"name": "Spring, second half", "schedule.window_end": time(18)}``.
        profiles: The names of the two profiles, for the journal, where clients are given.
        on_progress: Called from time to time.

    Raises:
        MigrationRefused: There is nobody to move, source and target are the same account, or the target cannot do it.
        UnsupportedFeature: The target cannot create campaigns.
        IncompleteListing: Rows of the source may be missing.
        JournalError: The journal cannot be used, or is of another migration.
        InvalidInput: An argument makes no sense.
    """
    wishes = _wishes(
        start=start,
        hold_until=hold_until,
        choice=Choice(only=only, also=also, without=without, accept_risk=accept_risk, max_attempts=max_attempts),
        never=numbers_to_skip(skip, region),
        placed=fields_from,
        changes=changes or {},
    )
    own: list[Client] = []
    try:
        sides, clients = _sides(source, target, profiles, connect, own)
        with _planning(journal, sides, clients, wishes, on_progress) as (place, work):
            run(work, *clients, on_progress)
        plan = MigrationPlan(place, connect, *clients)
    except BaseException:
        for client in own:
            client.close()
        raise
    plan._own = own  # noqa: SLF001 - both are this module
    return plan


async def plan_migration_async(
    source: str | tuple[AsyncClient, str],
    target: str | AsyncClient,
    *,
    journal: str | os.PathLike[str],
    start: Start = Start.HOLD,
    hold_until: datetime | None = None,
    only: Collection[CallStatus | str] = (),
    also: Collection[CallStatus | str] = (),
    without: Collection[CallStatus | str] = (),
    accept_risk: Collection[CallStatus | str] = (),
    max_attempts: int | None = None,
    skip: Skip = (),
    region: str | None = None,
    fields_from: PlacedFile | None = None,
    changes: Mapping[str, Any] | None = None,
    profiles: tuple[str | None, str | None] = (None, None),
    on_progress: Watch | None = None,
) -> AsyncMigrationPlan:
    """As `plan_migration`, awaited."""
    wishes = _wishes(
        start=start,
        hold_until=hold_until,
        choice=Choice(only=only, also=also, without=without, accept_risk=accept_risk, max_attempts=max_attempts),
        never=numbers_to_skip(skip, region),
        placed=fields_from,
        changes=changes or {},
    )
    own: list[AsyncClient] = []
    try:
        sides, clients = _sides(source, target, profiles, connect_async, own)
        with _planning(journal, sides, clients, wishes, on_progress) as (place, work):
            await run_async(work, *clients, on_progress)
        plan = AsyncMigrationPlan(place, connect_async, *clients)
    except BaseException:
        for client in own:
            await client.close()
        raise
    plan._own = own  # noqa: SLF001 - both are this module
    return plan


def open_migration(
    journal: str | os.PathLike[str], *, source: Client | None = None, target: Client | None = None
) -> MigrationPlan:
    """Open the journal of a migration, to apply it, to go on with it, or to look at it. Sends nothing.

    Args:
        journal: Where it is.
        source: A client of the source; if left out, the profile that the journal names is connected when it is needed.
        target: A client of the target; likewise.

    Raises:
        JournalError: It cannot be used.
    """
    return MigrationPlan(Path(journal), connect, source, target)


def open_migration_async(
    journal: str | os.PathLike[str], *, source: AsyncClient | None = None, target: AsyncClient | None = None
) -> AsyncMigrationPlan:
    """As `open_migration`, with `connect_async`. Needs no ``await``, since it sends nothing."""
    return AsyncMigrationPlan(Path(journal), connect_async, source, target)


def _wishes(**wishes: Any) -> Wishes:
    if not isinstance(wishes["start"], Start):
        raise InvalidInput("start must be Start.HOLD, Start.NOW or Start.at(...)")
    placed = wishes["placed"]
    if placed is not None and not isinstance(placed, PlacedFile):
        raise InvalidInput("fields_from must be what read_placed_file returns")
    until = wishes["hold_until"]
    if until is not None and (not isinstance(until, datetime) or until.tzinfo is None):
        raise InvalidInput("hold_until must be a datetime with a time zone")
    return Wishes(**wishes)


def _sides(
    source: str | tuple[C, str],
    target: str | C,
    profiles: tuple[str | None, str | None],
    connecting: Callable[[str], C],
    own: list[C],
) -> tuple[tuple[Side, Side], tuple[C, C]]:
    """Both sides, and their clients; those that are opened here are added to ``own``."""
    source_profile, target_profile = profiles
    if isinstance(source, str):
        source_profile, colon, campaign_id = source.partition(":")
        if not (source_profile and colon and campaign_id):
            raise InvalidInput(f"the source must be PROFILE:CAMPAIGN_ID, not {source!r}")
        source_client = connecting(source_profile)
        own.append(source_client)
    else:
        source_client, campaign_id = source
    if isinstance(target, str):
        target_profile = target
        target_client = connecting(target)
        own.append(target_client)
    else:
        target_client = target
    sides = (
        Side(
            profile=source_profile,
            provider=source_client.provider,
            base_url=source_client.base_url,
            campaign_id=campaign_id,
        ),
        Side(profile=target_profile, provider=target_client.provider, base_url=target_client.base_url),
    )
    return sides, (source_client, target_client)


@contextmanager
def _planning(
    journal: str | os.PathLike[str],
    sides: tuple[Side, Side],
    clients: tuple[C, C],
    wishes: Wishes,
    on_progress: Watch | None,
) -> Iterator[tuple[Path, Work[None]]]:
    """The work that plans, with the journal open; a journal without a plan is not left behind."""
    source, target = clients
    salt = secrets.token_hex(16)
    prints = {
        "salt": salt,
        "source": fingerprint_of_client(source, salt),
        "target": fingerprint_of_client(target, salt),
    }
    place = Path(journal)
    with Journal.create(place) as opened:
        _require_replaceable(opened, sides)
        try:
            providers = provider_of_client(source), provider_of_client(target)
            yield place, planning(opened, sides, providers, prints, wishes, on_progress=on_progress)
        except BaseException:
            opened.discard_if_empty()
            raise


def _require_replaceable(journal: Journal, sides: tuple[Side, Side]) -> None:
    """Raise if the journal holds another migration, or one that is more than a plan."""
    if journal.fact("id") is None:
        return
    if journal.fact("kind") is not None:
        raise JournalError(f"{journal.path}: this is the journal of `unibatch create`; name another file")
    before = Side(**journal.fact("source")), Side(**journal.fact("target"))
    if [_place_of(side) for side in before] != [_place_of(side) for side in sides]:
        source, target = before
        raise JournalError(
            f"{journal.path}: this is the journal of another migration, of {source.campaign_id} at {source.provider} "
            f"to {target.provider}; name another file"
        )
    if journal.fact("step") != Step.PLANNED:
        raise JournalError(
            f"{journal.path}: this migration is {journal.fact('step')} already. `unibatch migrate status` says what to "
            "do with it; for another plan, name another file"
        )


def _place_of(side: Side) -> tuple[str, str, str | None]:
    return side.provider, side.base_url, side.campaign_id


def _provider(client: Client | AsyncClient | None, side: Side) -> Provider:
    return provider_of_client(client) if client is not None else registry.load(side.provider)({})


def _context(
    journal: Journal, source: Client | AsyncClient, target: Client | AsyncClient, on_progress: Watch | None
) -> Context:
    return Context(
        journal=journal,
        source=provider_of_client(source),
        target=provider_of_client(target),
        on_progress=on_progress,
    )


def _entry(row: Any, campaigns: Mapping[int, str | None], lost: tuple[str, ...]) -> LedgerEntry:
    reading = Reading.load(row["latest"])
    is_there = row["target_contact"] is not None
    return LedgerEntry(
        source_id=row["source_id"],
        phone_number=row["number"],
        status=CallStatus.UNKNOWN if reading is None else reading.status,
        vendor_status=None if reading is None else reading.word,
        attempts=row["attempts"],
        outcome=Outcome(row["outcome"]),
        reason=row["failure"] or row["reason"],
        target_campaign_id=campaigns.get(row["part"]) if is_there else None,
        target_contact_id=row["target_contact"],
        lost=lost if row["moves"] else (),
    )
