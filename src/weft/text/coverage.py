"""How much of a text is made of what is common in a language: shares of its 4-grams and words, by Bloom filters.

A text of a language that a model does not know looks like some known one to it, but has few of that one's words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Strings
from weft.text.decode import item
from weft.text.hashing import mix
from weft.text.jit import F32_2, I32_IN, I64, I64_IN, U8_IN, U32, U32_IN, U64, U64_IN, kernel, part, types
from weft.text.ngrams import letters, read_letters

WIDTH = 4
"""Letters and spaces of a gram."""
MOST_LETTERS = 1_000
_PROBES = 4
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_LABEL = np.uint64(0xD1B54A32D192ED03)
_ONE, _LOW = np.uint64(1), np.uint64(63)


@part
def _probe(bits: Any, mask: Any, value: Any, label: int) -> bool:
    """Whether the filter holds a hash under a label (two hashes make all probes; Kirsch and Mitzenmacher 2006)."""
    first = mix(value ^ (np.uint64(label + 1) * _LABEL))
    second = mix(first) | _ONE
    for _ in range(_PROBES):
        place = first & mask
        if (item(bits, np.int64(place >> np.uint64(6))) >> (place & _LOW)) & _ONE == 0:
            return False
        first += second
    return True


@part
def _parts(read: Any, size: int, grams: Any, words: Any) -> tuple[int, int]:
    """Hashes of the grams and of the words of some letters: how many of each. Grams span no more than one space."""
    found, counted, start, value = 0, 0, 1, np.uint64(0)
    for at in range(1, size):
        letter = item(read, at)
        if letter == 32:
            if at > start:
                words[counted] = mix(value)
                counted += 1
            start, value = at + 1, np.uint64(0)
        else:
            value = (value + np.uint64(letter)) * _PRIME
    for at in range(size - WIDTH + 1):
        inner = False
        gram = np.uint64(0)
        for n in range(WIDTH):
            letter = item(read, at + n)
            inner |= letter == 32 and 0 < n < WIDTH - 1
            gram = (gram + np.uint64(letter)) * _PRIME
        if not inner:
            grams[found] = mix(gram)
            found += 1
    return found, counted


_SPACE = types.Tuple((U32, U64, U64))


@kernel(types.void(U8_IN, I64_IN, I32_IN, U32_IN, U64_IN, U64_IN, _SPACE, F32_2))
def _measure(
    data: Any, offsets: Any, labels: Any, table: Any, gram_bits: Any, word_bits: Any, scratch: Any, out: Any
) -> None:  # fmt: skip
    read, grams, words = scratch
    gram_mask, word_mask = np.uint64(len(gram_bits) * 64 - 1), np.uint64(len(word_bits) * 64 - 1)
    for row in range(len(offsets) - 1):
        out[row, :] = 0.0
        if labels[row] < 0:
            continue
        size, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
        found, counted = _parts(read, size, grams, words)
        known = 0
        for n in range(found):
            known += _probe(gram_bits, gram_mask, grams[n], labels[row])
        out[row, 0] = known / found if found else 0.0
        known = 0
        for n in range(counted):
            known += _probe(word_bits, word_mask, words[n], labels[row])
        out[row, 1] = known / counted if counted else 0.0


@kernel(types.void(U8_IN, I64_IN, U32_IN, _SPACE, U64, U64, I64))
def _collect(data: Any, offsets: Any, table: Any, scratch: Any, grams: Any, words: Any, sizes: Any) -> None:
    read, own_grams, own_words = scratch
    for row in range(len(offsets) - 1):
        size, _ = read_letters(data, offsets[row], offsets[row + 1], table, read, MOST_LETTERS)
        found, counted = _parts(read, size, own_grams, own_words)
        for n in range(found):
            grams[sizes[0] + n] = own_grams[n]
        for n in range(counted):
            words[sizes[1] + n] = own_words[n]
        sizes[0], sizes[1] = sizes[0] + found, sizes[1] + counted


@kernel(types.void(U64_IN, types.int64, U64))
def _insert(values: Any, label: int, bits: Any) -> None:
    mask = np.uint64(len(bits) * 64 - 1)
    for n in range(len(values)):
        first = mix(values[n] ^ (np.uint64(label + 1) * _LABEL))
        second = mix(first) | _ONE
        for _ in range(_PROBES):
            place = first & mask
            bits[np.int64(place >> np.uint64(6))] |= _ONE << (place & _LOW)
            first += second


def _scratch() -> tuple[npt.NDArray[Any], ...]:
    size = MOST_LETTERS + 8
    return np.empty(size, np.uint32), np.empty(size, np.uint64), np.empty(size, np.uint64)


def hashes(strings: Strings) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Hashes of all grams and of all words of some texts, as often as they occur."""
    rows, size = len(strings.offsets) - 1, int(strings.offsets[-1] - strings.offsets[0])
    grams, words = np.empty(size + 2 * rows + 8, np.uint64), np.empty(size + rows, np.uint64)
    sizes = np.zeros(2, np.int64)
    _collect(strings.data, strings.offsets, letters(), _scratch(), grams, words, sizes)
    return grams[: sizes[0]], words[: sizes[1]]


def insert(bits: npt.NDArray[np.uint64], values: npt.NDArray[np.uint64], label: int) -> None:
    """Put hashes under a label into a filter of 64 * len(bits) bits, a power of two."""
    _insert(values, label, bits)


def shares(
    strings: Strings,
    labels: npt.NDArray[np.int32],
    gram_bits: npt.NDArray[np.uint64],
    word_bits: npt.NDArray[np.uint64],
) -> npt.NDArray[np.float32]:
    """(texts, 2): the share of the grams and of the words of each text that the filters hold under its label."""
    out = np.empty((len(labels), 2), np.float32)
    _measure(strings.data, strings.offsets, labels, letters(), gram_bits, word_bits, _scratch(), out)
    return out


def commonest(values: npt.NDArray[np.uint64], most: int) -> npt.NDArray[np.uint64]:
    """The `most` hashes that occur most often, and at least twice; of equals the lowest."""
    found, counts = np.unique(values, return_counts=True)
    order = np.lexsort((found, -counts))[:most]
    return np.sort(found[order[counts[order] > 1]])


def empty_filter(bits: int) -> npt.NDArray[np.uint64]:
    """A filter of 2**bits bits that holds nothing."""
    return np.zeros((1 << bits) // 64, np.uint64)


@kernel(types.void(U64_IN, I32_IN, U64_IN, types.uint8[:, ::1]))
def _ask(values: Any, labels: Any, bits: Any, out: Any) -> None:
    mask = np.uint64(len(bits) * 64 - 1)
    for n in range(len(values)):
        for k in range(len(labels)):
            out[n, k] = _probe(bits, mask, values[n], labels[k])


def held(
    values: npt.NDArray[np.uint64], labels: npt.NDArray[np.int32], bits: npt.NDArray[np.uint64]
) -> npt.NDArray[np.bool_]:
    """(values, labels): whether a filter holds each hash under each label."""
    out = np.empty((len(values), len(labels)), np.uint8)
    _ask(values, labels, bits, out)
    return out.astype(np.bool_)
