"""The columns of the tables of campaigns and of contacts."""

from __future__ import annotations

from typing import Any

from unibatch import Campaign, Client, Contact
from unibatch.cli.cells import BAD, Cell, canonical, moment, number, words, yes_no
from unibatch.cli.row_table import Column, Lane
from unibatch.client import provider_of_client
from unibatch.core.masking import mask_phone
from unibatch.core.status_table import StatusTable


def contact_lanes(client: Client, *, show_numbers: bool) -> list[Lane[Contact]]:
    """The columns of contacts, as far as the client's vendor fills them; phone numbers are masked unless asked for."""
    given = client.capabilities.contact_fields
    vendor = provider_of_client(client)

    def phone(row: Contact) -> Cell:
        return words(row.phone_number if show_numbers else mask_phone(row.phone_number), "" if row.phone_valid else BAD)

    who: list[Column[Contact]] = [Column("id", lambda row: words(row.id), least=8)]
    if "name" in given:
        who.append(Column("name", lambda row: words(row.name), least=12, folds_to=12))
    when: list[Column[Contact]] = [Column("phone", phone, least=13)]
    last = next((name for name in ("last_attempt_at", "started_at") if name in given), None)
    if last is not None:  # where each call is a contact of its own, its start
        when.append(Column("last call (UTC)", lambda row: moment(getattr(row, last)), least=16))
    ends: list[Column[Contact]] = [Column("final", lambda row: yes_no(row.is_final))]
    if "attempts" in given:
        ends.append(Column("tries", _tries, least=5))
    return [who, _status_lane(vendor.title, vendor.call_statuses), when, ends]


def _tries(row: Contact) -> Cell:
    if row.attempts is None or row.max_attempts is None:
        return words(row.attempts)
    return words(f"{row.attempts}/{row.max_attempts}")


def campaign_lanes(client: Client) -> list[Lane[Campaign]]:
    """The columns of campaigns, as far as the client's vendor fills them."""
    given = client.capabilities.campaign_fields
    vendor = provider_of_client(client)
    first: list[Column[Campaign]] = [Column("id", lambda row: words(row.id), least=8)]
    if "name" in given:
        first.append(Column("name", lambda row: words(row.name), folds_to=16))
    if "created_at" in given:
        first.append(Column("created (UTC)", lambda row: words(row.created_at and f"{row.created_at:%Y-%m-%d}")))
    return [
        first,
        _status_lane(vendor.title, vendor.campaign_statuses),
        [_count("contacts", "total"), _count("attempted"), _count("pending")],
        [_count("succeeded"), _count("failed")],
    ]


def _count(title: str, attribute: str | None = None) -> Column[Campaign]:
    return Column(title, lambda row: number(getattr(row.counts, attribute or title)), justify="right")


def _status_lane(vendor: str, table: StatusTable[Any]) -> Lane[Any]:
    """The columns of the status and of the vendor's word for it, with room for every word of the table."""
    room = min(14, max(map(len, table.words)))  # longer words are rare, and fold
    return [
        Column("status", lambda row: canonical(row.status), least=max(map(len, table.words.values()))),
        Column(f"at {vendor}", lambda row: words(row.vendor_status), least=room, folds_to=room),
    ]
