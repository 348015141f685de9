from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from weft.text.unicode import (
    CATEGORIES,
    EAST,
    JOINER,
    LETTER,
    MARK,
    NUMBER,
    SOUTH_EAST,
    SPACE,
    TERMINAL,
    Table,
    script_number,
    tables,
)


def value(table: Table, char: str) -> int:
    point = ord(char)
    return int(table.blocks[int(table.stage[point >> 8]) * 256 + (point & 255)])


def test_categories_are_pythons() -> None:
    """Letters of this Python's older Unicode hardly ever change category: a handful did."""
    found = tables()
    for table in (found.category, found.script, found.flags, found.lower, found.fold):
        assert (
            len(table.stage) == 0x1100 and len(table.blocks) % 256 == 0 and table.stage.max() < len(table.blocks) / 256
        )
    whole = np.array(CATEGORIES)[found.category.blocks].reshape(-1, 256)[found.category.stage].reshape(-1)
    expected = np.array([unicodedata.category(chr(point)) for point in range(0x110000)])
    changed = (whole != expected) & (expected != "Cn")
    assert changed.sum() < 10


@pytest.mark.parametrize(
    ("bit", "inside", "outside"),
    [
        (LETTER, "aßاकกကខあ漢한ꗗ𞤀ʼー", "1 ़.\u200d"),
        (MARK, "\u0301िั្\u1031", "a\ufe0f"),
        (NUMBER, "1٣๓Ⅷ¼", "a"),
        (TERMINAL, ".?!।॥።؟۔។၊။།๚๛ฯ。！？．…꓿᙮᱾𑁇߹᠃᭟", ",;:፣،、-a"),
        (SPACE, " \t\n\u00a0\u3000\u200b\u2028་፡", "a\u200d."),
        (SOUTH_EAST, "กລကខ๓ꩡᨠ", "a한漢።ꤊ"),
        (EAST, "漢あアㄅー々", "한กa"),
        (JOINER, "'’‘·״", '".-\u200d'),
    ],
)
def test_flags(bit: int, inside: str, outside: str) -> None:
    table = tables().flags
    assert [char for char in inside if not value(table, char) & bit] == []
    assert [char for char in outside if value(table, char) & bit] == []


def test_scripts_and_case() -> None:
    found = tables()
    for char, name in {
        "a": "Latn",
        "ß": "Latn",
        "ሰ": "Ethi",
        "ߒ": "Nkoo",
        "ខ": "Khmr",
        "漢": "Hani",
        "𞤀": "Adlm",
    }.items():
        assert value(found.script, char) == script_number(name)
    for upper, lower in {
        "A": "a",
        "É": "é",
        "Σ": "σ",
        "𞤀": "𞤢",
        "Ӏ": "ӏ",
        "Ა": "ა",
        "İ": "İ",
        "ß": "ß",
        "a": "a",
    }.items():
        assert chr(ord(upper) + value(found.lower, upper)) == lower
    with pytest.raises(ValueError, match="not in"):
        script_number("Abcd")


def test_case_folding_is_unicodes_simple_one() -> None:
    """Statuses C and S of CaseFolding.txt: Python gives C and F, which is the same where it is one character."""
    fold = tables().fold
    for point in range(0x110000):
        char = chr(point)
        full, found = char.casefold(), chr(point + value(fold, char))
        assert len(found.casefold()) != 1 or found.casefold() == found or unicodedata.category(char)[0] == "M", char
        if len(full) == 1 and full != char and unicodedata.category(char)[0] != "M":
            assert found == full, char
    for char, folded in {
        "ς": "σ",
        "ſ": "s",
        "K": "k",
        "µ": "μ",
        "ẞ": "ß",
        "ᾈ": "ᾀ",
        "İ": "İ",
        "ı": "ı",
        "ɪ": "ɪ",
    }.items():
        assert chr(ord(char) + value(fold, char)) == folded
    for mark in "\u0301\u0345\u0e31\u1031\u064b":
        assert value(fold, mark) == 0
