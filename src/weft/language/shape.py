"""Whether what is written looks like text at all, whatever its language: in words, and in one script."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.ngrams import LONGEST_WORD

_SPACED = (
    "Latn", "Cyrl", "Grek", "Armn", "Geor", "Arab", "Hebr", "Deva", "Beng", "Guru", "Gujr", "Taml", "Telu", "Knda",
    "Mlym", "Hang",
)  # fmt: skip
"""Scripts that put spaces between words, all of them: of others too much is written without."""
_FIRST_LETTER = 0x41
"""Bytes below are spaces, digits or punctuation, in whatever script the text is."""
_LEAST_SHARE = 0.5


def is_in_words(strings: Strings, letters: npt.NDArray[np.int32], script: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """False for texts of spaced scripts whose words have more than LONGEST_WORD of the `letters` read on average."""
    long = np.flatnonzero((letters > LONGEST_WORD) & np.isin(script.astype(str), _SPACED))
    plain = np.ones(len(letters), np.bool_)
    if len(long):
        ends = np.column_stack([strings.offsets[long], strings.offsets[long + 1]]).reshape(-1)
        # The last end may be that of the data, which is no place to begin at.
        gaps = np.append(strings.data, np.uint8(_FIRST_LETTER)) < _FIRST_LETTER
        plain[long] = letters[long] <= LONGEST_WORD * (np.add.reduceat(gaps, ends, dtype=np.int64)[::2] + 1)
    return plain


def is_of_one_script(share: npt.NDArray[np.float32], script: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """False where not even half of the letters are of the script that has most."""
    plain: npt.NDArray[np.bool_] = (share >= _LEAST_SHARE) | (script == "Zyyy")
    return plain
