"""Burmese in the Zawgyi font encoding, rewritten as Unicode.

Zawgyi gives code points of the Myanmar block other meanings and stores what is drawn first before the consonant.
The values below are read off the Zawgyi-One font's code chart; the order of a syllable is that of Unicode
Technical Note 11.
"""

from __future__ import annotations

import re

_KINZI = "\u1004\u103a\u1039"
_MEANING = {
    0x1033: "\u102f", 0x1034: "\u1030", 0x1039: "\u103a", 0x103A: "\u103b", 0x103B: "\u103c", 0x103C: "\u103d",
    0x103D: "\u103e", 0x105A: "\u102b\u103a", 0x1064: _KINZI, 0x106A: "\u1009", 0x106B: "\u100a",
    0x106E: "\u100d\u1039\u100d", 0x106F: "\u100d\u1039\u100e", 0x107D: "\u103b", 0x1086: "\u103f", 0x1087: "\u103e",
    0x1088: "\u103e\u102f", 0x1089: "\u103e\u1030", 0x108A: "\u103d\u103e", 0x108B: _KINZI + "\u102d",
    0x108C: _KINZI + "\u102e", 0x108D: _KINZI + "\u1036", 0x108E: "\u102d\u1036", 0x108F: "\u1014", 0x1090: "\u101b",
    0x1091: "\u100f\u1039\u100d", 0x1092: "\u100b\u1039\u100c", 0x1094: "\u1037", 0x1095: "\u1037",
    0x1096: "\u1039\u1010\u103d", 0x1097: "\u100b\u1039\u100b",
}  # fmt: skip
_STACKED = {
    0x1060: 0x1000, 0x1061: 0x1001, 0x1062: 0x1002, 0x1063: 0x1003, 0x1065: 0x1005, 0x1066: 0x1006, 0x1067: 0x1006,
    0x1068: 0x1007, 0x1069: 0x1008, 0x106C: 0x100B, 0x106D: 0x100C, 0x1070: 0x100F, 0x1071: 0x1010, 0x1072: 0x1010,
    0x1073: 0x1011, 0x1074: 0x1011, 0x1075: 0x1012, 0x1076: 0x1013, 0x1077: 0x1014, 0x1078: 0x1015, 0x1079: 0x1016,
    0x107A: 0x1017, 0x107B: 0x1018, 0x107C: 0x1019, 0x1085: 0x101C, 0x1093: 0x1018,
}  # fmt: skip
_MEANING |= {point: "\u1039" + chr(below) for point, below in _STACKED.items()}
_MEANING |= dict.fromkeys(range(0x107E, 0x1085), "\u103c")
_BASE = "\u1000-\u102a\u103f\u1040-\u1049\u104e\u25cc"
_MARKS = (
    "\u102b-\u1030\u1032\u1036-\u1038\u103a\u103b\u103d\u103e"  # not e and medial ra: in Zawgyi they open a syllable
)
_SYLLABLE = re.compile(
    f"(?P<front>[\u1031\u103c]*)(?P<base>[{_BASE}](?:\u1039[\u1000-\u1021])*)"
    f"(?P<rest>(?:[{_MARKS}]|\u1004\u103a\u1039|\u1039[\u1000-\u1021])*)"
)
_ORDER = {
    char: place
    for place, char in enumerate(
        "\u103b\u103c\u103d\u103e\u1031\u102d\u102e\u1032\u102f\u1030\u102b\u102c\u103a\u1036\u1037\u1038"
    )
}


def to_unicode(text: str) -> str:
    """Unicode Burmese of Zawgyi text; other characters stay."""
    plain = "".join(_MEANING.get(ord(char), char) for char in text.replace("\u200b", ""))
    return _tidied(_SYLLABLE.sub(_syllable, plain))


def _syllable(found: re.Match[str]) -> str:
    base, rest = found["base"], found["rest"]
    kinzi = ""
    if _KINZI in rest:
        kinzi, rest = _KINZI, rest.replace(_KINZI, "")
    stacked = "".join(re.findall("\u1039[\u1000-\u1021]", rest))
    marks = list(dict.fromkeys(found["front"] + re.sub("\u1039[\u1000-\u1021]", "", rest)))
    if base[0] == "\u1040" and any(mark not in "\u1037\u1038" for mark in marks):
        base = "\u101d" + base[1:]  # the digit zero stands for the letter wa, which looks the same
    if base == "\u1025" and "\u102e" in marks:
        base, marks = "\u1026", [mark for mark in marks if mark != "\u102e"]
    elif base == "\u1025" and "\u103a" in marks:
        base = "\u1009"
    return kinzi + base + stacked + "".join(sorted(marks, key=lambda mark: _ORDER.get(mark, 99)))


def _tidied(text: str) -> str:
    text = re.sub(
        "(?<![\u1040-\u1049])\u1040(?![\u1040-\u1049.,၊။%])(?=[\u1000-\u1021][\u102b-\u103e]?)", "\u101d", text
    )
    return text.replace("\u1044\u1004\u103a\u1038", "\u104e\u1004\u103a\u1038").replace(
        "\u101e\u103c\u1031\u102c\u103a", "\u102a"
    )
