"""Which texts hold a byte pair at all: a look before anything slower reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.jit import I64_IN, U8, U8_IN, kernel, types


@kernel(types.void(U8_IN, I64_IN, types.uint8, types.uint8, types.uint8, U8))
def _with_pair(data: Any, offsets: Any, lead: int, low: int, high: int, out: Any) -> None:
    for row in range(len(offsets) - 1):
        for at in range(offsets[row], offsets[row + 1] - 1):
            if data[at] == lead and low <= data[at + 1] <= high:
                out[row] = 1
                break


def with_pair(strings: Strings, lead: int, low: int, high: int) -> npt.NDArray[np.bool_]:
    """Whether each text holds the byte `lead` followed by one in [low, high]; UTF-8 code points begin so."""
    out = np.zeros(len(strings.offsets) - 1, np.uint8)
    _with_pair(strings.data, strings.offsets, lead, low, high, out)
    return out.astype(np.bool_)
