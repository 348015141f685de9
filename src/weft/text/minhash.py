"""MinHash signatures folded into band keys (Broder 1997; bands: Leskovec, Rajaraman and Ullman, ch. 3)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.hashing import mix
from weft.text.jit import I32, I32_IN, I64_IN, U8_IN, U64, U64_IN, kernel, part, types
from weft.text.shingles import HELD, document_shingles
from weft.text.unicode import characters


@part
def _sign(shingles: Any, start: int, stop: int, numbers: Any, rows: int, least: Any, out: Any, place: int) -> None:
    """Band keys of one document with shingles, into `out` from `place`: the smallest of each of the hash functions,
    `rows` of them folded into one key."""
    factors, terms = numbers
    hashes = len(factors)
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
    for band in range(hashes // rows):
        key = np.uint64(band + 1)
        for k in range(band * rows, (band + 1) * rows):
            key = mix(key ^ (least[k] >> np.uint64(32)))
        out[place + band] = key


_NUMBERS = types.UniTuple(U64_IN, 2)


@kernel(types.void(U64_IN, I64_IN, _NUMBERS, types.int64, U64, U64))
def _bands(shingles: Any, offsets: Any, numbers: Any, rows: int, least: Any, out: Any) -> None:
    bands = len(least) // rows
    for n in range(len(offsets) - 1):
        if offsets[n] < offsets[n + 1]:
            _sign(shingles, offsets[n], offsets[n + 1], numbers, rows, least, out, n * bands)


@kernel(types.void(U8_IN, I64_IN, I32_IN, I64_IN, HELD, _NUMBERS, types.int64, types.UniTuple(U64, 2), I32, U64))
def _signatures(
    data: Any, offsets: Any, tokens: Any, token_offsets: Any, held: Any, numbers: Any, rows: int, scratch: Any,
    sizes: Any, out: Any,
) -> None:  # fmt: skip
    """Number of shingles and band keys of documents, one after the other: what one has stays near the processor."""
    shingles, least = scratch
    bands, by_chars = len(least) // rows, False
    for n in range(len(offsets) - 1):
        first, last = token_offsets[n], token_offsets[n + 1]
        base, stop = offsets[n], offsets[n + 1]
        size, by_chars = document_shingles(data, base, stop, tokens, first, last, held, shingles, 0, by_chars)
        sizes[n] = size
        if size:
            _sign(shingles, 0, size, numbers, rows, least, out, n * bands)


def _numbers(seed: int, size: int) -> npt.NDArray[np.uint64]:
    """SplitMix64 from a seed; NumPy's own generators may change their stream between versions."""
    start = np.uint64(seed % 2**64)
    states = start + np.arange(1, size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    states = (states ^ (states >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    states = (states ^ (states >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(states ^ (states >> np.uint64(31)))


def _functions(bands: int, rows: int, seed: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Factors and terms of the hash functions."""
    numbers = _numbers(seed, 2 * bands * rows)
    return numbers[: bands * rows] | np.uint64(1), numbers[bands * rows :]


def band_keys(
    shingles: npt.NDArray[np.uint64], offsets: Longs, bands: int, rows: int, seed: int
) -> npt.NDArray[np.uint64]:
    """Band keys of each document, shape (documents, bands); of a document without shingles they are 0."""
    out = np.zeros((len(offsets) - 1) * bands, np.uint64)
    _bands(shingles, offsets, _functions(bands, rows, seed), rows, np.empty(bands * rows, np.uint64), out)
    return out.reshape(-1, bands)


class Cut(NamedTuple):
    """How wide shingles are: in words, and in characters where words are not spaced."""

    words: int
    chars: int


def signatures(
    strings: Strings, tokens: npt.NDArray[np.int32], token_offsets: Longs, cut: Cut, bands: int, rows: int, seed: int
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """`band_keys` of the documents' `shingle_hashes`, which are not kept, and the number of these, repeats counted."""
    size = len(strings.offsets) - 1
    longest = int(np.diff(strings.offsets).max()) if size else 0
    out, sizes = np.zeros(size * bands, np.uint64), np.zeros(size, np.int32)
    scratch = (np.empty(longest + 1, np.uint64), np.empty(bands * rows, np.uint64))
    held = (characters(), cut.words, cut.chars)
    given = (strings.data, strings.offsets, tokens, token_offsets, held)
    _signatures(*given, _functions(bands, rows, seed), rows, scratch, sizes, out)
    return out.reshape(-1, bands), sizes
