"""Retrieval beside plain Python: BM25 of every text, by its formula."""

from __future__ import annotations

import math
import random
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.parallel.retrieval import Index, terms_of
from weft.parallel.shots import borda, choose, nearest, retrieve
from weft.text.buffers import string_buffers

# Made-up words, frequent ones first: as in a language, few of them are in most texts.
WORDS = [f"{a}{b}{c}" for a in "ktmsn" for b in "aiueo" for c in ("", "ra", "pi", "lok")]


def texts(count: int, seed: int = 1) -> list[str]:
    draw = random.Random(seed)
    weights = [1 / (n + 1) for n in range(len(WORDS))]
    return [" ".join(draw.choices(WORDS, weights, k=draw.randint(1, 25))) for _ in range(count)]


POOL, ASKED = texts(500), [*texts(20, seed=2), "", "zzz qqq", "ka ka ka kara " * 30]


def plain_scores(pool: list[str], query: str, units: str) -> list[float]:
    def read(text: str) -> list[int]:
        return terms_of(string_buffers(pa.array([text], pa.large_string())), units)[1].tolist()  # type: ignore[arg-type]

    held = [Counter(read(text)) for text in pool]
    usual = sum(map(Counter.total, held)) / len(held)
    holding = Counter(term for own in held for term in own)
    asked = Counter(read(query))
    scores = []
    for own in held:
        score = 0.0
        for term, times in asked.items():
            if own[term]:
                rarity = math.log(1 + (len(pool) - holding[term] + 0.5) / (holding[term] + 0.5))
                share = 1.2 * (1 - 0.75 + 0.75 * own.total() / usual)
                score += times * rarity * own[term] * 2.2 / (own[term] + share)
        scores.append(score)
    return scores


@pytest.mark.parametrize("units", ["words", "characters"])
def test_the_best_are_those_of_the_formula(units: str) -> None:
    index = Index.build(pa.array(POOL), units)  # type: ignore[arg-type]
    ids, scores = index.search(ASKED, 10)
    for n, query in enumerate(ASKED[::4]):
        expected = plain_scores(POOL, query, units)
        found = ids[4 * n][ids[4 * n] >= 0]
        assert len(found) == min(10, sum(score > 0 for score in expected))
        assert scores[4 * n][: len(found)] == pytest.approx([expected[one] for one in found], rel=2e-3)
        best = sorted(expected, reverse=True)[: len(found)]
        assert [expected[one] for one in found] == pytest.approx(best, rel=2e-3)


@pytest.mark.parametrize("units", ["words", "characters"])
def test_what_is_left_unread_changes_nothing(units: str) -> None:
    index = Index.build(POOL * 70, units)  # type: ignore[arg-type]  # more than one block
    starts, terms = index.terms(ASKED)
    ids, sums, read = index.sums(starts, terms, 30)
    whole = 0
    for n in range(len(ASKED)):
        every = np.zeros(len(index), np.int64)
        for term in terms[starts[n] : starts[n + 1]]:
            if term >= 0:
                first, last = index.by_term.starts[term], index.by_term.starts[term + 1]
                every[index.by_term.others[first:last]] += index.by_term.impacts[first:last]
                whole += int(last - first)
        order = np.lexsort((np.arange(len(every)), -every))[:30]
        assert ids[n].tolist() == np.where(every[order] > 0, order, -1).tolist()
        assert sums[n].tolist() == every[order].tolist()
    assert 0 < read < whole


def test_terms_beyond_the_filter_are_told_apart() -> None:
    draw = random.Random(3)
    many = [f"{text} {' '.join(f'w{n}x{place}' for place in range(20))}" for n, text in enumerate(texts(3_600, seed=4))]
    index = Index.build(many, "words")
    assert len(index.vocabulary) > 70_000
    for n in draw.sample(range(len(many)), 20):
        query = " ".join(draw.sample(many[n].split(), 12))
        starts, terms = index.terms([query])
        ids, sums, _ = index.sums(starts, terms, 5)
        every = np.zeros(len(index), np.int64)
        for term in terms:
            first, last = index.by_term.starts[term], index.by_term.starts[term + 1]
            every[index.by_term.others[first:last]] += index.by_term.impacts[first:last]
        order = np.lexsort((np.arange(len(every)), -every))[:5]
        assert (
            ids[0].tolist() == np.where(every[order] > 0, order, -1).tolist()
            and sums[0].tolist() == every[order].tolist()
        )


def test_an_answer_does_not_depend_on_the_other_queries() -> None:
    index = Index.build(POOL)
    whole = index.search(ASKED, 7)
    for n in (0, 5, len(ASKED) - 1):
        alone = index.search([ASKED[n]], 7)
        assert alone[0][0].tolist() == whole[0][n].tolist() and alone[1][0].tolist() == whole[1][n].tolist()


def test_of_equal_texts_the_first_is_first() -> None:
    index = Index.build(["moja mbili", "tatu", "moja mbili", None, "moja mbili"], "words")
    assert index.search(["mbili"], 5)[0].tolist() == [[0, 2, 4, -1, -1]]
    assert len(Index.build(pa.array([], pa.string()))) == 0
    assert Index.build(pa.array([], pa.string())).search(["a"], 2)[0].tolist() == [[-1, -1]]


@pytest.mark.parametrize(
    ("pool", "units"),
    [(["Habari ya asubuhi", "Mtoto anasoma"], "characters"), (["สวัสดีตอนเช้า", "我喜欢看书"], "words")],
)
def test_units_follow_the_script(pool: list[str], units: str) -> None:
    index = Index.build(pool)
    assert index.units == units
    assert [index.search([text], 1)[0].tolist() for text in pool] == [[[0]], [[1]]]


def test_characters_find_other_forms_of_a_word() -> None:
    pool = ["anasoma kitabu", "nyumba kubwa"]
    assert Index.build(pool, "words").search(["wanasoma"], 1)[0].tolist() == [[-1]]
    assert Index.build(pool, "characters").search(["wanasoma"], 1)[0].tolist() == [[0]]


def test_an_index_in_files_answers_as_the_one_in_memory(tmp_path: Path) -> None:
    index = Index.build(POOL)
    index.save(tmp_path / "index")
    index.save(tmp_path / "index")  # over an earlier one
    read = Index.load(tmp_path / "index")
    assert isinstance(read.by_text.others.base, np.memmap)
    assert all((a == b).all() for a, b in zip(index.search(ASKED, 9), read.search(ASKED, 9), strict=True))
    with pytest.raises(WeftError, match="expected an index of shots"):
        Index.load(tmp_path / "none")
    shutil.copy(tmp_path / "index" / "maxima.npy", tmp_path / "index" / "vocabulary.npy")
    with pytest.raises(WeftError, match=r"vocabulary\.npy has uint16; expected uint64"):
        Index.load(tmp_path / "index")


def test_copies_of_the_text_are_no_shots() -> None:
    pool = ["the red house by the river", "The red house, by the river!", "a red house by a lake", "the river", "x y"]
    index = Index.build(pool, "words")
    assert set(retrieve(index, [pool[0]], 4).tolist()[0]) == {2, 3, -1}
    assert set(retrieve(index, [pool[0]], 4, below=1.1).tolist()[0]) == {0, 1, 2, 3}
    found = index.alike([pool[0], "red house unknownword"], np.array([[1, 4], [2, -1]], np.int32))
    assert found[0].tolist() == [1.0, 0.0] and 0 < found[1][0] < 1 and found[1][1] == 0


def test_the_most_similar_is_shown_last_and_shots_differ() -> None:
    pool = ["goat milk cheese", "goat milk cheese", "goat milk bread", "river boat", "milk"]
    index = Index.build(pool, "words")
    asked, ids = ["goat milk cheese with bread"], np.array([[0, 1, 2]], np.int32)
    scores = np.array([[3.0, 3.0, 2.9]], np.float32)
    alike = choose(index, asked, ids, scores, 2, share=1.0, order="similar_first")
    assert alike.tolist() == [[0, 1]]
    assert choose(index, asked, ids, scores, 2, share=0.7, order="similar_first").tolist() == [[0, 2]]
    assert choose(index, asked, ids, scores, 2, share=0.7).tolist() == [[2, 0]]
    assert choose(index, asked, ids, scores, 4, share=0.7).tolist() == [[2, 1, 0, -1]]
    assert choose(index, asked, np.full((1, 0), -1, np.int32), np.zeros((1, 0), np.float32), 2).tolist() == [[-1, -1]]


def test_rankings_merge_by_points() -> None:
    one, two = np.array([[5, 3, 1]], np.int32), np.array([[3, 1, -1]], np.int32)
    ids, points = borda([one, two], 4)
    assert ids.tolist() == [[3, 1, 5, -1]] and points.tolist() == [[5.0, 3.0, 3.0, 0.0]]


def test_nearest_vectors() -> None:
    pool = np.array([[1, 0], [0, 2], [1, 1], [2, 0]], np.float32)
    ids, cosines = nearest(pool, np.array([[3, 0.1]], np.float32), 3)
    assert ids.tolist() == [[0, 3, 2]] and cosines[0] == pytest.approx([0.9994, 0.9994, 0.7306], abs=1e-3)
    with pytest.raises(WeftError, match="text of the pool 1 has no direction"):
        nearest(np.array([[1, 0], [0, 0]], np.float32), np.array([[1.0, 0]], np.float32), 1)
    with pytest.raises(WeftError, match="expected rows of one length"):
        nearest(pool, np.zeros((1, 3), np.float32), 1)
