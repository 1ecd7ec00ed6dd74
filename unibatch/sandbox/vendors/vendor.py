"""What the three vendors have in common: routing, keys, rate limits, readings, and the making of campaigns."""

from __future__ import annotations

import abc
import json
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import attrs

from unibatch.sandbox.campaign import Rules, VendorCampaign, VendorContact, as_uuid
from unibatch.sandbox.data import person
from unibatch.sandbox.http import Answer, Refused, VendorRequest, decode_json
from unibatch.sandbox.limits import Limit
from unibatch.sandbox.objections import Objection
from unibatch.sandbox.readings import COMMON, Reading
from unibatch.sandbox.validation import Form, Problem
from unibatch.sandbox.webhooks import Notice
from unibatch.sandbox.world import World

HOUR, DAY = 3_600.0, 86_400.0


@attrs.frozen
class Endpoint:
    """A documented endpoint.

    Attributes:
        handler: The name of the vendor's method that answers, without its underscore.
        query: The documented names in the query.
        body: Whether a body is documented.
    """

    handler: str
    query: tuple[str, ...] = ()
    body: bool = False


def keys_of(valid: str, joint: str = "-") -> Mapping[str, str]:
    """Return a vendor's keys by kind, of which all begin like the valid one."""
    return {"valid": valid, **{kind: joint.join((valid, *kind.split("_"))) for kind in ("no_credits", "forbidden")}}


def in_other_words(answer: Answer, form: str) -> Answer:
    """Return an error in another body that vendors document; a 429, which says when to come back, stays as it is."""
    if form == "usual" or answer.status < HTTPStatus.BAD_REQUEST or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return answer
    body = json.loads(answer.body)
    error = body.get("error")
    inner = error if isinstance(error, dict) else {}
    text = inner.get("message") or body.get("message") or (error if isinstance(error, str) else "It was refused")
    code = inner.get("code") or body.get("code") or "refused"
    bodies: dict[str, Any] = {
        "detail text": {"detail": text},
        "detail object": {"detail": {"code": code, "message": text}},
        "detail list": {"detail": [{"loc": ["body", "request"], "msg": text, "type": "value_error"}]},
        "error text": {"error": text},
        "envelope": {"success": False, "error": text, "code": code},
    }
    return attrs.evolve(answer, body=json.dumps(bodies[form]).encode())


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
    endpoints: ClassVar[Mapping[tuple[str, str], Endpoint]]
    """By method and path template."""
    rules: ClassVar[Rules]
    requests_per_minute: ClassVar[int]
    first_status: ClassVar[str] = "pending"
    """A new campaign's status."""
    planned_status: ClassVar[str] = "scheduled"
    """The status of a campaign that will start by itself."""
    max_attempts: ClassVar[int] = 1
    """How often a contact is called, unless a campaign says otherwise."""
    webhook_secret: ClassVar[str | None] = None
    """With what its webhooks are signed; None if it sends none."""
    webhook_retries: ClassVar[tuple[float, ...]] = ()
    """After how many seconds a webhook is sent again that was not taken."""
    webhook_timeout: ClassVar[float] = 10.0
    """How many seconds an answer to a webhook may take."""
    codes: ClassVar[Mapping[int, tuple[str, str]]]
    """The vendor's error code, and a message, for each HTTP status."""
    defaults: ClassVar[Mapping[str, str | list[str]]]
    """What a profile for this vendor needs besides the address and the key."""
    usual_settings: ClassVar[Mapping[str, Any]]
    """The settings of a campaign for which nobody has chosen any."""
    query_at: ClassVar[tuple[str, ...]] = ()
    """Where a field of the query is, in the vendor's words for what is wrong."""
    own_readings: ClassVar[Mapping[str, Reading]] = {}
    """What only this vendor's documents leave open; `docs/sandbox.md` says what each value means."""

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
            answer = handler(request, *map(self._find, parts))
        except Refused as refused:
            answer = refused.answer
            self._doubts += filter(None, [refused.objection])
        self.objections += [Objection(self.name, request.method, request.path, doubt) for doubt in self._doubts]
        return self.finished(in_other_words(answer, self.reading["errors"]))

    @abc.abstractmethod
    def _find(self, campaign_id: str, /) -> VendorCampaign: ...

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
        if kind != "valid":
            raise Refused(self.error({"no_credits": 402, "forbidden": 403}[kind]))
        if self.enforce and not self.limit.take():
            raise Refused(self.limited(self.limit.wait))

    def key_of(self, request: VendorRequest) -> str | None:
        """Return the API key of a request."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else None

    def _route(self, request: VendorRequest) -> tuple[Callable[..., Answer], tuple[str, ...]]:
        allowed = []
        for (method, template), endpoint in self.endpoints.items():
            parts = _matches(template, request.segments)
            if parts is None:
                continue
            if method == request.method:
                self._require(_surplus(endpoint, request))
                return getattr(self, f"_{endpoint.handler}"), parts
            allowed.append(method)
        if not allowed:
            raise Refused(self.error(404), "no such path is documented")
        methods = ", ".join(sorted(set(allowed)))
        raise Refused(self.error(405).with_headers({"allow": methods}), f"this path is documented only for {methods}")

    # Webhooks

    def messages(self, notice: Notice) -> list[dict[str, Any]]:
        """Return the webhooks that the vendor sends of what happened."""
        del notice
        return []

    def signed(self, body: bytes, wall: float) -> dict[str, str]:
        """Return the headers that sign a webhook which is sent at a moment of the wall clock."""
        del body, wall
        return {}

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
        """Return the vendor's 429; another request is welcome in `wait` seconds."""

    def code_for(self, status: int) -> tuple[str, str]:
        """Return the error code and message of an HTTP status."""
        return self.codes.get(status) or self.codes[500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 400]

    # Reading requests

    def json_body(self, request: VendorRequest, *, optional: bool = False) -> dict[str, Any]:
        """Return the JSON object in the body, which is empty if the body is `optional` and missing."""
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

    def query(self, request: VendorRequest, *numbers: str) -> Form:
        """Return the query as a form; texts under these names that look like integers are integers."""
        found: dict[str, Any] = dict(request.query)
        for name in found.keys() & numbers:
            number = read_integer(found[name])
            found[name] = found[name] if number is None else number
        return Form(found, self.query_at, takes_all=True)

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

    def spawn(self, name: str, *, settings: Mapping[str, Any] | None = None, **options: Any) -> VendorCampaign:
        """Make an empty campaign, with the next id if none is given."""
        if "id" not in options:
            options["id"] = self.campaign_id(self.world.mints[self.name].next())
        usual = {"status": self.first_status, "created_at": self.world.now, "max_attempts": self.max_attempts}
        options = {**usual, **options}
        campaign = VendorCampaign(
            vendor=self.name,
            name=name,
            rules=self.rules,
            updated_at=options["created_at"],
            settings={**self.usual_settings, **(settings or {})},
            **options,
        )
        self.campaigns[campaign.id] = campaign
        return campaign

    def plan(self, campaign: VendorCampaign, at: float | None) -> None:
        """Let a campaign start by itself at a moment."""
        campaign.status, campaign.scheduled_at, campaign.starts_at = self.planned_status, at, at

    def fill(self, campaign: VendorCampaign, contacts: int, *, front: bool = False) -> None:
        """Add made-up contacts to a campaign."""
        for _ in range(contacts):
            campaign.add(self.invent(campaign), front=front)

    def invent(self, campaign: VendorCampaign) -> VendorContact:
        """Make up one more contact, as if it had been uploaded."""
        number = self.world.people[self.name]
        self.world.people[self.name] = number + 1
        found = person(self.world.seed, number)
        return self.contact(
            found.number,
            first_name=found.first_name,
            last_name=found.last_name,
            email=found.email,
            external_id=found.customer,
            data={"company": found.company, "plan": found.plan},
            max_attempts=campaign.max_attempts,
        )

    def contact(self, number: str, **about: Any) -> VendorContact:
        """Make a contact that is still to be called."""
        return VendorContact(id=self.world.mints[self.name].next(), number=number, status="pending", **about)

    def campaign_id(self, digits: str) -> str:
        """Write a campaign's id."""
        return as_uuid(digits)

    def contact_id(self, campaign: VendorCampaign, contact: VendorContact) -> str:
        """Write a contact's id as this campaign's listing does."""
        del campaign
        return as_uuid(contact.id)

    @abc.abstractmethod
    def populate(self) -> None:
        """Make the seeded campaigns: first the large one, under way."""

    def seed(  # noqa: PLR0917  # a row of a table
        self,
        name: str,
        contacts: int,
        age: float,
        begun: float | None = None,
        ran: float | None = None,
        end: str | None = None,
        *,
        ahead: float | None = None,
        **options: Any,
    ) -> None:
        """Make a campaign that is `age` seconds old, and which somebody or something may have stopped.

        If it has `begun`, this many seconds ago, it dialled until now or for `ran` seconds; `end` is its status since
        then. It starts by itself in `ahead` seconds. `options` are what else `spawn` takes.
        """
        now = self.world.now
        campaign = self.spawn(name, created_at=now - age, **options)
        self.fill(campaign, contacts)
        if ahead is not None:
            self.plan(campaign, now + ahead)
        if begun is not None:
            campaign.start(now - begun)
            until = now if ran is None else now - begun + ran
            self.world.dialler.advance([campaign], now - begun, until=until)
        if end is not None:
            self._end(campaign, end)

    def _end(self, campaign: VendorCampaign, status: str) -> None:
        if status == "failed":
            campaign.status, campaign.updated_at = status, campaign.created_at + 60
            for contact in campaign.contacts:
                contact.reason = "The caller's number is not in service"
                campaign.mark(contact, status, final=True)
            return
        at = max(contact.started_at or campaign.created_at for contact in campaign.contacts)
        if status == "cancelled":
            campaign.cancel(at, status, status)
        else:
            campaign.status = status
        self.world.dialler.advance([campaign], at, until=self.world.now)  # calls under way end

    def page_read(self, campaign: VendorCampaign) -> None:
        """Count a page read, and make the changes between pages that are due."""
        for change in [change for change in self.world.changes if change.campaign is campaign]:
            change.reads_left -= 1
            if change.reads_left <= 0:
                self.world.changes.remove(change)
                self.fill(campaign, change.insert, front=change.front)
                for _ in range(change.remove):
                    campaign.remove(front=change.front)


def _surplus(endpoint: Endpoint, request: VendorRequest) -> list[str]:
    surplus = [f"query.{name}: is not documented" for name, _ in request.query if name not in endpoint.query]
    if not endpoint.body and request.body not in {b"", b"{}"}:
        surplus.append("body: is not documented")
    if endpoint.body and not request.body:
        surplus.append("body: is required")
    return surplus


def _matches(template: str, segments: tuple[str, ...]) -> tuple[str, ...] | None:
    pattern = tuple(template.strip("/").split("/"))
    if len(pattern) != len(segments):
        return None
    pairs = tuple(zip(pattern, segments, strict=True))
    if not all(actual if expected.startswith("{") else expected == actual for expected, actual in pairs):
        return None
    return tuple(actual for expected, actual in pairs if expected.startswith("{"))


def read_integer(text: str) -> int | None:
    """Return the integer that a text is; None when it is none."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None
