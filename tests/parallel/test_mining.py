"""Mining: the full ratio behind the index, one-to-one, thresholds, and the same answer on any number of threads."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from weft.errors import WeftError
from weft.parallel.candidates import candidate_pairs, neighbours
from weft.parallel.choosing import chosen
from weft.parallel.corpora import seed, sentences
from weft.parallel.judging import judge, shifted, threshold
from weft.parallel.lexicon import Folding, train
from weft.parallel.mining import LEAST_LOSS, Plan, learn, mine, mine_vectors, unpaired
from weft.text.inverted import one_to_one

CODES = ("eng_Latn", "qaa_Latn")


def lines(count: int, endings: bool = False) -> tuple[pl.Series, pl.Series]:
    """Sentences of an alphabet of words, and the same in words spelt backwards, with `endings` if asked for."""
    draw = random.Random(3)
    words = ["".join(draw.choices("bdfgklmnprst", k=3)) + draw.choice("aeiou") + "" for _ in range(150)]
    source = [" ".join(draw.choices(words, k=draw.randint(4, 9))) for _ in range(count)]
    ending = (lambda: "".join(draw.choices("aeiou", k=4))) if endings else (lambda: "")
    target = [" ".join(word[::-1] * 2 + ending() for word in line.split()) for line in source]
    return pl.Series(source), pl.Series(target)


@pytest.fixture(scope="module")
def pairs() -> tuple[pl.Series, pl.Series]:
    return lines(700)


def silent(*_: object) -> None:
    """No progress."""


def test_the_first_candidate_is_the_translation(pairs: tuple[pl.Series, pl.Series]) -> None:
    lexicon = train(pairs[0][:400], pairs[1][:400], CODES)
    # Numbers and names that the lexicon never met are in both texts.
    texts = [pl.concat([side[400:600], pl.Series(["Zanzibar 1964 ?", "Xolani 17"])]) for side in pairs]
    for best in neighbours(lexicon, (lexicon.side(0, texts[0]), lexicon.side(1, texts[1])), 1, silent):
        assert (best.texts[:, 0] == np.arange(202)).mean() > 0.98 and best.texts[200:, 0].tolist() == [200, 201]


def test_the_index_scores_as_the_scorer_does_with_its_weight(
    pairs: tuple[pl.Series, pl.Series], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weft.parallel.candidates._MINE", 0.9)
    lexicon = train(pairs[0][:400], pairs[1][:400], CODES)
    sides = (lexicon.side(0, pairs[0][400:]), lexicon.side(1, pairs[1][400:]))
    best, _ = neighbours(lexicon, sides, 1, silent)
    own, place = (np.ascontiguousarray(held) for held in np.nonzero(best.texts >= 0))
    exact = lexicon.scores(*sides, own, best.texts[own, place].astype(np.int64))
    np.testing.assert_allclose(best.scores[own, place], exact, atol=2e-5)


def test_mined_pairs_are_right_and_the_same_on_any_number_of_threads(pairs: tuple[pl.Series, pl.Series]) -> None:
    known = (pairs[0][:400], pairs[1][:400])
    corpora = (pairs[0][400:600], pairs[1][500:700])
    found = []
    for threads in (1, 3):
        plan = Plan(CODES, threads=threads, vectors=True)
        learnt = learn(known, corpora, plan, silent)
        lexicon = train(*known, CODES, learnt.foldings)
        found.append(mine(corpora, lexicon, learnt, plan, silent, learnt.threshold))
    right = found[0].rows == found[0].columns + 100
    assert right.mean() >= 0.9 and right.sum() >= 90
    assert len(set(found[0].rows)) == len(found[0].rows) and len(set(found[0].columns)) == len(found[0].columns)
    assert all(one.tobytes() == other.tobytes() for one, other in zip(*found, strict=True))


def test_vectors_of_the_seed_are_used_only_where_held_out_pairs_allow_it(
    pairs: tuple[pl.Series, pl.Series], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = (pairs[0][:240], pairs[1][:240])
    corpora = (pairs[0][400:440], pairs[1][420:460])
    learnt = learn(known, corpora, Plan(CODES, vectors=True), silent)
    assert learnt.vectors is not None
    assert learnt.figures["f1_with_vectors"] > learnt.figures["f1_without_vectors"] - LEAST_LOSS
    monkeypatch.setattr("weft.parallel.mining.LEAST_LOSS", -1.0)
    unused = learn(known, corpora, Plan(CODES, vectors=True), silent)
    plain = learn(known, corpora, Plan(CODES), silent)
    assert unused.vectors is None and "f1_with_vectors" in unused.figures and "f1_with_vectors" not in plain.figures
    # Then nothing is as if vectors had been looked at.
    assert unused.threshold == plain.threshold and unused.judge.weights.tobytes() == plain.judge.weights.tobytes()


def test_prefixes_are_chosen_where_words_have_endings() -> None:
    source, target = lines(400, endings=True)
    foldings = chosen(source, target, CODES)
    assert foldings[0] == Folding() and foldings[1].prefix in (4, 5, 6)
    assert chosen(source[:50], target[:50], CODES) == (Folding(), Folding())


def test_each_side_is_taken_once_the_first_pair_first() -> None:
    rows, columns = np.array([0, 0, 1, 2, 2]), np.array([1, 0, 1, 2, 0])
    assert one_to_one(rows, columns, (3, 3)).tolist() == [0, 3]


def test_half_of_each_side_of_held_out_pairs_has_no_partner() -> None:
    source, target = unpaired(np.arange(300), 1)
    assert len(source) == len(target) == 200 and len(np.intersect1d(source, target)) == 100


def test_the_threshold_keeps_the_precision_that_is_asked_for() -> None:
    value = np.linspace(1, 0, 100)
    true = np.arange(100) < 60
    assert (value >= threshold(value, true, 0.9)).sum() == 66
    # With 1 of 10 sentences paired, one false pair counts as nine.
    assert (value >= threshold(value, true, 0.9, paired=0.1)).sum() == 60
    assert threshold(value, ~true, 0.9) == np.inf
    np.testing.assert_allclose(shifted(np.array([0.5, 0.9]), 0.1), [0.1, 0.5])


def test_the_judge_finds_the_feature_that_tells() -> None:
    draw = np.random.default_rng(0)
    seen = draw.standard_normal((4000, 3))
    true = draw.random(4000) < 1 / (1 + np.exp(-2 * seen[:, 1]))
    model = judge(seen, true)
    assert abs(model.weights[1] - 2) < 0.2 and np.abs(model.weights[[0, 2]]).max() < 0.15
    assert abs(model.probability(seen).mean() - true.mean()) < 1e-6


def test_vectors_are_compared_exactly() -> None:
    draw = np.random.default_rng(1)
    one = draw.standard_normal((300, 32)).astype(np.float32)
    other = one[::-1] + 0.1 * draw.standard_normal((300, 32)).astype(np.float32)
    vectors = tuple((v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32) for v in (one[:200], other))
    found = mine_vectors((vectors[0], vectors[1]), 1.3, silent)
    assert sorted(found.rows) == list(range(200)) and (found.columns == 299 - found.rows).all()
    np.testing.assert_allclose(found.score, (vectors[0][found.rows] * vectors[1][found.columns]).sum(1), atol=2e-3)


def test_margins_are_distances_from_the_neighbours_of_both_sides(pairs: tuple[pl.Series, pl.Series]) -> None:
    lexicon = train(*pairs, CODES)
    sides = (lexicon.side(0, pairs[0][:50]), lexicon.side(1, pairs[1][:50]))
    forth, back = neighbours(lexicon, sides, 1, silent)
    found = candidate_pairs(forth, back, 4)
    for n in np.flatnonzero(found.rows == found.columns)[:10]:
        row, column = found.rows[n], found.columns[n]
        usual = (forth.scores[row, :4].mean() + back.scores[column, :4].mean()) / 2
        assert found.margin[n] == pytest.approx(found.score[n] - usual, abs=1e-5)


def test_files_are_read_with_the_numbers_of_their_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("one\n\ntwo\u2028three\r\none\nfour".encode())
    rows, total = sentences(tmp_path / "a.txt")
    assert rows.rows() == [("one", 1, None), ("two\u2028three", 3, None), ("four", 5, None)] and total == 5
    with pytest.raises(WeftError, match="no column 'txet'"):
        (tmp_path / "a.jsonl").write_text('{"text": "a"}\n')
        sentences(tmp_path / "a.jsonl", "txet")


def test_a_seed_says_which_columns_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "seed.tsv"
    file.write_text("english\tother\n" + "".join(f"a {n}\tb {n}\n" for n in range(120)))
    with pytest.raises(WeftError, match="expected eng_Latn and qaa_Latn, or source and target"):
        seed(file, CODES, None)
    assert len(seed(file, CODES, ("english", "other"))[0]) == 120
    file.write_text("source\ttarget\na\tb\n")
    with pytest.raises(WeftError, match="1 different pairs; expected at least 100"):
        seed(file, CODES, None)


def test_names_that_the_seed_does_not_have_are_met_in_another_script(pairs: tuple[pl.Series, pl.Series]) -> None:
    """All words but the name are unknown; only the name says which text is the translation."""
    lexicon = train(*pairs, ("eng_Latn", "npi_Deva"))
    names = ("Lopinavir", "Amsterdam", "Bangladesh", "Maradona")
    written = ("लोपिनाविर", "एम्स्टर्डम", "बाङ्लादेश", "माराडोना")
    sides = (lexicon.side(0, [f"{one} xo." for one in names]), lexicon.side(1, [f"qa {one}." for one in written]))
    best = neighbours(lexicon, sides, 1, silent)
    assert best[0].texts[:, 0].tolist() == best[1].texts[:, 0].tolist() == [0, 1, 2, 3]
    rows = np.arange(4)
    right, wrong = (lexicon.scores(*sides, rows, columns) for columns in (rows, np.roll(rows, 1)))
    assert (right > wrong + 1).all()
