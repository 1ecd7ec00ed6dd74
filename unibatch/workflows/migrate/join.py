"""Joining what a source does not return, such as custom data, from the file that its campaign was placed with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs

from unibatch.core.draft import ContactDraft
from unibatch.core.errors import InvalidInput
from unibatch.core.findings import Finding, Fit
from unibatch.core.masking import mask_phone
from unibatch.core.model import Contact, as_dict, fold
from unibatch.core.phone import subscriber_key
from unibatch.workflows.contacts.files import checked_encoding, read_file
from unibatch.workflows.contacts.headers import Columns
from unibatch.workflows.contacts.rows import Rows

_FILLED = ("email", "external_id")
_MOST_NAMED = 5


@attrs.frozen(kw_only=True)
class Joined:
    """Contacts with what a file says about them.

    Attributes:
        contacts: The contacts, in the order in which they were given.
        joined: How many are in the file.
        not_in_file: Those who are not in the file; they stay as they are.
        not_in_source: How many in the file are none of these contacts.
    """

    contacts: tuple[ContactDraft, ...] = attrs.field(repr=lambda contacts: f"<{len(contacts)}>")
    joined: int
    not_in_file: tuple[ContactDraft, ...] = attrs.field(repr=lambda contacts: f"<{len(contacts)}>")
    not_in_source: int


@attrs.frozen(kw_only=True)
class PlacedFile:
    """The file that a campaign was placed with.

    Attributes:
        path: Its path.
        rejected: How many rows are no contacts.
    """

    path: str
    rejected: int = 0
    _people: Mapping[str, ContactDraft] = attrs.field(alias="people", converter=as_dict, repr=False)
    _never: Mapping[str, str] = attrs.field(alias="never", converter=as_dict, repr=False)

    @property
    def people(self) -> Mapping[str, ContactDraft]:
        """The contacts by number, as `subscriber_key` writes it."""
        return MappingProxyType(dict(self._people))

    @property
    def never(self) -> Mapping[str, str]:
        """The numbers that must not be called, by a do-not-call column, as `subscriber_key` writes them, and why."""
        return MappingProxyType(dict(self._never))

    def join(self, contacts: Iterable[ContactDraft]) -> Joined:
        """Fill what the contacts lack with what the file says about the same subscriber.

        What a contact has stays. Custom data that the vendor returned under another spelling gets the name that it has
        in the file. A name that is only the beginning of that in the file is replaced by it.
        """
        filled, absent, found = [], [], set()
        for contact in contacts:
            key = subscriber_key(contact.phone_number)
            in_file = self._people.get(key)
            if in_file is None:
                absent.append(contact)
                filled.append(contact)
            else:
                found.add(key)
                filled.append(filled_from(contact, in_file))
        return Joined(
            contacts=tuple(filled),
            joined=len(filled) - len(absent),
            not_in_file=tuple(absent),
            not_in_source=len(self._people.keys() - found),
        )

    def finding(self, contacts: Iterable[Contact]) -> Finding:
        """How many contacts of a source are in the file, and who is not, with numbers masked."""
        numbers = {subscriber_key(contact.phone_number): contact.phone_number for contact in contacts}
        absent = [number for key, number in numbers.items() if key not in self._people and key not in self._never]
        rest = len(self._people.keys() - numbers.keys())
        reason = f"{Path(self.path).name}: {len(numbers) - len(absent):,} of {len(numbers):,} numbers are in it"
        if absent:
            named = ", ".join(mask_phone(number) for number in absent[:_MOST_NAMED])
            more = f" and {len(absent) - _MOST_NAMED:,} more" if len(absent) > _MOST_NAMED else ""
            reason += f"; not in it: {named}{more}"
        if rest:
            reason += f"; {rest:,} numbers in it are not in the source, and are not moved"
        return Finding(field="fields_from", fit=Fit.LOSSY if absent else Fit.MAPPED, reason=reason)


def read_placed_file(
    path: str | os.PathLike[str],
    *,
    region: str | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> PlacedFile:
    """Read the file that a campaign was placed with, as `read_contacts` does.

    Args:
        path: The path of the file.
        region: As in `read_contacts`.
        columns: As in `read_contacts`.
        encoding: As in `read_contacts`.
        sheet: As in `read_contacts`.

    Raises:
        InvalidInput: The file cannot be used as a whole, or no row of it is a contact.
    """
    rows = Rows(region, Columns.of(columns))
    read_file(path, None, rows, encoding=checked_encoding(encoding), sheet=sheet)
    found = rows.result()
    if not found.contacts and not rows.never:
        raise InvalidInput(f"{Path(path).name} has no contacts, so nothing can be joined from it")
    return PlacedFile(
        path=os.fspath(path),
        rejected=len(found.rejected),
        people={subscriber_key(contact.phone_number): contact for contact in found.contacts},
        never={key: f"in {Path(path).name}, {reason}" for key, reason in rows.never.items()},
    )


def filled_from(contact: ContactDraft, in_file: ContactDraft) -> ContactDraft:
    """A contact with what the file says about it, as `PlacedFile.join` does it."""
    changed: dict[str, Any] = {
        name: getattr(in_file, name) for name in _FILLED if getattr(contact, name) is None and getattr(in_file, name)
    }
    said, told = in_file.full_name or "", contact.full_name or ""
    if len(said) > len(told) and fold(said).startswith(fold(told)):
        changed |= {name: getattr(in_file, name) for name in ("name", "first_name", "last_name")}
    returned = {fold(name): value for name, value in contact.fields.items()}
    own = {name: returned.pop(fold(name), value) for name, value in in_file.fields.items()}
    rest = {name: value for name, value in contact.fields.items() if fold(name) in returned}
    return attrs.evolve(contact, fields={**own, **rest}, **changed)
