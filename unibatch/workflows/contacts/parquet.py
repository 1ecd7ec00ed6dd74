"""Parquet files, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from unibatch.core.errors import InvalidInput

PARQUET = b"PAR1"
"""How such a file begins."""


def parquet_rows(binary: IO[bytes], label: str) -> Iterator[dict[str, Any]]:
    """The rows of a file, as mappings of columns to values.

    Raises:
        InvalidInput: It cannot be read.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415 - an extra
    except ImportError as exc:
        remedy = 'pip install "unibatch[arrow]", or save the table as CSV UTF-8'
        raise InvalidInput(f"{label} is Parquet, which needs another package: {remedy}") from exc
    try:
        for batch in pq.ParquetFile(binary).iter_batches():
            yield from batch.to_pylist()
    except pa.ArrowException as exc:
        raise InvalidInput(f"{label} cannot be read as Parquet: {exc}") from exc
