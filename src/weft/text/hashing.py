"""Fast 64-bit hashing of byte ranges and numbers inside kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft.text.jit import part

_A = np.uint64(0x9E3779B97F4A7C15)
_B = np.uint64(0xBF58476D1CE4E5B9)
_C = np.uint64(0x94D049BB133111EB)
_S27, _S29, _S30, _S31, _S32 = (np.uint64(n) for n in (27, 29, 30, 31, 32))


@part
def mix(value: Any) -> Any:
    """SplitMix64's finalizer (Steele, Lea and Flood 2014): every input bit moves every output bit."""
    value = np.uint64(value)
    value = (value ^ (value >> _S30)) * _B
    value = (value ^ (value >> _S27)) * _C
    return value ^ (value >> _S31)


@part
def hash_bytes(data: Any, start: int, stop: int, seed: Any) -> Any:
    """64-bit hash of `data[start:stop]`: eight bytes at a time, multiply and mix."""
    state = np.uint64(seed) ^ (np.uint64(stop - start) * _A)
    at = start
    while at + 8 <= stop:
        word = np.uint64(0)
        for n in range(8):
            word |= np.uint64(data[at + n]) << np.uint64(8 * n)
        state = (state ^ word) * _B
        state ^= state >> _S29
        at += 8
    if at < stop:
        word = np.uint64(0)
        for n in range(stop - at):
            word |= np.uint64(data[at + n]) << np.uint64(8 * n)
        state = (state ^ word) * _C
        state ^= state >> _S32
    return mix(state)
