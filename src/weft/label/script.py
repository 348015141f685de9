"""The script that a document is written in."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct({"script": pa.string(), "share": pa.float32(), "mixed": pa.bool_()})


@operator("label.script", version=1, reads=("text",), writes={"script": _TYPE})
def script(
    *,
    letters: Annotated[int, Field(ge=1)] = 20_000,
    mixed_above: Annotated[float, Field(gt=0, lt=1)] = 0.2,
) -> BatchFunction:
    """Dominant script (ISO 15924), its share of letters and marks, and whether another has over `mixed_above`.

    Null for a text without letters. Han with kana is Jpan, Hangul is Hang, Han alone is Hani. At most `letters`
    letters are read.
    """
    from weft.text.buffers import string_buffers
    from weft.text.scripts import dominant_script
    from weft.text.unicode import script_number, tables

    names = np.array([*tables().script_names, None], dtype=object)
    names[script_number("Hira")] = "Jpan"

    def label(batch: pa.Table) -> pa.Table:
        number, share, second = dominant_script(string_buffers(batch["text"]), letters)
        parts = [pa.array(names[number], pa.string()), pa.array(share), pa.array(second > mixed_above)]
        none = pa.array(number < 0)
        return batch.append_column("script", pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=none))

    return label
