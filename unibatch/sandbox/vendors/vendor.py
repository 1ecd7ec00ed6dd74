"""What the three vendors have in common: routing, keys, rate limits, readings, and the making of campaigns."""

from __future__ import annotations

import abc
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from unibatch.sandbox.campaign import Rules, VendorCampaign, VendorContact
from unibatch.sandbox.data import person
from unibatch.sandbox.http import Answer, Refused, VendorRequest, decode_json
from unibatch.sandbox.limits import Limit
from unibatch.sandbox.objections import Objection
from unibatch.sandbox.readings import COMMON, Reading
from unibatch.sandbox.validation import Form, Problem
from unibatch.sandbox.world import World

Endpoints = Mapping[tuple[str, str], str]
"""Method and path template, and the name of the method that answers."""


class Vendor(abc.ABC):
    """One vendor's API.

    Args:
        world: Where its campaigns are.
        limit: Its rate limit.
        enforce: Whether the rate limit refuses anything.
        strict: Whether everything that the vendor could object to is refused.
        objections: Where to note what the vendor could object to.
    """

    name: ClassVar[str]
    prefix: ClassVar[str]
    """The path of its base URL."""
    keys: ClassVar[Mapping[str, str]]
    """Its keys, by kind: valid, no_credits, forbidden."""
    endpoints: ClassVar[Endpoints]
    queries: ClassVar[Mapping[str, tuple[str, ...]]]
    """The documented names in the query, by the name of the method that answers; others document no query."""
    bodies: ClassVar[frozenset[str]]
    """The names of the methods that answer requests with a documented body."""
    rules: ClassVar[Rules]
    requests_per_minute: ClassVar[int]
    first_status: ClassVar[str]
    """A new campaign's status."""
    codes: ClassVar[Mapping[int, tuple[str, str]]]
    """The vendor's error code, and a message, for each HTTP status."""
    defaults: ClassVar[Mapping[str, str | list[str]]]
    """What a profile for this vendor needs besides the address and the key."""
    own_readings: ClassVar[Mapping[str, Reading]] = {}
    """What only this vendor's documents leave open."""

    def __init__(self, world: World, limit: Limit, *, enforce: bool, strict: bool, objections: list[Objection]) -> None:
        self.world = world
        self.limit = limit
        self.enforce = enforce
        self.strict = strict
        self.objections = objections
        self.reading = {name: reading.usual for name, reading in self.readings().items()}
        """How what the documents leave open is read, by the reading's name."""
        self._doubts: list[str] = []
        """What there is to object to in the request under way."""
        world.dialler.outcomes.pop(self.name, None)

    @property
    def campaigns(self) -> dict[str, VendorCampaign]:
        """This vendor's campaigns by id, in the order of their making."""
        return self.world.campaigns[self.name]

    @classmethod
    def readings(cls) -> Mapping[str, Reading]:
        """Return all readings of this vendor by name."""
        words = tuple(outcome.word for outcome in cls.rules.outcomes)
        return {**COMMON, "outcome": Reading(None, words), **cls.own_readings}

    def assume(self, readings: Mapping[str, Any]) -> None:
        """Read from now on as these readings say.

        Raises:
            LookupError: The vendor has no such reading.
            ValueError: A reading cannot have such a value.
        """
        known = self.readings()
        for name, value in readings.items():
            if name not in known:
                raise LookupError(f"{self.name} has no reading {name!r}; it has {', '.join(known)}")
            known[name].check(name, value)
        self.reading.update(readings)
        if "outcome" in readings:
            self.world.touched = True
            self.world.dialler.outcomes[self.name] = readings["outcome"]

    def check_shape(self, shape: str) -> None:
        """Refuse a shape that the vendor does not have.

        Raises:
            ValueError: There is no such shape, or only one.
        """
        if "shape" not in self.own_readings:
            raise ValueError(f"{self.name} has one shape only")
        self.own_readings["shape"].check("shape", shape)

    # Answering

    def answer(self, request: VendorRequest) -> Answer:
        """Do what the request asks, or refuse as the vendor would."""
        self.world.touched |= request.is_write
        self._doubts = []
        try:
            self._admit(request)
            self._require(request.flaws)
            handler, parts = self._route(request)
            answer = handler(request, *parts)
        except Refused as refused:
            answer = refused.answer
            self._doubts += filter(None, [refused.objection])
        self.objections += [Objection(self.name, request.method, request.path, doubt) for doubt in self._doubts]
        return self.finished(answer)

    def received(self, request: VendorRequest) -> VendorRequest:
        """Return a request that is carried out late, with what has to be settled when it is received."""
        return request

    def finished(self, answer: Answer) -> Answer:
        """Add what every answer of this vendor carries."""
        return answer

    def _admit(self, request: VendorRequest) -> None:
        key = self.key_of(request)
        kind = next((kind for kind, known in self.keys.items() if known == key), None)
        if kind is None:
            raise Refused(self.error(401), "there is no key that the vendor knows")
        if kind == "no_credits":
            raise Refused(self.error(402))
        if kind == "forbidden":
            raise Refused(self.error(403))
        if self.enforce and not self.limit.take():
            raise Refused(self.limited(self.limit.wait))

    def key_of(self, request: VendorRequest) -> str | None:
        """Return the API key of a request."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else None

    def _route(self, request: VendorRequest) -> tuple[Callable[..., Answer], tuple[str, ...]]:
        allowed = []
        for (method, template), handler in self.endpoints.items():
            parts = _matches(template, request.segments)
            if parts is None:
                continue
            if method == request.method:
                self._require(self._surplus(handler, request))
                return getattr(self, handler), parts
            allowed.append(method)
        if not allowed:
            raise Refused(self.error(404), "no such path is documented")
        methods = ", ".join(sorted(set(allowed)))
        raise Refused(self.error(405).with_headers({"allow": methods}), f"this path is documented only for {methods}")

    def _surplus(self, handler: str, request: VendorRequest) -> list[str]:
        documented = self.queries.get(handler, ())
        surplus = [f"query.{name}: is not documented" for name, _ in request.query if name not in documented]
        if handler not in self.bodies and request.body not in {b"", b"{}"}:
            surplus.append("body: is not documented")
        if handler in self.bodies and not request.body:
            surplus.append("body: is required")
        return surplus

    # Refusing

    def _require(self, doubts: Sequence[str]) -> None:
        """Note what there is to object to, and refuse it in strict mode."""
        self._doubts += doubts
        if doubts and self.strict:
            where, _, reason = doubts[0].rpartition(": ")
            raise Refused(self.invalid([Problem((where or "request",), reason)]))

    def check(self, form: Form) -> None:
        """Refuse a request about which the vendor must complain; in strict mode also if it could."""
        doubts = [*form.doubts, *form.unknown()]
        wrong = [*form.problems, *(doubts if self.strict else ())]
        self._doubts += [f"{'.'.join(map(str, one.at))}: {one.reason}" for one in (*form.problems, *doubts)]
        if wrong:
            raise Refused(self.invalid(wrong))

    @abc.abstractmethod
    def invalid(self, problems: Sequence[Problem]) -> Answer:
        """Return the vendor's refusal of a request that breaks its rules."""

    @abc.abstractmethod
    def error(self, status: int, code: str | None = None, message: str | None = None, details: Any = None) -> Answer:
        """Return an error in the vendor's envelope; what is left out comes from `codes`."""

    @abc.abstractmethod
    def limited(self, wait: float) -> Answer:
        """Return the vendor's 429.

        Args:
            wait: Seconds until another request is welcome.
        """

    def code_for(self, status: int) -> tuple[str, str]:
        """Return the error code and message of an HTTP status."""
        return self.codes.get(status) or self.codes[500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400]

    # Reading requests

    def json_body(self, request: VendorRequest, *, optional: bool = False) -> dict[str, Any]:
        """Return the JSON object in the body.

        Args:
            request: The request.
            optional: Whether the body may be missing altogether.
        """
        if optional and not request.body:
            return {}
        media_type = request.content_type
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise self._unreadable("The body must be sent as application/json")
        repeated: list[str] = []
        try:
            body = decode_json(request.body, repeated)
        except ValueError:
            raise self._unreadable("The body is not valid JSON") from None
        if not isinstance(body, dict):
            raise self._unreadable("The body must be a JSON object")
        self._require([f"body: the key {key} comes twice in one object" for key in repeated])
        return body

    def _unreadable(self, message: str) -> Refused:
        return Refused(self.error(400, message=message), message)

    # Listings, whose order and size are readings

    def listed(self, **wanted: Any) -> list[VendorCampaign]:
        """Return the campaigns with this status and these settings; None is any."""
        status = wanted.pop("status", None)
        found = [
            campaign
            for campaign in self.campaigns.values()
            if status in (None, campaign.status)
            and all(value in (None, campaign.settings[name]) for name, value in wanted.items())
        ]
        return found if self.reading["order"] == "oldest" else found[::-1]

    def in_listing(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Return a campaign as a listing shows it."""
        return {name: value for name, value in shown.items() if name not in self.reading["listing_lacks"]}

    def page_size(self, asked: int) -> int:
        """Return how many rows a page really has."""
        return min(asked, self.reading["largest_page"] or asked)

    def takes(self, number: str) -> bool:
        """Return whether the vendor takes a number; if not, it says nothing about it."""
        return number not in self.reading["drops"]

    # Making campaigns

    def spawn(self, name: str, **options: Any) -> VendorCampaign:
        """Make an empty campaign, with the next id if none is given."""
        if "id" not in options:
            options["id"] = self.campaign_id(self.world.mints[self.name].next())
        options.setdefault("status", self.first_status)
        options.setdefault("created_at", self.world.now)
        options.setdefault("updated_at", options["created_at"])
        campaign = VendorCampaign(
            vendor=self.name,
            name=name,
            rules=self.rules,
            **options,
        )
        self.campaigns[campaign.id] = campaign
        return campaign

    def fill(self, campaign: VendorCampaign, contacts: int, *, front: bool = False) -> None:
        """Add made-up contacts to a campaign."""
        for _ in range(contacts):
            campaign.add(self.invent(campaign), front=front)

    def invent(self, campaign: VendorCampaign) -> VendorContact:
        """Make up one more contact, as if it had been uploaded."""
        found = person(self.world.seed, next(self.world.people[self.name]))
        return VendorContact(
            id=self.world.mints[self.name].next(),
            number=found.number,
            status="pending",
            first_name=found.first_name,
            last_name=found.last_name,
            email=found.email,
            external_id=found.customer,
            data={"company": found.company, "plan": found.plan},
            max_attempts=campaign.max_attempts,
        )

    @abc.abstractmethod
    def campaign_id(self, digits: str) -> str:
        """Write a campaign's id."""

    @abc.abstractmethod
    def contact_id(self, campaign: VendorCampaign, contact: VendorContact) -> str:
        """Write a contact's id as this campaign's listing does."""

    @abc.abstractmethod
    def populate(self) -> None:
        """Make the seeded campaigns."""

    def history(self, campaign: VendorCampaign, *, since: float, until: float | None = None) -> None:
        """Start a campaign in the past and dial it up to a moment, or to its end."""
        campaign.start(since)
        self.world.dialler.advance([campaign], since, until=self.world.now if until is None else until)

    def stop_history(self, campaign: VendorCampaign, status: str) -> None:
        """Pause or cancel a campaign of the past where its history stopped, and let the calls under way end."""
        at = max(contact.started_at or campaign.created_at for contact in campaign.contacts)
        if status == "cancelled":
            campaign.cancel(at, status, status)
        else:
            campaign.status = status
        self.world.dialler.advance([campaign], at, until=self.world.now)

    def break_down(self, campaign: VendorCampaign) -> None:
        """Let a campaign of the past fail before it reached anybody."""
        campaign.status, campaign.updated_at = "failed", campaign.created_at + 60
        for contact in campaign.contacts:
            contact.reason = "The caller's number is not in service"
            campaign.mark(contact, "failed", final=True)

    def page_read(self, campaign: VendorCampaign) -> None:
        """Count a page read, and make the changes between pages that are due."""
        for change in [change for change in self.world.changes if change.campaign is campaign]:
            change.reads_left -= 1
            if change.reads_left <= 0:
                self.world.changes.remove(change)
                self.fill(campaign, change.insert, front=change.front)
                for _ in range(change.remove):
                    campaign.remove(front=change.front)


def _matches(template: str, segments: tuple[str, ...]) -> tuple[str, ...] | None:
    pattern = template.strip("/").split("/")
    if len(pattern) != len(segments):
        return None
    parts = []
    for expected, actual in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not actual:
                return None
            parts.append(actual)
        elif expected != actual:
            return None
    return tuple(parts)


def read_integer(text: str | None, default: int) -> int | None:
    """Return the integer in a query parameter; None when it is none."""
    if text is None:
        return default
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
