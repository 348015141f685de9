"""How much a text shouts."""

from __future__ import annotations

from typing import Annotated

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from weft.operators import BatchFunction, operator

TYPE = pa.struct({"marks": pa.int32(), "loud": pa.bool_()})


@operator("label.shouting", version=1, reads=("text",), writes={"shouting": TYPE})
def shouting(*, loud_from: Annotated[int, Field(ge=1)] = 3) -> BatchFunction:
    """Exclamation marks of a text, and whether there are at least `loud_from`."""

    def label(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        marks = pc.count_substring_regex(text, "[!！՜߹]").cast(pa.int32())
        parts = [marks, pc.greater_equal(marks, loud_from)]
        column = pa.StructArray.from_arrays(parts, fields=list(TYPE), mask=text.is_null())
        return batch.append_column("shouting", column)

    return label
