"""Places of two documents that share a fingerprint."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from weft.operators.contract import BatchFunction, operator

WRITES = {
    "shard_a": pa.int32(),
    "row_a": pa.int32(),
    "at_a": pa.int32(),
    "order_a": pa.uint64(),
    "shard_b": pa.int32(),
    "row_b": pa.int32(),
    "at_b": pa.int32(),
}


@operator(
    "deduplicate.passage_pairs",
    version=1,
    reads=("key", "order", "shard", "row", "at"),
    writes=WRITES,
    kind="group",
    rows="make",
    group_by=("key",),
)
def passage_pairs() -> BatchFunction:
    """Each place of a group beside the first one, the second one and the one before it; the earlier one is `a`.

    So work stays linear when a passage stands in a hundred thousand documents.
    """
    from weft.text.pairs import in_groups

    def group(batch: pa.Table) -> pa.Table:
        kept = in_groups(batch["key"].to_numpy())
        held = {name: batch[name].to_numpy()[kept] for name in ("key", "order", "shard", "row", "at")}
        order = np.lexsort((held["at"], held["row"], held["shard"], held["order"], held["key"]))
        held = {name: column[order] for name, column in held.items()}
        size = len(order)
        number = np.arange(size)
        fresh = np.ones(size, np.bool_)
        fresh[1:] = held["key"][1:] != held["key"][:-1]
        first = np.maximum.accumulate(np.where(fresh, number, 0)) if size else number
        later = number - first
        # The first, the second, and the one before: each once.
        b = np.concatenate([number[later > 0], number[later > 1], number[later > 2]])
        a = np.concatenate([first[later > 0], first[later > 1] + 1, number[later > 2] - 1])
        columns = {f"{name}_a": held[name][a] for name in ("shard", "row", "at", "order")}
        columns |= {f"{name}_b": held[name][b] for name in ("shard", "row", "at")}
        return pa.table({name: columns[name] for name in WRITES}, schema=pa.schema(list(WRITES.items())))

    return group
