"""Words of pairs linked: from texts to links, in small made-up languages."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from weft.errors import WeftError
from weft.parallel import word_alignment
from weft.parallel.induction import induced
from weft.parallel.word_alignment import Settings, align, cosines, learnt, pair_links
from weft.parallel.word_tokens import words_of

WORDS = [first + second for first in ("ba", "do", "ki", "lu", "me", "za") for second in ("ran", "sil", "tok", "vep")]
TURNED = {word: word[3:] + word[:3] + "u" for word in WORDS}


def _pairs(count: int, seed: int = 3) -> tuple[list[str], list[str]]:
    drawn = random.Random(seed)
    source = [drawn.sample(WORDS, drawn.randint(2, 7)) for _ in range(count)]
    return [" ".join(one) for one in source], [" ".join(TURNED[word] for word in one) for one in source]


def test_words_find_their_translations() -> None:
    source, target = _pairs(150)
    aligned = align(source, target, Settings(prefix=0))
    right = wanted = found = 0
    for n, text in enumerate(source):
        links = {tuple(one) for one in pair_links(aligned, n)[0].tolist()}
        gold = {(i, i) for i in range(len(text.split()))}
        right, wanted, found = right + len(links & gold), wanted + len(gold), found + len(links)
    assert right / wanted > 0.95 and right / found > 0.95


def test_links_are_the_same_whatever_the_blocks_hold_before(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = _pairs(120)
    monkeypatch.setattr(word_alignment, "TOGETHER", 60)
    one, same = align(source, target), align(source, target)
    assert one.links.probability.tobytes() == same.links.probability.tobytes()
    assert len(one.links.starts) == 121
    share = np.mean([(one.links.source == one.links.target).mean()])
    assert share > 0.9
    # What was expected in the two blocks is counted of both: each word of the source is linked about once.
    assert one.counts[:, 0].sum() == pytest.approx(one.links.starts[-1], rel=0.15)


def test_names_in_another_script_are_linked_though_they_stand_once() -> None:
    source, target = _pairs(60)
    source[7], target[7] = f"{source[7]} Агамемнон", f"Agamemnon {target[7]}"
    links = pair_links(align(source, target, Settings(prefix=0)), 7)[0].tolist()
    assert [len(source[7].split()) - 1, 0] in links


def test_an_encoder_is_heard() -> None:
    source, target = ["a b", "a b"], ["y x", "y x"]
    vectors = {"a": [1, 0], "x": [1, 0], "b": [0, 1], "y": [0, 1]}
    aligned = align(
        source, target, Settings(tension=0.0, encoder=9.0), cosines(lambda words: [vectors[w] for w in words])
    )
    assert pair_links(aligned, 0)[0].tolist() == [[0, 1], [1, 0]]


def test_spaces_divide_as_they_stand() -> None:
    found = words_of(["don't stop  , now", "", "  Stop "], "space", 0)
    assert [found.surfaces(n) for n in range(3)] == [["don't", "stop", ",", "now"], [], ["Stop"]]
    assert found.numbers[1] == found.numbers[4]
    assert found.characters(0).tolist() == [[0, 5], [6, 10], [12, 13], [14, 17]]


def test_places_are_in_characters() -> None:
    found = words_of(["mti", "Ἀχιλλεύς ὦ 🌍 x"], "words", 0)
    text = "Ἀχιλλεύς ὦ 🌍 x"
    assert [text[a:b] for a, b in found.characters(1)] == ["Ἀχιλλεύς", "ὦ", "🌍", "x"]


def test_nulls_and_empty_texts_have_no_links() -> None:
    aligned = align(pl.Series(["tree", None, ""]), pl.Series(["mti", "mti", "mti"]))
    assert [len(pair_links(aligned, n)[0]) for n in (1, 2)] == [0, 0]


def test_what_is_no_pair_is_refused() -> None:
    with pytest.raises(WeftError, match="2 texts and 1 of the other language; expected pairs"):
        align(["a", "b"], ["c"])
    with pytest.raises(WeftError, match="method best: expected one of mean"):
        align(["a"], ["b"], Settings(method="best"))  # type: ignore[arg-type]


def test_a_word_list_is_learnt() -> None:
    source, target = _pairs(150)
    table = induced(align(source, target, Settings(prefix=0)))
    first = table.filter(pl.col("rank") == 1)
    assert {row["word"]: row["translation"] for row in first.iter_rows(named=True)} == TURNED
    assert first["forward"].min() > 0.8 and first["backward"].min() > 0.8
    assert first.height == table["word"].n_unique()


def test_confidence_grows_with_the_count() -> None:
    source, target = _pairs(200)
    source, target = [*source, "rarely"], [*target, "kamwe"]
    table = induced(align(source, target, Settings(prefix=0))).filter(pl.col("rank") == 1)
    held = dict(zip(table["word"], table["confidence"], strict=True))
    assert held["rarely"] < min(held[word] for word in WORDS)


def test_a_pair_is_aligned_by_what_others_taught() -> None:
    things = {"tree": "Mti", "house": "Nyumba", "road": "Barabara", "river": "Mto", "child": "Mtoto"}
    kinds = {"tall": "mrefu", "good": "mzuri", "big": "mkubwa", "old": "mzee"}
    pairs = [(f"The {a} is {b}.", f"{things[a]} ni {kinds[b]}.") for a in things for b in kinds]
    known = learnt([one for one, _ in pairs], [other for _, other in pairs])
    found = known.align("The good river is a teacher.", "Mto mzuri ni mwalimu.")
    links, probability = pair_links(found, 0)
    held = {
        (found.source.surfaces(0)[i], found.target.surfaces(0)[j])
        for (i, j), sure in zip(links.tolist(), probability, strict=True)
        if sure > 0.5
    }
    assert {("good", "mzuri"), ("river", "Mto")} <= held
    alone = pair_links(align(["The good river is a teacher."], ["Mto mzuri ni mwalimu."]), 0)[0].tolist()
    assert sorted(alone) != sorted(links.tolist())


def test_what_was_learnt_knows_every_text() -> None:
    known = learnt(["a b", "b c"], ["x y", "y z"])
    for source, target in (("", "x"), ("a", ""), ("", ""), ("q r s", "t u"), ("🙂", "..."), ("a " * 150, "x " * 150)):
        found = known.align(source, target)
        again = known.align(source, target)
        assert len(found.source) == len(found.target) == 1 and found.links.starts[-1] == len(found.links.source)
        assert all(np.array_equal(one, other) for one, other in zip(found.links, again.links, strict=True))
    with pytest.raises(WeftError, match="expected words"):
        learnt(["a"], ["b"], Settings(division="space"))
