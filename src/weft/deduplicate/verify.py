"""Which candidate pairs are near-duplicates, by the true Jaccard similarity of their shingles."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

WRITES = {
    "shard_a": pa.int32(),
    "row_a": pa.int32(),
    "shard_b": pa.int32(),
    "row_b": pa.int32(),
    "jaccard": pa.float32(),
}


@operator(
    "deduplicate.verify",
    version=1,
    reads=("component", "shard", "row", "shingles", "partners"),
    writes=WRITES,
    kind="group",
    rows="make",
    group_by=("component",),
)
def verify(*, threshold: Annotated[float, Field(gt=0, le=1)] = 0.8) -> BatchFunction:
    """Candidate pairs whose similarity is at least `threshold`, smaller address first.

    `partners` lists, for each document, the candidates with a larger address (shard << 32 | row) of its component.
    """
    return similar_pairs(threshold)


@operator(
    "deduplicate.verify_romanized",
    version=1,
    reads=("component", "shard", "row", "shingles", "partners"),
    writes=WRITES,
    kind="group",
    rows="make",
    group_by=("component",),
)
def verify_romanized(*, threshold: Annotated[float, Field(gt=0, le=1)] = 0.35) -> BatchFunction:
    """Candidate pairs of two scripts whose skeletons are similar by at least `threshold`, smaller address first.

    What is compared are the shingles of `deduplicate.romanized`; else as `deduplicate.verify`.
    """
    return similar_pairs(threshold)


def similar_pairs(threshold: float) -> BatchFunction:
    """A function from documents with their shingles and partners to the pairs of at least that Jaccard similarity.

    Raises ValueError for a partner that is not in the batch.
    """
    from weft.text.jaccard import similarities

    def group(batch: pa.Table) -> pa.Table:
        address = (batch["shard"].to_numpy().astype(np.int64) << 32) | batch["row"].to_numpy().astype(np.int64)
        order = np.argsort(address)
        batch, address = batch.take(pa.array(order)), address[order]
        partners = batch["partners"].combine_chunks()
        first = np.repeat(np.arange(len(address)), pc.list_value_length(partners).fill_null(0).to_numpy())
        wanted = partners.flatten().to_numpy(zero_copy_only=False)
        second = np.searchsorted(address, wanted)
        if not np.array_equal(address.take(second, mode="clip"), wanted):
            raise ValueError("a partner is not in the batch: verify needs whole components")
        sets = batch["shingles"].combine_chunks()
        found = similarities(sets.values.to_numpy(), sets.offsets.to_numpy(), first, second)
        near = found >= np.float32(threshold)
        first, second = address[first[near]], address[second[near]]
        columns = {
            "shard_a": (first >> 32).astype(np.int32),
            "row_a": (first & 0xFFFFFFFF).astype(np.int32),
            "shard_b": (second >> 32).astype(np.int32),
            "row_b": (second & 0xFFFFFFFF).astype(np.int32),
            "jaccard": found[near],
        }
        return pa.table(columns, schema=pa.schema(list(WRITES.items())))

    return group
