"""What happens to a draft at one vendor: a finding for each field and each limit.

`unibatch.core.preflight` makes them, together with the bodies that are sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import attrs

from unibatch.core.base_errors import InvalidInput
from unibatch.core.masking import mask_text

_LONGEST_SHOWN = 60


class Fit(StrEnum):
    """How well a field of a draft, or a limit, fits a vendor."""

    NATIVE = "native"
    """The vendor has the same."""
    MAPPED = "mapped"
    """The vendor has the same in another form; it is brought into that form."""
    EMULATED = "emulated"
    """The vendor does not have it; unibatch does it by other means."""
    LOSSY = "lossy"
    """A part of it is lost. Placed only if that loss is accepted."""
    UNSUPPORTED = "unsupported"
    """All of it is lost. Placed only if that loss is accepted, and never where people would be called by surprise."""
    INVALID = "invalid"
    """Correct it: it is wrong, or beyond a limit of the vendor."""


_BLOCKING = frozenset({Fit.LOSSY, Fit.UNSUPPORTED, Fit.INVALID})


@attrs.frozen(kw_only=True)
class Finding:
    """What happens to one field of a draft, or whether one limit is kept.

    Attributes:
        field: The field, as it is named in `CampaignDraft`, for example ``"max_concurrency"``; ``"contacts.email"`` and
            the like for attributes of contacts; or a limit, as it is named in `Limits`.
        fit: How well it fits.
        reason: Why, or what happens to it; may be empty where it is native.
        sent: What is sent for it, in the vendor's spelling. Contacts are sent too, and not shown here. Read-only.
        acceptable: If it blocks the draft: it can be accepted by naming the field in ``accept_loss``.
    """

    field: str
    fit: Fit
    reason: str = ""
    _sent: Mapping[str, Any] = attrs.field(factory=dict, alias="sent", converter=dict, hash=False)  # can be pickled
    acceptable: bool = attrs.Factory(lambda finding: finding.fit in {Fit.LOSSY, Fit.UNSUPPORTED}, takes_self=True)

    @property
    def sent(self) -> Mapping[str, Any]:
        """What is sent for it, in the vendor's spelling. Read-only."""
        return MappingProxyType(dict(self._sent))

    def is_obstacle(self, accept_loss: Collection[str] = ()) -> bool:
        """Whether it blocks the draft.

        Args:
            accept_loss: Fields whose loss is accepted.

        Raises:
            InvalidInput: ``accept_loss`` is no list of texts.
        """
        return self.fit in _BLOCKING and not (self.acceptable and self.field in accepted_losses(accept_loss))


@attrs.frozen(kw_only=True)
class Preflight:
    """What happens to a draft at one vendor.

    Attributes:
        provider: The provider's name.
        findings: One for each field that the draft uses, and one for each limit of the vendor that applies to it. Where
            a field and a limit have the same name (``max_concurrency``), one finding is about both.
    """

    provider: str
    findings: tuple[Finding, ...]

    def obstacles(self, accept_loss: Collection[str] = ()) -> list[Finding]:
        """The findings that block the draft.

        Args:
            accept_loss: Fields whose loss is accepted.

        Raises:
            InvalidInput: ``accept_loss`` is no list of texts.
        """
        accepted = accepted_losses(accept_loss)
        return [finding for finding in self.findings if finding.is_obstacle(accepted)]


def accepted_losses(accept_loss: Any) -> frozenset[str]:
    """The fields in ``accept_loss``.

    Raises:
        InvalidInput: It is no list of texts.
    """
    if isinstance(accept_loss, str):
        raise InvalidInput(f"accept_loss must be a list of fields; write accept_loss=[{accept_loss!r}]")
    fields = list(accept_loss) if isinstance(accept_loss, Iterable) else [accept_loss]
    if foreign := [field for field in fields if not isinstance(field, str)]:
        raise InvalidInput(f"accept_loss must be a list of fields, which are texts, not {shown(foreign[0])}")
    return frozenset(fields)


def shown(value: Any) -> str:
    """A value in a message: cut short, phone numbers masked. Any value will do."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - anybody's class, nested as deep as can be
        return type(value).__name__
    return mask_text(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")
