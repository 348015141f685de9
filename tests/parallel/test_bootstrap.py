"""Rounds over pairs that nobody checked: what is added, what is undone, and that nothing held out comes back."""

from __future__ import annotations

import pytest
from tests.parallel.bitexts import WORDS, bitext, word

from weft.errors import WeftError
from weft.parallel import bootstrap
from weft.parallel.bootstrap import bootstrapped
from weft.parallel.scorer import train

LANGUAGES = ("eng_Latn", "swh_Latn")
Sides = tuple[list[str], list[str]]


def _split(right: int, raw: int) -> tuple[Sides, Sides]:
    """A seed, and raw pairs every other of which has the target of the one after the next."""
    source, target = bitext(right + raw, seed=3)
    mixed = [target[right + (n if n % 2 else n + 2) % raw] for n in range(raw)]
    return (source[:right], target[:right]), (source[right:], mixed)


def _with(sides: Sides, rows: range, number: int, kinds: int) -> None:
    """A word more in both texts of these pairs, one of `kinds` that have these numbers."""
    for n in rows:
        new = [word(number + n // 2 % kinds, side) for side in range(2)]
        sides[0][n], sides[1][n] = f"{new[0]} {sides[0][n]}", f"{sides[1][n][:-1]} {new[1]}."


def test_words_of_sure_pairs_are_learnt() -> None:
    seed, raw = _split(200, 200)
    # Of the seed's rare words the held-out pairs show what unknown ones look like; raw pairs have one of their own.
    _with(seed, range(0, 200, 2), WORDS, 90)
    _with(raw, range(1, 200, 2), 215, 1)
    before = train(*seed, LANGUAGES)
    after = bootstrapped(seed, raw, LANGUAGES, rounds=1)
    first = after.facts["rounds"][0]
    assert first["taken"] and 40 < first["added"] <= 110
    forms = [set(scorer.lexicon.vocabularies[0].forms.to_pylist()) for scorer in (before, after)]
    assert word(215, 0) in forms[1] - forms[0]
    new = [word(215, 0)], [word(215, 1)]
    assert after.score(*new)["score"][0] > before.score(*new)["score"][0] + 0.5
    again = bootstrapped(seed, raw, LANGUAGES, rounds=1)
    assert again.facts == after.facts and again.heads == after.heads


def test_a_round_that_is_no_better_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    seed, raw = _split(120, 40)
    monkeypatch.setattr(bootstrap, "_SLACK", -1.0)
    made, plain = bootstrapped(seed, raw, LANGUAGES, rounds=3), train(*seed, LANGUAGES)
    assert [one["taken"] for one in made.facts["rounds"]] == [False]
    assert made.heads == plain.heads and made.weights == plain.weights
    assert made.score(*raw).equals(plain.score(*raw))


def test_pairs_of_the_seed_are_not_taken_from_the_raw_ones() -> None:
    seed, raw = _split(100, 30)
    kept = bootstrap._others(seed, ([*seed[0], *raw[0], *raw[0]], [*seed[1], *raw[1], *raw[1]]))
    assert kept == raw
    made = bootstrapped(seed, seed, LANGUAGES, rounds=1)
    assert made.facts["rounds"][0]["added"] == 0


def test_a_small_seed_is_refused() -> None:
    seed, raw = _split(99, 10)
    with pytest.raises(WeftError, match="a seed of 99 pairs; expected 100 at least"):
        bootstrapped(seed, raw, LANGUAGES, rounds=1)
