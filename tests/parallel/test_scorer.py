"""A scorer learnt from a seed: what its heads notice, and that it is the same once stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.parallel.bitexts import bitext, word

from weft.errors import WeftError
from weft.parallel.evidence import NAMES, PLACE, evidence
from weft.parallel.heads import HEADS, LEARNT, learn
from weft.parallel.lexicon import Folding
from weft.parallel.model_folder import load, save
from weft.parallel.negatives import KINDS
from weft.parallel.scorer import Scorer, auc, train

LANGUAGES = ("eng_Latn", "swh_Latn")


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return train(*bitext(600), LANGUAGES)


@pytest.mark.parametrize(("kind", "make"), KINDS)
def test_heads_tell_wrong_pairs_from_right_ones(scorer: Scorer, kind: str, make: object) -> None:
    source, target = bitext(300, seed=2)
    wrong = make(source, target, np.random.default_rng(3))  # type: ignore[operator]
    assert len(wrong.rows) >= 90
    head = next(name for name in HEADS if kind.startswith(name) or kind == "adjacent")
    right, found = scorer.score(source, target), scorer.score(wrong.source, wrong.target)
    assert auc(right[head].to_numpy(), found[head].to_numpy()) > 0.97
    assert right["keep"].mean() > 0.93 and found["probability"].mean() < right["probability"].mean()
    caught = found.filter(~pl.col("keep"))
    assert head in set(caught["reasons"].explode())


def test_an_end_is_left_out_before_the_final_mark_of_a_text() -> None:
    made = dict(KINDS)["truncated_target_75_marked"]
    texts = [
        "one two three four five six seven eight!”",
        "one two three four",
        "one two, three four five six, seven eight.",
    ]
    wrong = made(["a"] * 3, texts, np.random.default_rng(1))
    assert wrong.rows == [0, 2]
    assert wrong.target == ["one two three four five six!”", "one two, three four five six."]


def test_texts_of_another_language_are_noticed(scorer: Scorer) -> None:
    source, target = bitext(200, seed=4)
    other = [" ".join(reversed(text[::-1].upper().replace("A", "XQ").split())) for text in target]
    found, right = scorer.score(source, other), scorer.score(source, target)
    assert auc(right["fluency_target"].to_numpy(), found["fluency_target"].to_numpy()) > 0.97
    assert found["keep"].mean() < 0.05


def test_evidence_of_one_pair_is_what_it_is(scorer: Scorer) -> None:
    one = f"{word(3, 0)} {word(9, 0)} 12."
    seen = dict(zip(NAMES, evidence(scorer.lexicon, scorer.models, [one], [one])[0].tolist(), strict=True))
    assert seen["copied"] == seen["numbers"] == 1.0 and seen["characters_ratio"] == seen["tokens_ratio"] == 0.0
    other = f"13 {word(9, 1)} {word(3, 1)}."
    seen = dict(zip(NAMES, evidence(scorer.lexicon, scorer.models, [one], [other])[0].tolist(), strict=True))
    assert seen["numbers"] == 0.0 and seen["copied"] == 0.0 and seen["llr_forward"] > 0.5


def test_a_pair_is_scored_alike_alone_and_among_others(scorer: Scorer) -> None:
    source, target = bitext(50, seed=5)
    together = scorer.score(source, target)
    for row in (0, 17, 49):
        assert scorer.score([source[row]], [target[row]]).equals(together[row : row + 1])


def test_empty_texts_are_refused_and_no_mistake(scorer: Scorer) -> None:
    found = scorer.score(["", "x", " ", ""], ["", "", "x", "kesa"])
    assert not found["keep"].any() and found["probability"].is_finite().all()


def test_stored_and_read_it_scores_the_same(scorer: Scorer, tmp_path: Path) -> None:
    save(scorer, tmp_path / "model")
    source, target = bitext(40, seed=6)
    again = load(tmp_path / "model")
    assert again.score(source, target).equals(scorer.score(source, target)) and again.facts == dict(scorer.facts)
    assert again.lexicon.vocabularies[1].forms.to_pylist() == scorer.lexicon.vocabularies[1].forms.to_pylist()


def test_training_twice_gives_the_same(scorer: Scorer) -> None:
    again = train(*bitext(600), LANGUAGES)
    assert again.weights == scorer.weights and again.heads == scorer.heads


def test_what_is_no_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match=r"no model here; expected a folder that `weft train pairs` wrote"):
        load(tmp_path / "none")
    (tmp_path / "model.json").write_text("{}", "utf-8")
    with pytest.raises(WeftError, match="another version"):
        load(tmp_path)
    (tmp_path / "model.json").write_text("[", "utf-8")
    with pytest.raises(WeftError, match="cannot be read"):
        load(tmp_path)


def test_a_seed_of_a_few_pairs_is_refused() -> None:
    with pytest.raises(WeftError, match="a seed of 40 pairs; expected 100 at least"):
        train(*bitext(40), LANGUAGES, (Folding(), Folding()))


def test_auc_counts_ties_half() -> None:
    assert auc([1.0, 1.0], [1.0]) == 0.5 and auc([2.0, 3.0], [1.0]) == 1.0 and auc([0.0], [1.0, -1.0]) == 0.5


def test_a_seed_with_mistakes_does_not_teach_that_they_pass() -> None:
    """One line in fifty has other numbers. Though .995 of the seed would pass with them, wrong numbers do not."""
    random = np.random.default_rng(3)
    right = random.normal(0, 1, (1_000, len(NAMES)))
    right[:, PLACE["numbers"]] = random.random(1_000) >= 0.02
    wrong = {kind: right[:300] + 3 for kinds, _ in LEARNT.values() for kind in kinds}
    wrong["copy"], wrong["number"] = right[:300].copy(), right[:300].copy()
    wrong["number"][:, PLACE["numbers"]] = 0
    head = learn(right, wrong, 0.995).heads["number"]
    assert (head.values(wrong["number"]) < head.least).all()
    assert (head.values(right) >= head.least).mean() == (right[:, PLACE["numbers"]] == 1).mean()


def test_names_that_are_on_both_sides_are_not_confused_with_whole_copies() -> None:
    """Nearly no right pair shares words; one in eighty shares a third of them, far from what is usual, too."""
    right = np.random.default_rng(3).normal(0, 1, (800, len(NAMES)))
    right[:, PLACE["copied"]] = 0
    right[::80, PLACE["copied"]] = np.linspace(0.25, 0.35, 10)
    wrong = {kind: right[:300] + 3 for kinds, _ in LEARNT.values() for kind in kinds}
    wrong["copy"], wrong["number"] = right[:300].copy(), right[:300].copy()
    wrong["copy"][:, PLACE["copied"]] = 1
    head = learn(right, wrong, 0.995).heads["copy"]
    assert (head.values(wrong["copy"]) < head.least).all()
    assert (head.values(right) >= head.least).mean() >= 0.99
