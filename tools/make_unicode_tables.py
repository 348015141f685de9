"""Writes src/weft/text/unicode_tables.npz from the Unicode data of this Python and of fontTools.

Run with: python tools/make_unicode_tables.py (needs fonttools). The tables are shipped, so that answers do not
depend on the Unicode version of the Python that runs weft. Unicode data: Unicode License v3.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
from fontTools import unicodedata as scripts

CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split()
# Sentence ends of every script that has its own; from the property Sentence_Terminal and the block charts.
TERMINAL = ".!?。！？．｡…‼⁇⁈⁉।॥։؟۔܀܁܂߹࠷࠹࠽࠾።፧፨᙮᠃᠉᥄᥅᪨᪩᪪᪫᭚᭛᭞᭟᰻᰼᱾᱿។៕៚๚๛ฯ။၊༎༏༐༑༒།།꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫︒︕︖﹒﹖﹗᜵᜶᠂᭟꧊"
WORD_JOINERS = "'’ʼ׳״·‧͏\u200c\u200d"
UNSEGMENTED = {"Thai", "Laoo", "Khmr", "Mymr", "Lana", "Tale", "Talu", "Tavt"}
CJK = {"Hani", "Hira", "Kana", "Bopo"}
LETTER, MARK, NUMBER, TERM, SPACE, SOUTH_EAST, EAST, JOINER = (1 << n for n in range(8))


def main() -> None:
    names = sorted({scripts.script(chr(cp)) for cp in range(0x110000)})
    number = {name: n for n, name in enumerate(names)}
    category = np.zeros(0x110000, np.uint8)
    script = np.zeros(0x110000, np.uint8)
    flags = np.zeros(0x110000, np.uint8)
    fold = np.zeros(0x110000, np.int32)
    for cp in range(0x110000):
        char = chr(cp)
        kind = unicodedata.category(char)
        category[cp] = CATEGORIES.index(kind)
        script[cp] = number[scripts.script(char)]
        bits = LETTER * (kind[0] == "L") | MARK * (kind[0] == "M") | NUMBER * (kind[0] == "N")
        bits |= SPACE * (char.isspace() or kind in ("Zs", "Zl", "Zp") or cp == 0x200B)
        bits |= TERM * (char in TERMINAL) | JOINER * (char in WORD_JOINERS)
        if bits & (LETTER | MARK | NUMBER):
            bits |= SOUTH_EAST * (scripts.script(char) in UNSEGMENTED) | EAST * (scripts.script(char) in CJK)
        flags[cp] = bits
        lower = char.lower()
        fold[cp] = ord(lower) - cp if len(lower) == 1 else 0
    stages = {}
    for name, table in (("category", category), ("script", script), ("flags", flags), ("fold", fold)):
        blocks, index = np.unique(table.reshape(-1, 256), axis=0, return_inverse=True)
        stages[f"{name}_index"] = index.reshape(-1).astype(np.uint16)
        stages[f"{name}_blocks"] = blocks.reshape(-1)
    target = Path(__file__).parent.parent / "src/weft/text/unicode_tables.npz"
    np.savez_compressed(target, script_names=np.array(names), **stages)
    print(target.name, target.stat().st_size, "bytes,", len(names), "scripts, Unicode", unicodedata.unidata_version)


if __name__ == "__main__":
    main()
