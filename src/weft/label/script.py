"""The script that a document is written in."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct({"script": pa.string(), "share": pa.float32(), "mixed": pa.bool_()})
_JAPANESE = 0.02
"""Share of kana from which a text of Han characters is Japanese."""


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
    han, kana = script_number("Hani"), script_number("Hira")

    def label(batch: pa.Table) -> pa.Table:
        number, share, second = dominant_script(string_buffers(batch["text"]), letters)
        found = names[number]
        japanese = (number == kana) | ((number == han) & (second >= _JAPANESE) & _has_kana(batch["text"]))
        found[japanese] = "Jpan"
        whole = np.where(japanese, np.minimum(share + second, 1), share).astype(np.float32)
        mixed = np.where(japanese, False, second > mixed_above)
        valid = pa.array(number < 0)
        parts = [pa.array(found, pa.string()), pa.array(whole), pa.array(mixed)]
        return batch.append_column("script", pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=valid))

    return label


def _has_kana(text: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether a text has hiragana or katakana (U+3040 to U+30FF)."""
    found = pa.compute.match_substring_regex(text, "[\\x{3040}-\\x{30FF}]")
    return np.asarray(found.fill_null(False).to_numpy(zero_copy_only=False), dtype=np.bool_)
