"""Rows by which documents meet that hold the same passage."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

WRITES = {"key": pa.uint64(), "order": pa.uint64(), "shard": pa.int32(), "row": pa.int32(), "at": pa.int32()}
_PRIORITIES = 1 << 11
_ID_BITS = 52


@operator(
    "deduplicate.substrings",
    version=1,
    reads=("id", "text", "priority", "shard", "row"),
    writes=WRITES,
    rows="make",
)
def substrings(
    *, words: Annotated[int, Field(ge=8, le=10_000)] = 50, chars: Annotated[int, Field(ge=16, le=100_000)] = 100
) -> BatchFunction:
    """Fingerprints by which passages of `words` words, or `chars` characters of scripts without spaces, are found.

    A passage is a run of the same characters, white space and case aside. Any that two documents share has a
    fingerprint in both when it is as long as that; what meets is compared character by character afterwards. The
    label `substrings` holds the passages that an earlier document has: of a source with a higher `priority`, else with
    the lower id; where one stands twice in a document, the first place is the earlier one.
    """
    from weft.deduplicate.site import page_numbers
    from weft.text.buffers import string_buffers
    from weft.text.passages import fingerprints, stream_of

    width, window = widths(words, chars)

    def make(batch: pa.Table) -> pa.Table:
        keys, row, at = fingerprints(stream_of(string_buffers(batch["text"])), width, window)
        priority = np.clip(batch["priority"].to_numpy().astype(np.int64), -_PRIORITIES + 1, _PRIORITIES)
        rank = (_PRIORITIES - priority).astype(np.uint64) << np.uint64(_ID_BITS)
        order = rank | (page_numbers(batch["id"]) >> 8).astype(np.uint64)
        columns = {
            "key": keys,
            "order": order[row],
            "shard": batch["shard"].to_numpy()[row],
            "row": batch["row"].to_numpy()[row],
            "at": at,
        }
        return pa.table(columns, schema=pa.schema(list(WRITES.items())))

    return make


def widths(words: int, chars: int) -> tuple[int, int]:
    """Characters of a hash, and hashes of a window: together as long as the shortest passage to be found, and one.

    A word is taken to have two letters at least on average.
    """
    shortest = min(chars, 2 * words)
    width = (shortest + 1) // 2
    return width, shortest - width + 1
