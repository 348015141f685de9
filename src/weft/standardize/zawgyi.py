"""Burmese that was typed for the Zawgyi font becomes Unicode."""

from __future__ import annotations

import re
from typing import Annotated, Any

import polars as pl
import pyarrow as pa
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct({"converted": pa.bool_(), "probability": pa.float32()})
_MYANMAR = "[\\x{1000}-\\x{109F}]"
_OTHERS = re.compile("[\u1022\u1028\u1035\u1050-\u1059\u1098-\u109f\uaa60-\uaa7f\ua9e0-\ua9fe]")
"""Letters of Shan, Mon, Karen and Pali that Zawgyi does not use: such a text is Unicode, whatever a detector says."""
_SIGNS = re.compile("[\u1033\u1034\u1060-\u1097]|\u1031[\u1000-\u1021](?![\u103a\u1039])")


@operator(
    "standardize.zawgyi",
    version=1,
    reads=("text",),
    writes={"text": pa.large_string(), "zawgyi": _TYPE},
    libraries=("myanmartools",),
)
def zawgyi(
    *,
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.9,
    min_characters: Annotated[int, Field(ge=1)] = 15,
) -> BatchFunction:
    """Text with Zawgyi rewritten as Unicode, whether it was, and the detector's probability (null: not Burmese).

    Only where there are `min_characters` Myanmar characters and no letter of Shan, Mon or Karen. The detector reads
    the first 2,000 Myanmar characters; of a text between the two answers each line is judged alone.
    """
    from myanmartools import ZawgyiDetector

    detector = ZawgyiDetector()

    def standardize(batch: pa.Table) -> pa.Table:
        text = pl.Series(pl.from_arrow(batch["text"]), dtype=pl.String)
        rows = text.str.contains(_MYANMAR).fill_null(False).arg_true().to_list()
        null = text.is_null().to_list()
        converted: list[bool | None] = [None if n else False for n in null]
        probability: list[float | None] = [None] * len(text)
        fixed = []
        for row in rows:
            made, probability[row] = _standardized(text[row], detector, threshold, min_characters)
            converted[row] = made != text[row]
            fixed.append(made)
        if rows:
            text = text.scatter(rows, fixed)
        parts = [pa.array(converted, pa.bool_()), pa.array(probability, pa.float32())]
        column = pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=pa.array(null, pa.bool_()))
        place = batch.column_names.index("text")
        return batch.set_column(place, "text", text.to_arrow().cast(pa.large_string())).append_column("zawgyi", column)

    return standardize


def _standardized(text: str, detector: Any, threshold: float, least: int) -> tuple[str, float | None]:
    from weft.text.zawgyi import to_unicode

    letters = re.findall("[\u1000-\u109f]+", text)
    if sum(map(len, letters)) < least or _OTHERS.search(text):
        return text, None
    sample = " ".join(letters)[:2_000]
    probability = float(detector.get_zawgyi_probability(sample))
    if probability >= threshold:
        return to_unicode(text), probability
    if probability > 1 - threshold and _SIGNS.search(text):
        lines = [
            to_unicode(line) if _is_zawgyi(line, detector, threshold, least) else line for line in text.split("\n")
        ]
        return "\n".join(lines), probability
    return text, probability


def _is_zawgyi(line: str, detector: Any, threshold: float, least: int) -> bool:
    letters = "".join(re.findall("[\u1000-\u109f]", line))
    return len(letters) >= least and float(detector.get_zawgyi_probability(line)) >= threshold
