"""The shingles of documents that have a candidate, sent to where their component is verified."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

WRITES = {
    "component": pa.int64(),
    "shard": pa.int32(),
    "row": pa.int32(),
    "shingles": pa.large_list(pa.uint64()),
}


@operator(
    "deduplicate.shingle_sets",
    version=2,
    reads=("text", "tokens", "shard", "row", "component"),
    writes=WRITES,
    rows="make",
    libraries=("icu4py",),
)
def shingle_sets(
    *, words: Annotated[int, Field(ge=1, le=64)] = 5, chars: Annotated[int, Field(ge=1, le=256)] = 12
) -> BatchFunction:
    """The sorted set of shingle hashes of each document, with its address and component."""
    from weft.text.buffers import list_buffers, string_buffers
    from weft.text.jaccard import sorted_sets
    from weft.text.shingles import shingle_hashes

    def make(batch: pa.Table) -> pa.Table:
        tokens, offsets = list_buffers(batch["tokens"])
        values, starts = shingle_hashes(string_buffers(batch["text"]), tokens, offsets // 2, words, chars)
        values, starts = sorted_sets(values, starts)
        lists = pa.LargeListArray.from_arrays(pa.array(starts), pa.array(values))
        columns = {name: batch[name] for name in ("component", "shard", "row")} | {"shingles": lists}
        return pa.table(columns, schema=pa.schema(list(WRITES.items())))

    return make
