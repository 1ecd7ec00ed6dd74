"""Campaigns side by side, blocking and awaited: what is asked for, and what comes out of what was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import attrs

from unibatch.client import AsyncClient, Client, Wait
from unibatch.config import connect, connect_async
from unibatch.core.errors import InvalidInput
from unibatch.core.late import Late
from unibatch.core.status import CallStatus
from unibatch.workflows.compare.differences import differences_of, mixes_of
from unibatch.workflows.compare.model import Comparison, Filters, Side
from unibatch.workflows.compare.reading import OnProgress, Reading, admitted, read_all, read_all_async
from unibatch.workflows.compare.sentences import sentences_of, warnings_of
from unibatch.workflows.compare.sides import side_of
from unibatch.workflows.reference import Named, Reference, is_pair

if TYPE_CHECKING:
    from unibatch.workflows.compare import breakdowns
else:
    breakdowns = Late("unibatch.workflows.compare.breakdowns")

Campaigns: TypeAlias = Iterable[Reference] | Mapping[str, Reference | Iterable[Reference]]
"""What to compare: campaigns; or for each label a campaign, or several of one vendor that are put together."""

C = TypeVar("C", Client, AsyncClient)


def compare(
    campaigns: Campaigns,
    *,
    by: str | Iterable[str] = (),
    only: CallStatus | str | Iterable[CallStatus | str] = (),
    without: CallStatus | str | Iterable[CallStatus | str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    baseline: str | None = None,
    accept_incomplete: bool = False,
    on_progress: OnProgress | None = None,
    on_wait: Callable[[Wait], None] | None = None,
) -> Comparison:
    """Compare campaigns of any vendors, in the same metrics, with intervals.

    The campaigns are read at the same time, each within its own key's limit. Contacts are counted as they come, so a
    campaign of a million takes hardly more memory than one of ten. What a vendor does not state is "not told", with
    the reason, never a zero and never a guess.

    Args:
        campaigns: Two or more of ``"PROFILE:CAMPAIGN_ID"``, or of pairs of a client and a campaign's id. A mapping
            gives the sides labels, and puts several campaigns of one vendor together:
            ``{"spring": ["main:b1", "main:b2"], "trial": "other:b7"}``.
        by: Break the metrics down by ``"country"``, ``"hour"``, ``"weekday"``, ``"attempt"`` (how many attempts a
            contact took) or ``"field:NAME"``, or by several of them. Hours and weekdays are those of the latest call,
            in the zone of the campaign's daily window if the vendor states one, else in UTC.
        only: Count only contacts with this status, or one of these.
        without: Leave out contacts with this status, or one of these.
        since: Count only contacts whose latest call was at this time or later. Aware.
        until: Count only contacts whose latest call was before this time. Aware.
        baseline: The side with which the others are compared: its label, or its profile if no other side has that.
            By default, each is compared with each.
        accept_incomplete: Compare a campaign, too, whose listing was not proven to be complete. The side is marked.
        on_progress: Called while contacts are read, by the threads that read.
        on_wait: As of `unibatch.connect`, for the clients that are made here.

    Raises:
        InvalidInput: There are fewer than two sides, one campaign is there twice, a group mixes vendors, or an option
            makes no sense. Nothing was sent.
        ConfigError: A profile does not exist, or is wrong.
        IncompleteListing: Contacts may be missing, and ``accept_incomplete`` was not given.
        ProviderError: A campaign cannot be read.
        TransportError: A vendor cannot be reached.
    """
    filters = _filters(only, without, since, until)
    plan = _Plan.of(campaigns, by, filters, baseline, accept_incomplete=accept_incomplete)
    with ExitStack() as stack:
        readings = plan.begin(lambda name: stack.enter_context(connect(name, on_wait=on_wait)), Client, on_progress)
        read_all(readings, stack.close)
    return plan.conclude(readings)


async def compare_async(
    campaigns: Campaigns,
    *,
    by: str | Iterable[str] = (),
    only: CallStatus | str | Iterable[CallStatus | str] = (),
    without: CallStatus | str | Iterable[CallStatus | str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    baseline: str | None = None,
    accept_incomplete: bool = False,
    on_progress: OnProgress | None = None,
    on_wait: Callable[[Wait], None] | None = None,
) -> Comparison:
    """As `compare`, awaited; clients are asynchronous ones."""
    filters = _filters(only, without, since, until)
    plan = _Plan.of(campaigns, by, filters, baseline, accept_incomplete=accept_incomplete)
    async with AsyncExitStack() as stack:

        def make(name: str) -> AsyncClient:
            client = connect_async(name, on_wait=on_wait)
            stack.push_async_callback(client.close)
            return client

        readings = plan.begin(make, AsyncClient, on_progress)
        await read_all_async(readings)
    return plan.conclude(readings)


# What is asked for ----------------------------------------------------------------------------------------------------


def _sides(campaigns: Any) -> dict[str, list[Named]]:
    """The campaigns of each side, by its label."""
    if isinstance(campaigns, str) or not isinstance(campaigns, Iterable):
        raise InvalidInput(f"give two campaigns or more in a list, not {campaigns!r}")
    sides: dict[str, list[Named]] = {}
    if isinstance(campaigns, Mapping):
        for label, given in campaigns.items():
            if not isinstance(label, str) or not label.strip():
                raise InvalidInput(f"the label of a side must be a text that is not blank, not {label!r}")
            is_one = isinstance(given, str) or is_pair(given) or not isinstance(given, Iterable)
            members = [given] if is_one else list(given)
            if not members:
                raise InvalidInput(f"{label!r} has no campaign")
            sides[label] = list(map(Named.of, members))
    else:
        for wanted in map(Named.of, campaigns):
            if wanted.reference in sides and sides[wanted.reference][0] == wanted:
                raise InvalidInput(f"{wanted.reference} is there twice; name each campaign once")
            label = wanted.reference
            while label in sides:  # at two accounts of one vendor
                label += "'"
            sides[label] = [wanted]
    if len(sides) < 2:  # noqa: PLR2004 - two make a comparison
        one = f"only {next(iter(sides))} is named" if sides else "none is named"
        raise InvalidInput(f"a comparison needs two campaigns or more, and {one}")
    return sides


def _filters(
    only: CallStatus | str | Iterable[CallStatus | str],
    without: CallStatus | str | Iterable[CallStatus | str],
    since: datetime | None,
    until: datetime | None,
) -> Filters:
    filters = Filters(only=_statuses("only", only), without=_statuses("without", without), since=since, until=until)
    for name, moment in (("since", since), ("until", until)):
        if moment is not None and moment.tzinfo is None:
            raise InvalidInput(f"{name} must be a datetime with a time zone, not {moment!r}")
    if since is not None and until is not None and since >= until:
        raise InvalidInput("since must be before until")
    if not admitted(filters):
        raise InvalidInput("only and without leave no status")
    return filters


def _statuses(name: str, given: CallStatus | str | Iterable[CallStatus | str]) -> frozenset[CallStatus]:
    words = [given] if isinstance(given, str) else list(given)
    try:
        return frozenset(map(CallStatus, words))
    except ValueError as exc:
        raise InvalidInput(f"{name}: {exc}; there are {', '.join(CallStatus)}") from exc


class _Plan(NamedTuple):
    """What is asked for, checked as far as it can be before anything is sent."""

    sides: Mapping[str, Sequence[Named]]
    splitters: tuple[breakdowns.Splitter, ...]
    filters: Filters
    baseline: str | None
    accept_incomplete: bool

    @classmethod
    def of(
        cls,
        campaigns: Campaigns,
        by: str | Iterable[str],
        filters: Filters,
        baseline: str | None,
        *,
        accept_incomplete: bool,
    ) -> _Plan:
        sides = _sides(campaigns)
        return cls(
            sides=sides,
            splitters=tuple(breakdowns.splitter(each) for each in dict.fromkeys([by] if isinstance(by, str) else by)),
            filters=filters,
            baseline=None if baseline is None else _baseline(baseline, sides),
            accept_incomplete=accept_incomplete,
        )

    def begin(self, make: Callable[[str], C], kind: type[C], on_progress: OnProgress | None) -> list[Reading]:
        """Make the clients, one for each profile, and say what has to be read."""
        clients: dict[str, C] = {}
        readings: list[Reading] = []
        places: dict[tuple[str, str, str], str] = {}
        for label, members in self.sides.items():
            for wanted in members:
                where = wanted.where
                if isinstance(where, str):
                    clients[where] = clients.get(where) or make(where)
                client = clients[where] if isinstance(where, str) else where
                if not isinstance(client, kind):
                    raise InvalidInput(f"{wanted.reference}: use a {kind.__name__} here, not {client!r}")
                place = (client.provider, client.base_url, wanted.campaign_id)
                if place in places:
                    other = places[place]
                    same = "is there twice" if other == wanted.reference else f"and {other} are the same campaign"
                    raise InvalidInput(f"{wanted.reference} {same}; name each campaign once")
                places[place] = wanted.reference
                readings.append(
                    Reading(
                        label,
                        wanted,
                        client,
                        filters=self.filters,
                        splitters=self.splitters,
                        accept_incomplete=self.accept_incomplete,
                        on_progress=on_progress,
                    )
                )
            providers = {reading.provider.name for reading in readings if reading.label == label}
            if len(providers) > 1:
                raise InvalidInput(
                    f"{label!r} puts campaigns of {' and '.join(sorted(providers))} together; "
                    "a group has campaigns of one vendor"
                )
        return readings

    def conclude(self, readings: Sequence[Reading]) -> Comparison:
        """Put what was read side by side."""
        sides: list[Side] = []
        for label in self.sides:
            own = [reading for reading in readings if reading.label == label]
            sides.append(
                side_of(label, own[0].provider, [reading.result for reading in own], is_part=bool(self.filters))
            )
        parts = tuple(
            breakdowns.breakdown_of(
                each,
                {
                    label: [
                        (reading.provider, reading.campaign, reading.parts[each.by])
                        for reading in readings
                        if reading.label == label
                    ]
                    for label in self.sides
                },
            )
            for each in self.splitters
        )
        comparison = Comparison(
            created_at=datetime.now(UTC),
            baseline=self.baseline,
            filters=self.filters,
            sides=tuple(sides),
            differences=differences_of(sides, self.baseline),
            mixes=mixes_of(sides, self.baseline),
            breakdowns=parts,
        )
        return attrs.evolve(comparison, sentences=sentences_of(comparison), warnings=warnings_of(comparison))


def _baseline(named: str, sides: Mapping[str, Sequence[Named]]) -> str:
    """The label of the side that is named by its label, or by its profile."""
    if named in sides:
        return named
    found = [label for label, members in sides.items() if {wanted.profile for wanted in members} == {named}]
    if len(found) == 1:
        return found[0]
    why = "is the profile of several sides" if found else "is none of them"
    raise InvalidInput(f"the baseline must be one of {', '.join(sides)}; {named!r} {why}")
