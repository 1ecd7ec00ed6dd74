"""The numbers that must never be called, from a file or from memory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from unibatch.core.draft import ContactDraft
from unibatch.core.errors import InvalidInput
from unibatch.core.model import Contact
from unibatch.core.phone import from_user, subscriber_key
from unibatch.workflows.contacts.files import read_file
from unibatch.workflows.contacts.headers import BLANK, Columns
from unibatch.workflows.contacts.rows import Rows

_LIST = re.compile(r"[+(0-9][^,;\t|]*").fullmatch
"""The first line of a file that has one number a line, and no headers."""

_REASON = "its number is in the list of those that must never be called"


def numbers_to_skip(skip: Any, region: str | None) -> dict[str, str]:
    """The numbers of the argument ``skip``, as `subscriber_key` writes them, and why they must not be called.

    Raises:
        InvalidInput: The file cannot be read, or anything in the list is no phone number. Nothing is ever left out.
    """
    if isinstance(skip, str | os.PathLike):
        numbers = _in_file(skip, region)
    elif isinstance(skip, Iterable) and not isinstance(skip, Mapping | bytes | bytearray):
        numbers = ((f"skip: item {index}", item) for index, item in enumerate(skip, 1))
    else:
        raise InvalidInput(f"skip must be the path of a file or an iterable of numbers, not {type(skip).__name__}")
    never = {}
    for where, number in numbers:
        text = number.phone_number if isinstance(number, ContactDraft | Contact) else number
        try:
            never[subscriber_key(from_user(text, region=region))] = _REASON
        except InvalidInput as exc:
            raise InvalidInput(f"{where}: {exc}") from exc
    return never


def _in_file(path: str | os.PathLike[str], region: str | None) -> Iterator[tuple[str, Any]]:
    """The numbers in a file of one number a line, or in a table with a column of them."""
    with suppress(OSError, ValueError):  # the reader of tables says what is wrong
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        filled = [(number, text) for number, line in enumerate(lines, 1) if (text := line.strip(BLANK))]
        if filled and _LIST(filled[0][1]):
            return ((f"{path}, line {number}", text) for number, text in filled)
    table = Rows(region, Columns({}), takes_refused=True)
    try:
        read_file(path, None, table)
    except InvalidInput as exc:
        raise exc if str(path) in str(exc) else InvalidInput(f"{path}: {exc}") from exc
    found = table.result()
    if found.rejected:
        first = found.rejected[0]
        raise InvalidInput(f"{path}, line {first.line}: {first.reason}; every line must be a phone number")
    return ((str(path), contact.phone_number) for contact in found.contacts)
