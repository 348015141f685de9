"""Writes src/weft/text/unicode_tables.npz from the Unicode data of unicodedata2 and of fontTools.

Run with: python tools/make_unicode_tables.py (needs fonttools and unicodedata2). The tables are shipped, so that
answers do not depend on the Unicode version of the Python that runs weft. Unicode data: Unicode License v3.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import unicodedata2 as unicodedata
from fontTools import unicodedata as scripts

CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split()
# The property Sentence_Terminal (PropList.txt, Unicode 16), and marks that close sentences or verses but lack it.
SENTENCE_TERMINAL = """
21 2E 3F 589 61D-61F 6D4 700-702 7F9 837 839 83D-83E 964-965 104A-104B 1362 1367-1368 166E 1735-1736 17D4-17D5 1803
1809 1944-1945 1AA8-1AAB 1B4E-1B4F 1B5A-1B5B 1B5E-1B5F 1B7D-1B7F 1C3B-1C3C 1C7E-1C7F 203C-203D 2047-2049 2CF9-2CFB
2E2E 2E3C 2E53-2E54 3002 A4FF A60E-A60F A6F3 A6F7 A876-A877 A8CE-A8CF A92F A9C8-A9C9 AA5D-AA5F AAF0-AAF1 ABEB FE12
FE15-FE16 FE52 FE56-FE57 FF01 FF0E FF1F FF61 10A56-10A57 10F55-10F59 10F86-10F89 11047-11048 110BE-110C1 11141-11143
111C5-111C6 111CD 111DE-111DF 11238-11239 1123B-1123C 112A9 113D4-113D5 1144B-1144C 115C2-115C3 115C9-115D7
11641-11642 1173C-1173E 11944 11946 11A42-11A43 11A9B-11A9C 11C41-11C42 11EF7-11EF8 11F43-11F44 16A6E-16A6F 16AF5
16B37-16B38 16B44 16D6E-16D6F 16E98 1BC9F 1DA88
"""
MORE_TERMINAL = "…፨᠉᰻᰼។៕៚๚๛ฯ།༎༏༐༑༒෴꘎꘏꛳꛷꤯꧊"
# Apostrophes and middle dots; ‘ and ` stand for the turned comma of Uzbek and Hawaiian.
WORD_JOINERS = "'’‘`´＇ʼ׳״·‧"
# Separators of words or syllables that are printed.
SEPARATORS = "\u0f0b\u0f0c\u1361"
UNSEGMENTED = {"Thai", "Laoo", "Khmr", "Mymr", "Lana", "Tale", "Talu", "Tavt"}
CJK = {"Hani", "Hira", "Kana", "Bopo"}
VARIATION_SELECTORS = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
LETTER, MARK, NUMBER, TERM, SPACE, SOUTH_EAST, EAST, JOINER = (1 << n for n in range(8))


def terminal() -> set[int]:
    found = {ord(char) for char in MORE_TERMINAL}
    for item in SENTENCE_TERMINAL.split():
        low, _, high = item.partition("-")
        found |= set(range(int(low, 16), int(high or low, 16) + 1))
    return found


def is_in(char: str, group: set[str]) -> bool:
    """Whether a character is of these scripts; one that scripts share counts when all that use it are in the group."""
    own = scripts.script(char)
    return own in group or (own in ("Zyyy", "Zinh") and scripts.script_extension(char) <= group)


def lowered(char: str) -> str:
    """Lower case where that is one letter; İ stays."""
    lower = char.lower()
    return lower if len(lower) == 1 else char


def folded(char: str, kind: str) -> str:
    """Simple case folding (CaseFolding.txt, statuses C and S): ς and σ are one, ẞ is ß, İ stays; no mark changes."""
    full = char.casefold()
    return char if kind[0] == "M" else full if len(full) == 1 else lowered(char)


def main() -> None:
    ends = terminal()
    names = sorted({scripts.script(chr(cp)) for cp in range(0x110000)})
    number = {name: n for n, name in enumerate(names)}
    category = np.zeros(0x110000, np.uint8)
    script = np.zeros(0x110000, np.uint8)
    flags = np.zeros(0x110000, np.uint8)
    lower = np.zeros(0x110000, np.int32)
    fold = np.zeros(0x110000, np.int32)
    for cp in range(0x110000):
        char = chr(cp)
        kind = unicodedata.category(char)
        category[cp] = CATEGORIES.index(kind)
        script[cp] = number[scripts.script(char)]
        bits = LETTER * (kind[0] == "L") | MARK * (kind[0] == "M") | NUMBER * (kind[0] == "N")
        if cp in VARIATION_SELECTORS:
            bits = 0  # marks that choose a picture: an emoji with one is no word
        bits |= SPACE * (char.isspace() or kind in ("Zs", "Zl", "Zp") or cp == 0x200B or char in SEPARATORS)
        bits |= TERM * (cp in ends) | JOINER * (char in WORD_JOINERS)
        if bits & (LETTER | MARK | NUMBER):
            bits |= SOUTH_EAST * is_in(char, UNSEGMENTED) | EAST * is_in(char, CJK)
        flags[cp] = bits
        lower[cp] = ord(lowered(char)) - cp
        fold[cp] = ord(folded(char, kind)) - cp
    stages = {}
    made = {"category": category, "script": script, "flags": flags, "lower": lower, "fold": fold}
    for name, table in made.items():
        blocks, index = np.unique(table.reshape(-1, 256), axis=0, return_inverse=True)
        stages[f"{name}_index"] = index.reshape(-1).astype(np.uint16)
        stages[f"{name}_blocks"] = blocks.reshape(-1)
    target = Path(__file__).parent.parent / "src/weft/text/unicode_tables.npz"
    np.savez_compressed(target, script_names=np.array(names), **stages)
    print(target.name, target.stat().st_size, "bytes,", len(names), "scripts, Unicode", unicodedata.unidata_version)


if __name__ == "__main__":
    main()
