"""What became of the calls of a page of contacts, as columns: for those who count contacts and look at none of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, compress
from operator import attrgetter
from typing import Any, TypeVar

from unibatch.core.model import Contact
from unibatch.core.status import CallStatus

V = TypeVar("V", bound=Hashable)

COLUMNS = (
    *("id", "phone_number", "phone_valid", "status", "is_final", "attempts"),
    *("last_attempt_at", "next_attempt_at", "started_at", "ended_at", "duration"),
)
"""The attributes of `Results` that hold a value for each contact."""


class Results(Sequence[Contact]):
    """The contacts of a page by columns: what became of their calls, and nothing else.

    Making contacts takes longer than counting them. A provider that is asked for no more than results may make columns
    of its rows, by the same rules by which it makes contacts.

    As a sequence it holds contacts, which are made when they are asked for, and in which only these attributes are
    filled.

    Attributes:
        provider: The provider's name.
        campaign_id: The vendor's id of the campaign.
        id: Of each contact, in the vendor's order, what `Contact` has under this name. So are the other ones.
    """

    __slots__ = ("campaign_id", "provider", *COLUMNS)

    def __init__(
        self,
        *,
        provider: str,
        campaign_id: str,
        id: Sequence[str],  # noqa: A002 - the name that contacts have for it
        phone_number: Sequence[str],
        phone_valid: Sequence[bool],
        status: Sequence[CallStatus],
        is_final: Sequence[bool],
        attempts: Sequence[int | None] | None = None,
        last_attempt_at: Sequence[datetime | None] | None = None,
        next_attempt_at: Sequence[datetime | None] | None = None,
        started_at: Sequence[datetime | None] | None = None,
        ended_at: Sequence[datetime | None] | None = None,
        duration: Sequence[timedelta | None] | None = None,
    ) -> None:
        """Put columns together; all are of the same length, and what is left out is ``None`` for every contact."""
        nothing = [None] * len(id)
        self.provider = provider
        self.campaign_id = campaign_id
        self.id = id
        self.phone_number = phone_number
        self.phone_valid = phone_valid
        self.status = status
        self.is_final = is_final
        self.attempts = nothing if attempts is None else attempts
        self.last_attempt_at = nothing if last_attempt_at is None else last_attempt_at
        self.next_attempt_at = nothing if next_attempt_at is None else next_attempt_at
        self.started_at = nothing if started_at is None else started_at
        self.ended_at = nothing if ended_at is None else ended_at
        self.duration = nothing if duration is None else duration

    @classmethod
    def of(cls, contacts: Sequence[Contact]) -> Results:
        """The results of contacts, which may be in columns already."""
        if isinstance(contacts, Results):
            return contacts
        columns = {name: list(map(attrgetter(name), contacts)) for name in COLUMNS}
        provider, campaign_id = (contacts[0].provider, contacts[0].campaign_id) if contacts else ("", "")
        return cls(provider=provider, campaign_id=campaign_id, **columns)

    @classmethod
    def joined(cls, pages: Sequence[Results]) -> Results:
        """The contacts of several pages of one campaign."""
        return pages[0]._with(
            {name: list(chain.from_iterable(getattr(page, name) for page in pages)) for name in COLUMNS}
        )

    def where(self, wanted: Sequence[bool]) -> Results:
        """Those of the contacts for which ``wanted`` holds ``True``."""
        return self._with({name: list(compress(getattr(self, name), wanted)) for name in COLUMNS})

    def by(self, values: Iterable[V]) -> dict[V, Results]:
        """The contacts apart by these values, of which there is one for each contact."""
        rows: dict[V, list[tuple[Any, ...]]] = {}
        for value, row in zip(values, self._rows(), strict=True):
            rows.setdefault(value, []).append(row)
        return {
            value: self._with(dict(zip(COLUMNS, zip(*members, strict=True), strict=True)))
            for value, members in rows.items()
        }

    def _with(self, columns: dict[str, Any]) -> Results:
        return Results(provider=self.provider, campaign_id=self.campaign_id, **columns)

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        return zip(*(getattr(self, name) for name in COLUMNS), strict=True)

    def __len__(self) -> int:
        return len(self.id)

    def __iter__(self) -> Iterator[Contact]:
        for row in self._rows():
            about = dict(zip(COLUMNS, row, strict=True))
            yield Contact(provider=self.provider, campaign_id=self.campaign_id, **about)

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]
