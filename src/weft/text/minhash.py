"""MinHash signatures folded into band keys (Broder 1997; bands: Leskovec, Rajaraman and Ullman, ch. 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.hashing import mix
from weft.text.jit import I64_IN, U32, U64, U64_IN, kernel, types


@kernel(types.void(U64_IN, I64_IN, U64_IN, U64_IN, types.int64, U32, U64))
def _bands(shingles: Any, offsets: Any, factors: Any, terms: Any, rows: int, least: Any, out: Any) -> None:
    """Band keys: the smallest of each of the hash functions, `rows` of them folded into one key."""
    hashes = len(factors)
    bands = hashes // rows
    high = np.uint64(32)
    for n in range(len(offsets) - 1):
        if offsets[n] == offsets[n + 1]:
            continue
        least[:] = np.uint32(0xFFFFFFFF)
        for at in range(offsets[n], offsets[n + 1]):
            value = shingles[at]
            for k in range(hashes):
                # Multiply-shift (Dietzfelbinger et al. 1997): the top 32 bits of a*x+b are 2-universal.
                hashed = np.uint32((factors[k] * value + terms[k]) >> high)
                least[k] = min(least[k], hashed)
        for band in range(bands):
            key = np.uint64(band + 1)
            for k in range(band * rows, (band + 1) * rows):
                key = mix(key ^ np.uint64(least[k]))
            out[n * bands + band] = key


def _numbers(seed: int, size: int) -> npt.NDArray[np.uint64]:
    """SplitMix64 from a seed; NumPy's own generators may change their stream between versions."""
    start = np.uint64(seed % 2**64)
    states = start + np.arange(1, size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    states = (states ^ (states >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    states = (states ^ (states >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(states ^ (states >> np.uint64(31)))


def band_keys(
    shingles: npt.NDArray[np.uint64], offsets: Longs, bands: int, rows: int, seed: int
) -> npt.NDArray[np.uint64]:
    """Band keys of each document, shape (documents, bands); of a document without shingles they are 0."""
    numbers = _numbers(seed, 2 * bands * rows)
    factors, terms = numbers[: bands * rows] | np.uint64(1), numbers[bands * rows :]
    out = np.zeros((len(offsets) - 1) * bands, np.uint64)
    _bands(shingles, offsets, factors, terms, rows, np.empty(bands * rows, np.uint32), out)
    return out.reshape(-1, bands)
