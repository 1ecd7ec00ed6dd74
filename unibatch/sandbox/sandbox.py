"""The sandbox as tests hold it: where it is, what is in it, what goes wrong in it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal, Self

import attrs

from unibatch.sandbox.app import App, LoggedRequest
from unibatch.sandbox.campaign import VendorCampaign
from unibatch.sandbox.faults import Fault, Moment
from unibatch.sandbox.http import VendorRequest
from unibatch.sandbox.limits import Limit
from unibatch.sandbox.objections import Objection
from unibatch.sandbox.state import CampaignState, state_of
from unibatch.sandbox.vendors import NAMES, VENDORS, Vendor
from unibatch.sandbox.webhooks import Delivery, Notice, Outbox, require_url
from unibatch.sandbox.world import RowChange, World, keep, restore

SERVER = "unibatch-sandbox"
"""The name of the thread that answers."""

_WITHOUT_END = 1_000_000
"""Requests a minute; as many as a profile may allow."""


@attrs.frozen(kw_only=True)
class Settings:
    """How the sandbox is; `serve` explains the attributes."""

    seed: int
    seeded: bool
    enforce_rate_limits: bool
    clock: Literal["real"] | None
    speed: float
    wall: Callable[[], float]
    strict: bool
    start: datetime
    webhooks: str | None


class Sandbox:
    """The three vendors, running on this machine. Made by `serve`; leave its `with` block or call `close` to stop it.

    All methods may be called from any thread.
    """

    def __init__(self, host: str, port: int, stop: Callable[[], None], settings: Settings) -> None:
        self.seed = settings.seed
        self.host = host
        self.port = port
        self._stop = stop
        self._settings = settings
        self._objections: list[Objection] = []
        self._lock = threading.RLock()
        self._vendors: dict[str, Vendor] = {}
        self._app = App(self._vendors, self._lock, self._tick)
        self._limits = {vendor.name: Limit(vendor.requests_per_minute, 60.0, settings.wall) for vendor in VENDORS}
        self._world_start = 0.0
        self._wall_start = 0.0
        self._outbox: Outbox | None = None
        self._statuses: dict[tuple[str, str], str] = {}
        """The status of each campaign, by vendor and id, when webhooks were collected last."""
        if settings.webhooks is not None:
            self._outbox = Outbox(
                require_url(settings.webhooks),
                self._lock,
                now=lambda: self._world.now,
                wall=settings.wall,
                tick=self._pass_on if settings.clock == "real" else None,
            )
            self._app.afterwards = self._collect
        self._kept: bytes | None = None
        """The seeded state."""
        self._world = World(self.seed, 0.0, NAMES)
        self._world.touched = True
        self.reset()
        if self._outbox is not None:
            self._outbox.start()

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
        return "\n".join((f'default = "sandbox-{self.vendors[0]}"\n', *map(self._toml_of, self.vendors)))

    def profile(self, vendor: str) -> dict[str, Any]:
        """Return the arguments with which `unibatch.connect` reaches a vendor: `connect(**sandbox.profile("truedy"))`.

        If rate limits are not enforced, a client with this profile does not keep to the vendor's own either.
        """
        settings: dict[str, Any] = {
            "provider": vendor,
            "base_url": self.base_url(vendor),
            "api_key": self.api_key(vendor),
        }
        if not self._settings.enforce_rate_limits:
            settings["requests_per_minute"] = _WITHOUT_END
        return {**settings, "defaults": dict(self._vendor(vendor).defaults)}

    def _toml_of(self, vendor: str) -> str:
        settings = self.profile(vendor)
        defaults = settings.pop("defaults")
        # A text, a number, and a list of texts look the same in JSON and in TOML.
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        lines.insert(list(settings).index("api_key") + 1, "allow_literal_key = true\n")
        more = "".join(f"{name} = {json.dumps(value)}\n" for name, value in defaults.items())
        return f"[profiles.sandbox-{vendor}]\n{''.join(lines)}\n[profiles.sandbox-{vendor}.defaults]\n{more}"

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
            return state_of(self._vendor(vendor), campaign)

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
        campaign_id: str | None = None,
    ) -> str:
        """Make a campaign with made-up contacts, without a request.

        Args:
            vendor: The vendor's name.
            contacts: How many contacts; numbers begin to repeat after some ten thousand.
            name: The campaign's name, where the vendor keeps one.
            status: Its status in the vendor's word; None means that of a new campaign.
            concurrency: How many calls may be under way at the same time.
            shape: One of the vendor's documented shapes, where it has several; None means what `shape` says.
            campaign_id: The campaign's id; None means that the vendor makes one up.

        Returns:
            The campaign's id.
        """
        with self._lock:
            self._tick()
            maker = self._vendor(vendor)
            if shape is not None:
                maker.check_shape(shape)
            self._world.touched = True
            chosen: dict[str, Any] = {} if campaign_id is None else {"id": campaign_id}
            campaign = maker.spawn(name, concurrency=concurrency, shape=shape, **chosen)
            maker.fill(campaign, contacts)
            if status is not None:
                self._set_status(campaign, status)
            return campaign.id

    def set_status(self, vendor: str, campaign_id: str, status: str, *, starts_at: datetime | None = None) -> None:
        """Do what a person would do in the vendor's dashboard: start, pause, resume, schedule or cancel.

        Args:
            vendor: The vendor's name.
            campaign_id: The campaign's id.
            status: The campaign's new status, in the vendor's word.
            starts_at: When it will start by itself; None if it will not.
        """
        with self._lock:
            self._tick()
            self._world.touched = True
            campaign = self._campaign(vendor, campaign_id)
            self._set_status(campaign, status)
            if starts_at is not None:
                campaign.starts_at = campaign.scheduled_at = starts_at.timestamp()

    def delete(self, vendor: str, campaign_id: str) -> None:
        """Delete a campaign, with any status, as a person would in the vendor's dashboard."""
        with self._lock:
            self._world.touched = True
            del self._vendor(vendor).campaigns[self._campaign(vendor, campaign_id).id]

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
            calls: This many attempts begin and end, in turn among the running campaigns; fewer if nobody is left.
            seconds: So much time passes. Give either this or `calls`.
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
            begun = self._world.advance(until=until, calls=calls, chosen=chosen)
            self._collect()
        self.deliver()
        return begun

    def fail(
        self,
        vendor: str | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        writes: bool | None = None,
        when: Callable[[VendorRequest], bool] | None = None,
        times: int | None = 1,
        after: int = 0,
        status: int | None = None,
        body: bytes | str | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        answer: Moment = "before",
        drop: Moment | None = None,
        reset: bool = False,
        stall: Moment | None = None,
        cut: int | None = None,
        delay: float | None = None,
        portion: int | None = None,
        retry_after: float = 1.0,
        meanwhile: Callable[[], object] | None = None,
        edit: Callable[[VendorRequest, Any], Any] | None = None,
    ) -> None:
        """Let something go wrong with the next requests that match. Of several faults for a request, the first applies.

        Args:
            vendor: The only vendor; None means any.
            method: The only HTTP method.
            path: A regular expression, searched for in the path below the vendor's base URL.
            writes: True: only requests that are to change something; False: only the others.
            when: Says whether the fault applies to a request; called with those that match otherwise.
            times: How many requests; None means all of them.
            after: How many matching requests it skips first.
            status: Answer with this HTTP status, in the vendor's own envelope.
            body: Answer with this body; the status is 200 unless given.
            headers: Headers to add to the answer.
            answer: With `status` or `body`: "before": the work is not done; "after": the work is done first; "late":
                the answer comes first, and the work is done later, see `delay`.
            drop: Close the connection without an answer, "before", "after", or with the work done "late".
            reset: With `drop`: the client sees a reset and not an end.
            stall: Say nothing until the client gives up, "before", "after", or with the work done "late".
            cut: Send only this many bytes of the answer's body, announcing all, then close the connection.
            delay: Wait this many seconds before the work begins. Work that is done late begins as many seconds after
                the request; without a delay, in `catch_up`.
            portion: Of the contacts in the request, this many are there immediately, the others after `catch_up`.
            retry_after: With status 429, the seconds to wait that the answer gives.
            meanwhile: Called just before the work, to let something happen at that moment.
            edit: Given the request and the vendor's JSON answer; what it returns is sent instead.
        """
        arguments = {name: value for name, value in locals().items() if name != "self"}
        if vendor is not None:
            self._vendor(vendor)
        fault = Fault(**arguments)
        with self._lock:
            self._app.faults.append(fault)

    def clear_faults(self) -> None:
        """Forget all faults that are still to come."""
        with self._lock:
            self._app.faults.clear()

    def forget_keys(self) -> None:
        """Forget all idempotency keys, as Truedy does after minutes to hours; `assume` sets after how long."""
        with self._lock:
            self._world.remembered.clear()

    def catch_up(self) -> None:
        """Do now all work that faults left for later."""
        self._app.catch_up()

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
            self._limits[vendor].set(requests, window)

    def shape(self, vendor: str, shape: str) -> None:
        """Choose which of its documented shapes a vendor's answers have, where it has several.

        Campaigns that were made in one shape keep it.
        """
        with self._lock:
            chosen = self._vendor(vendor)
            chosen.check_shape(shape)
            chosen.assume({"shape": shape})

    def assume(self, vendor: str, **readings: Any) -> None:
        """Read otherwise what a vendor's documents leave open.

        Args:
            vendor: The vendor's name.
            readings: The readings by name; `docs/sandbox.md` lists them.
        """
        with self._lock:
            self._vendor(vendor).assume(readings)

    # Webhooks

    def webhook_secret(self, vendor: str) -> str:
        """Return the secret with which a vendor signs its webhooks.

        Raises:
            LookupError: There is no such vendor, or it sends none.
        """
        secret = self._vendor(vendor).webhook_secret
        if secret is None:
            raise LookupError(f"{vendor} documents no webhooks, so it sends none")
        return secret

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Every attempt to deliver a webhook since the last reset, oldest first."""
        return () if self._outbox is None else tuple(self._outbox.log)

    def deliver(self) -> None:
        """Wait until all webhooks that are due have been posted; `advance` does it, too."""
        if self._outbox is not None:
            with self._lock:
                self._tick()
                self._collect()
            # The server's own thread must not wait: who gets a webhook may ask the server something.
            if threading.current_thread().name != SERVER:
                self._outbox.drain()

    def misdeliver(self, *, repeat: int = 0, reverse: bool = False) -> None:
        """Deliver webhooks as no vendor should and every vendor may.

        Args:
            repeat: How many times each is posted beside the first.
            reverse: Whether those that are due at the same time are posted the last one first.

        Raises:
            ValueError: The sandbox was started without a URL for webhooks.
        """
        if self._outbox is None:
            raise ValueError("the sandbox sends no webhooks; start it with webhooks=URL")
        if repeat < 0:
            raise ValueError("repeat must be 0 or more")
        self._outbox.repeat, self._outbox.reverse = repeat, reverse

    # What there is to object to

    @property
    def objections(self) -> tuple[Objection, ...]:
        """Everything in the requests so far that a vendor could object to, oldest first."""
        with self._lock:
            return tuple(self._objections)

    def clear_objections(self) -> None:
        """Forget all objections so far, for a test that provoked them."""
        with self._lock:
            self._objections.clear()

    def reset(self) -> None:
        """Go back to the seeded state: no faults, no late work, an empty log, the usual limits and readings."""
        how = self._settings
        with self._lock:
            is_again = bool(self._vendors)
            for noted in (self._app.faults, self._app.log, self._app.late, self._objections):
                noted.clear()
            if self._world.touched or how.clock == "real":
                self._wall_start = how.wall()
                self._world_start = self._wall_start if how.clock == "real" else how.start.timestamp()
                self._world = restore(self._kept) if self._kept else World(self.seed, self._world_start, NAMES)
            self._world.start_counting_requests()
            for vendor in VENDORS:
                limit = self._limits[vendor.name]
                limit.set(vendor.requests_per_minute, 60.0)
                made = self._vendors[vendor.name] = vendor(
                    self._world,
                    limit,
                    enforce=how.enforce_rate_limits,
                    strict=how.strict,
                    objections=self._objections,
                )
                if how.seeded and not made.campaigns:
                    made.populate()
            self._world.touched = False
            if is_again and self._kept is None and how.clock != "real":  # not at once: many are never reset
                self._kept = keep(self._world)
            if self._outbox is not None:
                self._outbox.clear()
                self._world.dialler.notices = []
                self._statuses = {(one.vendor, one.id): one.status for one in self._world.all_campaigns()}

    # Stopping

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and wait until its thread is over. Closing twice does nothing."""
        if self._outbox is not None:
            self._outbox.stop()
        self._stop()

    # How it works

    def _tick(self) -> None:
        if self._settings.clock == "real":
            moment = self._world_start + (self._settings.wall() - self._wall_start) * self._settings.speed
            if moment > self._world.now:
                self._world.advance(until=moment)

    def _pass_on(self) -> None:
        self._tick()
        self._collect()

    def _collect(self) -> None:
        """Make messages of what has happened, and put them on their way."""
        if self._outbox is None or self._world.dialler.notices is None:
            return
        notices, self._world.dialler.notices = self._world.dialler.notices, []
        for campaign in self._world.all_campaigns():
            known = campaign.vendor, campaign.id
            before = self._statuses.get(known, self._vendors[campaign.vendor].first_status)
            self._statuses[known] = campaign.status
            if before != campaign.status:
                notices.append(Notice("status", campaign, None, campaign.updated_at, campaign.status))
        for notice in sorted(notices, key=lambda notice: notice.at):
            vendor = self._vendors[notice.campaign.vendor]
            for message in vendor.messages(notice):
                self._outbox.put(vendor, message)
        self._outbox.wake()

    def _vendor(self, name: str) -> Vendor:
        try:
            return self._vendors[name]
        except KeyError:
            raise LookupError(f"there is no vendor {name!r}; there are {', '.join(NAMES)}") from None

    def _campaign(self, vendor: str, campaign_id: str) -> VendorCampaign:
        try:
            return self._vendor(vendor).campaigns[campaign_id]
        except KeyError:
            raise LookupError(f"{vendor} has no campaign {campaign_id!r}") from None

    def _set_status(self, campaign: VendorCampaign, status: str) -> None:
        now = self._world.now
        if status == campaign.rules.running:
            campaign.start(now)
        elif status == "cancelled":
            campaign.cancel(now, status, status)
        else:
            campaign.status, campaign.starts_at, campaign.updated_at = status, None, now
