"""The canonical table of contacts as Arrow record batches, which pandas, polars and others read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from unibatch.core.columns import COLUMNS, FIELDS, VERSION, Kind, Row, decode_rows, encode_rows, json_text
from unibatch.core.errors import ConfigError
from unibatch.core.model import Contact


def require_pyarrow(what: str) -> Any:
    """The package ``pyarrow``.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
    except ImportError as exc:
        raise ConfigError(f"{what} needs another package: pip install 'unibatch[arrow]'") from exc
    return pa


def arrow_schema(texts: Sequence[str], metadata: Mapping[str, str] | None = None) -> Any:
    """The schema of `COLUMNS` and of columns of text behind them.

    Args:
        texts: The names of the columns behind.
        metadata: What the schema says of the table, besides the version.
    """
    pa = require_pyarrow("Arrow")
    types: Mapping[Kind, Any] = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    columns = [pa.field(column.name, types[column.kind], nullable=not column.required) for column in COLUMNS]
    columns += [pa.field(name, pa.string()) for name in texts]
    return pa.schema(columns, metadata={"unibatch.schema": str(VERSION), **(metadata or {})})


def record_batch(schema: Any, rows: Iterable[Row]) -> Any:
    """Rows as a record batch; behind the values of `COLUMNS` they have the texts of the columns behind."""
    pa = require_pyarrow("Arrow")
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(schema)
    times = [column.kind == "time" for column in COLUMNS] + [False] * (len(schema) - len(COLUMNS))
    arrays = [
        pa.array(list(map(_moment, values)) if is_time else values, type=field.type)
        for field, values, is_time in zip(schema, columns, times, strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def contact_batches() -> tuple[Any, Callable[[Iterable[Contact]], Any]]:
    """The schema of a listing's batches, whose last column is the custom data as JSON; and what makes a batch.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    require_pyarrow("to_arrow")
    schema = arrow_schema([FIELDS])

    def batch(contacts: Iterable[Contact]) -> Any:
        rows = decode_rows(encode_rows(contacts)[0])
        return record_batch(schema, [[*row[:-1], json_text(row[-1])] for row in rows])

    return schema, batch


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
