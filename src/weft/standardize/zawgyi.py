"""Burmese that was typed for the Zawgyi font becomes Unicode."""

from __future__ import annotations

import re
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from weft.operators.contract import BatchFunction, operator

_TYPE = pa.struct({"converted": pa.bool_(), "probability": pa.float32()})
_MYANMAR = (0xE1, 0x80, 0x82)
"""How U+1000 to U+109F (and on to U+10BF) begin in UTF-8."""
_OTHERS = re.compile("[\u1022\u1028\u1035\u1050-\u1059\u1098-\u109f\uaa60-\uaa7f\ua9e0-\ua9fe]")
"""Letters of Shan, Mon, Karen and Pali that Zawgyi does not use: such a text is Unicode, whatever a detector says."""
_SAMPLE = 2_000
"""Characters that the detector reads."""
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

    from weft.text.buffers import string_buffers
    from weft.text.traces import with_pair
    from weft.text.transitions import zawgyi_chances
    from weft.text.zawgyi import to_unicode

    detector = ZawgyiDetector()
    chains, foreign = _chains(detector), _foreign()

    def standardize(batch: pa.Table) -> pa.Table:
        text = batch["text"].combine_chunks()
        rows = np.flatnonzero(with_pair(string_buffers(text), *_MYANMAR))
        converted, probability = np.zeros(len(text), np.bool_), np.full(len(text), np.nan, np.float32)
        burmese = text.take(pa.array(rows))
        chance, letters, other = zawgyi_chances(string_buffers(burmese), chains, _SAMPLE, foreign)
        judged = (letters >= min_characters) & ~other
        probability[rows[judged]] = chance[judged]
        fixed = []
        for place in np.flatnonzero(judged & (chance > 1 - threshold)).tolist():
            given = burmese[place].as_py()
            if chance[place] >= threshold:
                made = to_unicode(given)
            else:
                made = _by_lines(given, detector, threshold, min_characters)
            if made != given:
                converted[rows[place]] = True
                fixed.append(made)
        null = text.is_null()
        if fixed:
            text = pc.replace_with_mask(text, pa.array(converted), pa.array(fixed, text.type))
        parts = [pa.array(converted), pa.array(probability, from_pandas=True)]  # NaN becomes null
        column = pa.StructArray.from_arrays(parts, fields=list(_TYPE), mask=null)
        return batch.set_column(batch.column_names.index("text"), "text", text).append_column("zawgyi", column)

    return standardize


def _chains(detector: Any) -> Any:
    """The detector's own figures, as arrays."""
    from weft.text.transitions import Chains

    states = np.zeros(0x110000, np.uint8)
    for number, char in enumerate(detector._chars, 1):
        states[ord(char)] = number
    return Chains(states, np.array(detector._params, np.float64), len(detector._chars) + 1)


def _foreign() -> npt.NDArray[np.uint8]:
    found = np.zeros(0x110000, np.uint8)
    found[[point for point in range(0x1000, 0xAB00) if _OTHERS.match(chr(point))]] = 1
    return found


def _by_lines(text: str, detector: Any, threshold: float, least: int) -> str:
    """A text that the detector is not sure of: each line is judged alone, if anything looks like Zawgyi."""
    from weft.text.zawgyi import to_unicode

    if not _SIGNS.search(text):
        return text
    return "\n".join(
        to_unicode(line) if _is_zawgyi(line, detector, threshold, least) else line for line in text.split("\n")
    )


def _is_zawgyi(line: str, detector: Any, threshold: float, least: int) -> bool:
    letters = "".join(re.findall("[\u1000-\u109f]", line))
    return len(letters) >= least and float(detector.get_zawgyi_probability(line)) >= threshold
