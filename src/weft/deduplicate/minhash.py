"""MinHash signatures of documents, folded into the keys of their bands."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

TYPE = pa.struct({"bands": pa.list_(pa.uint64()), "shingles": pa.int32()})


@operator("deduplicate.minhash", version=2, reads=("text", "tokens"), writes={"minhash": TYPE}, libraries=("icu4py",))
def minhash(
    *,
    bands: Annotated[int, Field(ge=1, le=256)] = 20,
    rows: Annotated[int, Field(ge=1, le=64)] = 7,
    words: Annotated[int, Field(ge=1, le=64)] = 5,
    chars: Annotated[int, Field(ge=1, le=256)] = 12,
    seed: Annotated[int, Field(ge=0)] = 1,
) -> BatchFunction:
    """Keys of `bands` bands of `rows` MinHash values, over shingles of `words` words or `chars` characters.

    A pair with Jaccard similarity J shares a band with probability 1 - (1 - J^rows)^bands: .991 at .8 by default.
    A document without letters or digits has no bands. Null for null text.
    """
    from weft.text.buffers import list_buffers, string_buffers
    from weft.text.minhash import Cut, signatures

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        tokens, offsets = list_buffers(batch["tokens"])
        keys, sizes = signatures(string_buffers(text), tokens, offsets // 2, Cut(words, chars), bands, rows, seed)
        held = np.where(sizes > 0, bands, 0)
        list_offsets = np.concatenate([[0], np.cumsum(held)]).astype(np.int32)
        lists = pa.ListArray.from_arrays(pa.array(list_offsets), pa.array(keys[sizes > 0].ravel()))
        parts = [lists, pa.array(sizes)]
        return batch.append_column("minhash", pa.StructArray.from_arrays(parts, fields=list(TYPE), mask=text.is_null()))

    return label
