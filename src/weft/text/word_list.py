"""How many words of a text stand on a list of words, one list for each label."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import code_point, item
from weft.text.hashing import mix
from weft.text.jit import I32_IN, I64_IN, U8_IN, U32_IN, U64, U64_IN, kernel, part, types
from weft.text.ngrams import LONGEST_WORD, letters

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_LABEL = np.uint64(0xD1B54A32D192ED03)


@part
def _word(data: Any, at: int, stop: int, table: Any) -> tuple[int, int, Any]:
    """Letters of the next word of `data[at:stop]`, where it ends, and its hash; no letters: there is none."""
    value, length = np.uint64(0), 0
    while at < stop:
        point, width = code_point(data, at)
        letter = item(table, point)
        if letter > 1:
            value = (value + np.uint64(letter)) * _PRIME
            length += 1
        elif letter == 0 and length > 0:
            break
        at += width
    return length, at, value


@part
def _key(value: Any, label: int) -> Any:
    return mix(mix(value) ^ (np.uint64(label + 1) * _LABEL))


@part
def _holds(keys: Any, key: Any) -> bool:
    """Whether sorted keys hold one, by halving."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low < len(keys) and keys[low] == key


@kernel(types.void(U8_IN, I64_IN, I32_IN, U32_IN, U64_IN, types.int32[:, ::1]))
def _count(data: Any, offsets: Any, labels: Any, table: Any, keys: Any, out: Any) -> None:
    for row in range(len(offsets) - 1):
        out[row, :] = 0
        at, stop = offsets[row], offsets[row + 1]
        if labels[row] < 0:
            continue
        while at < stop:
            length, at, value = _word(data, at, stop, table)
            if length > 0:
                out[row, 0] += 1
                if length <= LONGEST_WORD and _holds(keys, _key(value, labels[row])):
                    out[row, 1] += 1


@kernel(types.void(U8_IN, I64_IN, I32_IN, U32_IN, U64, types.uint8[::1]))
def _make(data: Any, offsets: Any, labels: Any, table: Any, out: Any, one: Any) -> None:
    for row in range(len(offsets) - 1):
        length, at, value = _word(data, offsets[row], offsets[row + 1], table)
        more, _, _ = _word(data, at, offsets[row + 1], table)
        one[row] = 0 < length <= LONGEST_WORD and more == 0
        out[row] = _key(value, labels[row])


def keys_of(strings: Strings, labels: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """A key for each word under its label, and whether the string is one word, no longer than LONGEST_WORD."""
    out, one = np.empty(len(labels), np.uint64), np.empty(len(labels), np.uint8)
    _make(strings.data, strings.offsets, labels, letters(), out, one)
    return out, one.astype(np.bool_)


def count_words(strings: Strings, labels: npt.NDArray[np.int32], keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """(texts, 2): the words of each text, and those of them whose key under its label is among the sorted `keys`.

    0 and 0 where the label is -1.
    """
    out = np.empty((len(labels), 2), np.int32)
    _count(strings.data, strings.offsets, labels, letters(), keys, out)
    return out
