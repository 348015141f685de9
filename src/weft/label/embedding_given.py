"""Vectors that documents came with: a field of the source, as a label that `deduplicate.semantic` compares."""

from __future__ import annotations

import json
from typing import Annotated

import numpy as np
import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.label.embedding import VECTOR, vector_column
from weft.operators.contract import BatchFunction, operator


@operator("label.embedding_given", version=1, reads=("text", "meta"), writes={"embedding_given": VECTOR})
def embedding_given(
    *,
    dimensions: Annotated[int, Field(ge=1, le=8192)],
    field: Annotated[str, Field(min_length=1)] = "embedding",
) -> BatchFunction:
    """The vector of `dimensions` numbers in the field `field` of a document's `meta`, to length one.

    A reader keeps it there when its options say `meta_fields: [embedding]`. Null where the document has no text, no
    such field, or something else in it than that many finite numbers that are not all zero.
    """
    path = f"$[{json.dumps(field, ensure_ascii=False)}]"

    def label(batch: pa.Table) -> pa.Table:
        told = pl.Series("meta", batch["meta"].combine_chunks(), dtype=pl.String).str.json_path_match(path)
        told = told.set(~told.str.starts_with("[").fill_null(False), None).set(pl.Series(batch["text"].is_null()), None)
        parts = told.str.strip_chars("[]").str.split(",")
        fits = (parts.list.len() == dimensions).fill_null(False)
        numbers = parts.filter(fits).explode().str.strip_chars().cast(pl.Float64, strict=False).to_numpy()
        rows = numbers.reshape(-1, dimensions)
        length = np.sqrt((rows**2).sum(axis=1))
        known = np.isfinite(length) & (length > 0)
        good = fits.to_numpy().copy()
        good[good] = known
        vectors = (rows[known] / length[known, None]).astype(np.float16)
        return batch.append_column("embedding_given", vector_column(vectors, good))

    return label
