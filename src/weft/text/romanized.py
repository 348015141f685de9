"""Consonant skeletons: what a text has in common with the same text in another script of its language.

Every letter of NFC text is romanised and folded to one of twelve classes of consonants, by what the orthographies of
measured languages do with it (docs/deduplication.md). Vowels, marks and the letters that
orthographies write as vowels or leave out (h, j, v, w, x, y and their like) are nothing; digits stay digits.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs, Strings
from weft.text.decode import code_point, item, put
from weft.text.hashing import mix
from weft.text.jit import I64, I64_IN, U8_IN, U64, kernel, types
from weft.text.unicode import CATEGORIES, flat, tables

CLASSES = "0123456789PBTDSZCKLRMN"
"""Symbols of a skeleton; the number of one is its place + 1, and 0 is nothing."""
LONGEST = 12
"""Symbols of the longest shingle: each takes five bits of a 64-bit number."""
_BITS = 5
_NASAL, _BACK, _SIBILANT = CLASSES.index("N") + 1, CLASSES.index("K") + 1, CLASSES.index("Z") + 1
_FLAPPED = CLASSES.index("R") + 1
_NUKTA, _JA, _DDA, _DDHA = 0x93C, 0x91C, 0x921, 0x922

_ALPHABETS = {
    "P": "pfƒɸ пфԥ پفڤڥڢ ⴼⵒ 𞤨𞤬 פףπφ პფ պփֆ",
    "B": "bɓƃ бҍ ب ⴱⴲ 𞤦𞤩 ב β ბ բ",
    "T": "tþŧƭʈ тҭ تطثٹټ ⵜⵝⵟ 𞤼 תט τθ თტ թտ",
    "D": "dđðɗɖƌ дђџ دضڈډڊ ⴷⴸⴹⴺ 𞤣𞤯 ד δ დ դ",
    "S": "sſßʃ сшщҫ سشصښڛ ⵙⵚⵛ 𞤧𞥃 סשצץ σξ სშ սշ",
    "Z": "zƶʐ зҙѕ زذظ ⵣⵤⵥ 𞥁 ז ζ ზ զ",
    "C": "cƈ цчћҹӌ چڇ ⵞ 𞤷 ცჩჭწძ ցծձճչ",
    "K": "kgqƙɣǥƣɠⱪ кгғқҝҡҟґҕӄќѓ كکقگغݢݣڨڧګڬ ⴳⴴⴽⴾⴿⵇⵈⵖⵗⵘ 𞤳𞤺𞤹 כךקג κγχ კგქყღ կգքղ",
    "L": "lłɫⱡ лљӆ لڵ ⵍ 𞤤 ל λ ლ լ",
    "R": "rɾɽ рԗ رڑړڕ ⵔⵕ 𞤪 ר ρ რ րռ",
    "M": "mɱ мӎ م ⵎ 𞤥 מם μ მ մ",
    "N": "nŋɲɳƞ нњңҥӈԋ نںڠڽۑڭݧ ⵏⵐ 𞤲𞤻𞤽 נן ν ნ ն",
}
_BRAHMIC = "KKKKN" + "CC  N" + "TTDDN" + "TTDDNN" + "PPBBM" + " RRLLL SSS "
"""ka to ha, the order that the blocks of nine scripts share (Unicode 16, section 12.1); blanks are nothing."""
_JAVANESE = "KKKKKN" + "CC   N" + "TTDDN" + "TTDDN" + "PPBBM" + " RRL SSS "
"""ka to ha of Javanese, from U+A98F on."""


@functools.cache
def romanization() -> npt.NDArray[np.uint8]:
    """The symbol of each of the 0x110000 code points, as a place in CLASSES + 1; 0 for none."""
    out = np.zeros(0x110000, np.uint8)
    for name, letters in _ALPHABETS.items():
        for letter in letters.replace(" ", ""):
            out[ord(letter)] = CLASSES.index(name) + 1
    for block in range(0x900, 0xD80, 0x80):
        _run(out, block + 0x15, _BRAHMIC)
        out[[block + 1, block + 2]] = _NASAL
    for block in (0x900, 0x980, 0xA00):
        _run(out, block + 0x58, "KKKZRRP")
    _run(out, 0xA98F, _JAVANESE)
    out[[0xA980, 0xA981]] = _NASAL
    out[0xA982] = _FLAPPED
    found = tables()
    lower = np.arange(0x110000) + flat(found.fold)
    latin = flat(found.script) == found.script_names.index("Latn")
    for point in np.flatnonzero(latin & (lower == np.arange(0x110000)) & (out == 0)):
        out[point] = out[ord(unicodedata.normalize("NFD", chr(point))[0])]
    # ź, ż are z; ž is what other orthographies write j, zh or ж.
    out[ord("ž")] = 0
    for point in np.flatnonzero(flat(found.category) == CATEGORIES.index("Nd")):
        out[point] = unicodedata.decimal(chr(point), -1) + 1
    return np.ascontiguousarray(out[lower])


def _run(out: npt.NDArray[np.uint8], first: int, classes: str) -> None:
    out[first : first + len(classes)] = [CLASSES.find(one) + 1 for one in classes]


@kernel(types.void(U8_IN, I64_IN, U8_IN, types.int64, U64, I64))
def _shingles(data: Any, offsets: Any, symbols: Any, width: int, out: Any, out_offsets: Any) -> None:
    """Hashes of all runs of `width` symbols of each text's skeleton, end to end."""
    place, mask = 0, (np.uint64(1) << np.uint64(_BITS * width)) - np.uint64(1)
    for row in range(len(offsets) - 1):
        out_offsets[row] = place
        at, stop = offsets[row], offsets[row + 1]
        held, size, last, before = np.uint64(0), 0, 0, 0
        while at < stop:
            point, step = code_point(data, at)
            at += step
            symbol = int(item(symbols, point))
            if point == _NUKTA:
                symbol = _SIBILANT if before == _JA else _FLAPPED if before in (_DDA, _DDHA) else 0
            elif symbol == _SIBILANT and at + 1 < stop and data[at] == 0xCC and data[at + 1] == 0x8C:
                symbol = 0  # z and a combining caron, U+030C
            before = point
            # ng is one letter in some scripts and two in others.
            if symbol == 0 or symbol == last or (symbol == _BACK and last == _NASAL):
                continue
            last = symbol
            held = ((held << np.uint64(_BITS)) | np.uint64(symbol)) & mask
            size += 1
            if size >= width:
                put(out, place, mix(held))
                place += 1
    out_offsets[len(offsets) - 1] = place


def skeleton_hashes(strings: Strings, width: int) -> tuple[npt.NDArray[np.uint64], Longs]:
    """64-bit hashes of the runs of `width` symbols, 1 to LONGEST, of each text's skeleton, and their offsets.

    They are in text order, with repeats; a text of fewer symbols has none. Shapes: (hashes,) and (texts + 1,).
    Raises ValueError for another width.
    """
    if not 1 <= width <= LONGEST:
        raise ValueError(f"shingles of {width} symbols; expected 1 to {LONGEST}")
    out = np.empty(int(strings.offsets[-1] - strings.offsets[0]) + 1, np.uint64)
    offsets = np.zeros(len(strings.offsets), np.int64)
    _shingles(strings.data, strings.offsets, romanization(), width, out, offsets)
    return out[: offsets[-1]], offsets
