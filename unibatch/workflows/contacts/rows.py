"""From the rows of a list to contacts: every row is taken, rejected with its reasons, or repeats a number."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from unibatch.core.draft import ContactDraft
from unibatch.core.errors import InvalidInput
from unibatch.core.masking import mask_phone, mask_text
from unibatch.core.phone import from_user
from unibatch.workflows.contacts.headers import (
    BLANK,
    CUSTOM,
    INVISIBLE,
    LEFT_OUT,
    NESTED,
    SYNONYMS,
    TEXT_COLUMN,
    Columns,
    listed,
)
from unibatch.workflows.contacts.result import ContactList, RejectedRow, RepeatedRow

FORMULA_TEXT = re.compile(r'="(.*)"', re.DOTALL)
"""What Excel puts around a number that is to stay text."""
_NO_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))
_SCIENTIFIC = re.compile(r"(?P<plus>\+?)(?P<first>[0-9])(?:[.,](?P<rest>[0-9]+))?[eE]\+?(?P<exponent>[0-9]{1,3})")
_WHOLE_FRACTION = re.compile(r"(\+?[0-9]{7,})[.,]0{1,2}")
_NOT_DIALLED = re.compile(r"[\d+].*?(?:[^\W\d_]|[#,;*])", re.DOTALL)
_LONGEST_PHONE = 64
_MOST_DIGITS = 15


@attrs.define
class Rows:
    """The rows that have been read so far."""

    region: str | None
    known: Columns
    contacts: list[ContactDraft] = attrs.field(factory=list)
    rejected: list[RejectedRow] = attrs.field(factory=list)
    repeated: list[RepeatedRow] = attrs.field(factory=list)
    columns: dict[str, str] = attrs.field(factory=dict)
    _first_lines: dict[str, int] = attrs.field(factory=dict)
    _targets: dict[tuple[str, ...], dict[str, str]] = attrs.field(factory=dict)

    def result(self) -> ContactList:
        """All of them, once everything is read."""
        return ContactList(
            contacts=tuple(self.contacts),
            rejected=tuple(self.rejected),
            repeated=tuple(self.repeated),
            columns=self.columns,
        )

    def take_items(self, items: Iterable[tuple[int, Any]]) -> None:
        """Take rows that are not CSV: mappings, drafts, phone numbers, and rows that are rejected already."""
        for line, item in items:
            if isinstance(item, RejectedRow):
                self.rejected.append(item)
                continue
            if isinstance(item, str):
                row: Mapping[Any, Any] = {"phone_number": item}
            elif isinstance(item, ContactDraft):
                row = {name: value for name in SYNONYMS if (value := getattr(item, name)) is not None}
                row = {**row, NESTED: item.fields} if item.fields else row
            elif isinstance(item, Mapping):
                row = item
            else:
                kind = type(item).__name__
                self.reject(line, f"expected a mapping of columns to values, got {kind}", {TEXT_COLUMN: item})
                continue
            if not all(isinstance(key, str) for key in row):
                self.reject(line, "the name of a column is not a text", {str(key): row[key] for key in row})
                continue
            keys = tuple(row)
            targets = self._targets.get(keys)
            if targets is None:
                targets = self._targets[keys] = self.known.targets(keys, nested=True)
                self.columns.update(targets)
            self.take(line, row, targets)
        if self._targets:
            self.known.require(tuple(self.columns), self.columns)

    def reject(self, line: int, reason: str, row: Mapping[str, Any]) -> None:
        """Note that a row is no contact."""
        self.rejected.append(RejectedRow(line, reason, row))

    def take(self, line: int, row: Mapping[str, Any], targets: Mapping[str, str]) -> None:
        """Make a contact of a row, or reject it with all that is wrong with it."""
        values: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        reasons: list[str] = []
        for header, value in row.items():
            target = targets[header]
            if target == LEFT_OUT:
                continue
            try:
                if target == NESTED:
                    nested = _nested(value)
                    if twice := nested.keys() & custom.keys():
                        raise InvalidInput(f"custom data twice: {listed(sorted(twice))}")  # noqa: TRY301
                    custom |= nested
                elif target.startswith(CUSTOM):
                    if target[len(CUSTOM) :] in custom:
                        raise InvalidInput(f"custom data twice: {listed([header])}")  # noqa: TRY301
                    custom[target[len(CUSTOM) :]] = value
                elif target == "phone_number":
                    values[target] = _phone(value, self.region)
                else:
                    values[target] = _text(target, value)
            except InvalidInput as exc:
                reasons.append(str(exc))
                values.setdefault(target, None)
        if "phone_number" not in values:
            reasons.insert(0, "there is no phone number")
        try:
            json.dumps((values, custom), ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            reasons.append("a text holds half a character (a lone surrogate)")
        except (ValueError, TypeError, RecursionError) as exc:
            reasons.append(f"custom data must be what JSON can hold ({mask_text(str(exc))})")
        if reasons:
            self.reject(line, "; ".join(reasons), row)
            return
        contact = ContactDraft(**values, fields=custom)
        first = self._first_lines.setdefault(contact.phone_number, line)
        if first == line:
            self.contacts.append(contact)
        else:
            self.repeated.append(RepeatedRow(line, first, contact))


def _nested(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidInput("fields must be a mapping of names to values")
    return dict(value)


def _text(attribute: str, value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and attribute == "external_id":
        try:
            return str(value)
        except ValueError as exc:
            raise InvalidInput("external_id is too long") from exc
    if value is None or isinstance(value, str):
        return value if value and value.strip(BLANK) else None
    raise InvalidInput(f"{attribute} must be a text, not {type(value).__name__}")


def _phone(value: Any, region: str | None) -> str:
    """The phone number of a row in E.164 form, as a spreadsheet may have changed it."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 < value < 10**_MOST_DIGITS:
            raise InvalidInput(f"a phone number has up to {_MOST_DIGITS} digits and no sign")
        value = str(value)
    if value is None:
        raise InvalidInput("there is no phone number")
    if not isinstance(value, str):
        raise InvalidInput(f"the phone number must be a text, not {type(value).__name__}")
    text = value.strip(BLANK)
    if not text.isascii():
        text = text.translate(_NO_INVISIBLE)
    if formula := FORMULA_TEXT.fullmatch(text):
        text = formula[1]
    text = text.lstrip("='`\u2018\u2019").strip(BLANK)
    if not text:
        raise InvalidInput("there is no phone number")
    if len(text) > _LONGEST_PHONE:
        raise InvalidInput(f"{len(text):,} characters are no phone number")
    if "\n" in text or "\r" in text:
        raise InvalidInput("the phone number goes over more than one line; give one number a row")
    if number := _WHOLE_FRACTION.fullmatch(text):
        text = number[1]
    elif number := _SCIENTIFIC.fullmatch(text):
        digits = number["first"] + (number["rest"] or "")
        if len(digits) != int(number["exponent"]) + 1:
            raise InvalidInput(
                f"{mask_phone(text)} has lost digits in a spreadsheet; format the column as text and enter it again"
            )
        text = number["plus"] + digits
    elif _NOT_DIALLED.search(text):
        raise InvalidInput(
            f"{mask_phone(text)} holds letters, an extension or a second number, which cannot be dialled"
        )
    return from_user(text, region=region)
