"""The formats of exports, by their names and the endings of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias, cast

import attrs

from unibatch.core.errors import ConfigError, InvalidInput
from unibatch.workflows.export.table import Table

Format: TypeAlias = Literal["csv", "jsonl", "parquet", "xlsx"]


@attrs.frozen
class Writer:
    """A format.

    Attributes:
        name: Its name.
        suffixes: The endings of its files.
        package: What it needs beside unibatch.
        extra: The extra that brings the package.
        most_rows: The most contacts that it holds.
    """

    name: Format
    suffixes: tuple[str, ...]
    package: str | None = None
    extra: str | None = None
    most_rows: int | None = None

    def require(self) -> None:
        """Raise `ConfigError` if its package is not installed."""
        if self.package is not None and find_spec(self.package) is None:
            raise ConfigError(f"writing {self.name} needs another package: pip install 'unibatch[{self.extra}]'")

    def check_rows(self, rows: int) -> None:
        """Raise `InvalidInput` if it does not hold so many contacts."""
        if self.most_rows is not None and rows > self.most_rows:
            raise InvalidInput(
                f"a sheet of {self.name} holds {self.most_rows:,} contacts, and there are more; "
                "export to csv, jsonl or parquet, or a part of the campaigns to each file"
            )

    def write(self, table: Table, file: BinaryIO, on_rows: Callable[[int], None]) -> None:
        """Write a table; ``on_rows`` is called with the number of rows done."""
        module = import_module(f"unibatch.workflows.export.write_{self.name}")
        cast("Callable[[Table, BinaryIO, Callable[[int], None]], None]", module.write)(table, file, on_rows)


FORMATS: Mapping[str, Writer] = {
    writer.name: writer
    for writer in (
        Writer("csv", (".csv",)),
        Writer("jsonl", (".jsonl", ".ndjson")),
        Writer("parquet", (".parquet",), package="pyarrow", extra="arrow"),
        Writer("xlsx", (".xlsx",), package="xlsxwriter", extra="xlsx", most_rows=1_048_575),
    )
}


def format_of(path: Path, name: str | None) -> Writer:
    """The format that is asked for, or the one of the file's ending.

    Raises:
        InvalidInput: There is no such format.
    """
    if name is not None:
        if name not in FORMATS:
            raise InvalidInput(f"format must be one of {', '.join(FORMATS)}, not {name!r}")
        return FORMATS[name]
    suffix = path.suffix.lower()
    for writer in FORMATS.values():
        if suffix in writer.suffixes:
            return writer
    endings = ", ".join(ending for writer in FORMATS.values() for ending in writer.suffixes)
    raise InvalidInput(
        f"{path.name!r} does not say its format; end it with one of {endings}, or state format= (--format)"
    )
