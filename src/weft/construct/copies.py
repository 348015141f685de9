"""A mixture as it is written: repeated documents as rows of their own, an epoch apart, or as a column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weft.construct.export import EXPORT

Written = Literal["copies", "once"]

REPEATS = pa.field("repeats", pa.int32())
"""How often the document is read."""
COPY = pa.field("copy", pa.int32())
"""Which of these times a row is, from 1."""
MIXED = pa.schema([*EXPORT, REPEATS])
"""A row of a mixture, before it is written."""


def schema_of(written: Written) -> pa.Schema:
    """Columns of the files: MIXED, and for `copies` COPY, which makes `id` and `copy` unique together."""
    return MIXED.append(COPY) if written == "copies" else MIXED


def copies(read: Callable[[], Iterable[pa.Table]], written: Written) -> Iterator[pa.Table]:
    """Rows as they are written: with `copies`, first every document once, then those read twice again, and so on.

    So copies lie an epoch apart, for loaders that do not shuffle. `read` gives rows of MIXED from the start each time
    that it is called: once, and once more for each further time that the most repeated document is read.
    """
    if written == "once":
        yield from read()
        return
    most = 0
    for table in read():
        most = max(most, pc.max(table["repeats"]).as_py() or 0)
        yield _numbered(table, 1)
    for number in range(2, most + 1):
        for table in read():
            again = table.filter(pc.greater_equal(table["repeats"], number))
            if again.num_rows:
                yield _numbered(again, number)


def _numbered(table: pa.Table, number: int) -> pa.Table:
    return table.append_column(COPY, pa.array(np.full(table.num_rows, number, np.int32)))
