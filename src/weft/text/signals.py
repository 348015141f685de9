"""All signals of a document from one segmentation, in one kernel.

Formulas: Gopher repetition and quality rules (Rae et al. 2021, arXiv 2112.11446), C4 line rules as FineWeb uses them
(Penedo et al. 2024, arXiv 2406.17557), as FineWeb-2 applies them per language (arXiv 2506.20920). A word is
a token with a letter or digit; n-grams are of all tokens. datatrove divides by all tokens, with punctuation, where
here it is by words, as in Gopher, whose words are what white space separates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, look_up
from weft.text.hashing import hash_bytes, mix
from weft.text.jit import I32, I32_IN, I64, I64_IN, U8_IN, U16_IN, U64, U64_IN, kernel, part, types
from weft.text.repeats import count_duplicates, ngrams
from weft.text.unicode import LETTER, NUMBER, SPACE, TERMINAL, tables

NAMES = (
    "words chars bytes lines mean_word_length hash_ratio ellipsis_ratio bullet_lines ellipsis_lines alpha_words "
    "stop_words dup_line_frac dup_line_char dup_para_frac dup_para_char top_2gram top_3gram top_4gram dup_5gram "
    "dup_6gram dup_7gram dup_8gram dup_9gram dup_10gram line_punct short_line char_dup new_line digits upper urls"
).split()
"""Columns of the kernel's answer, in order."""
(
    WORDS, CHARS, BYTES, LINES, WORD_LENGTH, HASHES, ELLIPSES, BULLETS, CUT_LINES, ALPHA, STOP_WORDS, LINE_FRAC,
    LINE_CHAR, PARA_FRAC, PARA_CHAR, TOP2, _T3, _T4, DUP5, _D6, _D7, _D8, _D9, _D10, LINE_PUNCT, SHORT, CHAR_DUP,
    NEW_LINE, DIGITS, UPPER, URLS,
) = range(31)  # fmt: skip
_SHORT_LINE = 30
MOST_STOP_WORDS = 64
"""Stop words of one language at most: those seen are marked in one 64-bit number."""
_SLOTS = 256
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_FOLDED = np.uint64(0x100000001B3)
_BULLETS = (0x2022, 0x2023, 0x25B6, 0x25C0, 0x25E6, 0x25A0, 0x25A1, 0x25AA, 0x25AB, 0x2013, 0x2D)
_SPECIAL = np.array([byte if byte in b"\n#.:w\xe2" else 0 for byte in range(256)], np.uint8)
"""Bytes that begin something to count, and line ends."""
_CLOSING = (0x22, 0x27, 0x29, 0x5D, 0xBB, 0x2019, 0x201D, 0x300D, 0x300F, 0xFF09)
_F64_2 = types.float64[:, ::1]
_FLAGS = types.Tuple((U16_IN, U8_IN))
_LOWER = types.Tuple((U16_IN, I32_IN))
_STOPS = types.Tuple((U64_IN, I64_IN))
_SCRATCH = types.Tuple((U64, U64, I64, I32, I32, U64, I64, U64))


@part
def _before(data: Any, at: int) -> int:
    """Where the character that ends at a byte position starts."""
    at -= 1
    while data[at] & 0xC0 == 0x80:
        at -= 1
    return at


@part
def _trimmed(data: Any, start: int, stop: int, index: Any, blocks: Any) -> tuple[int, int]:
    """A range without white space at its ends; empty when it is all white space."""
    while start < stop:
        point, width = code_point(data, start)
        if look_up(index, blocks, point) & SPACE == 0:
            break
        start += width
    while stop > start:
        last = _before(data, stop)
        if look_up(index, blocks, code_point(data, last)[0]) & SPACE == 0:
            break
        stop = last
    return start, stop


@part
def _finished(data: Any, start: int, stop: int, index: Any, blocks: Any) -> bool:
    """Whether a line ends with a sentence mark of any script, closing quotes and brackets left aside."""
    while stop > start:
        last = _before(data, stop)
        point, _ = code_point(data, last)
        if point not in _CLOSING:
            return bool(look_up(index, blocks, point) & TERMINAL)
        stop = last
    return False


@part
def _cut_off(data: Any, start: int, stop: int) -> bool:
    """Whether a line ends with an ellipsis."""
    if stop - start < 3:
        return False
    a, b, c = data[stop - 3], data[stop - 2], data[stop - 1]
    return bool((a == 46 and b == 46 and c == 46) or (a == 0xE2 and b == 0x80 and c == 0xA6))


@part
def _address(data: Any, at: int, base: int, stop: int) -> bool:
    """Whether a web address starts here: at the colon of `://`, or at a `www.` that no slash precedes."""
    if data[at] == 58:
        return bool(at + 2 < stop and data[at + 1] == 47 and data[at + 2] == 47)
    follows = at > base and data[at - 1] == 47
    return bool(at + 3 < stop and not follows and data[at + 1] == 119 and data[at + 2] == 119 and data[at + 3] == 46)


@part
def _lines(
    data: Any, base: int, stop: int, index: Any, blocks: Any, hashes: Any, lengths: Any, row: Any
) -> tuple[int, bool]:
    """Hash and length of every line that is not blank; writes counts of characters, symbols and lines.

    Returns the number of these lines, and whether two line ends follow one another.
    """
    size, newlines, chars, marks, dots, urls, at = 0, 0, 0, 0, 0, 0, base
    punctuated, short, bullets, cut, blank = 0, 0, 0, 0, False
    while at < stop:
        begin, begun = at, chars
        while at < stop:
            byte = data[at]
            chars += (byte & 0xC0) != 0x80
            kind = _SPECIAL[byte]
            at += 1
            if kind == 0:
                continue
            if kind == 10:
                chars -= 1
                at -= 1
                break
            if kind == 35:
                marks += 1
            elif kind == 46:
                first = at - 1
                while at < stop and data[at] == 46:
                    at += 1
                chars += at - first - 1
                dots += (at - first) // 3
            elif kind == 0xE2:
                dots += data[at] == 0x80 and data[at + 1] == 0xA6
            else:
                urls += _address(data, at - 1, base, stop)
        head, tail = _trimmed(data, begin, at, index, blocks)
        if head < tail:
            hashes[size] = hash_bytes(data, head, tail, np.uint64(1))
            lengths[size] = chars - begun
            size += 1
            short += chars - begun <= _SHORT_LINE
            punctuated += _finished(data, head, tail, index, blocks)
            cut += _cut_off(data, head, tail)
            bullets += code_point(data, head)[0] in _BULLETS
        if at < stop:
            newlines += 1
            chars += 1
            at += 1
            blank = blank or (at < stop and data[at] == 10)
    row[CHARS], row[BYTES], row[LINES], row[URLS] = chars, stop - base, size, urls
    row[HASHES], row[ELLIPSES], row[NEW_LINE] = marks, dots, newlines
    if size:
        row[LINE_PUNCT] = punctuated / size
        row[SHORT] = short / size
        row[BULLETS] = bullets / size
        row[CUT_LINES] = cut / size
    return size, blank


@part
def _paragraphs(data: Any, base: int, stop: int, index: Any, blocks: Any, hashes: Any, lengths: Any) -> int:
    """Hash and length of every paragraph: what stands between two or more line ends."""
    base, stop = _trimmed(data, base, stop, index, blocks)
    size, at = 0, base
    while at < stop:
        begin, chars = at, 0
        while at < stop and not (data[at] == 10 and data[at + 1] == 10):
            chars += (data[at] & 0xC0) != 0x80
            at += 1
        hashes[size] = hash_bytes(data, begin, at, np.uint64(2))
        lengths[size] = chars
        size += 1
        while at < stop and data[at] == 10:
            at += 1
    return size


@part
def _known(stop_keys: Any, first: int, last: int, slots: Any) -> None:
    """A small table of one language's stop words: its number plus one below, the key above."""
    slots[:] = np.uint64(0)
    for n in range(first, last):
        slot = np.int64(stop_keys[n] >> np.uint64(56))
        while slots[slot] != 0:
            slot = (slot + 1) & (_SLOTS - 1)
        slots[slot] = (stop_keys[n] & ~np.uint64(0xFF)) | np.uint64(n - first + 1)


@part
def _word(
    data: Any, at: int, last: int, index: Any, blocks: Any, lower_index: Any, lower_blocks: Any
) -> tuple[Any, Any, int, int, int, int]:
    """Hash of a token, hash of it in lower case, characters, letters, digits, capitals."""
    exact, folded = np.uint64(0), np.uint64(0)
    length, letters, digits, upper = 0, 0, 0, 0
    while at < last:
        point, width = code_point(data, at)
        bits = look_up(index, blocks, point)
        at += width
        length += 1
        exact = (exact + np.uint64(point) + np.uint64(1)) * _FACTOR
        if bits & LETTER:
            letters += 1
            change = look_up(lower_index, lower_blocks, point)
            upper += change != 0
            point += change
        digits += (bits & NUMBER) != 0
        folded = folded * _FOLDED + np.uint64(point + 1)
    return exact ^ (exact >> np.uint64(32)), folded, length, letters, digits, upper


@part
def _words(
    data: Any, base: int, tokens: Any, start: int, size: int, flags: Any, lower: Any, slots: Any, listed: bool,
    hashes: Any, ends: Any, row: Any,
) -> None:  # fmt: skip
    """Hashes and lengths of all tokens; writes what is counted on words."""
    words, alpha, chars, digits, upper, letters = 0, 0, 0, 0, 0, 0
    seen, found = np.uint64(0), 0
    ends[0] = 0
    for n in range(size):
        first, last = base + tokens[2 * (start + n)], base + tokens[2 * (start + n) + 1]
        exact, folded, length, lettered, digit, capital = _word(
            data, first, last, flags[0], flags[1], lower[0], lower[1]
        )
        hashes[n] = exact
        ends[n + 1] = ends[n] + length
        if lettered + digit == 0:
            continue
        words += 1
        chars += length
        alpha += lettered > 0
        letters += lettered
        digits += digit
        upper += capital
        if listed and lettered:
            key = mix(folded)
            slot = np.int64(key >> np.uint64(56))
            while slots[slot] != 0:
                if (slots[slot] ^ key) >> np.uint64(8) == 0:
                    seen |= np.uint64(1) << ((slots[slot] & np.uint64(0xFF)) - np.uint64(1))
                    break
                slot = (slot + 1) & (_SLOTS - 1)
    while seen:
        seen &= seen - np.uint64(1)
        found += 1
    row[WORDS] = words
    row[STOP_WORDS] = found if listed else -1
    row[DIGITS] = digits / row[CHARS]
    row[UPPER] = upper / letters if letters else 0.0
    row[WORD_LENGTH] = chars / words if words else 0.0
    row[ALPHA] = alpha / words if words else 0.0
    for ratio in (HASHES, ELLIPSES, NEW_LINE):
        row[ratio] = row[ratio] / words if words else 0.0


@kernel(types.void(U8_IN, I64_IN, I32_IN, I64_IN, _FLAGS, _LOWER, _STOPS, I32_IN, _SCRATCH, _F64_2))
def _measure(
    data: Any, offsets: Any, tokens: Any, token_offsets: Any, flags: Any, lower: Any, stops: Any, languages: Any,
    scratch: Any, out: Any,
) -> None:  # fmt: skip
    """Fill one row of `out` per document. Scratch arrays are sized for the longest document."""
    hashes, grams, ends, places, slots, keys, marks, known = scratch
    stop_keys, stop_offsets = stops
    epoch, language = 0, -1
    for n in range(len(offsets) - 1):
        base, stop, row = offsets[n], offsets[n + 1], out[n]
        start, size = token_offsets[n], token_offsets[n + 1] - token_offsets[n]
        if languages[n] >= 0 and languages[n] != language:
            language = languages[n]
            _known(stop_keys, stop_offsets[language], stop_offsets[language + 1], known)
        if base == stop:
            row[STOP_WORDS] = 0 if languages[n] >= 0 else -1
            continue
        lines, blank = _lines(data, base, stop, flags[0], flags[1], hashes, ends, row)
        chars = row[CHARS]
        epoch += 1
        count, repeated = count_duplicates(hashes, ends, lines, keys, marks, epoch)
        if lines:
            row[LINE_FRAC], row[LINE_CHAR] = count / lines, repeated / chars
            row[CHAR_DUP] = repeated / max(chars - row[NEW_LINE], 1)
        paragraphs = _paragraphs(data, base, stop, flags[0], flags[1], hashes, ends) if blank else 0
        epoch += 1
        count, repeated = count_duplicates(hashes, ends, paragraphs, keys, marks, epoch)
        if paragraphs:
            row[PARA_FRAC], row[PARA_CHAR] = count / paragraphs, repeated / chars
        _words(data, base, tokens, start, size, flags, lower, known, languages[n] >= 0, hashes, ends, row)
        epoch = ngrams(hashes, ends, size, grams, places, slots, keys, marks, epoch, row[TOP2 : DUP5 + 6])
        for k in range(TOP2, DUP5 + 6):
            row[k] = row[k] / chars


def measure(
    strings: Strings,
    tokens: npt.NDArray[np.int32],
    token_offsets: Longs,
    languages: npt.NDArray[np.int32],
    stop_keys: npt.NDArray[np.uint64],
    stop_offsets: Longs,
) -> npt.NDArray[np.float64]:
    """Signals of all documents: float64 of shape (documents, len(NAMES)).

    `languages` holds the number of each document's list of stop words, -1 where there is none (`stop_words` is then
    -1); the keys of list n are `stop_keys[stop_offsets[n]:stop_offsets[n + 1]]`, at most MOST_STOP_WORDS.
    """
    rows = len(strings.offsets) - 1
    out = np.zeros((rows, len(NAMES)), np.float64)
    if not rows:
        return out
    longest = int(max(np.diff(token_offsets).max(), _most_lines(strings.data, strings.offsets) + 1)) + 12
    table = 1 << (3 * longest // 2).bit_length()
    found = tables()
    scratch = (
        np.empty(longest, np.uint64),
        np.empty(longest, np.uint64),
        np.empty(longest + 1, np.int64),
        np.empty(longest, np.int32),
        np.empty(longest, np.int32),
        np.empty(table, np.uint64),
        np.zeros(table, np.int64),
        np.empty(_SLOTS, np.uint64),
    )
    stops = (stop_keys, stop_offsets)
    given = (strings.data, strings.offsets, tokens, token_offsets, tuple(found.flags), tuple(found.lower))
    _measure(*given, stops, languages, scratch, out)
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


def stop_keys(words: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Keys of lower-case stop words: the hashes that the kernel computes of tokens in lower case."""
    points = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32).astype(np.uint64)
    sizes = np.array([len(word) for word in words], np.int64)
    starts = np.cumsum(sizes) - sizes
    value = np.zeros(len(words), np.uint64)
    for place in range(int(sizes.max(initial=0))):
        going = np.flatnonzero(sizes > place)
        value[going] = value[going] * _FOLDED + points[starts[going] + place] + np.uint64(1)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
