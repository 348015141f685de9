from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from weft.text.buffers import Strings, string_buffers
from weft.text.seeds import Width, gathered, grams, make_index, rows_with, search

WORD = st.sampled_from(["al", "be", "ga", "de"])
WIDTH = Width(2, 4)


def buffers(texts: list[list[str]]) -> Strings:
    return string_buffers(pa.array([" ".join(words) for words in texts], pa.large_string()))


def plain(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[n : n + 2]) for n in range(len(words) - 1)]


@given(st.lists(st.lists(WORD, max_size=8), max_size=5), st.lists(st.lists(WORD, max_size=12), max_size=5))
def test_hits_are_those_of_a_dictionary(known: list[list[str]], texts: list[list[str]]) -> None:
    index, distinct = make_index(*grams(buffers(known), WIDTH))
    assert len(distinct) == len({gram for words in known for gram in plain(words)})
    pair, shift = search(buffers(texts), index, WIDTH, np.ones(len(known), np.int32))
    expected = sorted(
        (row, number, place - plain(words).index(gram))
        for row, text in enumerate(texts)
        for place, gram in enumerate(plain(text))
        for number, words in enumerate(known)
        if gram in plain(words)
    )
    assert list(zip((pair >> 32).tolist(), (pair & 0xFFFFFFFF).tolist(), shift.tolist(), strict=True)) == expected
    rows = Counter(gram for text in texts for gram in set(plain(text)))
    told = {gram for words in known for gram in plain(words)}
    assert sorted(rows_with(buffers(texts), index, WIDTH)) == sorted(rows[gram] for gram in told)


@given(st.lists(st.lists(WORD, max_size=8), min_size=1, max_size=4), st.lists(st.lists(WORD, max_size=12), max_size=5))
def test_texts_with_too_few_hits_are_left_out(known: list[list[str]], texts: list[list[str]]) -> None:
    index, _ = make_index(*grams(buffers(known), WIDTH))
    everything = search(buffers(texts), index, WIDTH, np.ones(len(known), np.int32))
    least = np.full(len(known), 3, np.int32)
    pair, shift = search(buffers(texts), index, WIDTH, least)
    counts = Counter(everything[0].tolist())
    kept = np.array([counts[one] >= 3 for one in everything[0].tolist()], np.bool_)
    assert pair.tolist() == everything[0][kept].tolist() and shift.tolist() == everything[1][kept].tolist()


def test_a_candidate_is_where_most_begins_agree_and_where_most_are_the_same() -> None:
    pair = np.array([7] * 9 + [1 << 32 | 7] * 2, np.int64)
    shift = np.array([0, 1, 2, 3, 4, 50, 50, 50, 50, 9, 90], np.int64)
    slack, least = np.full(8, 2, np.int32), np.full(8, 2, np.int32)
    assert gathered(pair, shift, slack, least).tolist() == [[0, 7, 0, 4], [0, 7, 50, 50]]
    assert gathered(pair, shift, slack, least * 5).tolist() == []


def test_room_for_hits_grows() -> None:
    known = [[f"w{n}", f"x{n}"] for n in range(4)] + [["same", "same"]] * 60
    index, _ = make_index(*grams(buffers(known), WIDTH))
    texts = [["same"] * 40] * 80
    pair, _ = search(buffers(texts), index, WIDTH, np.ones(len(known), np.int32))
    assert len(pair) == 80 * 60 * 32  # of a run of equal n-grams the first 32
