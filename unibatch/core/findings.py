"""What becomes of a draft at one vendor: a finding for each field and each limit, and the bodies that will be sent.

The same translation makes the findings and the bodies, so that what a finding says is what is sent. How that is done
stands in `unibatch.core.preflight`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

import attrs

from unibatch.core.draft import CampaignDraft, digest
from unibatch.core.errors import DraftRefused, InvalidInput
from unibatch.core.masking import mask_text
from unibatch.core.times import When

_LONGEST_SHOWN = 60
_FIELDS = frozenset(field.alias or field.name for field in attrs.fields(CampaignDraft))


class Fit(StrEnum):
    """How well a field of a draft, or a limit, fits a vendor."""

    NATIVE = "native"
    """The vendor has the very same."""
    MAPPED = "mapped"
    """The vendor has the same in another form, and it is brought into that form."""
    EMULATED = "emulated"
    """The vendor does not have it, and it is had by other means."""
    LOSSY = "lossy"
    """A part of it is lost. Placed only if that loss is accepted."""
    UNSUPPORTED = "unsupported"
    """All of it is lost. Placed only if that loss is accepted, and never where people would be called by surprise."""
    INVALID = "invalid"
    """It has to be corrected: it makes no sense, or is beyond a limit of the vendor."""


class Handling(NamedTuple):
    """How a vendor takes one attribute of a contact.

    Attributes:
        fit: How well it fits.
        reason: Why, or what becomes of it.
    """

    fit: Fit = Fit.NATIVE
    reason: str = ""


@attrs.frozen(kw_only=True)
class Finding:
    """What becomes of one field of a draft, or whether one limit is kept.

    Attributes:
        field: The field, as it is named in `CampaignDraft`, for example ``"max_concurrency"``; ``"contacts.email"`` and
            the like for attributes of contacts; or a limit, as it is named in `Limits`.
        fit: How well it fits.
        reason: Why, or what becomes of it; may be empty where it is native.
        sent: What is sent for it, in the vendor's spelling. Contacts are sent too, and not shown here. Read-only.
        acceptable: If it stands in the way: it can be accepted by naming the field in ``accept_loss``.
    """

    field: str
    fit: Fit
    reason: str = ""
    _sent: Mapping[str, Any] = attrs.field(factory=dict, alias="sent", hash=False)
    acceptable: bool = attrs.Factory(lambda finding: finding.fit in {Fit.LOSSY, Fit.UNSUPPORTED}, takes_self=True)

    @property
    def sent(self) -> Mapping[str, Any]:
        """What is sent for it, in the vendor's spelling. Read-only."""
        return MappingProxyType(dict(self._sent))

    def is_obstacle(self, accept_loss: Collection[str] = ()) -> bool:
        """Whether the draft is not placed because of it.

        Args:
            accept_loss: Fields whose loss is accepted.

        Raises:
            InvalidInput: ``accept_loss`` is no list of texts.
        """
        if self.fit not in {Fit.LOSSY, Fit.UNSUPPORTED, Fit.INVALID}:
            return False
        return not (self.acceptable and self.field in _accepted(accept_loss))


@attrs.frozen(kw_only=True)
class Preflight:
    """What becomes of a draft at one vendor.

    Attributes:
        provider: The provider's name.
        findings: One for each field that the draft uses, and one for each limit of the vendor that bears on it. Where
            a field and a limit have the same name (``max_concurrency``), one tells of both.
    """

    provider: str
    findings: tuple[Finding, ...]

    def obstacles(self, accept_loss: Collection[str] = ()) -> list[Finding]:
        """The findings because of which the draft is not placed.

        Args:
            accept_loss: Fields whose loss is accepted.

        Raises:
            InvalidInput: ``accept_loss`` is no list of texts.
        """
        accepted = _accepted(accept_loss)
        return [finding for finding in self.findings if finding.is_obstacle(accepted)]


def _accepted(accept_loss: Any) -> frozenset[str]:
    if isinstance(accept_loss, frozenset):
        return accept_loss
    if isinstance(accept_loss, str):
        raise InvalidInput(f"accept_loss must be a list of fields; write accept_loss=[{accept_loss!r}]")
    fields = list(accept_loss) if isinstance(accept_loss, Iterable) else [accept_loss]
    if foreign := [field for field in fields if not isinstance(field, str)]:
        raise InvalidInput(f"accept_loss must be a list of fields, which are texts, not {shown(foreign[0])}")
    return frozenset(fields)


@attrs.define
class Translation:
    """Where a provider puts what becomes of a draft.

    Attributes:
        draft: The draft with the profile's defaults in it, and each number once. What is generally wrong with it is
            found already and left out, so that every attribute has the type that it should have.
        options: What only this vendor has: the draft's ``vendor`` mapping over the profile's defaults. Of the right
            kind, too.
        now: The time now (aware, UTC).
        start: When to begin; ``None`` for at once, for not before it is told to, or if that is not known.
        hold_until: Until when to hold, or ``None``.
        body: What will be sent, apart from the contacts.
        findings: What was found.
    """

    draft: CampaignDraft
    options: Mapping[str, Any]
    now: datetime
    start: When | None = None
    hold_until: When | None = None
    body: dict[str, Any] = attrs.field(factory=dict)
    findings: list[Finding] = attrs.field(factory=list)

    def put(self, field: str, sent: Mapping[str, Any] | None = None, fit: Fit = Fit.NATIVE, reason: str = "") -> None:
        """Send something for a field; a mapping within the body is added to, not replaced."""
        for key, value in (sent or {}).items():
            if isinstance(value, dict) and isinstance(self.body.get(key), dict):
                self.body[key] = {**self.body[key], **value}
            else:
                self.body[key] = value
        self.findings.append(Finding(field=field, fit=fit, reason=reason, sent=sent or {}))

    def lossy(self, field: str, sent: Mapping[str, Any], reason: str) -> None:
        """Send what can be sent for a field, of which a part is lost."""
        self.put(field, sent, Fit.LOSSY, reason)

    def lose(self, field: str, reason: str, *, acceptable: bool = True) -> None:
        """Find that the vendor cannot do what a field asks for."""
        self.findings.append(Finding(field=field, fit=Fit.UNSUPPORTED, reason=reason, acceptable=acceptable))

    def refuse(self, field: str, reason: str) -> None:
        """Find that a field has to be corrected."""
        self.findings.append(Finding(field=field, fit=Fit.INVALID, reason=reason))


@attrs.frozen(kw_only=True)
class Composition:
    """A draft as one vendor takes it.

    Attributes:
        draft: The draft with the profile's defaults in it, each number once.
        options: What only this vendor has.
        now: The time at which it was made (aware, UTC).
        start: When to begin, or ``None`` for at once or not before it is told to.
        body: What will be sent, apart from the contacts.
        contacts: The contacts as they will be sent, in the order of the draft's.
        preflight: What was found.
        given_key: The ``idempotency_key`` that the user gave, or ``None``.
    """

    draft: CampaignDraft
    options: Mapping[str, Any]
    now: datetime
    start: When | None
    body: Mapping[str, Any]
    contacts: Sequence[Mapping[str, Any]]
    preflight: Preflight
    given_key: str | None

    def key_of(self, body: Mapping[str, Any]) -> str:
        """The key by which a vendor is to recognise this request: the user's own, or one that goes with the body."""
        return self.given_key or f"unibatch-{digest([self.draft.key, body])}"

    def insist(self, operation: str, accept_loss: Collection[str] = ()) -> Composition:
        """Go on only if nothing stands in the way.

        Raises:
            DraftRefused: Something does; all of it is named.
        """
        insist(self.preflight, operation, accept_loss)
        return self


def insist(preflight: Preflight, operation: str, accept_loss: Collection[str]) -> None:
    """Go on only if nothing stands in the way.

    Raises:
        DraftRefused: Something does; all of it is named.
        InvalidInput: ``accept_loss`` is no list of texts, or names what is no field of a draft.
    """
    accepted = _accepted(accept_loss)
    if foreign := sorted(field for field in accepted if field.partition(".")[0] not in _FIELDS):
        lost = [finding.field for finding in preflight.obstacles() if finding.acceptable]
        there = f"what can be lost here is {', '.join(lost)}" if lost else "nothing would be lost here"
        raise InvalidInput(f"accept_loss names {', '.join(foreign)}, which no draft has; {there}")
    if obstacles := preflight.obstacles(accepted):
        raise DraftRefused(preflight.provider, operation, obstacles)


def shown(value: Any) -> str:
    """A value in a message: cut short, without phone numbers, and whatever it is."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - anybody's class, nested as deep as can be
        return type(value).__name__
    return mask_text(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
