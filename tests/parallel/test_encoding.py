"""What an encoder says of pairs: margins by their definition, texts without a vector, and when it is left out."""

from __future__ import annotations

import numpy as np
import pytest
from tests.parallel.bitexts import bitext

from weft.errors import WeftError
from weft.parallel.encoder_trial import Either, Trial
from weft.parallel.encoding import Background, Vectors, directed, meaning
from weft.parallel.heads import Head
from weft.parallel.scorer import Scorer, train

CODES = ("eng_Latn", "swh_Latn")


def drawn(count: int, seed: int, width: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32) + np.float32(0.7)


def vectors(count: int, seed: int) -> Vectors:
    return directed(drawn(count, seed), np.ones(count, np.bool_))


def test_the_margin_is_that_of_the_paper() -> None:
    one, other = drawn(5, 1), drawn(5, 2)
    there = Background(vectors(30, 3).values, vectors(30, 4).values)
    found = meaning(*(directed(side, np.ones(5, np.bool_)) for side in (one, other)), there)

    def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T) / np.linalg.norm(a, axis=1)[:, None] / np.linalg.norm(b, axis=1)

    usual = [
        np.sort(cosine(side, held), axis=1)[:, -4:].mean(axis=1)
        for side, held in ((one, drawn(30, 4)), (other, drawn(30, 3)))
    ]
    wanted = np.diag(cosine(one, other)) / ((usual[0] + usual[1]) / 2)
    assert found[:, 0] == pytest.approx(wanted, abs=2e-3)
    assert found[:, 1] == pytest.approx(np.diag(cosine(one, other)), abs=1e-3)


def test_a_pair_gets_the_same_alone_among_others_and_where_the_background_has_it() -> None:
    sides = vectors(2_000, 1), vectors(2_000, 2)
    there = Background(vectors(50, 3).values, vectors(50, 4).values)
    together = meaning(*sides, there)
    for row in (0, 1_023, 1_024, 1_999):
        alone = meaning(*(Vectors(s.values[row : row + 1], s.known[row : row + 1]) for s in sides), there)
        assert np.array_equal(alone[0], together[row])
    known = Background(*(np.vstack([held, side.values[:9]]) for held, side in zip(there, sides, strict=True)))
    own = meaning(*(Vectors(side.values[:1], side.known[:1]) for side in sides), known)
    without = Background(*(np.delete(held, 50, axis=0) for held in known))
    assert np.array_equal(own, meaning(*(Vectors(side.values[:1], side.known[:1]) for side in sides), without))


def test_what_has_no_direction_has_no_margin() -> None:
    held = drawn(4, 1)
    held[1, 2], held[2] = np.nan, 0
    found = directed(held, np.array([True, True, True, False]))
    assert found.known.tolist() == [True, False, False, False] and not found.values[1:].any()
    there = Background(vectors(9, 3).values, vectors(9, 4).values)
    assert np.isnan(meaning(found, vectors(4, 2), there)[:, 0]).tolist() == [False, True, True, True]
    with pytest.raises(WeftError, match="vectors of 12 numbers; expected 5, as in training"):
        meaning(vectors(2, 1), vectors(2, 2), Background(drawn(9, 3, 5), drawn(9, 4, 5)))


def test_without_a_vector_the_lexical_head_speaks_on_the_same_scale() -> None:
    encoder = Head((1,), (0.0,), (1.0,), (0.0, 1.0), least=0.5, usual=2.5)
    lexical = Head((0,), (0.0,), (1.0,), (0.0, 1.0), least=-1.0, usual=0.0)
    either = Either(encoder, lexical)
    found = either.values(np.array([[0.0, 2.5], [0.0, np.nan], [-1.0, np.nan], [-1.5, np.nan]]))
    assert found.tolist() == [2.5, 2.5, 0.5, -0.5] and either.margins(found).tolist() == [1.0, 1.0, 0.0, -0.5]


def words(texts: list[str], share: float = 1.0) -> Vectors:
    """Vectors by the words of a text, of one language apart from the other; of a share of the texts."""
    held = np.zeros((len(texts), 24), np.float32)
    for n, text in enumerate(texts):
        for one in text.split():
            held[n, sum(one.encode()) % 24] += 1
    return directed(held, np.arange(len(texts)) < share * len(texts))


def tried(embed: object, declared: tuple[str, ...] = CODES) -> Scorer:
    return train(*bitext(150), CODES, trial=Trial(embed, {"name": "bag"}, frozenset(declared)))  # type: ignore[arg-type]


def test_an_encoder_that_does_not_beat_the_lexicon_is_left_out_and_so_is_one_without_vectors() -> None:
    plain = train(*bitext(150), CODES)
    made = tried(words)
    told = made.facts["encoder"]
    assert made.meaning is None and not told["used"] and told["auc"]["encoder"] < told["auc"]["lexicon"]
    assert told["gain"][0] < told["gain"][1] < told["gain"][2] < 0 and "it tells mismatches with AUC" in told["why"]
    source, target = bitext(20, 3)
    assert made.score(source, target, words).equals(plain.score(source, target)) and made.weights == plain.weights
    told = tried(lambda texts: words(texts, 0.4)).facts["encoder"]
    assert not told["used"] and "of the seed's pairs have vectors; expected 50%" in told["why"]


def test_an_encoder_is_not_asked_about_what_it_does_not_declare() -> None:
    def never(texts: list[str]) -> Vectors:
        raise AssertionError("asked")

    told = tried(never, ("eng_Latn", "fra_Latn")).facts["encoder"]
    assert told == {
        "name": "bag", "declares": ["eng_Latn", "fra_Latn"], "used": False, "why": "it does not declare swh_Latn"
    }  # fmt: skip
