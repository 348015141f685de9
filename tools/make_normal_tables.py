"""Writes src/weft/text/normal_tables.npz: which characters may not be in NFC, and what cleaning does with each.

Run with: python tools/make_normal_tables.py (needs fonttools). Unicode data: Unicode License v3.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
from fontTools import unicodedata as scripts

KEEP, CONTROL, INVISIBLE, SPACE, LINE, JOINER, WORD_SPACE, TAG, ALONE = range(9)
# Scripts whose letters take ZWJ and ZWNJ (Unicode Standard, chapters 9, 12, 13, 16).
JOINING = set(
    "Arab Syrc Nkoo Mand Mong Phag Adlm Rohg Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Tibt Khmr Mymr "
    "Java Bali Newa Tirh Sylo Cakm Lana Limb Lepc Sund Batk Bugi Mtei Gran Modi Nand Sidd Takr Thaa Egyp".split()
)
DENSE = {"Thai", "Laoo", "Khmr", "Mymr", "Lana", "Tale", "Talu", "Tavt", "Tibt", "Java", "Bali"}
J_SCRIPT, D_SCRIPT, EMOJI = 1, 2, 4
SECOND, DECOMPOSABLE = 1, 2


def action(cp: int) -> int:
    kind = unicodedata.category(chr(cp))
    if cp in (0x0A, 0x0D, 0x0B, 0x0C, 0x85, 0x2028, 0x2029):
        return LINE
    if cp in (0x200C, 0x200D):
        return JOINER
    if cp == 0x200B:
        return WORD_SPACE
    if 0xE0020 <= cp <= 0xE007F:
        return TAG
    if cp in (0x20, 0x09) or (kind == "Zs" and cp != 0x1680):
        return SPACE
    if kind == "Cc" or (cp & 0xFFFE) == 0xFFFE or 0xFDD0 <= cp <= 0xFDEF:
        return CONTROL
    invisible = (0xAD, 0x61C, 0x180F, 0xFEFF, 0xFFFC, 0xE0001)
    ranges = ((0x200E, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x206F), (0xFFF9, 0xFFFB))
    if cp in invisible or any(a <= cp <= b for a, b in ranges):
        return INVISIBLE
    return KEEP


def main() -> None:
    seconds, pairs, forms = set(), [], []
    for cp in range(0x110000):
        parts = unicodedata.decomposition(chr(cp)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            first, second = (int(part, 16) for part in parts)
            if unicodedata.normalize("NFC", chr(first) + chr(second)) == chr(cp):
                seconds.add(second)
                pairs.append((first << 32) | second)
    order = np.zeros(0x110000, np.uint8)
    actions = np.zeros(0x110000, np.uint8)
    groups = np.zeros(0x110000, np.uint8)
    traits = np.zeros(0x110000, np.uint8)
    for cp in range(0x110000):
        char = chr(cp)
        changes = not 0xD800 <= cp <= 0xDFFF and unicodedata.normalize("NFC", char) != char
        hangul = 0x1161 <= cp <= 0x1175 or 0x11A8 <= cp <= 0x11C2
        order[cp] = 255 if changes or hangul else unicodedata.combining(char)
        decomposable = bool(unicodedata.decomposition(char)) and not unicodedata.decomposition(char).startswith("<")
        traits[cp] = SECOND * (cp in seconds) | DECOMPOSABLE * decomposable
        actions[cp] = action(cp)
        if changes and actions[cp] == KEEP:
            actions[cp] = ALONE
            forms.append((cp, unicodedata.normalize("NFC", char).encode("utf-8")))
        script = scripts.script(char)
        emoji = unicodedata.category(char) == "So" or 0x1F000 <= cp <= 0x1FAFF or cp in (0xFE0F, 0x20E3)
        groups[cp] = J_SCRIPT * (script in JOINING) | D_SCRIPT * (script in DENSE) | EMOJI * emoji
    stages = {}
    for name, table in (("order", order), ("action", actions), ("group", groups), ("trait", traits)):
        blocks, index = np.unique(table.reshape(-1, 256), axis=0, return_inverse=True)
        stages[f"{name}_index"] = index.reshape(-1).astype(np.uint16)
        stages[f"{name}_blocks"] = blocks.reshape(-1)
    target = Path(__file__).parent.parent / "src/weft/text/normal_tables.npz"
    stages["pairs"] = np.array(sorted(pairs), np.int64)
    stages["alone"] = np.array([cp for cp, _ in forms], np.int64)
    stages["form_starts"] = np.cumsum([0, *(len(form) for _, form in forms)]).astype(np.int64)
    stages["form_bytes"] = np.frombuffer(b"".join(form for _, form in forms), np.uint8)
    np.savez_compressed(target, **stages)
    print(target.name, target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
