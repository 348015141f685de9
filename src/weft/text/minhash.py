"""MinHash signatures folded into band keys (Broder 1997; bands: Leskovec, Rajaraman and Ullman, ch. 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.hashing import mix
from weft.text.jit import I64_IN, U64, U64_IN, kernel, types


@kernel(types.void(U64_IN, I64_IN, U64_IN, U64_IN, types.int64, U64, U64))
def _bands(shingles: Any, offsets: Any, factors: Any, terms: Any, rows: int, least: Any, out: Any) -> None:
    """Band keys: the smallest of each of the hash functions, `rows` of them folded into one key."""
    hashes = len(factors)
    bands = hashes // rows
    for n in range(len(offsets) - 1):
        start, stop = offsets[n], offsets[n + 1]
        if start == stop:
            continue
        least[:] = np.uint64(0xFFFFFFFFFFFFFFFF)
        # Four shingles at a time, the last one again where there are fewer: numbers in vectors are read once for all.
        for at in range(start, stop, 4):
            a, b = shingles[at], shingles[min(at + 1, stop - 1)]
            c, d = shingles[min(at + 2, stop - 1)], shingles[min(at + 3, stop - 1)]
            for k in range(hashes):
                # Multiply-shift (Dietzfelbinger et al. 1997): the top 32 bits of a*x+b are 2-universal. The smallest
                # number has the smallest top half, so the shift can wait.
                factor, term = factors[k], terms[k]
                one = min(factor * a + term, factor * b + term)
                two = min(factor * c + term, factor * d + term)
                least[k] = min(least[k], min(one, two))
        for band in range(bands):
            key = np.uint64(band + 1)
            for k in range(band * rows, (band + 1) * rows):
                key = mix(key ^ (least[k] >> np.uint64(32)))
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
    _bands(shingles, offsets, factors, terms, rows, np.empty(bands * rows, np.uint64), out)
    return out.reshape(-1, bands)
