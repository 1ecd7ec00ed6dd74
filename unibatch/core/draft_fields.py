"""How a vendor takes the fields of a draft, as a table; and a draft as it is sent.

A provider has an entry for each field in `Provider.draft_fields`::

    draft_fields = {
        "name": How.sent("title"),
        "metadata": How(Fit.UNSUPPORTED, "Acme has no metadata; put it into the contacts' fields"),
        "retry.max_attempts": How.depends(_attempts),
        ...
    }

A field without an entry is unsupported.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, Start, digest
from unibatch.core.errors import DraftRefused, InvalidInput
from unibatch.core.findings import Fit, Preflight, accepted_losses
from unibatch.core.mark import NO_MARK, Mark
from unibatch.core.model import Campaign, RedialPolicy, Schedule
from unibatch.core.times import When

PARTS_OF: Mapping[str, type[attrs.AttrsInstance]] = MappingProxyType(
    {"contacts": ContactDraft, "schedule": Schedule, "retry": RedialPolicy}
)
"""The attributes of a draft whose own attributes are judged one by one."""


def _names() -> Iterator[str]:
    for field in attrs.fields(CampaignDraft):
        yield str(field.alias)
        if kind := PARTS_OF.get(str(field.alias)):
            yield from (f"{field.alias}.{inner.alias}" for inner in attrs.fields(kind))


ALL_FIELDS = tuple(_names())
"""The names of a draft's fields as findings name them, in the order of the findings."""

# What has no entry: what consists of other fields, and what a draft says in another place.
_WITHOUT_ENTRY = frozenset({*PARTS_OF, "contacts.phone_number", "schedule.start", "vendor"})

DRAFT_FIELD_NAMES = tuple(name for name in ALL_FIELDS if name not in _WITHOUT_ENTRY)
"""The names of the fields for which a provider that creates campaigns has an entry in `Provider.draft_fields`."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})

Body: TypeAlias = Mapping[str, Any] | Callable[[Any], Mapping[str, Any]]


@attrs.frozen(kw_only=True)
class Given:
    """What an entry may look at, beside the value of its own field.

    Attributes:
        fields: The values of the fields that the draft uses, by name, without those that are wrong at every vendor.
            That of ``start`` is `Start.HOLD`, `Start.NOW` or a `When`; that of ``hold_until`` is a `When`.
        settings: The ``defaults`` of the profile.
        mark: What the campaign is recognised by when it is looked for.
    """

    fields: Mapping[str, Any]
    settings: Mapping[str, Any]
    mark: Mark = NO_MARK


@attrs.frozen
class How:
    """How a vendor takes one field of a draft.

    Attributes:
        fit: How well it fits. A ``start`` that is unsupported can never be accepted as lost.
        reason: Why, or what happens to it; may be empty where it is native.
        body: What is sent for it: a mapping in the vendor's spelling, or a function that makes one of the value. A
            mapping within the body is added to, not replaced. Contacts are made by `Provider.contact_body` instead.
        required: What the vendor needs here, such as ``"an agent"``, if it takes no draft without it; otherwise empty.
        decide: For entries that depend on the value: returns the entry for it.
        left_out: How it is taken if a draft does not use the field; ``None`` if there is nothing to send or to say.
    """

    fit: Fit = Fit.NATIVE
    reason: str = ""
    body: Body = _NOTHING
    required: str = attrs.field(default="", kw_only=True)
    decide: Callable[[Any, Given], How] | None = attrs.field(default=None, kw_only=True)
    left_out: How | None = attrs.field(default=None, kw_only=True)

    @classmethod
    def sent(
        cls,
        key: str,
        form: Callable[[Any], Any] | None = None,
        fit: Fit = Fit.NATIVE,
        reason: str = "",
        *,
        required: str = "",
        left_out: How | None = None,
    ) -> How:
        """Sent under the vendor's ``key``, as ``form`` writes it, or else as it is."""

        def body(value: Any) -> Mapping[str, Any]:
            return {key: value if form is None else form(value)}

        return cls(fit, reason, body, required=required, left_out=left_out)

    @classmethod
    def depends(cls, decide: Callable[[Any, Given], How], *, required: str = "") -> How:
        """Depends on the value, or on what else the draft says: ``decide`` returns the entry."""
        return cls(decide=decide, required=required)

    @classmethod
    def by_start(cls, *, hold: How, now: How, at: How) -> How:
        """For ``start``: an entry for each of its three kinds; the value for the third is a `When`."""
        return cls(decide=lambda start, _: at if isinstance(start, When) else now if start == Start.NOW else hold)

    def chosen(self, value: Any, given: Given) -> How:
        """The entry that holds for a value."""
        return self if self.decide is None else self.decide(value, given).chosen(value, given)

    def sent_for(self, value: Any) -> Mapping[str, Any]:
        """What is sent for a value."""
        return self.body(value) if callable(self.body) else self.body


MISSING_ENTRY = How(Fit.UNSUPPORTED, "the provider has no entry for it, so it would not be sent")
"""How a field without an entry is taken."""

PART_IN_NAME = How(Fit.EMULATED, "its name says which part it is")
"""How ``part`` is taken by a vendor that has nothing for it: `CampaignDraft.split` numbers the names."""


@attrs.frozen
class Placed:
    """A campaign that was placed on this machine.

    Attributes:
        campaign_id: Its id.
        created_at: When it was created, by the vendor, if that was given.
    """

    campaign_id: str
    created_at: datetime | None

    def is_there(self, campaign: Campaign) -> bool:
        """Whether a campaign that was read is that one: a vendor that was reset, such as a sandbox, repeats ids."""
        same = self.created_at is None or campaign.created_at in {None, self.created_at}
        return campaign.id == self.campaign_id and same


@attrs.frozen(kw_only=True)
class Composition:
    """A draft as one vendor takes it.

    Attributes:
        draft: The draft with the profile's defaults in it, each number once.
        mark: What the campaign is recognised by when it is looked for.
        now: The time at which it was made (aware, UTC).
        start: When to begin, or ``None`` for immediately, or not before it is started.
        hold_until: For a campaign that is held: until when, or ``None``.
        body: What is sent, apart from the contacts.
        contacts: The contacts as they are sent, in the order of the draft's.
        preflight: What was found.
        given_key: The ``idempotency_key`` that the user gave, or ``None``.
        refuse_overlap: It is refused if most of its numbers are in another open campaign of the same agent.
        has_others: It also names people whom the vendor has already; how many they are is unknown.
        accepted: The fields whose loss the user accepts.
        noted: The campaign that a draft of the same key was placed as on this machine, or ``None``.
        was_denied: A creation with the same key was answered lately, on this machine, as if nothing had been done, with
            a status that means success. The vendor may have done it all the same, and list it later.
    """

    draft: CampaignDraft
    mark: Mark
    now: datetime
    start: When | None
    hold_until: When | None = None
    body: Mapping[str, Any]
    contacts: Sequence[Mapping[str, Any]]
    preflight: Preflight
    given_key: str | None
    has_others: bool = False
    accepted: frozenset[str] = frozenset()
    refuse_overlap: bool = False
    noted: Placed | None = None
    was_denied: bool = False

    @property
    def placed(self) -> str | None:
        """The id of the campaign that a draft of the same key was placed as on this machine, or ``None``."""
        return None if self.noted is None else self.noted.campaign_id

    def is_noted(self, campaign: Campaign) -> bool:
        """Whether a campaign that is not over was placed on this machine as a draft of the same key."""
        return self.noted is not None and self.noted.is_there(campaign) and not campaign.status.is_terminal

    @property
    def due(self) -> When | None:
        """When the campaign begins by itself, by what is asked for; ``None`` for now, or not before it is started.

        A vendor that can hold does not use ``hold_until``, and its campaign is not due.
        """
        is_sent = any(finding.field == "hold_until" and finding.sent for finding in self.preflight.findings)
        return self.start or (self.hold_until if is_sent else None)

    def key_of(self, body: Mapping[str, Any]) -> str:
        """The key by which a vendor is to recognise this request: the user's own, or one that goes with the body."""
        return self.given_key or f"unibatch-{digest([self.draft.key, body])}"

    def require(self, operation: str, accept_loss: Collection[str] = ()) -> Composition:
        """Raise `DraftRefused` if a finding blocks the draft; else return the composition, with what is accepted."""
        require_fit(self.preflight, operation, accept_loss)
        return attrs.evolve(self, accepted=frozenset(accept_loss))


def require_fit(preflight: Preflight, operation: str, accept_loss: Collection[str]) -> None:
    """Raise an error if a finding blocks the draft.

    Raises:
        DraftRefused: At least one does; all of them are named.
        InvalidInput: ``accept_loss`` is no list of texts, or names what is no field of a draft.
    """
    accepted = accepted_losses(accept_loss)
    if foreign := sorted(field for field in accepted if field.partition(".")[0] not in ALL_FIELDS):
        lost = [finding.field for finding in preflight.obstacles() if finding.acceptable]
        there = f"what can be lost here is {', '.join(lost)}" if lost else "nothing would be lost here"
        raise InvalidInput(f"accept_loss names {', '.join(foreign)}, which no draft has; {there}")
    if obstacles := preflight.obstacles(accepted):
        raise DraftRefused(preflight.provider, operation, obstacles)


def reserved_names_fault(contact: ContactDraft, reserved: Iterable[str]) -> str | None:
    """What is wrong with a contact whose ``fields`` have names that the vendor's file itself needs, or ``None``."""
    if taken := {*reserved}.intersection(contact.fields):
        return f"the fields {', '.join(sorted(taken))} are needed for the contact's own; choose other names"
    return None


def is_text(value: object) -> bool:
    """Whether a value is a text that is not blank, and that can be sent."""
    if not isinstance(value, str) or not value.strip():
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
