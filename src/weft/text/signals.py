"""All signals of a document from one segmentation, in one kernel.

Formulas: Gopher repetition and quality rules (Rae et al. 2021, arXiv 2112.11446), C4 line rules as FineWeb uses them
(Penedo et al. 2024, arXiv 2406.17557), as FineWeb-2 applies them per language (arXiv 2506.20920).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, look_up
from weft.text.hashing import hash_bytes, mix
from weft.text.jit import F32_2, I32, I32_IN, I64, I64_IN, U8_IN, U16_IN, U32, U64, U64_IN, kernel, part, types
from weft.text.unicode import LETTER, MARK, NUMBER, SPACE, TERMINAL, tables

NAMES = (
    "words chars bytes lines mean_word_length hash_ratio ellipsis_ratio bullet_lines ellipsis_lines alpha_words "
    "stop_words dup_line_frac dup_line_char dup_para_frac dup_para_char top_2gram top_3gram top_4gram dup_5gram "
    "dup_6gram dup_7gram dup_8gram dup_9gram dup_10gram line_punct short_line char_dup new_line digits upper"
).split()
"""Columns of the kernel's answer, in order."""
COUNTS = ("words", "chars", "bytes", "lines", "stop_words")
(
    WORDS, CHARS, BYTES, LINES, WORD_LENGTH, HASHES, ELLIPSES, BULLETS, CUT_LINES, ALPHA, STOP_WORDS, LINE_FRAC,
    LINE_CHAR, PARA_FRAC, PARA_CHAR, TOP2, _T3, _T4, DUP5, _D6, _D7, _D8, _D9, _D10, LINE_PUNCT, SHORT, CHAR_DUP,
    NEW_LINE, DIGITS, UPPER,
) = range(30)  # fmt: skip
_SHORT_LINE = 30
_PRIME = np.uint64(0x100000001B3)
_BULLETS = (0x2022, 0x2023, 0x25B6, 0x25C0, 0x25E6, 0x25A0, 0x25A1, 0x25AA, 0x25AB, 0x2013, 0x2D)


@part
def _find(keys: Any, stamps: Any, epoch: int, mask: int, key: Any) -> Any:
    """Slot of a key in an open-addressing table whose entries count only when their stamp is `epoch`."""
    slot = np.int64(mix(key) & np.uint64(mask))
    while stamps[slot] == epoch and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@part
def _repeats(hashes: Any, lengths: Any, size: int, keys: Any, stamps: Any, epoch: int, mask: int) -> tuple[int, int]:
    """How many items occurred before, and their characters."""
    count, chars = 0, 0
    for n in range(size):
        slot = _find(keys, stamps, epoch, mask, hashes[n])
        if stamps[slot] == epoch:
            count += 1
            chars += lengths[n]
        else:
            stamps[slot] = epoch
            keys[slot] = hashes[n]
    return count, chars


@part
def _top(grams: Any, ends: Any, n: int, size: int, keys: Any, stamps: Any, tallies: Any, epoch: int, mask: int) -> int:
    """Characters of the most frequent n-gram, its words joined by spaces, times its count (0 when none repeats).

    Of several with the same count, the one that occurs first, as in the reference implementation.
    """
    most = 0
    for first in range(size - n + 1):
        slot = _find(keys, stamps, epoch, mask, grams[first])
        if stamps[slot] != epoch:
            stamps[slot] = epoch
            keys[slot] = grams[first]
            tallies[slot] = 0
        tallies[slot] += 1
        most = max(most, tallies[slot])
    if most < 2:
        return 0
    for first in range(size - n + 1):
        slot = _find(keys, stamps, epoch, mask, grams[first])
        if tallies[slot] == most:
            return int((ends[first + n] - ends[first] + n - 1) * most)
    return 0


@part
def _duplicated(grams: Any, ends: Any, n: int, size: int, keys: Any, stamps: Any, epoch: int, mask: int) -> int:
    """Characters in n-grams seen before; after one, the scan jumps over its words."""
    chars, first = 0, 0
    while first < size - n + 1:
        slot = _find(keys, stamps, epoch, mask, grams[first])
        if stamps[slot] == epoch:
            chars += ends[first + n] - ends[first]
            first += n
        else:
            stamps[slot] = epoch
            keys[slot] = grams[first]
            first += 1
    return int(chars)


@part
def _lines(
    data: Any, base: int, stop: int, index: Any, blocks: Any, hashes: Any, lengths: Any, row: Any
) -> tuple[int, int]:
    """Hash and length of every line that is not blank; writes what is counted on lines. Also counts line ends."""
    size, newlines, at = 0, 0, base
    punctuated, short, bullets, cut = 0, 0, 0, 0
    while at <= stop:
        begin, chars, first, last, quoted = at, 0, -1, 0, 0
        tail = at
        head = at
        while at < stop and data[at] != 10:
            point, width = code_point(data, at)
            bits = look_up(index, blocks, point)
            chars += 1
            at += width
            if bits & SPACE == 0:
                if first < 0:
                    first = point
                    head = at - width
                tail = at
                closing = point in (0x22, 0x27, 0x29, 0x5D, 0xBB, 0x2019, 0x201D, 0x300D, 0x300F, 0xFF09)
                if not closing:
                    last = point
                quoted = 1 if closing else 0
        if first >= 0:
            hashes[size] = hash_bytes(data, head, tail, np.uint64(1))
            lengths[size] = chars
            size += 1
            short += chars <= _SHORT_LINE
            ends_sentence = (look_up(index, blocks, last) & TERMINAL) != 0
            punctuated += ends_sentence or (quoted == 1 and last == 0)
            dots = tail - head >= 3 and data[tail - 1] == 46 and data[tail - 2] == 46 and data[tail - 3] == 46
            cut += dots or last == 0x2026
            marked = False
            for mark in _BULLETS:
                marked = marked or first == mark
            bullets += marked
        newlines += at < stop
        at += 1
        if at > stop and begin == stop:
            break
    if size:
        row[LINE_PUNCT] = punctuated / size
        row[SHORT] = short / size
        row[BULLETS] = bullets / size
        row[CUT_LINES] = cut / size
    return size, newlines


@part
def _paragraphs(data: Any, base: int, stop: int, hashes: Any, lengths: Any) -> int:
    """Hash and length of every paragraph: what stands between two or more line ends."""
    size, at = 0, base
    while at < stop:
        while at < stop and data[at] == 10:
            at += 1
        begin, chars = at, 0
        while at < stop and not (data[at] == 10 and at + 1 < stop and data[at + 1] == 10):
            chars += (data[at] & 0xC0) != 0x80
            at += 1
        if at > begin:
            hashes[size] = hash_bytes(data, begin, at, np.uint64(2))
            lengths[size] = chars
            size += 1
    return size


@part
def _words(
    data: Any, base: int, tokens: Any, start: int, size: int, tables_: Any, stops: Any, language: Any, hashes: Any,
    ends: Any, row: Any,
) -> None:  # fmt: skip
    """Hashes and lengths of all tokens; writes what is counted on words."""
    index, blocks, fold_index, fold_blocks, cat_index, cat_blocks = tables_
    stop_keys, stop_numbers, stop_mask = stops
    words, alpha, chars, digits, upper, letters = 0, 0, 0, 0, 0, 0
    seen = np.uint64(0)
    ends[0] = 0
    for n in range(size):
        first, last = base + tokens[2 * (start + n)], base + tokens[2 * (start + n) + 1]
        hashes[n] = hash_bytes(data, first, last, np.uint64(3))
        at, length, has_word, has_letter = first, 0, 0, 0
        folded = np.uint64(0)
        while at < last:
            point, width = code_point(data, at)
            bits = look_up(index, blocks, point)
            at += width
            length += 1
            if bits & LETTER:
                has_letter = 1
                letters += 1
                upper += look_up(cat_index, cat_blocks, point) == 0
            has_word |= (bits & (LETTER | MARK | NUMBER)) != 0
            digits += (bits & NUMBER) != 0
            folded = folded * _PRIME + np.uint64(point + look_up(fold_index, fold_blocks, point) + 1)
        ends[n + 1] = ends[n] + length
        if has_word:
            words += 1
            chars += length
            alpha += has_letter
            if stop_mask >= 0 and language != 0:
                key = mix(folded ^ language)
                slot = np.int64(key & np.uint64(stop_mask))
                while stop_keys[slot] != 0 and stop_keys[slot] != key:
                    slot = (slot + 1) & stop_mask
                if stop_keys[slot] == key:
                    seen |= np.uint64(1) << np.uint64(stop_numbers[slot])
    row[WORDS] = words
    row[DIGITS] = digits
    row[UPPER] = upper / letters if letters else 0.0
    row[WORD_LENGTH] = chars / words if words else 0.0
    row[ALPHA] = alpha / words if words else 0.0
    found = 0
    while seen:
        seen &= seen - np.uint64(1)
        found += 1
    row[STOP_WORDS] = found if language != 0 else -1


@part
def _symbols(data: Any, base: int, stop: int) -> tuple[int, int, int]:
    """Characters, `#` signs and ellipses (`...` or `…`)."""
    chars, marks, dots, at = 0, 0, 0, base
    while at < stop:
        byte = data[at]
        chars += (byte & 0xC0) != 0x80
        marks += byte == 35
        if byte == 46 and at + 2 < stop and data[at + 1] == 46 and data[at + 2] == 46:
            dots += 1
            at += 2
            chars += 2
        elif byte == 0xE2 and data[at + 1] == 0x80 and data[at + 2] == 0xA6:
            dots += 1
        at += 1
    return chars, marks, dots


_TABLES = types.Tuple((U16_IN, U8_IN, U16_IN, I32_IN, U16_IN, U8_IN))
_STOPS = types.Tuple((U64_IN, I32_IN, types.int64))


@kernel(types.void(U8_IN, I64_IN, I32_IN, I64_IN, _TABLES, _STOPS, U64_IN, U64, U64, I64, U64, U32, I32, F32_2))
def _measure(
    data: Any, offsets: Any, tokens: Any, token_offsets: Any, tables_: Any, stops: Any, languages: Any, hashes: Any,
    grams: Any, ends: Any, keys: Any, stamps: Any, tallies: Any, out: Any,
) -> None:  # fmt: skip
    """Fill one row of `out` per document. Scratch arrays are sized for the longest document."""
    index, blocks = tables_[0], tables_[1]
    epoch = 0
    for n in range(len(offsets) - 1):
        base, stop, row = offsets[n], offsets[n + 1], out[n]
        start, size = token_offsets[n], token_offsets[n + 1] - token_offsets[n]
        chars, marks, dots = _symbols(data, base, stop)
        row[CHARS], row[BYTES] = chars, stop - base
        if chars == 0:
            row[STOP_WORDS] = 0 if languages[n] != 0 else -1
            continue
        mask = 15
        while mask < 2 * max(size, 1):
            mask = 2 * mask + 1
        lines, newlines = _lines(data, base, stop, index, blocks, hashes, ends, row)
        row[LINES] = lines
        while mask < 2 * lines:
            mask = 2 * mask + 1
        epoch += 1
        count, repeated = _repeats(hashes, ends, lines, keys, stamps, epoch, mask)
        if lines:
            row[LINE_FRAC], row[LINE_CHAR] = count / lines, repeated / chars
            row[CHAR_DUP] = repeated / max(chars - newlines, 1)
        paragraphs = _paragraphs(data, base, stop, hashes, ends)
        epoch += 1
        count, repeated = _repeats(hashes, ends, paragraphs, keys, stamps, epoch, mask)
        if paragraphs:
            row[PARA_FRAC], row[PARA_CHAR] = count / paragraphs, repeated / chars
        _words(data, base, tokens, start, size, tables_, stops, languages[n], hashes, ends, row)
        if row[WORDS]:
            row[HASHES], row[ELLIPSES] = marks / row[WORDS], dots / row[WORDS]
            row[NEW_LINE] = newlines / row[WORDS]
        row[DIGITS] /= chars
        for k in range(size):
            grams[k] = hashes[k]
        for width in range(2, 11):
            if size < width:
                break
            for k in range(size - width + 1):
                grams[k] = grams[k] * _PRIME + hashes[k + width - 1]
            epoch += 1
            if width <= 4:
                row[TOP2 + width - 2] = _top(grams, ends, width, size, keys, stamps, tallies, epoch, mask) / chars
            else:
                row[DUP5 + width - 5] = _duplicated(grams, ends, width, size, keys, stamps, epoch, mask) / chars
                if width == 5 and row[DUP5] == 0:
                    break  # no repeated 5-gram: no longer one can repeat


def measure(
    strings: Strings,
    tokens: npt.NDArray[np.int32],
    token_offsets: Longs,
    languages: npt.NDArray[np.uint64],
    stop_keys: npt.NDArray[np.uint64],
    stop_numbers: npt.NDArray[np.int32],
) -> npt.NDArray[np.float32]:
    """Signals of all documents: float32 of shape (documents, len(NAMES)).

    `languages` holds `stop_words.language_key` of each document, 0 where there is no list; `stop_words` is then -1.
    """
    rows = len(strings.offsets) - 1
    out = np.zeros((rows, len(NAMES)), np.float32)
    if not rows:
        return out
    longest = int(max(np.diff(token_offsets).max(), _most_lines(strings.data, strings.offsets) + 1)) + 2
    table = 16
    while table < 2 * longest:
        table *= 2
    table *= 2
    found = tables()
    held = (*found.flags, *found.fold, *found.category)
    stops = (stop_keys, stop_numbers, len(stop_keys) - 1)
    scratch = (
        np.empty(longest, np.uint64),
        np.empty(longest, np.uint64),
        np.empty(longest + 1, np.int64),
        np.empty(table, np.uint64),
        np.zeros(table, np.uint32),
        np.empty(table, np.int32),
    )
    _measure(strings.data, strings.offsets, tokens, token_offsets, held, stops, languages, *scratch, out)
    return out


@kernel(types.int64(U8_IN, I64_IN))
def _most_lines(data: Any, offsets: Any) -> int:
    """Line ends of the document that has most of them."""
    most = 0
    for row in range(len(offsets) - 1):
        count = 0
        for at in range(offsets[row], offsets[row + 1]):
            count += data[at] == 10
        most = max(most, count)
    return most


def folded_key(word: str, language: int) -> int:
    """Key of a lower-case stop word of a language: the hash that the kernel computes of a folded token."""
    value, prime = 0, int(_PRIME)
    for char in word:
        value = (value * prime + ord(char) + 1) & 0xFFFFFFFFFFFFFFFF
    return _mix_number(value ^ language)


def _mix_number(value: int) -> int:
    """`hashing.mix` on a Python number."""
    wide = 0xFFFFFFFFFFFFFFFF
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & wide
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & wide
    return value ^ (value >> 31)
