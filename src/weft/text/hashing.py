"""Fast 64-bit hashing of byte ranges and numbers inside kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.decode import item, word
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
        state = (state ^ word(data, at)) * _B
        state ^= state >> _S29
        at += 8
    if at < stop:
        rest = np.uint64(0)
        for n in range(stop - at):
            rest |= np.uint64(item(data, at + n)) << np.uint64(8 * n)
        state = (state ^ rest) * _C
        state ^= state >> _S32
    return mix(state)


_ONES, _INVERSE, _RAISED = 8, 17, 26


def steps(prime: int) -> npt.NDArray[np.uint64]:
    """What `take_in` multiplies by: powers 7 to 0 of an odd number; from _ONES sums of the first 0 to 8 of these;
    from _INVERSE powers -8 to 0; from _RAISED powers 0 to 8."""
    wide = 2**64
    powers = [pow(prime, 7 - n, wide) for n in range(8)]
    ones = [sum(powers[:size]) % wide for size in range(9)]
    inverse = [pow(prime, size - 8, wide) for size in range(9)]
    return np.array([*powers, *ones, *inverse, *(pow(prime, size, wide) for size in range(9))], np.uint64)


@part
def take_in(value: Any, eight: Any, size: int, held: Any) -> Any:
    """`value` after `value = value * prime + byte + 1` for the first `size` of eight bytes, the rest of which are 0.

    A sum of products, which a processor forms side by side where the steps would wait for one another.
    """
    total = held[_ONES + size]
    for n in range(8):
        total += ((eight >> np.uint64(8 * n)) & np.uint64(0xFF)) * held[n]
    return value * held[_RAISED + size] + total * held[_INVERSE + size]
