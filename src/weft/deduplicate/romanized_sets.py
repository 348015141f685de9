"""The skeleton shingles of documents that may be one text in two scripts, sent to where their component is verified."""

from __future__ import annotations

import pyarrow as pa

from weft.deduplicate.romanized import Symbols
from weft.deduplicate.shingle_sets import WRITES
from weft.operators.contract import BatchFunction, operator


@operator(
    "deduplicate.romanized_sets",
    version=1,
    reads=("text", "shard", "row", "component"),
    writes=WRITES,
    rows="make",
)
def romanized_sets(*, symbols: Symbols = 7) -> BatchFunction:
    """The sorted set of skeleton shingle hashes of each document, with its address and component."""
    from weft.text.buffers import string_buffers
    from weft.text.jaccard import sorted_sets
    from weft.text.romanized import skeleton_hashes

    def make(batch: pa.Table) -> pa.Table:
        values, starts = sorted_sets(*skeleton_hashes(string_buffers(batch["text"]), symbols))
        lists = pa.LargeListArray.from_arrays(pa.array(starts), pa.array(values))
        columns = {name: batch[name] for name in ("component", "shard", "row")} | {"shingles": lists}
        return pa.table(columns, schema=pa.schema(list(WRITES.items())))

    return make
