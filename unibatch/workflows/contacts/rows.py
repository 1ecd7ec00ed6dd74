"""From the rows of a list to contacts: every row is taken, rejected, skipped, or repeats a number."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

import attrs

from unibatch.core.columns import FIELD, cell_text
from unibatch.core.draft import ContactDraft, once_each
from unibatch.core.errors import InvalidInput
from unibatch.core.masking import mask_text
from unibatch.core.model import Contact
from unibatch.core.phone import from_user, subscriber_key
from unibatch.workflows.contacts.headers import (
    BLANK,
    CUSTOM,
    DO_NOT_CALL,
    LEFT_OUT,
    NESTED,
    SYNONYMS,
    TEXT_COLUMN,
    Columns,
    listed,
)
from unibatch.workflows.contacts.regions import is_country, region_of
from unibatch.workflows.contacts.result import ContactList, RejectedRow, RepeatedRow, SkippedRow
from unibatch.workflows.contacts.wishes import is_refusal, must_not_be_called, permits_nothing, says_may_call

FORMULA_TEXT = re.compile(r'="(.*)"', re.DOTALL)
"""What Excel puts around a number that is to stay text."""

_commented_out = re.compile(r"\s*(?:#|//|/\*|<!--|--(?=\s*\w))").match

_SAMPLE = 100
"""So many rows are looked at before the columns of a list are settled."""


@attrs.define
class _Taken:
    line: int
    row: Mapping[str, Any]
    contact: ContactDraft


@attrs.frozen
class Places:
    """Where the cells of rows with the same headers go: found out once, for all of them.

    Attributes:
        targets: By the header, as `Columns.targets` returns them.
        custom: The names of custom data, by the header.
        permissions: The headers of custom data that says who may be called.
        countries: The headers of custom data that names the country of the number.
    """

    targets: Mapping[str, str]
    custom: Mapping[str, str]
    permissions: Collection[str]
    countries: Sequence[str]

    @classmethod
    def of(cls, targets: Mapping[str, str]) -> Places:
        """By the targets of the headers."""
        custom = {header: to[len(CUSTOM) :] for header, to in targets.items() if to.startswith(CUSTOM)}
        return cls(
            targets=targets,
            custom=custom,
            permissions=frozenset(filter(says_may_call, custom)),
            countries=[header for header, target in targets.items() if is_country(header, target)],
        )


@attrs.define
class Rows:
    """The rows that have been read so far.

    Attributes:
        region: The country of numbers in national form.
        known: Where columns go.
        never: The numbers that must not be called, as `subscriber_key` writes them, and why.
        encoding: That of the source, if it was bytes.
        encoding_guessed: Nothing in the source says that it is this encoding.
        takes_refused: Rows that must not be called are taken as all others are.
    """

    region: str | None
    known: Columns
    never: dict[str, str] = attrs.field(factory=dict)
    encoding: str | None = None
    encoding_guessed: bool = False
    takes_refused: bool = False
    rejected: list[RejectedRow] = attrs.field(factory=list)
    columns: dict[str, str] = attrs.field(factory=dict)
    _skipped: list[SkippedRow] = attrs.field(factory=list)
    _taken: dict[str, list[_Taken]] = attrs.field(factory=dict)
    _places: dict[tuple[str, ...], Places] = attrs.field(factory=dict)

    def result(self) -> ContactList:
        """All of them, once everything is read."""
        contacts: list[tuple[int, ContactDraft]] = []
        repeated: list[RepeatedRow] = []
        skipped = list(self._skipped)
        for key, same in self._taken.items():
            if why := self.never.get(key):
                skipped += [SkippedRow(taken.line, why, _without_absent(taken.row)) for taken in same]
                continue
            kept = same[0]
            if len(same) == 1:
                contacts.append((kept.line, kept.contact))
                continue
            same.sort(key=lambda taken: taken.line)
            (chosen,), _ = once_each(taken.contact for taken in same)
            kept = next(taken for taken in same if taken.contact is chosen)
            contacts.append((same[0].line, kept.contact))
            repeated += [RepeatedRow(taken.line, kept.line, taken.contact) for taken in same if taken is not kept]
        contacts.sort(key=lambda found: found[0])
        return ContactList(
            contacts=tuple(contact for _, contact in contacts),
            rejected=tuple(self.rejected),
            repeated=tuple(sorted(repeated, key=lambda row: row.line)),
            skipped=tuple(sorted(skipped, key=lambda row: row.line)),
            columns=self.columns,
            encoding=self.encoding,
            encoding_guessed=self.encoding_guessed,
        )

    def take_items(self, items: Iterable[tuple[int, Any]], *, nulls: bool = False) -> None:
        """Take rows that are not CSV: mappings, drafts, phone numbers, and rows that are rejected already.

        Args:
            items: The rows, with their numbers.
            nulls: ``None`` is a value, as in JSON, and not an empty cell.
        """
        waiting: list[tuple[int, Mapping[str, Any]]] = []
        for line, item in items:
            row = self._row(line, item, nulls=nulls)
            if row is None:
                continue
            keys = tuple(row)
            if keys in self._places:
                self.take(line, row, self._places[keys])
                continue
            waiting.append((line, row))
            if len(waiting) == _SAMPLE:
                self._settle(waiting)
                waiting.clear()
        self._settle(waiting)
        self.rejected.sort(key=lambda rejected: rejected.line)
        if self._places:
            self.known.require(tuple(self.columns), self.columns)

    def _settle(self, waiting: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
        """Settle the columns of rows that wait for it, and take the rows."""
        alike: dict[tuple[str, ...], list[tuple[int, Mapping[str, Any]]]] = {}
        for line, row in waiting:
            alike.setdefault(tuple(row), []).append((line, row))
        for keys, rows in alike.items():
            if keys not in self._places:
                targets = self.known.targets(keys, [row for _, row in rows], nested=True, region=self.region)
                self._places[keys] = Places.of(targets)
                self.columns.update(targets)
        for line, row in waiting:
            self.take(line, row, self._places[tuple(row)])

    def _row(self, line: int, item: Any, *, nulls: bool) -> Mapping[str, Any] | None:
        """An item as a row; ``None`` if it was rejected, or is an empty row of a table."""
        if isinstance(item, RejectedRow):
            self.rejected.append(item)
            return None
        if isinstance(item, str):
            return {"phone_number": item}
        if isinstance(item, ContactDraft | Contact):
            row = {name: value for name in SYNONYMS if (value := getattr(item, name)) is not None}
            return {**row, NESTED: dict(item.fields)} if item.fields else row
        for name in ("_asdict", "to_dict"):  # a named tuple, and a row of pandas
            if not isinstance(item, Mapping) and callable(make := getattr(item, name, None)):
                item = make()
        if not isinstance(item, Mapping):
            kind = type(item).__name__
            self.reject(line, f"expected a mapping of columns to values, got {kind}", {TEXT_COLUMN: item})
            return None
        if not all(isinstance(key, str) for key in item):
            self.reject(line, "the name of a column is not a text", {str(key): item[key] for key in item})
            return None
        row = {key: plain_value(item[key], nulls=nulls) for key in item}
        return None if row and all(value is ABSENT for value in row.values()) else row

    def reject(self, line: int, reason: str, row: Mapping[str, Any]) -> None:
        """Note that a row is no contact."""
        self.rejected.append(RejectedRow(line, reason, _without_absent(row)))

    def take(self, line: int, row: Mapping[str, Any], places: Places) -> None:
        """Make a contact of a row, or reject it with all that is wrong with it."""
        first = next(iter(row.values()), None)
        if isinstance(first, str) and _commented_out(first):
            self.reject(line, "it is commented out; remove the mark if it is to be called", row)
            return
        read = _Read(places)
        number = read.cells(row)
        values, custom, reasons, refusals = read.values, read.custom, read.reasons, read.refusals
        try:
            values["phone_number"] = from_user(number, region=region_of(row, places.countries, number, self.region))
        except InvalidInput as exc:
            reasons.insert(0, str(exc))
        if refusals and not self.takes_refused:
            self._skipped.append(SkippedRow(line, "; ".join(refusals), _without_absent(row)))
            if "phone_number" in values:
                why = f"line {line} has the same number, and must not be called"
                self.never.setdefault(subscriber_key(values["phone_number"]), why)
            return
        if fault := _json_fault(values, custom):
            reasons.append(fault)
        if reasons:
            self.reject(line, "; ".join(reasons), row)
            return
        contact = ContactDraft(**values, fields=custom)
        self._taken.setdefault(subscriber_key(contact.phone_number), []).append(_Taken(line, row, contact))


@attrs.define
class _Read:
    """What the cells of a row say, apart from its number, and what is wrong with them."""

    places: Places
    values: dict[str, Any] = attrs.field(factory=dict)
    custom: dict[str, Any] = attrs.field(factory=dict)
    reasons: list[str] = attrs.field(factory=list)
    refusals: list[str] = attrs.field(factory=list)

    def cells(self, row: Mapping[str, Any]) -> Any:
        """Take in all cells, and return that of the phone number; ``None`` if there is none."""
        number = None
        targets, custom = self.places.targets, self.places.custom
        for header, value in row.items():
            target = targets[header]
            if value is ABSENT or target == LEFT_OUT:
                continue
            try:
                if header in custom:
                    self._take_custom(header, custom[header], value)
                elif target == "phone_number":
                    number = value
                elif target == NESTED:
                    self._take_nested(value)
                elif target == DO_NOT_CALL:
                    if why := must_not_be_called(value):
                        self.refusals.append(f"its column {listed([header])} {why}")
                else:
                    self.values[target] = _text(target, value)
            except InvalidInput as exc:
                self.reasons.append(str(exc))
        return number

    def _take_custom(self, header: str, name: str, value: Any) -> None:
        if name in self.custom:
            raise InvalidInput(f"custom data twice: {listed([header])}")
        self.custom[name] = value
        says_no = header in self.places.permissions and permits_nothing(value)
        if says_no or (isinstance(value, str) and is_refusal(value)):
            self.refusals.append(f"its column {listed([header])} says that it must not be called")

    def _take_nested(self, value: Any) -> None:
        nested = self._as_in_cells(_nested(value), self.places.targets)
        if twice := nested.keys() & self.custom.keys():
            raise InvalidInput(f"custom data twice: {listed(sorted(twice))}")
        self.custom |= nested

    def _as_in_cells(self, nested: dict[str, Any], targets: Mapping[str, str]) -> dict[str, Any]:
        """What is left of custom data of our own exports, in which some of it has a column too.

        The column holds a text of the value, and counts if somebody has changed it.
        """
        left = {}
        for name, value in nested.items():
            if FIELD + name not in targets:
                left[name] = value
            elif self.custom.get(name, "") in [(text := cell_text(value)).strip(BLANK), plain_cell(text)]:
                self.custom[name] = value
        return left


def plain_cell(cell: str) -> str:
    """A cell without the blanks around it, and without Excel's marks for a number that is to stay text."""
    text = cell.strip(BLANK)
    if text.startswith('="') and (formula := FORMULA_TEXT.fullmatch(text)):
        return formula[1].replace('""', '"').strip(BLANK)
    return text


_json_of = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def _json_fault(values: Mapping[str, Any], custom: Mapping[str, Any]) -> str | None:
    """Why JSON cannot hold what a row says, or ``None`` if it can."""
    texts = (*values.values(), *custom, *custom.values())
    if {str}.issuperset(map(type, texts)) and "".join(texts).isascii():
        return None  # as nearly all rows are
    try:
        _json_of((values, custom)).encode()
    except UnicodeEncodeError:
        return "a text holds half a character (a lone surrogate)"
    except (ValueError, TypeError, RecursionError) as exc:
        return f"custom data must be what JSON can hold ({mask_text(str(exc))})"
    return None


class _Absent:
    """What stands in a cell of a table in memory that holds nothing."""

    def __repr__(self) -> str:
        return "<empty>"


ABSENT = _Absent()


def _without_absent(row: Mapping[str, Any]) -> dict[str, Any]:
    return {header: value for header, value in row.items() if value is not ABSENT}


def plain_value(value: Any, *, nulls: bool) -> Any:
    """A value as JSON can hold it, if it is one of a table in memory: NaN and its like are empty cells."""
    if value is None:
        return None if nulls else ABSENT
    if isinstance(value, str | bool | int):
        return value
    if hasattr(value, "dtype") and callable(item := getattr(value, "item", None)):
        try:
            value = item()
        except ValueError:  # an array
            return value
    try:
        if bool(value != value):  # noqa: PLR0124 - only what stands for nothing differs from itself
            return ABSENT
    except Exception:  # noqa: BLE001 - anybody's class
        if type(value).__name__ == "NAType":
            return ABSENT
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def _nested(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, str):  # as `unibatch contacts --format csv` writes it
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as exc:
            raise InvalidInput("fields must be a mapping of names to values, or one written as JSON") from exc
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidInput("fields must be a mapping of names to values")
    return dict(value)


def _text(attribute: str, value: Any) -> str | None:
    if isinstance(value, str):
        return value if value and value.strip(BLANK) else None
    if isinstance(value, float) and value.is_integer():  # whole numbers beside empty cells in a table of pandas
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and attribute == "external_id":
        try:
            return str(value)
        except ValueError as exc:
            raise InvalidInput("external_id is too long") from exc
    if value is None:
        return None
    raise InvalidInput(f"{attribute} must be a text, not {type(value).__name__}")
