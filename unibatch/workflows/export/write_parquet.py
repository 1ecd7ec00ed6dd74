"""Parquet, by pyarrow."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, islice
from typing import Any, BinaryIO

from unibatch.client.arrow import arrow_schema, record_batch, require_pyarrow
from unibatch.workflows.export.table import Table

_BATCH = 2_000
_GROUP = 10
"""How many batches make a row group."""


def write(table: Table, file: BinaryIO, on_rows: Callable[[int], None]) -> None:
    """Write a table as Parquet. Row groups are cut by rows alone, so the same rows give the same file."""
    pa = require_pyarrow("writing parquet")
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    schema = arrow_schema(table.texts, table.facts)
    rows = chain.from_iterable(table.flat_pages())
    waiting: list[Any] = []
    done = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch := list(islice(rows, _BATCH)):
            waiting.append(record_batch(schema, batch))
            on_rows(done := done + len(batch))
            if len(waiting) == _GROUP:
                writer.write_table(pa.Table.from_batches(waiting), row_group_size=_BATCH * _GROUP)
                waiting.clear()
        if waiting or not done:
            writer.write_table(pa.Table.from_batches(waiting, schema=schema), row_group_size=_BATCH * _GROUP)
