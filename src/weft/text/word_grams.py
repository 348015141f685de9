"""Runs of three characters or more within words, hashed: what inflected forms of one word have in common.

Letters are those that tokens are compared by (`tokens.py`): case, width, digits and, if asked for, marks are folded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item, put
from weft.text.hashing import mix
from weft.text.jit import I64, I64_IN, U8_IN, U32, U32_IN, U64, U64_IN, kernel, part, types
from weft.text.tokens import DIGIT, KIND, PIECE, POINT, SIGN, SPACED, WORD, Tokens, folded_letters

SHORTEST, LONGEST = 3, 5
_MOST_LETTERS = 40
_SPACE = np.uint32(32)
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@part
def _letters(data: Any, at: int, stop: int, table: Any, out: Any) -> int:
    """Letters of a word as they are compared, a space at both ends; gives how many characters that are."""
    put(out, 0, _SPACE)
    size = 1
    while at < stop and size <= _MOST_LETTERS:
        point, width = code_point(data, at)
        at += width
        found = item(table, point)
        if found >> KIND in (SPACED, DIGIT):
            put(out, size, found & POINT)
            size += 1
    put(out, size, _SPACE)
    return size + 1


_TOKENS = types.Tuple((I64_IN, U64_IN, U8_IN, I64_IN))


@kernel(types.int64(U8_IN, _TOKENS, U32_IN, types.int64, U32, I64, U64))
def _grams(data: Any, tokens: Any, table: Any, longest: int, room: Any, starts: Any, out: Any) -> int:
    """Counts runs, and writes them where there is room for them."""
    text_starts, hashes, kinds, places = tokens
    count, writes = 0, len(out) > 0
    for row in range(len(text_starts) - 1):
        starts[row] = count
        for token in range(text_starts[row], text_starts[row + 1]):
            kind = kinds[token]
            if kind == SIGN:
                continue
            if kind != WORD:
                if writes:
                    out[count] = hashes[token]
                count += 1
                # Pairs of letters that overlap are three letters.
                if kind == PIECE and token > text_starts[row] and places[2 * token - 1] > places[2 * token]:
                    if writes:
                        out[count] = mix(hashes[token - 1] * _PRIME + hashes[token])
                    count += 1
                continue
            size = _letters(data, places[2 * token], places[2 * token + 1], table, room)
            for first in range(size - SHORTEST + 1):
                value = np.uint64(0)
                for n in range(min(longest, size - first)):
                    value = (value + np.uint64(room[first + n])) * _PRIME
                    if n >= SHORTEST - 1:
                        if writes:
                            out[count] = mix(value)
                        count += 1
    starts[len(text_starts) - 1] = count
    return count


def word_grams(
    strings: Strings, found: Tokens, fold_marks: bool, longest: int = LONGEST
) -> tuple[Longs, npt.NDArray[np.uint64]]:
    """Hashes of the runs of all texts end to end: those of text `n` are from `starts[n]` to `starts[n + 1]`.

    `found` are the tokens of `strings`, runs have SHORTEST to `longest` characters. A word begins and ends with a
    space; of a longer one than forty letters no more are read. A number is one run, as it is; of scripts without
    spaces the runs are of two and of three letters.
    """
    starts, table = np.zeros(len(found.starts), np.int64), folded_letters(fold_marks)
    tokens = (found.starts, found.hashes, found.kinds, found.places.reshape(-1))
    given = (strings.data, tokens, table, longest, np.zeros(_MOST_LETTERS + 2, np.uint32), starts)
    size = _grams(*given, np.empty(0, np.uint64))
    out = np.empty(size, np.uint64)
    if size:
        _grams(*given, out)
    return starts, out
