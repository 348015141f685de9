"""Skeletons: one text in two scripts of its language has one; vowels and marks are nothing."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import string_buffers
from weft.text.romanized import CLASSES, LONGEST, romanization, skeleton_hashes


def skeleton(text: str) -> list[int]:
    return skeleton_hashes(string_buffers(pa.array([text], pa.large_string())), 1)[0].tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sva ljudska bića rađaju se slobodna i jednaka", "Сва људска бића рађају се слободна и једнака"),
        ("Njegov džak, čaša i žaba", "Његов џак, чаша и жаба"),
        (
            "Barcha odamlar erkin, qadr-qimmat va huquqlarda teng boʻlib",
            "Барча одамлар эркин, қадр-қиммат ва ҳуқуқларда тенг бўлиб",
        ),
        ("Bütün insanlar ləyaqət və hüquqlarına görə azad", "Бүтүн инсанлар ләјагәт вә һүгугларына ҝөрә азад"),
        ("yang bintang seorang", "يڠ بينتڠ سأورڠ"),
        ("tahun 1945", "تاهون ١٩٤٥"),
        ("bazaar pahad", "बाज़ार पहाद"),
        ("bazaar", "बा\u095bार"),
    ],
)
def test_one_text_in_two_scripts(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other) != []
    assert skeleton(unicodedata.normalize("NFD", one)) == skeleton(one.upper()) == skeleton(one)


def test_what_is_nothing_and_what_differs() -> None:
    assert skeleton("aeiou, h j v w x y — 'ʻ ع") == []
    assert skeleton("pat") != skeleton("bat") and skeleton("1") != skeleton("2")
    assert skeleton("tatto") == skeleton("t") and skeleton("nga") == skeleton("na")


def test_symbols() -> None:
    table = romanization()
    assert table.shape == (0x110000,) and table.max() == len(CLASSES) < 32
    assert table[ord("٣")] == table[ord("3")] == table[ord("३")] == CLASSES.index("3") + 1
    assert table[ord("ž")] == 0 and table[ord("ź")] == table[ord("z")]


@given(st.lists(st.text(alphabet="abcdefgn šжч بکड़१ʻ😀", max_size=30), max_size=6), st.integers(1, LONGEST))
def test_many_at_once_are_as_one_at_a_time(texts: list[str], width: int) -> None:
    hashes, offsets = skeleton_hashes(string_buffers(pa.array(texts, pa.large_string())), width)
    assert len(offsets) == len(texts) + 1 and offsets[-1] == len(hashes)
    for n, text in enumerate(texts):
        alone, _ = skeleton_hashes(string_buffers(pa.array([text], pa.large_string())), width)
        assert np.array_equal(hashes[offsets[n] : offsets[n + 1]], alone)
        assert len(alone) == max(0, len(skeleton(text)) - width + 1)


def test_width() -> None:
    with pytest.raises(ValueError, match="expected 1 to 12"):
        skeleton_hashes(string_buffers(pa.array(["a"], pa.large_string())), LONGEST + 1)
