"""Rows of a large answer, in a file of Arrow batches that is gone with them: only what is asked for becomes Python.

A day of verdicts is millions of rows. As Python values they would take gigabytes and most of the time; BigQuery, too,
writes an answer to a table and hands out pages of it.
"""

import itertools
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import duckdb
import pyarrow

_BATCH_ROWS = 32_768
_COMPRESSED = pyarrow.ipc.IpcWriteOptions(compression="lz4")

Row = tuple[Any, ...]


class SpooledRows(Sequence[Row]):
    """A sequence of rows like the list that ``fetchall`` returns.

    Args:
        reader: the batches of the answer.
        convert: what is still to be done to fetched rows.
    """

    def __init__(self, reader: pyarrow.RecordBatchReader, convert: Callable[[list[Row]], list[Row]]) -> None:
        self._convert = convert
        # Without a name: the file goes when nobody holds it any more.
        self._file = tempfile.TemporaryFile(prefix="pedwatch-result-")  # noqa: SIM115 it lives as long as the rows
        self._ends: list[int] = []
        count = 0
        with pyarrow.ipc.new_file(self._file, reader.schema, options=_COMPRESSED) as writer:
            for batch in reader:
                writer.write_batch(batch)
                count += batch.num_rows
                self._ends.append(count)
        self._batches = pyarrow.ipc.open_file(self._file)
        self._reading = duckdb.connect()
        self._reading.execute("SET TimeZone = 'UTC'")

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Row]:
        return itertools.chain.from_iterable(self._rows(self._batches.get_batch(i)) for i in range(len(self._ends)))

    @overload
    def __getitem__(self, which: int) -> Row: ...
    @overload
    def __getitem__(self, which: slice) -> list[Row]: ...
    def __getitem__(self, which: int | slice) -> Row | list[Row]:
        """Return a row, or those of a slice; steps are not for pages."""
        if isinstance(which, int):
            return self[which : which + 1][0]
        start, stop, step = which.indices(len(self))
        if step != 1:
            raise ValueError("rows of a large answer are read in order")
        found: list[Row] = []
        number = bisect_right(self._ends, start)
        while start < stop:
            first = self._ends[number] - (batch := self._batches.get_batch(number)).num_rows
            found += self._rows(batch.slice(start - first, stop - start))
            start = min(stop, self._ends[number])
            number += 1
        return found

    def _rows(self, batch: pyarrow.RecordBatch) -> list[Row]:
        # By DuckDB, so that a value is the same as in an answer that was fetched at once.
        with self._reading.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            return self._convert(cursor.from_arrow(pyarrow.Table.from_batches([batch])).fetchall())


def spool(
    cursor: duckdb.DuckDBPyConnection, sql: str, values: dict[str, Any], convert: Callable[[list[Row]], list[Row]]
) -> SpooledRows:
    """Run a SELECT and keep its answer in a file."""
    relation = cursor.sql(sql, params=values) if values else cursor.sql(sql)
    return SpooledRows(relation.to_arrow_reader(_BATCH_ROWS), convert)
