"""What rules about pairs ask of each character, in one number of 64 bits."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.decode import code_point, item
from weft.text.jit import part
from weft.text.unicode import (
    CATEGORIES,
    EAST,
    JOINER,
    LETTER,
    MARK,
    SOUTH_EAST,
    TERMINAL,
    characters,
    flat,
    script_number,
    tables,
)

DIVIDES, SILENT, SPACED, DENSE, DIGIT, SIGN = range(6)
"""Kinds: white space and controls; nothing at all; part of a word; a letter of a script without spaces; a decimal
digit; punctuation and symbols."""
STOP, QUESTION, EXCLAMATION, PAUSE = range(1, 5)
"""Classes of the mark that ends a text; 0 where none does."""
POINT, KIND, SCRIPT, ENDING = (np.uint64(n) for n in (0x1FFFFF, 21, 24, 32))
"""The folded code point, and where kind, script and class of ending begin."""
UPPER, CASED, OPENS_MARKUP, LEAD, FOLLOWS, WEAK, BROKEN = (np.uint64(1 << n) for n in range(36, 43))
LEAD_CYRILLIC, FOLLOWS_CYRILLIC, CLOSING, SEPARATOR, WHITE = (np.uint64(1 << n) for n in range(43, 48))
ALPHABETIC, ENGLISH_STOP, FOLLOWS_CAPITAL = (np.uint64(1 << n) for n in range(48, 51))
"""Flags. LEAD, FOLLOWS and the like are what UTF-8 looks like when it is read as a Windows code page; SEPARATOR stands
between the groups of a number. ALPHABETIC and ENGLISH_STOP are what other tools count (`parallel.rule_profiles`)."""

_KINDS = {
    DIVIDES: "Zs Zl Zp Cc Cs Co Cn",
    SILENT: "Cf",
}
_QUESTIONS = "?？؟⸮՞፧⁇⁈꘏𑅃꛷᥅\u037e"
_EXCLAMATIONS = "!！՜߹‼⁉᥄"
_PAUSES = ",;:、，；：،؛၊፣፤፥፦–—-·՝᠂᠄߸"
_CLOSING = "\"'’”»«›‹“„)]}）」』】〉》〗〕*_"
_SEPARATORS = ".,'’٫٬\u00a0\u2009\u202f·"
_MARKUP = "<{%&[=:@"
_LEADS = "ÂÃÄÅÆÇÈÉÊËÌÍÐÑØÙÚÛÎÏàáâãäåæçèéêëìíîï"
_FOLLOWS = "€‚ƒ„†‡ˆ‰‹Œ•˜™Ÿ"
_FOLLOWS_CYRILLIC = "ЂЃѓ†‡‰ЌЏђ™ќџЎў"
_LEGITIMATE = "\u00a0\u00ab\u00bb\u00ad\u00b7"
"""Of U+0080 to U+00BF, what stands behind a letter in good text."""


@functools.cache
def table() -> npt.NDArray[np.uint64]:
    """The number of every code point."""
    found = tables()
    flags, category, script = flat(found.flags), flat(found.category), flat(found.script)
    kind = np.full(0x110000, SIGN, np.uint64)
    for number, names in _KINDS.items():
        kind[np.isin(category, [CATEGORIES.index(name) for name in names.split()])] = number
    kind[(flags & (LETTER | MARK)) != 0] = SPACED
    kind[np.isin(category, [CATEGORIES.index(name) for name in ("Nl", "No")])] = SPACED
    kind[((flags & (EAST | SOUTH_EAST)) != 0) & (kind == SPACED)] = DENSE
    # Tibetan divides syllables by a mark, and words by nothing.
    kind[(script == script_number("Tibt")) & (kind == SPACED)] = DENSE
    kind[category == CATEGORIES.index("Nd")] = DIGIT
    kind[(flags & JOINER) != 0] = SILENT
    kind[0x640] = SILENT  # Arabic's elongation
    folded = (characters() & np.uint32(0x1FFFFF)).astype(np.uint64)
    digits = np.flatnonzero(kind == DIGIT)
    # Decimal digits stand in runs of ten from zero on (Unicode Standard, section 4.6).
    begins = np.maximum.accumulate(np.where(np.diff(digits, prepend=-2) > 1, np.arange(len(digits)), 0))
    folded[digits] = (ord("0") + (np.arange(len(digits)) - begins) % 10).astype(np.uint64)
    made = folded | kind << KIND | script.astype(np.uint64) << SCRIPT | _endings(flags) << ENDING
    upper = np.isin(category, [CATEGORIES.index(name) for name in ("Lu", "Lt")])
    made[upper] |= UPPER
    made[upper | (category == CATEGORIES.index("Ll"))] |= CASED
    made[np.isin(category, [CATEGORIES.index(name) for name in ("Zs", "Zl", "Zp", "Cc")])] |= WHITE
    made[(kind == SPACED) | (kind == DENSE)] |= ALPHABETIC
    made[_not_alphabetic(category)] &= ~ALPHABETIC
    for flag, text in _flagged().items():
        made[[ord(c) for c in text]] |= np.uint64(flag)
    return np.asarray(made)


def _not_alphabetic(category: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Marks without the property Alphabetic, by their combining class: viramas, nuktas, tones and accents."""
    marks = np.flatnonzero(np.isin(category, [CATEGORIES.index(name) for name in ("Mn", "Me")]))
    classes = np.array([unicodedata.combining(chr(mark)) for mark in marks])
    return np.asarray(marks[(classes == 7) | (classes == 9) | (classes > 132)])


def _endings(flags: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    made = np.where(flags & TERMINAL, np.uint64(STOP), np.uint64(0))
    for number, text in ((QUESTION, _QUESTIONS), (EXCLAMATION, _EXCLAMATIONS), (PAUSE, _PAUSES)):
        made[[ord(c) for c in text]] = number
    return made


def _flagged() -> dict[int, str]:
    """The characters of each flag that no property of Unicode says."""
    latin = "".join(chr(n) for n in range(0x80, 0xC0) if chr(n) not in _LEGITIMATE)
    controls = "".join(chr(n) for n in range(0x80, 0xA0) if n != 0x85)
    return {
        int(OPENS_MARKUP): _MARKUP,
        int(LEAD): _LEADS,
        int(FOLLOWS): _FOLLOWS + latin,
        int(WEAK): "šžœŠŽ",
        int(FOLLOWS_CAPITAL): "“”‘’›–—…",
        int(BROKEN): controls + "\ufffd",
        int(LEAD_CYRILLIC): "РС",
        int(FOLLOWS_CYRILLIC): _FOLLOWS_CYRILLIC + latin.replace("°", ""),
        int(CLOSING): _CLOSING,
        int(SEPARATOR): _SEPARATORS,
        int(ENGLISH_STOP): ".?!…",
    }


def of_scripts(codes: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Of each number of a script: 1 where it is among `codes` (ISO 15924), 2 where it is nobody's own, else 0.

    Codes of a writing system in several scripts stand for all of them. None at all: every script is among them.
    """
    several = {"Jpan": ("Hira", "Kana", "Hani"), "Kore": ("Hang", "Hani")}
    several |= dict.fromkeys(("Hans", "Hant", "Hani"), ("Hani", "Bopo"))
    names = tables().script_names
    made = np.zeros(256, np.uint8) if codes else np.ones(256, np.uint8)
    for code in codes:
        for name in several.get(code, (code,)):
            if name in names:
                made[script_number(name)] = 1
    for name in ("Zyyy", "Zinh", "Zzzz"):
        made[script_number(name)] = 2
    return made


@part
def decoded(data: Any, at: int, stop: int, known: Any, held: Any) -> int:
    """The numbers of the characters of a text into `held`, no more than fit; returns how many."""
    count, most = 0, len(held)
    while at < stop and count < most:
        point, width = code_point(data, at)
        held[count] = item(known, point)
        count += 1
        at += width
    return count
