"""The handle that steers the sandbox, and the state records that it returns."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Any, Literal, Protocol, Self

import attrs

from unibatch.sandbox.app import App, LoggedRequest
from unibatch.sandbox.campaign import Campaign
from unibatch.sandbox.controls import Controls
from unibatch.sandbox.faults import Drop, Fault
from unibatch.sandbox.limits import Limit
from unibatch.sandbox.vendors import NAMES, VENDORS, Vendor
from unibatch.sandbox.world import START, RowChange, World

_WITHOUT_END = 1_000_000
"""Requests a minute; as many as a profile may allow."""


@attrs.frozen
class ContactState:
    """What a vendor really has about a contact.

    Attributes:
        number: E.164 with a plus.
        status: The vendor's word.
        attempts: How often the contact was called.
        final: Whether the vendor is done with the contact.
        name: First and last name, as far as they were uploaded.
        external_id: The uploader's own id, where the vendor keeps one.
        data: Whatever else was uploaded, as the vendor keeps it.
    """

    number: str
    status: str
    attempts: int
    final: bool
    name: str
    external_id: str | None
    data: Mapping[str, Any]


@attrs.frozen
class CampaignState:
    """What a vendor really has about a campaign.

    Attributes:
        vendor: The vendor's name.
        id: The campaign's id.
        name: Its name, where the vendor keeps one.
        status: The vendor's word.
        contacts: The contacts in the order of the listing.
        dialled: How often each number was called in this campaign, the seeded past included.
    """

    vendor: str
    id: str
    name: str
    status: str
    contacts: tuple[ContactState, ...]
    dialled: Mapping[str, int]


class Listener(Protocol):
    """What serves the sandbox, as far as the handle needs to know it."""

    host: str
    port: int

    def close(self) -> None:
        """Stop serving. Closing twice does nothing."""


class Sandbox:
    """The three vendors, running on this machine. Made by `serve`; leave its `with` block or call `close` to stop it.

    All methods may be called from any thread.
    """

    def __init__(
        self,
        listener: Listener,
        *,
        seed: int,
        seeded: bool,
        enforce_rate_limits: bool,
        clock: Literal["real"] | None,
        speed: float,
        wall: Callable[[], float],
    ) -> None:
        self.seed = seed
        self.host = listener.host
        self.port = listener.port
        self._listener = listener
        self._seeded = seeded
        self._enforce = enforce_rate_limits
        self._clock = clock
        self._speed = speed
        self._wall = wall
        self._lock = threading.RLock()
        self._vendors: dict[str, Vendor] = {}
        self._app = App(self._vendors, Controls(self), self._lock, self._tick)
        self._limits = {vendor.name: Limit(vendor.requests_per_minute, 60.0, wall) for vendor in VENDORS}
        self._world_start = 0.0
        self._wall_start = 0.0
        self._world = World(seed, 0.0, NAMES)
        self._world.touched = True
        self.reset()

    # Where it is and how to get in

    @property
    def url(self) -> str:
        """The address of the server, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def vendors(self) -> tuple[str, ...]:
        """The vendors' names."""
        return NAMES

    @property
    def organization_id(self) -> str:
        """The organisation that TalkifAI's key belongs to."""
        return str(self._vendor("talkifai").defaults["organization_id"])

    @property
    def now(self) -> datetime:
        """What the simulated clock shows, in UTC."""
        with self._lock:
            self._tick()
            return datetime.fromtimestamp(self._world.now, UTC)

    def base_url(self, vendor: str) -> str:
        """Return the base URL of a vendor's API."""
        return self.url + self._vendor(vendor).prefix

    def api_key(self, vendor: str, kind: str = "valid") -> str:
        """Return a key that the vendor knows.

        Args:
            vendor: The vendor's name.
            kind: "valid", "no_credits" (every request is a 402) or "forbidden" (every request is a 403).
        """
        keys = self._vendor(vendor).keys
        if kind not in keys:
            raise ValueError(f"there is no key of the kind {kind!r}; there are {', '.join(keys)}")
        return keys[kind]

    def toml(self) -> str:
        """Return a `unibatch.toml` with a profile for each vendor.

        If rate limits are not enforced, clients of these profiles do not keep to the vendors' own either.
        """
        profiles = (self._profile(name) for name in self.vendors)
        return "\n".join((f'default = "sandbox-{self.vendors[0]}"\n', *profiles))

    def _profile(self, name: str) -> str:
        profile = (
            f"[profiles.sandbox-{name}]\n"
            f'provider = "{name}"\n'
            f'base_url = "{self.base_url(name)}"\n'
            f'api_key = "{self.api_key(name)}"\n'
            "allow_literal_key = true\n"
        )
        if not self._enforce:
            profile += f"requests_per_minute = {_WITHOUT_END}\n"
        # A text, and a list of texts, look the same in JSON and in TOML.
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in self._vendor(name).defaults.items())
        return f"{profile}\n[profiles.sandbox-{name}.defaults]\n{lines}"

    # What is in it

    def campaign_ids(self, vendor: str) -> tuple[str, ...]:
        """Return the ids of all campaigns, the oldest entry first; the first seeded one is large and half-finished."""
        with self._lock:
            return tuple(self._vendor(vendor).campaigns)

    def state(self, vendor: str, campaign_id: str) -> CampaignState:
        """Return what the vendor really has about a campaign.

        Raises:
            LookupError: There is no such vendor or campaign.
        """
        with self._lock:
            self._tick()
            campaign = self._campaign(vendor, campaign_id)
            return CampaignState(
                vendor=vendor,
                id=campaign.id,
                name=campaign.name,
                status=campaign.status,
                contacts=tuple(
                    ContactState(
                        contact.number,
                        contact.status,
                        contact.attempts,
                        contact.final,
                        contact.name,
                        contact.external_id,
                        contact.data,
                    )
                    for contact in campaign.contacts
                ),
                dialled=MappingProxyType(dict(campaign.dialled)),
            )

    @property
    def dialled(self) -> Mapping[str, int]:
        """How often each number was called, by all vendors together, the seeded past included."""
        with self._lock:
            self._tick()
            total: Counter[str] = Counter()
            for campaign in self._world.all_campaigns():
                total.update(campaign.dialled)
            return MappingProxyType(dict(total))

    @property
    def requests(self) -> tuple[LoggedRequest, ...]:
        """The requests that the vendors got since the last reset, oldest first."""
        with self._lock:
            return tuple(self._app.log)

    def create(
        self,
        vendor: str,
        contacts: int,
        *,
        name: str = "Sandbox campaign",
        status: str | None = None,
        concurrency: int = 5,
        shape: str | None = None,
    ) -> str:
        """Make a campaign with made-up contacts, without a request.

        Args:
            vendor: The vendor's name.
            contacts: How many contacts; numbers begin to repeat after some ten thousand.
            name: The campaign's name, where the vendor keeps one.
            status: Its status in the vendor's word; None means that of a new campaign.
            concurrency: How many calls may be under way at once.
            shape: One of the vendor's documented shapes, where it has several; None means whatever `shape` says.

        Returns:
            The campaign's id.
        """
        with self._lock:
            self._tick()
            maker = self._vendor(vendor)
            if shape is not None:
                maker.check_shape(shape)
            self._world.touched = True
            campaign = maker.spawn(name, concurrency=concurrency, shape=shape)
            maker.fill(campaign, contacts)
            if status is not None:
                self._set_status(campaign, status)
            return campaign.id

    def set_status(self, vendor: str, campaign_id: str, status: str) -> None:
        """Do what a person would do in the vendor's dashboard: start, pause, resume or cancel.

        Args:
            vendor: The vendor's name.
            campaign_id: The campaign's id.
            status: The campaign's new status, in the vendor's word.
        """
        with self._lock:
            self._tick()
            self._world.touched = True
            self._set_status(self._campaign(vendor, campaign_id), status)

    # What happens in it

    def advance(
        self,
        *,
        calls: int | None = None,
        seconds: float | None = None,
        vendor: str | None = None,
        campaign_id: str | None = None,
    ) -> int:
        """Let simulated time pass.

        Args:
            calls: So many attempts begin and end, in turn among the running campaigns; fewer if nobody is left to call.
            seconds: So much time passes, whatever happens in it. Give either this or `calls`.
            vendor: With `calls`: attempts begin at this vendor only.
            campaign_id: With `calls` and `vendor`: attempts begin in this campaign only.

        Returns:
            How many attempts began.
        """
        if (calls is None) == (seconds is None):
            raise ValueError("give either calls or seconds")
        amount = calls if seconds is None else seconds
        if amount is None or amount < 0:
            raise ValueError("time does not run backwards")
        if seconds is not None and (vendor is not None or campaign_id is not None):
            raise ValueError("time passes for everybody: vendor and campaign_id go with calls only")
        if campaign_id is not None and vendor is None:
            raise ValueError("campaign_id needs its vendor")
        with self._lock:
            self._tick()
            chosen = None
            if vendor is not None:
                campaigns = self._vendor(vendor).campaigns
                chosen = list(campaigns.values()) if campaign_id is None else [self._campaign(vendor, campaign_id)]
            until = None if seconds is None else self._world.now + seconds
            return self._world.advance(until=until, calls=calls, chosen=chosen)

    def fail(
        self,
        vendor: str | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        after: int = 0,
        status: int | None = None,
        body: bytes | str | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        drop: Drop | None = None,
        cut: int | None = None,
        delay: float | None = None,
        retry_after: float = 1.0,
    ) -> None:
        """Let something go wrong with the next requests that match. The first fault that matches a request befalls it.

        Args:
            vendor: The only vendor that it befalls; None means any.
            method: The only HTTP method.
            path: A regular expression, searched for in the path below the vendor's base URL.
            times: How many requests it befalls; None means all of them.
            after: How many matching requests it spares first.
            status: Answer with this HTTP status, in the vendor's own envelope, and do no work.
            body: Answer with this body and do no work; the status is 200 unless given.
            headers: Headers to add to the answer.
            drop: Close the connection without an answer, "before" or "after" the work is done.
            cut: Send only so many bytes of the answer's body, announcing all, then close the connection.
            delay: Wait so many seconds before the work begins.
            retry_after: With status 429, the seconds to wait that the answer tells.
        """
        if vendor is not None:
            self._vendor(vendor)
        fault = Fault(
            vendor=vendor,
            method=method,
            path=path,
            times=times,
            after=after,
            status=status,
            body=body,
            headers=headers,
            drop=drop,
            cut=cut,
            delay=delay,
            retry_after=retry_after,
        )
        with self._lock:
            self._app.faults.append(fault)

    def clear_faults(self) -> None:
        """Forget all faults that have not struck yet."""
        with self._lock:
            self._app.faults.clear()

    def between_pages(
        self,
        vendor: str,
        campaign_id: str,
        *,
        insert: int = 0,
        remove: int = 0,
        after_page: int = 1,
        where: Literal["front", "end"] = "front",
    ) -> None:
        """Let rows appear or vanish while somebody reads page after page of a campaign's contacts.

        Args:
            vendor: The vendor's name.
            campaign_id: The campaign's id.
            insert: How many contacts appear.
            remove: How many contacts vanish.
            after_page: After how many more answers with contacts of this campaign; TalkifAI's jobs always hold some.
            where: Whether it happens at the front or at the end of the listing.
        """
        if where not in ("front", "end"):
            raise ValueError(f"rows change at the front or at the end, not at {where!r}")
        if min(insert, remove) < 0 or after_page < 1:
            raise ValueError("insert and remove must be 0 or more, and after_page 1 or more")
        with self._lock:
            campaign = self._campaign(vendor, campaign_id)
            self._world.touched = True
            self._world.changes.append(RowChange(campaign, after_page, insert, remove, where == "front"))

    def limit(self, vendor: str, *, requests: int, window: float = 60.0) -> None:
        """Set a vendor's rate limit and open a new window.

        Args:
            vendor: The vendor's name.
            requests: How many requests a window has room for.
            window: Its length in seconds.
        """
        with self._lock:
            self._vendor(vendor)
            limit = self._limits[vendor]
            limit.requests, limit.window = requests, window
            limit.clear()

    def shape(self, vendor: str, shape: str) -> None:
        """Choose which of its documented shapes a vendor's answers have, where it has several.

        Campaigns that were made in one shape keep it.
        """
        with self._lock:
            chosen = self._vendor(vendor)
            chosen.check_shape(shape)
            chosen.shape = shape

    def reset(self) -> None:
        """Go back to the seeded state: no faults, an empty log, the vendors' own rate limits and the first shape."""
        with self._lock:
            self._app.faults.clear()
            self._app.log.clear()
            for vendor in VENDORS:
                limit = self._limits[vendor.name]
                limit.requests, limit.window = vendor.requests_per_minute, 60.0
                limit.clear()
            if self._world.touched or self._clock == "real":
                self._wall_start = self._wall()
                start = self._wall_start if self._clock == "real" else START.timestamp()
                self._world = World(self.seed, start, NAMES)
                self._world_start = start
            self._world.start_counting_requests()
            for vendor in VENDORS:
                made = vendor(self._world, self._limits[vendor.name], enforce=self._enforce)
                self._vendors[vendor.name] = made
                if self._seeded and not made.campaigns:
                    made.populate()
            self._world.touched = False

    # Stopping

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and wait until its thread is over. Closing twice does nothing."""
        self._listener.close()

    # Odds and ends

    def _tick(self) -> None:
        if self._clock == "real":
            moment = self._world_start + (self._wall() - self._wall_start) * self._speed
            if moment > self._world.now:
                self._world.advance(until=moment)

    def _vendor(self, name: str) -> Vendor:
        try:
            return self._vendors[name]
        except KeyError:
            raise LookupError(f"there is no vendor {name!r}; there are {', '.join(NAMES)}") from None

    def _campaign(self, vendor: str, campaign_id: str) -> Campaign:
        try:
            return self._vendor(vendor).campaigns[campaign_id]
        except KeyError:
            raise LookupError(f"{vendor} has no campaign {campaign_id!r}") from None

    def _set_status(self, campaign: Campaign, status: str) -> None:
        now = self._world.now
        if status == campaign.rules.running:
            campaign.start(now)
        elif status == "cancelled":
            campaign.cancel(now, status, status)
        else:
            campaign.status, campaign.starts_at, campaign.updated_at = status, None, now
