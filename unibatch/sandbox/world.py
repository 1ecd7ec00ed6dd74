"""What the vendors really have: campaigns, contacts and the simulated clock. No vendor's spelling is known here."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import attrs

from unibatch.sandbox.campaign import Mint, VendorCampaign, VendorContact
from unibatch.sandbox.dialler import Dialler
from unibatch.sandbox.http import Answer

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
"""What the simulated clock shows at first."""


@attrs.define
class RowChange:
    """Rows to be inserted or removed once a campaign's contacts have been read a number of times."""

    campaign: VendorCampaign
    reads_left: int
    insert: int
    remove: int
    front: bool


class World:
    """All campaigns of all vendors at one moment of simulated time.

    Args:
        seed: Decides everything that looks random.
        start: What the simulated clock shows at first, in seconds since the epoch.
        vendors: The vendors' names.
    """

    def __init__(self, seed: int, start: float, vendors: tuple[str, ...]) -> None:
        self.seed = seed
        self.now = start
        self.campaigns: dict[str, dict[str, VendorCampaign]] = {vendor: {} for vendor in vendors}
        self.mints = {vendor: Mint(seed, realm) for realm, vendor in enumerate(vendors)}
        self.start_counting_requests()
        self.dialler = Dialler(seed, Mint(seed, 102))
        self.events = Mint(seed, 103)
        self.people = {vendor: realm * 12_000 for realm, vendor in enumerate(vendors)}
        """The number of the next made-up person, by vendor."""
        self.changes: list[RowChange] = []
        self.touched = False
        """Whether anything may have changed since the beginning, apart from the count of requests."""
        self.remembered: dict[str, dict[bytes, tuple[float, Answer]]] = {}
        """When requests with an idempotency key were answered, and how: by key, then by body."""

    def start_counting_requests(self) -> None:
        """Give the next request the first id again."""
        self.requests = Mint(self.seed, 101)

    def all_campaigns(self) -> Iterator[VendorCampaign]:
        """Yield every campaign of every vendor."""
        for campaigns in self.campaigns.values():
            yield from campaigns.values()

    def advance(
        self, *, until: float | None = None, calls: int | None = None, chosen: list[VendorCampaign] | None = None
    ) -> int:
        """Let time pass; see `Dialler.advance`. Returns how many attempts began."""
        self.touched = True
        self.now, begun = self.dialler.advance(self.all_campaigns(), self.now, until=until, calls=calls, chosen=chosen)
        return begun


_FIELDS = attrgetter(*(field.name for field in attrs.fields(VendorContact)))


def _as_call(contact: VendorContact) -> tuple[Any, ...]:
    return VendorContact, _FIELDS(contact)


class _Keeper(pickle.Pickler):
    """Writes a contact, of which there are thousands, as the call that makes it: that is read quickest."""

    dispatch_table = {VendorContact: _as_call}  # noqa: RUF012  # the module pickle wants a mapping here


def keep(world: World) -> bytes:
    """Note a world as it is now, to go back to it: far quicker than to make its campaigns and their calls again."""
    noted = io.BytesIO()
    _Keeper(noted, pickle.HIGHEST_PROTOCOL).dump(world)
    return noted.getvalue()


def restore(noted: bytes) -> World:
    """Return the world that `keep` noted in this process."""
    world: World = pickle.loads(noted)  # noqa: S301  # from this very process
    return world
