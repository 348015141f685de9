"""Numbers drawn by hash: the same for a text wherever it stands, and independent of one another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.text.buffers import string_buffers
from weft.text.folded import plain_hashes

Keys = npt.NDArray[np.uint64]
_A, _B, _C = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_S27, _S30, _S31, _S11 = (np.uint64(n) for n in (27, 30, 31, 11))


def mixed(keys: Keys, *numbers: npt.NDArray[np.integer] | int) -> Keys:
    """Keys of keys: each number is mixed in by SplitMix64's finalizer (Steele, Lea and Flood 2014)."""
    state = np.asarray(keys, np.uint64)
    with np.errstate(over="ignore"):
        for number in (*numbers, 0):
            state = state + np.asarray(number).astype(np.uint64) * _B + _A
            state = (state ^ (state >> _S30)) * _B
            state = (state ^ (state >> _S27)) * _C
            state = state ^ (state >> _S31)
    return np.asarray(state, np.uint64)


def keys_of(names: list[str], seed: int) -> Keys:
    """A key for each name, such as the id of a document."""
    held = plain_hashes(string_buffers(pa.array(names, pa.large_string())))
    return mixed(held, seed)


def uniform(keys: Keys) -> npt.NDArray[np.float64]:
    """Numbers from 0 to 1 (exclusive), by the upper 53 bits of keys."""
    return (keys >> _S11).astype(np.float64) * 2.0**-53
