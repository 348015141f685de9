"""How much likelier Burmese is as Zawgyi than as Unicode: the sum over its character pairs, by two Markov chains."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import code_point, item
from weft.text.jit import I64, I64_IN, U8, U8_IN, kernel, types

_FIRST, _LAST = 0x1000, 0x109F
"""The block Myanmar: what the sample is made of."""
_F64 = types.float64[::1]
_F64_IN = types.Array(types.float64, 1, "C", readonly=True)


class Chains(NamedTuple):
    """`states[c]` is the state of code point c (0: foreign); `ratios[a * size + b]` the log ratio of a pair, or NaN."""

    states: npt.NDArray[np.uint8]
    ratios: npt.NDArray[np.float64]
    size: int


@kernel(types.void(U8_IN, I64_IN, U8_IN, _F64_IN, types.int64, types.int64, U8_IN, _F64, I64, U8))
def _ratios(
    data: Any, offsets: Any, states: Any, ratios: Any, size: int, most: int, foreign: Any, out: Any, letters: Any,
    other: Any,
) -> None:  # fmt: skip
    space = np.int64(states[32])
    for row in range(len(offsets) - 1):
        at, stop, count, taken = offsets[row], offsets[row + 1], 0, 0
        before, total, known, gap = np.int64(0), 0.0, 0, False
        while at < stop:
            point, width = code_point(data, at)
            at += width
            if item(foreign, point):
                other[row] = 1
                break
            if not _FIRST <= point <= _LAST:
                gap = count > 0
                continue
            count += 1
            for part in range(2):
                if (part == 0 and not gap) or taken == most:
                    continue
                state = space if part == 0 else np.int64(item(states, point))
                value = ratios[before * size + state]
                if value == value:
                    total += value
                    known += 1
                before, taken = state, taken + 1
            gap = False
        value = ratios[before * size]
        if value == value:
            total += value
            known += 1
        letters[row], out[row] = count, total if known else np.inf


def zawgyi_chances(
    strings: Strings, chains: Chains, most: int, foreign: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Probability of Zawgyi of each text, its Myanmar characters, and whether it holds a code point of `foreign`.

    Read are the first `most` characters of the text's runs of Myanmar characters with a space between them. A text in
    which `foreign` is not 0 at some code point is read no further, and its other figures say nothing.
    """
    rows = len(strings.offsets) - 1
    ratio, letters, other = np.zeros(rows), np.zeros(rows, np.int64), np.zeros(rows, np.uint8)
    given = (strings.data, strings.offsets, *chains, most, foreign)
    _ratios(*given, ratio, letters, other)
    with np.errstate(over="ignore"):  # where unlike all Zawgyi: 0
        return 1 / (1 + np.exp(ratio)), letters, other.astype(np.bool_)
