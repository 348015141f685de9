from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import string_buffers
from weft.text.segment import token_arrays
from weft.text.shingles import _perhaps_unspaced, shingle_hashes
from weft.text.unicode import EAST, SOUTH_EAST, flat, tables


def shingles(texts: list[str], words: int = 5, chars: int = 12) -> list[list[int]]:
    strings = string_buffers(pa.array(texts, pa.large_string()))
    values, offsets = shingle_hashes(strings, *token_arrays(strings), words, chars)
    return [values[a:b].tolist() for a, b in pairwise(offsets)]


def grams(items: list[str], width: int) -> set[tuple[str, ...]]:
    width = min(width, len(items))
    return {tuple(items[n : n + width]) for n in range(len(items) - width + 1)} if items else set()


WORDS = st.lists(st.sampled_from(["na", "ya", "kwa", "wa", "jua", "mtoto"]), max_size=30)


@given(WORDS, WORDS)
def test_shared_shingles_are_shared_runs_of_words(first: list[str], second: list[str]) -> None:
    a, b = (set(one) for one in shingles([" ".join(first), " ".join(second)], words=3))
    expected_a, expected_b = grams(first, 3), grams(second, 3)
    assert (len(a), len(b), len(a & b)) == (len(expected_a), len(expected_b), len(expected_a & expected_b))


@given(st.text("กขคง่้", max_size=40), st.text("กขคง่้", max_size=40))
def test_thai_shares_runs_of_characters(first: str, second: str) -> None:
    a, b = (set(one) for one in shingles([first, second], chars=4))
    expected_a, expected_b = grams(list(first), 4), grams(list(second), 4)
    assert (len(a), len(b), len(a & b)) == (len(expected_a), len(expected_b), len(expected_a & expected_b))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ใกล้", "ใกล"),  # Thai: near, and its tone mark gone
        ("ขาว", "ข่าว"),  # Thai: white, news
        ("កា", "កូ"),  # Khmer vowel signs
        ("ကို", "ကိ"),  # Burmese vowel signs
        ("ọkọ̀", "ọkọ́"),  # Yoruba: vehicle, hoe
        ("ìgbà", "igba"),  # Yoruba: time, and its tones gone
        ("दिन", "दीन"),  # Hindi: day, poor
        ("ཀི", "ཀུ"),  # Tibetan vowel signs
    ],
)
def test_words_that_differ_in_a_mark_stay_apart(first: str, second: str) -> None:
    a, b = shingles([first, second])
    assert a and b and not set(a) & set(b)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("HABARI YA ASUBUHI", "habari ya asubuhi"),
        ("ДОБРОЕ УТРО", "доброе утро"),
        ("habari, ya «asubuhi»!", "habari ya\n asubuhi"),
        ("ភាសាខ្មែរ ជា ភាសា", "ភាសាខ្មែរជា​ភាសា។"),
        ("今日は、良い天気です。", "今日は良い天気です"),
    ],
)
def test_case_space_and_punctuation_do_not_count(first: str, second: str) -> None:
    a, b = shingles([first, second])
    assert a and a == b


@pytest.mark.parametrize("text", ["", "   ", "... — !?", "🙂🙂 ™", "។", "\n"])
def test_a_text_without_letters_has_none(text: str) -> None:
    assert shingles([text]) == [[]]


def test_a_short_text_is_one_shingle_of_its_own() -> None:
    one, four, five, six = shingles(["a", "a b c d", "a b c d e", "a b c d e f"])
    assert [len(one), len(four), len(five), len(six)] == [1, 1, 1, 2]
    assert len({*one, *four, *five}) == 3 and five[0] == six[0]


def test_unit_follows_the_script_of_most_letters() -> None:
    thai, mixed, latin, tibetan = shingles(
        ["ก" * 30, "ก" * 30 + " two words", "a b c d e f ก", "བོད་སྐད་ནི་བོད་ཡིག་གི་སྐད་"], words=5, chars=12
    )
    assert len(thai) == 30 - 11 and len(mixed) == 38 - 11  # runs of 12 characters
    assert len(latin) == 7 - 4 and len(tibetan) == 7 - 4  # runs of 5 words; tsheg-separated syllables


def test_text_without_spaces_in_a_script_that_has_no_flag_is_cut_by_characters() -> None:
    javanese = "ꦱꦧꦼꦤ꧀ꦲꦸꦮꦺꦴꦁꦏꦭꦲꦶꦫꦏꦺꦏꦤ꧀ꦛꦶꦩꦂꦢꦶꦏꦭꦤ꧀ꦢꦂꦧꦺꦩꦂꦠꦧꦠ꧀ꦭꦤ꧀ꦲꦏ꧀ꦲꦏ꧀ꦏꦁꦥꦝ"
    (found,) = shingles([javanese], chars=12)
    assert len(found) == len(javanese) - 11
    assert len(shingles(["uunngaanniit " * 9])[0]) == 9 - 4


def test_a_document_does_not_depend_on_its_neighbours() -> None:
    texts = ["habari ya asubuhi rafiki yangu mpenzi", "", "สวัสดีตอนเช้าเพื่อนรักของฉัน", "...", "ab"]
    together = shingles(texts)
    assert together == [shingles([text])[0] for text in texts]
    assert shingles(texts[::-1]) == together[::-1]


@given(st.lists(st.text(max_size=60), max_size=6))
def test_any_text_is_taken(texts: list[str]) -> None:
    assert len(shingles(texts)) == len(texts)


@pytest.mark.parametrize("before", [0, 1, 255, 256, 300])
def test_no_letter_of_a_script_without_spaces_is_overlooked(before: int) -> None:
    points = np.flatnonzero(flat(tables().flags) & (EAST | SOUTH_EAST))
    firsts = points[np.unique(points >> 6, return_index=True)[1]]
    assert len(firsts) > 1000
    for point in firsts.tolist():
        for after in (0, 1, 300):
            data = np.frombuffer(("a" * before + chr(point) + "a" * after).encode(), np.uint8)
            assert _perhaps_unspaced(data, 0, len(data)), hex(point)


def test_letters_are_not_counted_where_every_script_has_spaces() -> None:
    for text in (
        "दिन अच्छा है। " * 40,
        "Ça va « bien »… " * 40,
        "ሰላም ነው። " * 40,
        "오늘 날씨 " * 40,
        "Доброе утро! " * 40,
    ):
        data = np.frombuffer(text.encode(), np.uint8)
        assert not _perhaps_unspaced(data, 0, len(data))
