"""Unicode Burmese as it was typed for the Zawgyi-One font, for the sample's Zawgyi pages.

Code points are those of the font's chart; what is drawn before a consonant is stored before it.
"""

from __future__ import annotations

import re

_KINZI = "\u1004\u103a\u1039"
_SYLLABLE = re.compile(
    f"(?P<kinzi>{_KINZI})?(?P<base>[\u1000-\u102a\u103f\u1040-\u1049\u104e])(?P<stacked>(?:\u1039[\u1000-\u1021])?)"
    "(?P<marks>[\u102b-\u1032\u1036-\u1038\u103a-\u103e]*)"
)
_STACKED = {
    "\u1000": "\u1060", "\u1001": "\u1061", "\u1002": "\u1062", "\u1003": "\u1063", "\u1005": "\u1065", "\u1006": "\u1066",
    "\u1007": "\u1068", "\u1008": "\u1069", "\u100b": "\u106c", "\u100c": "\u106d", "\u100f": "\u1070", "\u1010": "\u1071",
    "\u1011": "\u1073", "\u1012": "\u1075", "\u1013": "\u1076", "\u1014": "\u1077", "\u1015": "\u1078", "\u1016": "\u1079",
    "\u1017": "\u107a", "\u1018": "\u107b", "\u1019": "\u107c", "\u101c": "\u1085",
}  # fmt: skip
_WIDE = "\u1000\u1003\u1006\u100f\u1010\u1011\u1018\u101a\u101c\u101e\u101f\u1021"
_BELOW = "\u103c\u103d\u103e\u102f\u1030"


def to_zawgyi(text: str) -> str:
    """The text with every Burmese syllable in Zawgyi; other characters stay."""
    return _SYLLABLE.sub(_syllable, text)


def _syllable(found: re.Match[str]) -> str:
    base, marks, stacked = found["base"], found["marks"], found["stacked"]
    has = marks.__contains__
    low = bool(stacked) or any(map(has, _BELOW))
    out = "\u1031" if has("\u1031") else ""
    if has("\u103c"):
        out += "\u107e" if base in _WIDE else "\u103b"
    out += _base(base, marks, low)
    if stacked:
        out += _STACKED[stacked[1]]
    if found["kinzi"]:
        out += "\u1064"
    if has("\u103b"):
        out += "\u103a"
    out += _below(marks, bool(stacked))
    out += "\u108e" if has("\u102d") and has("\u1036") else "\u102d" * has("\u102d") + "\u1036" * (has("\u1036"))
    out += "\u102e" * has("\u102e") + "\u1032" * has("\u1032")
    if has("\u102b") and has("\u103a"):
        out += "\u105a"
    else:
        out += "\u102b" * has("\u102b") + "\u102c" * has("\u102c") + "\u1039" * has("\u103a")
    if has("\u1037"):
        out += "\u1095" if low else "\u1094" if base in "\u1014\u101b" else "\u1037"
    return out + "\u1038" * has("\u1038")


def _base(base: str, marks: str, low: bool) -> str:
    if base == "\u103f":
        return "\u1086"
    if base == "\u1014" and low:
        return "\u108f"
    if base == "\u100a" and low:
        return "\u106b"
    if base == "\u1009":
        return "\u1025" if "\u103a" in marks else "\u106a"
    if base == "\u101b" and ("\u102f" in marks or "\u1030" in marks):
        return "\u1090"
    return base


def _below(marks: str, stacked: bool) -> str:
    """Medial wa and ha and the vowels u and uu, which are drawn under the consonant."""
    has = marks.__contains__
    crowded = stacked or has("\u103b") or has("\u103c") or has("\u103d")
    if has("\u103e") and has("\u102f") and not has("\u103d"):
        return "\u1088"
    if has("\u103e") and has("\u1030") and not has("\u103d"):
        return "\u1089"
    both = has("\u103d") and has("\u103e")
    out = "\u108a" if both else "\u103c" * has("\u103d") + "\u103d" * has("\u103e")
    u = ("\u1033", "\u1034") if crowded else ("\u102f", "\u1030")
    return out + u[0] * has("\u102f") + u[1] * has("\u1030")
