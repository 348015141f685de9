"""Counts of pairs: what numbers, copies, endings, markup and mojibake are, in any script."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.pair_signals import COLUMNS, known, measure, texts, units_of

NONE = np.empty(0, np.uint64)


def counted(source: str, target: str, scripts: tuple[tuple[str, ...], ...] = ((), ())) -> dict[str, float]:
    sides = [known(codes, NONE) for codes in scripts]
    found = measure(texts(pl.Series([source])), texts(pl.Series([target])), *sides)
    return dict(zip(COLUMNS, found[0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("source", "target", "left"),
    [
        ("1,250 people", "watu ١٬٢٥٠", (0, 0)),
        ("1,250 people", "1.250 personnes", (0, 0)),
        ("10,000 people", "10 000 personnes", (0, 0)),
        ("३.५ and 7", "3,5 na 7", (0, 0)),
        ("11/03/2020", "11.03.2020", (0, 0)),
        ("at 3:30", "saa 3.30", (0, 0)),
        ("007 and 0", "7 na 0", (0, 0)),
        ("19 cases", "visa 18", (1, 1)),
        ("two cases", "visa 2", (0, 1)),
        ("5 and 5", "5", (1, 0)),
        ("2,112 deaths", "vifo 2,122", (2, 2)),
    ],
)
def test_numbers_are_compared_in_any_digits(source: str, target: str, left: tuple[int, int]) -> None:
    found = counted(source, target)
    missing = 1 if left == (2, 2) else 0  # the thousands agree: only the second group of digits does not
    assert found["source_numbers_left"] == left[0] - missing
    assert found["target_numbers_left"] == left[1] - missing


@pytest.mark.parametrize(
    ("source", "target", "new"),
    [
        ("ACE2", "ஏ.சி.இ-2 (ACE2)", 0),
        ("ACE2", "ஏ.சி.இ-7 (ACE2)", 1),
        ("1,250 of 9,000", "1250 (1,250) 9 000", 0),
        ("1,250", "1,250, 251", 1),
        ("two", "2 2", 2),
        ("2", "", 0),
    ],
)
def test_numbers_that_are_written_twice_are_not_new(source: str, target: str, new: int) -> None:
    assert counted(source, target)["target_numbers_new"] == new


def test_units_are_words_or_characters_of_scripts_without_spaces() -> None:
    found = counted("I read books", "我喜歡看書。")
    assert (found["source_units"], found["target_units"]) == (3, 5)
    assert counted("don't stop", "ཁྱོད་")["source_units"] == 2


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("Yes.", 1), ("是。", 1), ("हाँ।", 1), ("ሰላም።", 1), ("ទៅ។", 1), ("ہاں۔", 1), ("Yes?", 2), ("هل؟", 2), ("Τι;", 2),
        ("ոչ", 0), ("He said “no.”", 1), ("No!) ", 3), ("one,", 4), ("one;", 4), ("", 0), ("”", 0),
    ],
)  # fmt: skip
def test_the_mark_that_ends_a_text(text: str, ending: int) -> None:
    assert counted(text, text)["source_ending"] == ending


def test_copies_are_shares_of_the_words_of_the_target() -> None:
    assert counted("The Cat sat here", "the cat SAT here")["same"] == 1
    assert counted("the cat sat here", "the cat aliketi hapa")["copied"] == 0.5
    assert counted("12 34", "12 34")["copied"] == 0  # numbers are no copies


def test_markup_is_counted() -> None:
    found = counted("See https://a.org or x@y.org, <b>bold</b> {0} %s &amp; [[link]]", "5% of 3 < 4, a & b, 10:30")
    assert (found["source_addresses"], found["source_markup"]) == (2, 6)
    assert (found["target_addresses"], found["target_markup"]) == (0, 0)


@pytest.mark.parametrize("text", ["বাংলা ভাষা", "ሰላም ለዓለም", "français, été", "ខ្ញុំអាន", "Привет мир", "ɓaawo ɗum"])
def test_mojibake_leaves_traces(text: str) -> None:
    raw = text.encode()
    wrong = "".join(bytes([b]).decode("cp1252", "ignore") or chr(b) for b in raw)
    assert counted(text, wrong)["source_mojibake"] == 0
    assert counted(text, wrong)["target_mojibake"] >= 2
    assert counted("l’été « vérité » é”, máš žena", "x")["source_mojibake"] == 0


def test_letters_of_the_languages_script() -> None:
    found = counted("hello мир", "日本語のカナ", (("Latn",), ("Jpan",)))
    assert (found["source_scripted"], found["source_in_script"]) == (8, 5)
    assert found["target_in_script"] == found["target_scripted"] == 6


def test_repetitions_and_runs() -> None:
    found = counted("go go go go go go", "soooooo")
    assert (found["source_trigrams"], found["source_repeated"], found["target_run"]) == (4, 3, 6)


def test_stop_words_are_listed() -> None:
    words = units_of(texts(pl.Series(["the", "of"]))).hashes
    found = measure(texts(pl.Series(["The end of it"])), texts(pl.Series(["x"])), known((), words), known((), NONE))
    assert dict(zip(COLUMNS, found[0], strict=True))["source_listed"] == 2
    with pytest.raises(ValueError, match="at most 128"):
        known((), np.arange(1, 200, dtype=np.uint64))


@given(st.lists(st.tuples(st.text(), st.text()), max_size=6))
def test_a_pair_has_the_same_counts_alone(pairs: list[tuple[str, str]]) -> None:
    clean = [tuple(side.encode("utf-8", "ignore").decode() for side in pair) for pair in pairs]
    every = known((), NONE)
    series = [pl.Series([pair[n] for pair in clean], dtype=pl.String) for n in range(2)]
    together = measure(texts(series[0]), texts(series[1]), every, every)
    assert np.isfinite(together).all() and (together >= 0).all()
    for row, (source, target) in enumerate(clean):
        alone = measure(texts(pl.Series([source])), texts(pl.Series([target])), every, every)
        assert np.array_equal(alone[0], together[row])
