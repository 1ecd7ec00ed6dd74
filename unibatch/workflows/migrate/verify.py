"""Compares both sides with the journal: who is where, with which values, and whether the source stands still."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from unibatch.core.draft import ContactDraft
from unibatch.core.errors import MigrationRefused, NotFound
from unibatch.core.findings import shown
from unibatch.core.model import Campaign, Contact, fold
from unibatch.core.phone import subscriber_key
from unibatch.core.status import CampaignStatus
from unibatch.workflows.migrate.context import Context
from unibatch.workflows.migrate.ledger import Difference, Outcome, PartStep, Step, Verification
from unibatch.workflows.migrate.stored import Reading
from unibatch.workflows.migrate.work import ReadContacts, Work, call, read_contacts

CALLS_NOBODY = frozenset({CampaignStatus.FAILED, CampaignStatus.CANCELLED, CampaignStatus.EXPIRED})
"""A campaign of the target with such a status will never call those who were moved to it."""


@attrs.define
class Comparison:
    """How a campaign of the target compares with what was sent.

    Attributes:
        found: For each contact of the source that is there: its id in the target.
        missing: The contacts of the source that are not there.
        differences: Everything that is not as it was sent.
        fields: How many values could be compared.
        not_compared: Fields that were sent and that the target does not return.
    """

    found: dict[str, str] = attrs.field(factory=dict)
    missing: list[str] = attrs.field(factory=list)
    differences: list[Difference] = attrs.field(factory=list)
    fields: int = 0
    not_compared: set[str] = attrs.field(factory=set)


def compare(
    campaign_id: str, sent: Iterable[tuple[str, ContactDraft]], there: Sequence[Contact], told: frozenset[str]
) -> Comparison:
    """Compare the contacts of a campaign with what was sent.

    Args:
        campaign_id: The campaign of the target.
        sent: The id in the source and the draft of each contact that should be there.
        there: The contacts that are there.
        told: The attributes that the vendor returns.
    """
    result = Comparison()
    by_number: dict[str, list[Contact]] = defaultdict(list)
    for contact in there:
        by_number[subscriber_key(contact.phone_number)].append(contact)
    for source_id, draft in sent:
        same = by_number.pop(subscriber_key(draft.phone_number), [])
        about: dict[str, Any] = {"where": "target", "campaign_id": campaign_id, "phone_number": draft.phone_number}
        if not same:
            result.missing.append(source_id)
            result.differences.append(
                Difference(**about, contact_id=source_id, field="contacts", expected="there", found="missing")
            )
            continue
        if len(same) > 1:
            result.differences.append(
                Difference(
                    **about, contact_id=same[0].id, field="contacts", expected="once", found=f"{len(same)} times"
                )
            )
        result.found[source_id] = same[0].id
        _compare_values(result, about, draft, same[0], told)
    for contacts in by_number.values():
        for contact in contacts:
            result.differences.append(
                Difference(
                    where="target",
                    campaign_id=campaign_id,
                    contact_id=contact.id,
                    phone_number=contact.phone_number,
                    field="contacts",
                    expected="not there",
                    found="there",
                )
            )
    return result


_MISSING = object()


def _compare_values(
    result: Comparison, about: Mapping[str, Any], draft: ContactDraft, contact: Contact, told: frozenset[str]
) -> None:
    """Compare what is said about a contact, as far as the vendor returns it."""

    def compared(field: str, expected: object, found: object, *, same: bool) -> None:
        result.fields += 1
        if not same:
            result.differences.append(
                Difference(**about, contact_id=contact.id, field=field, expected=shown(expected), found=shown(found))
            )

    name = draft.full_name
    if name is not None:
        if contact.name is None:
            result.not_compared.add("contacts.name")
        else:
            compared("contacts.name", name, contact.name, same=_is_name(contact.name, name, draft))
    for attribute in ("email", "external_id"):
        expected, found = getattr(draft, attribute), getattr(contact, attribute)
        if expected is None:
            continue
        if attribute not in told or found is None:
            result.not_compared.add(f"contacts.{attribute}")
        else:
            compared(f"contacts.{attribute}", expected, found, same=_is_same(expected, found))
    for key, expected in draft.fields.items():
        found = contact.field(key, _MISSING) if contact.fields else _MISSING
        if found is _MISSING and (expected in (None, "") or not contact.fields):
            result.not_compared.add("contacts.fields")
        elif isinstance(expected, dict | list) and not _is_same(expected, found):
            result.not_compared.add("contacts.fields")  # what vendors do to names within is not documented
        else:
            text = "missing" if found is _MISSING else found
            compared(f"contacts.fields.{key}", expected, text, same=found is not _MISSING and _is_same(expected, found))


def _is_name(found: str, name: str, draft: ContactDraft) -> bool:
    """Whether a name that was read is that of a draft; a vendor may return only its beginning, the first name."""
    there, sent = fold(found), fold(name)
    return sent.startswith(there) or there in {fold(part) for part in (draft.first_name, draft.last_name) if part}


def _is_same(expected: object, found: object) -> bool:
    """Whether two values say the same; a vendor may make texts of numbers, and nothing of an empty text."""
    return expected == found or _as_text(expected) == _as_text(found)


def _as_text(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return " ".join(text.split()).casefold()


def verifying(context: Context) -> Work[Verification]:
    """Read both sides again, and compare them with the journal.

    Raises:
        MigrationRefused: There is nothing to compare.
    """
    if not context.is_settled or context.step in {Step.UNDOING, Step.UNDONE}:
        raise MigrationRefused(f"this migration is {context.step}, so there is nothing to verify")
    differences: list[Difference] = []
    status, still = yield from _source(context, differences)
    contacts, fields, not_compared = 0, 0, set[str]()
    for part in context.parts():
        if part.campaign_id is None or part.step is PartStep.REMOVED:
            continue
        sent = context.drafts_of(part.number)
        contacts += len(sent)
        campaign_id = part.campaign_id
        try:
            campaign: Campaign = yield from call("target", "get_campaign", campaign_id)
            there = yield from read_contacts(
                ReadContacts(side="target", campaign_id=campaign_id, what="reading the target", total=len(sent))
            )
        except NotFound as exc:
            if exc.page is not None:
                raise  # whether the campaign is there is unknown
            differences.append(
                Difference(
                    where="target", campaign_id=campaign_id, field="campaign", expected="there", found="not found"
                )
            )
            continue
        if campaign.status in CALLS_NOBODY:
            differences.append(
                Difference(
                    where="target",
                    campaign_id=campaign_id,
                    field="status",
                    expected="held, or calling",
                    found=str(campaign.status),
                )
            )
        result = compare(campaign_id, sent, there, context.target.capabilities.contact_fields)
        differences += result.differences
        fields += result.fields
        not_compared |= result.not_compared
    differences += _ledger(context)
    return Verification(
        differences=tuple(differences),
        source_stands_still=still,
        source_status=status,
        contacts=contacts,
        fields=fields,
        not_compared=tuple(sorted(not_compared)),
    )


def _source(context: Context, differences: list[Difference]) -> Work[tuple[str, bool]]:
    """Look whether the source stands still, and whether it has called anybody since the ledger was settled."""
    campaign_id = context.source_id
    try:
        campaign: Campaign = yield from call("source", "get_campaign", campaign_id)
        contacts = yield from context.read_source("reading the source")
    except NotFound as exc:
        if exc.page is not None:
            raise  # it may be there, and call people
        return "not found", True  # what is deleted calls nobody
    rows = {row["source_id"]: row for row in context.journal.rows("SELECT * FROM contacts")}
    compared: list[tuple[Reading, Reading]] = []
    for contact in contacts:
        row = rows.pop(contact.id, None)
        about: dict[str, Any] = {
            "where": "source",
            "campaign_id": campaign_id,
            "contact_id": contact.id,
            "phone_number": contact.phone_number,
        }
        if row is None:
            differences.append(Difference(**about, field="contacts", expected="not there", found="there"))
            continue
        earlier, now = Reading.load(row["latest"]), Reading.of(contact)
        if earlier is not None:
            compared.append((earlier, now))
        if not row["moves"] or earlier is None or not now.shows_call_since(earlier):
            continue
        differences.append(Difference(**about, field="status", expected=_describe(earlier), found=_describe(now)))
    for source_id, row in rows.items():
        if row["moves"]:
            differences.append(
                Difference(
                    where="source",
                    campaign_id=campaign_id,
                    contact_id=source_id,
                    phone_number=row["number"],
                    field="contacts",
                    expected="there",
                    found="missing",
                )
            )
    still = context.stands_still(campaign)
    if not still and context.journal.fact("source_stopped") and context.way_to_stop(campaign.status) is None:
        # Its status says nothing about that: a person has stopped it.
        still = not any(now.shows_call_since(earlier) for earlier, now in compared)
    return campaign.vendor_status or str(campaign.status), still


def _describe(reading: Reading) -> str:
    attempts = "" if reading.attempts is None else f", called {reading.attempts} times"
    return f"{reading.status}{attempts}"


def _ledger(context: Context) -> list[Difference]:
    """What is wrong with the ledger itself: contacts that are not settled, and numbers that are moved twice."""
    found = []
    seen: dict[str, str] = {}
    for row in context.journal.rows("SELECT * FROM contacts ORDER BY position"):
        about: dict[str, Any] = {
            "where": "ledger",
            "campaign_id": context.source_id,
            "contact_id": row["source_id"],
            "phone_number": row["number"],
        }
        if row["outcome"] == Outcome.OPEN:
            found.append(Difference(**about, field="outcome", expected="settled", found="open"))
        if row["outcome"] == Outcome.FAILED:
            found.append(Difference(**about, field="outcome", expected="moved", found=row["failure"] or ""))
        if row["moves"]:
            key = subscriber_key(row["number"])
            if key in seen:
                found.append(Difference(**about, field="number", expected="once", found=f"also {seen[key]}"))
            seen[key] = row["source_id"]
    return found
