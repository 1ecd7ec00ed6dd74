"""The table that is exported: the canonical columns, and what becomes of custom data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from unibatch.core.columns import COLUMNS, FIELD, FIELDS, VERSION, Row, cell_text, json_text
from unibatch.core.errors import InvalidInput
from unibatch.workflows.contacts.headers import BLANK
from unibatch.workflows.contacts.rows import FORMULA_TEXT

Fields: TypeAlias = Literal["columns", "json"]

MOST_FIELDS = 10_000
"""The most names of custom data that may have columns."""

_LONGEST_NAME = 200


def is_plain_name(name: str) -> bool:
    """Whether custom data of this name can have a column: its header comes back as it was."""
    return bool(name) and name == name.strip(BLANK) and len(name) <= _LONGEST_NAME and name.isprintable()


def is_plain_text(value: Any) -> bool:
    """Whether a cell with this value is read back as the same value."""
    return type(value) is str and value != "" and value == value.strip(BLANK) and not FORMULA_TEXT.fullmatch(value)


class CustomData:
    """Which columns the custom data of a table needs, found out row by row.

    Attributes:
        names: The names that have a column of their own.
        has_others: There are values that a cell of such a column does not hold exactly.
    """

    def __init__(self, fields: Fields) -> None:
        """Begin without rows."""
        self.fields = fields
        self.names: set[str] = set()
        self.has_others = False

    def add(self, rows: Iterable[Row]) -> None:
        """Take rows into account.

        Raises:
            InvalidInput: There are more names than a table can have columns.
        """
        if self.fields == "json":
            return
        for row in rows:
            for name, value in row[-1].items():
                if name not in self.names:
                    if not is_plain_name(name):
                        self.has_others = True
                        continue
                    self.names.add(name)
                if not self.has_others:
                    self.has_others = not is_plain_text(value)
        if len(self.names) > MOST_FIELDS:
            raise InvalidInput(
                f"the custom data has more than {MOST_FIELDS:,} names, too many for columns; "
                'use one JSON column: fields="json" (--fields json)'
            )


@attrs.frozen
class Table:
    """What a format writes.

    Attributes:
        pages: Returns the rows, page by page: the values of `COLUMNS`, and the custom data as a dictionary.
        rows: How many rows these are.
        fields: What becomes of custom data.
        names: The custom data with columns of its own, sorted.
        has_others: Custom data may be in the column ``fields``, too.
        is_complete: Every listing was proven to be complete.
        excel: Cells must not become formulas or numbers when a spreadsheet opens the file.
    """

    pages: Callable[[], Iterator[Sequence[Row]]]
    rows: int
    fields: Fields
    names: Sequence[str]
    has_others: bool
    is_complete: bool
    excel: bool

    @property
    def texts(self) -> list[str]:
        """The names of the columns behind `COLUMNS`."""
        own = [FIELD + name for name in self.names]
        return [*own, FIELDS] if self.fields == "json" or self.has_others else own

    @property
    def headers(self) -> list[str]:
        """The names of all columns."""
        return [*(column.name for column in COLUMNS), *self.texts]

    @property
    def facts(self) -> Mapping[str, str]:
        """What a file says of itself where its format has a place for it."""
        return {"unibatch.schema": str(VERSION), "unibatch.complete": "true" if self.is_complete else "false"}

    def flat_pages(self) -> Iterator[list[Row]]:
        """The pages, with the texts of `texts` in the place of the custom data; ``None`` for an empty cell."""
        flat = self._as_json if self.fields == "json" else self._as_columns
        for page in self.pages():
            for row in page:
                row.extend(flat(row.pop()))
            yield list(page)

    def _as_json(self, custom: Mapping[str, Any]) -> list[str | None]:
        return [json_text(custom) if custom else None]

    def _as_columns(self, custom: Mapping[str, Any]) -> list[str | None]:
        if not custom:
            return [None] * len(self.texts)
        cells = [
            value or None if type(value := custom.get(name)) is str else cell_text(value) or None for name in self.names
        ]
        if self.has_others:
            others = {
                name: value for name, value in custom.items() if not (is_plain_text(value) and is_plain_name(name))
            }
            cells.append(json_text(others) if others else None)
        return cells
