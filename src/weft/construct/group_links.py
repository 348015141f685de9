"""Documents that have a key in common, as links from the first of them to each other one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from weft.operators.contract import BatchFunction, operator

WRITES = {"shard_a": pa.int32(), "row_a": pa.int32(), "shard_b": pa.int32(), "row_b": pa.int32()}


@operator(
    "construct.group_links",
    version=1,
    reads=("key", "shard", "row"),
    writes=WRITES,
    kind="group",
    rows="make",
    group_by=("key",),
)
def group_links() -> BatchFunction:
    """A link from the first document of a key, by address, to every other one of it: as many as documents at most."""
    from weft.text.pairs import in_groups

    def group(batch: pa.Table) -> pa.Table:
        key, shard, row = (batch[name].to_numpy() for name in ("key", "shard", "row"))
        met = in_groups(np.ascontiguousarray(key))
        key, shard, row = key[met], shard[met], row[met]
        order = np.lexsort((row, shard, key))
        key, shard, row = key[order], shard[order], row[order]
        _, first, size = np.unique(key, return_index=True, return_counts=True)
        first = np.repeat(first, size)
        other = (shard != shard[first]) | (row != row[first])
        ends = shard[first][other], row[first][other], shard[other], row[other]
        return pa.table(dict(zip(WRITES, ends, strict=True)), schema=pa.schema(list(WRITES.items())))

    return group
