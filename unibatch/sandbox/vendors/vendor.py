"""What the three vendors have in common: routing, keys, rate limits and the making of campaigns."""

from __future__ import annotations

import abc
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from unibatch.sandbox.campaign import Campaign, Contact, Rules
from unibatch.sandbox.data import person
from unibatch.sandbox.http import Answer, Refused, Request, decode_json
from unibatch.sandbox.limits import Limit
from unibatch.sandbox.world import World

Endpoints = Mapping[tuple[str, str], str]
"""Method and path template, and the name of the method that answers."""


class Vendor(abc.ABC):
    """One vendor's API.

    Args:
        world: Where its campaigns are.
        limit: Its rate limit.
        enforce: Whether the rate limit refuses anything.
    """

    name: ClassVar[str]
    prefix: ClassVar[str]
    """The path of its base URL."""
    keys: ClassVar[Mapping[str, str]]
    """Its keys, by kind: valid, no_credits, forbidden."""
    endpoints: ClassVar[Endpoints]
    rules: ClassVar[Rules]
    requests_per_minute: ClassVar[int]
    first_status: ClassVar[str]
    """A new campaign's status."""
    codes: ClassVar[Mapping[int, tuple[str, str]]]
    """The vendor's error code, and a message, for each HTTP status."""
    defaults: ClassVar[Mapping[str, str | list[str]]]
    """What a profile for this vendor needs besides the address and the key."""
    shapes: ClassVar[tuple[str, ...]] = ()
    """The shapes that its documentation shows answers in, where there are several; the first one holds at first."""

    def __init__(self, world: World, limit: Limit, *, enforce: bool) -> None:
        self.world = world
        self.limit = limit
        self.enforce = enforce
        self.shape = self.shapes[0] if self.shapes else None
        """The shape of what does not have a fixed one."""

    @property
    def campaigns(self) -> dict[str, Campaign]:
        """This vendor's campaigns by id, in the order of their making."""
        return self.world.campaigns[self.name]

    def check_shape(self, shape: str) -> None:
        """Refuse a shape that the vendor does not have.

        Raises:
            ValueError: There is no such shape, or only one.
        """
        if not self.shapes:
            raise ValueError(f"{self.name} has one shape only")
        if shape not in self.shapes:
            raise ValueError(f"there is no shape {shape!r}; there are {', '.join(self.shapes)}")

    # Answering

    def answer(self, request: Request) -> Answer:
        """Do what the request asks, or refuse as the vendor would."""
        self.world.touched |= request.method != "GET"
        try:
            self._admit(request)
            handler, parts = self._route(request)
            answer = handler(request, *parts)
        except Refused as refused:
            answer = refused.answer
        return self.finished(answer)

    def finished(self, answer: Answer) -> Answer:
        """Add what every answer of this vendor carries."""
        return answer

    def _admit(self, request: Request) -> None:
        key = self.key_of(request)
        kind = next((kind for kind, known in self.keys.items() if known == key), None)
        if kind is None:
            raise Refused(self.error(401))
        if kind == "no_credits":
            raise Refused(self.error(402))
        if kind == "forbidden":
            raise Refused(self.error(403))
        if self.enforce and not self.limit.take():
            raise Refused(self.limited(self.limit.wait))

    def key_of(self, request: Request) -> str | None:
        """Return the API key of a request."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else None

    def _route(self, request: Request) -> tuple[Callable[..., Answer], tuple[str, ...]]:
        allowed = []
        for (method, template), handler in self.endpoints.items():
            parts = _matches(template, request.segments)
            if parts is None:
                continue
            if method == request.method:
                return getattr(self, handler), parts
            allowed.append(method)
        if not allowed:
            raise Refused(self.error(404))
        refusal = self.error(405)
        raise Refused(refusal.with_headers({"allow": ", ".join(sorted(set(allowed)))}))

    # Refusing

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

    def json_body(self, request: Request, *, optional: bool = False) -> dict[str, Any]:
        """Return the JSON object in the body.

        Args:
            request: The request.
            optional: Whether the body may be missing altogether.
        """
        if optional and not request.body:
            return {}
        media_type = request.content_type
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise Refused(self.error(400, message="The body must be sent as application/json"))
        try:
            body = decode_json(request.body)
        except ValueError:
            raise Refused(self.error(400, message="The body is not valid JSON")) from None
        if not isinstance(body, dict):
            raise Refused(self.error(400, message="The body must be a JSON object"))
        return body

    # Making campaigns

    def spawn(self, name: str, **options: Any) -> Campaign:
        """Make an empty campaign with the next id."""
        options.setdefault("status", self.first_status)
        options.setdefault("created_at", self.world.now)
        options.setdefault("updated_at", options["created_at"])
        campaign = Campaign(
            id=self.campaign_id(self.world.mints[self.name].next()),
            vendor=self.name,
            name=name,
            rules=self.rules,
            **options,
        )
        self.campaigns[campaign.id] = campaign
        return campaign

    def fill(self, campaign: Campaign, contacts: int, *, front: bool = False) -> None:
        """Add made-up contacts to a campaign."""
        for _ in range(contacts):
            campaign.add(self.invent(campaign), front=front)

    def invent(self, campaign: Campaign) -> Contact:
        """Make up one more contact, as if it had been uploaded."""
        found = person(self.world.seed, next(self.world.people[self.name]))
        return Contact(
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
        """Spell a campaign's id."""

    @abc.abstractmethod
    def populate(self) -> None:
        """Make the seeded campaigns."""

    def history(self, campaign: Campaign, *, since: float, until: float | None = None) -> None:
        """Start a campaign in the past and dial it up to a moment, or to its end."""
        campaign.start(since)
        self.world.dialler.advance([campaign], since, until=self.world.now if until is None else until)

    def come_to_rest(self, campaign: Campaign, status: str) -> None:
        """Pause or cancel a campaign of the past where its history stopped, and let the calls under way end."""
        at = max(contact.started_at or campaign.created_at for contact in campaign.contacts)
        if status == "cancelled":
            campaign.cancel(at, status, status)
        else:
            campaign.status = status
        self.world.dialler.advance([campaign], at, until=self.world.now)

    def break_down(self, campaign: Campaign) -> None:
        """Let a campaign of the past fail before it reached anybody."""
        campaign.status, campaign.updated_at = "failed", campaign.created_at + 60
        for contact in campaign.contacts:
            contact.reason = "The caller's number is not in service"
            campaign.mark(contact, "failed", final=True)

    def page_read(self, campaign: Campaign) -> None:
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
    """Return the integer that a query parameter spells; None when it spells none."""
    if text is None:
        return default
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
