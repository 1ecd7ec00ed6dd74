"""What is lost on the way from a campaign that was read to a draft, and how many attempts are left.

`CampaignDraft.from_campaign` and `ContactDraft.from_contact` make the draft.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft
from unibatch.core.errors import InvalidInput
from unibatch.core.findings import Finding, Fit
from unibatch.core.model import Campaign, Contact, RedialPolicy, Schedule
from unibatch.core.provider import Provider
from unibatch.providers import registry
from unibatch.workflows.migrate.decide import Decision

_OF_ANOTHER_ACCOUNT = "means nothing in another account; the target's profile names its own"

_MAY_BE_LOST = tuple(str(field.alias) for field in attrs.fields(ContactDraft) if str(field.alias) != "phone_number")
"""The attributes of a contact that a vendor may not return."""


_PARTS: Mapping[str, type[Schedule | RedialPolicy]] = {"schedule": Schedule, "retry": RedialPolicy}

CHANGEABLE = (
    *("name", "description", "agent_id", "from_number_ids", "max_concurrency"),
    *("schedule.timezone", "schedule.window_start", "schedule.window_end", "schedule.weekdays"),
    *("schedule.max_calls_per_day", "retry.retry_on"),
)
"""The fields of a draft that can be changed on the way, as findings name them; options of the target, such as
``vendor.version_id``, can be set too."""


def changed(draft: CampaignDraft, changes: Mapping[str, Any], provider: str) -> CampaignDraft:
    """A draft with some fields set to other values.

    Args:
        draft: The draft.
        changes: The values by the names of fields, as in `CHANGEABLE`; ``None`` leaves a field out.
        provider: The provider's name of the target, for its options.

    Raises:
        InvalidInput: There is no such field, or it cannot be changed.
    """
    defaults = _defaults(CampaignDraft)
    for name, value in changes.items():
        whole, _, part = name.partition(".")
        if whole == "vendor" and part:
            options = {**draft.vendor.get(provider, {}), part: value}
            kept = {key: option for key, option in options.items() if option is not None}
            draft = attrs.evolve(draft, vendor={**draft.vendor, provider: kept})
        elif name not in CHANGEABLE or (name == "name" and value is None):
            options_too = "vendor.OPTION of the target"
            raise InvalidInput(f"{name} cannot be set here; what can be is: {', '.join(CHANGEABLE)}, {options_too}")
        elif part:
            empty = _PARTS[whole]()
            new = _with(
                getattr(draft, whole) or empty, part, _defaults(_PARTS[whole])[part] if value is None else value
            )
            draft = _with(draft, whole, None if new == empty else new)
        else:
            draft = _with(draft, name, defaults[name] if value is None else value)
    return draft


def _defaults(cls: type[attrs.AttrsInstance]) -> Mapping[str, Any]:
    return {str(field.alias): field.default for field in attrs.fields(cls)}


def _with(thing: Any, attribute: str, value: Any) -> Any:
    return attrs.evolve(thing, **{attribute: value})


def draft_losses(campaign: Campaign, contacts: Iterable[Contact]) -> tuple[Finding, ...]:
    """What `CampaignDraft.from_campaign` cannot take over from a campaign and its contacts.

    Whether the target takes the rest is another question, which `unibatch.preflight` answers.

    Args:
        campaign: The campaign, as it was read.
        contacts: Its contacts, as they were read.

    Returns:
        A finding for each field that is lost. A profile or a file can fill the gap.
    """
    source: type[Provider] = registry.load(campaign.provider)
    found: list[Finding] = []
    if campaign.agent_id is not None:
        found.append(_lost("agent_id", f"{campaign.agent_id} {_OF_ANOTHER_ACCOUNT}"))
    if campaign.from_numbers:
        ids = "what it calls from" if len(campaign.from_numbers) == 1 else "those it calls from"
        found.append(_lost("from_number_ids", f"{ids} {_OF_ANOTHER_ACCOUNT}"))
    absent = [field for field in ("name", "description") if field not in source.capabilities.campaign_fields]
    found += [_lost(field, f"{source.title} does not return it") for field in absent]
    empty = _never_filled(contacts)
    returned = source.capabilities.contact_fields
    found += [
        _lost(f"contacts.{attribute}", f"{source.title} does not return it; {_JOIN} it from {_FILE}")
        for attribute in empty
        if attribute not in returned
    ]
    if absent := [attribute for attribute in empty if attribute in returned]:
        reason = f"none came with {', '.join(absent)}; if they had any, {_JOIN} them from {_FILE}"
        found.append(_lost("contacts", reason))
    return tuple(found)


_JOIN = "fields_from joins"
_FILE = "the file that the campaign was placed with"


def _lost(field: str, reason: str) -> Finding:
    return Finding(field=field, fit=Fit.LOSSY, reason=reason)


def _never_filled(contacts: Iterable[Contact]) -> list[str]:
    """The attributes that no contact has."""
    missing = [*_MAY_BE_LOST]
    for contact in contacts:
        missing = [attribute for attribute in missing if not getattr(contact, attribute)]
        if not missing:
            break
    return missing


def attempts_left(decisions: Sequence[Decision], max_attempts: int | None) -> tuple[int | None, Finding | None]:
    """How often the target may call those who are moved, less what the source has done.

    A vendor takes one number for the campaign. So nobody is called more often than ``max_attempts``, and who was called
    less often by the source than others is called less often in all.

    Args:
        decisions: What `decide` returned for this ``max_attempts``.
        max_attempts: How often a subscriber is called at most, the calls of the source included; ``None``: its calls do
            not count.

    Returns:
        The ``retry.max_attempts`` for the target, or ``None`` to leave that of the draft as it is; and what has to be
        said about it, or ``None``.
    """
    made = sorted(decision.attempts for decision in decisions if decision.moves)
    if not made or made[-1] == 0:
        return max_attempts, None
    called = sum(number > 0 for number in made)
    if max_attempts is None:
        reason = f"{_contacts(called)} of those who are moved were called before; max_attempts makes that count"
        return None, Finding(field="retry.max_attempts", fit=Fit.LOSSY, reason=reason)
    left = max_attempts - made[-1]
    fewer = sum(number < made[-1] for number in made)
    if fewer == 0:
        reason = f"{max_attempts} less the {made[-1]} that the source made"
        return left, Finding(field="retry.max_attempts", fit=Fit.MAPPED, reason=reason)
    reason = (
        f"{max_attempts} less the {made[-1]} that the source made at most, since the target takes one number for all: "
        f"{_contacts(fewer)} who were called less often get fewer than {max_attempts} calls in all"
    )
    return left, Finding(field="retry.max_attempts", fit=Fit.LOSSY, reason=reason)


def _contacts(number: int) -> str:
    return f"{number:,} contact{'' if number == 1 else 's'}"
