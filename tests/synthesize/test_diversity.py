"""Copies, templates and another vocabulary show in the figures; text like that by people does not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from weft.synthesize.diversity import DIVERSITY, Sizes, divergence, diversity

_SIZES = Sizes(window=200, compared=60, words=4000, resamples=60)


def _texts(count: int, seed: int, *, words: int = 800, first: int = 0, length: int = 20) -> list[str]:
    """Texts of words that are drawn by Zipf's law."""
    random = np.random.default_rng(seed)
    ranks = np.arange(1, words + 1)
    drawn = random.choice(words, (count, length), p=(1 / ranks) / (1 / ranks).sum())
    letters = "abdeghiklmnopstuwyz"
    names = ["".join(letters[(word // 19**n) % 19] for n in range(3)) + letters[word % 7] for word in
             range(first, first + words)]  # fmt: skip
    return [" ".join(names[word] for word in row) for row in drawn]


def _frame(recipe: str | None, texts: list[str], language: str = "swh_Latn") -> pl.DataFrame:
    names = [f"{recipe} {language} {n}" for n in range(len(texts))]
    held = {"id": names, "text": texts, "language": language, "recipe": recipe}
    return pl.DataFrame(held, schema_overrides={"recipe": pl.String})


@pytest.fixture(scope="module")
def measured() -> dict[str | None, dict]:
    texts = pl.concat(
        [
            _frame(None, _texts(400, 1)),
            _frame("alike", _texts(200, 2)),
            _frame("copies", _texts(10, 3) * 20),
            _frame("narrow", _texts(200, 4, words=30)),
            _frame("other", _texts(200, 5, first=5000)),
            _frame("few", _texts(3, 6)),
        ]
    )
    return {row["recipe"]: row for row in diversity(texts, 0, _SIZES).to_dicts()}


def test_text_like_that_of_people_differs_from_it_no_more_than_its_own_halves(measured):
    row, people = measured["alike"], measured[None]
    for what in ("words", "characters"):
        assert row[f"{what}_low"] <= 0.01 and abs(row[f"{what}_excess"]) < 0.03
        assert row[f"{what}_divergence"] == pytest.approx(row[f"{what}_baseline"], abs=0.03)
        assert row[f"{what}_low"] < row[f"{what}_excess"] < row[f"{what}_high"]
        assert people[f"{what}_divergence"] is None
    assert row["distinct_2"] == pytest.approx(people["distinct_2"], abs=0.05)


def test_another_vocabulary_is_far_from_people(measured):
    assert measured["other"]["words_divergence"] > 0.95 and measured["other"]["words_low"] > 0.3
    assert measured["narrow"]["words_low"] > 0.1


def test_copies_are_like_one_another_and_a_narrow_vocabulary_repeats_itself(measured):
    assert measured["copies"]["similarity_best"] > 0.99
    assert measured["alike"]["similarity_best"] < 0.5
    assert measured["alike"]["similarity_mean"] < measured["copies"]["similarity_mean"]
    assert measured["narrow"]["distinct_1"] < 0.5 * measured["alike"]["distinct_1"]
    for row in (measured["alike"], measured["narrow"]):
        shares = [row[f"distinct_{n}"] for n in (1, 2, 3, 4)]
        assert shares == sorted(shares) and 0 < shares[0] <= shares[-1] <= 1


def test_too_little_text_gives_no_figure_rather_than_a_wrong_one(measured):
    row = measured["few"]
    assert (row["texts"], row["words"]) == (3, 60)
    assert row["distinct_1"] is None and row["words_divergence"] is None and row["similarity_best"] is not None


def test_figures_are_of_ids_and_not_of_the_order_of_rows():
    texts = pl.concat(
        [_frame(None, _texts(80, 1)), _frame("one", _texts(60, 2)), _frame("two", _texts(60, 3), "amh_Ethi")]
    )
    sizes = Sizes(texts=50, window=100, compared=20, words=500, resamples=10)
    first = diversity(texts, 7, sizes)
    assert diversity(texts.sample(fraction=1, shuffle=True, seed=1), 7, sizes).equals(first)
    assert first.select("language", "recipe").rows() == [("amh_Ethi", "two"), ("swh_Latn", None), ("swh_Latn", "one")]
    assert first.row(0, named=True)["words_divergence"] is None  # nobody wrote anything in this language
    assert first["texts"].max() == 50


def test_scripts_without_spaces_empty_texts_and_no_texts():
    odd = ["", "   ", "。", "ကောင်းသောနေ့ပါ။ " * 30, "สวัสดีครับทุกคน " * 30, "😀"]
    found = diversity(_frame("one", odd), 0, Sizes(window=20, compared=5))
    assert found["distinct_1"][0] is not None and found["similarity_mean"][0] is not None
    assert diversity(_frame("one", []), 0).schema == pl.Schema(DIVERSITY)


def test_divergence_is_in_bits():
    same, other = np.array([1.0, 3.0, 0.0]), np.array([0.0, 0.0, 9.0])
    assert divergence(same, same * 5) == 0 and divergence(same, other) == 1
    assert divergence(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(0.3112781, abs=1e-6)
