"""Alignment of documents whose beads are known: long ones, without a seed, with paragraphs, and of nothing."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from weft.parallel import alignment, alignment_passes
from weft.parallel.alignment import Lengths, Weights, align, document, lengths_of, shapes_up_to
from weft.parallel.alignment_passes import How, Seed, aligned, joined
from weft.parallel.lexicon import Lexicon, train

WORDS = 400


def sentences(count: int, seed: int, numbers: float = 0.0) -> tuple[list[str], list[str]]:
    """Sentences of a made-up language and their translations, word by word in another order; a share has a number."""
    draw = random.Random(seed)
    held = [[draw.randrange(WORDS) for _ in range(draw.randint(4, 12))] for _ in range(count)]
    one = [" ".join(f"a{word:03d}" + "x" * (word % 4) for word in own) for own in held]
    other = [" ".join(f"b{word:03d}" + "y" * (word % 3) for word in reversed(own)) for own in held]
    for n in range(count):
        if draw.random() < numbers:
            number = draw.randrange(1000)
            one[n], other[n] = f"{one[n]} {number}", f"{number} {other[n]}"
    return one, other


def changed(one: list[str], other: list[str], seed: int) -> tuple[list[str], list[str], set[tuple[int, ...]]]:
    """Documents of these: some sentences are joined, some are left out."""
    draw = random.Random(seed)
    sides: tuple[list[str], list[str]] = ([], [])
    wanted, n = set(), 0
    while n < len(one):
        kind = draw.random()
        if kind < 0.1 and n + 1 < len(one):
            wanted.add((len(sides[0]), 2, len(sides[1]), 1))
            sides[0].extend(one[n : n + 2])
            sides[1].append(" ".join(other[n : n + 2]))
            n += 2
            continue
        if kind < 0.2:
            sides[n % 2].append((one, other)[n % 2][n])
        else:
            wanted.add((len(sides[0]), 1, len(sides[1]), 1))
            sides[0].append(one[n])
            sides[1].append(other[n])
        n += 1
    return sides[0], sides[1], wanted


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return train(*sentences(1500, 1), ("aaa_Latn", "bbb_Latn"))


def both(beads: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(bead) for bead in beads.tolist() if bead[1] and bead[3]}


def test_joined_and_missing_sentences_are_found_in_a_long_document(lexicon: Lexicon) -> None:
    one, other, wanted = changed(*sentences(1500, 2), 3)
    assert len(one) > 4 * alignment.FULL
    found = align(document(one), document(other), lexicon, Lengths())
    assert len(both(found.beads) & wanted) > 0.99 * len(wanted)
    assert found.beads[:, 1].sum() == len(one) and found.beads[:, 3].sum() == len(other)
    assert (np.cumsum(found.beads[:, 1])[:-1] == found.beads[1:, 0]).all()
    right = np.array([tuple(bead) in wanted for bead in found.beads.tolist()])
    kept = (found.beads[:, 1] > 0) & (found.beads[:, 3] > 0)
    assert found.probabilities[kept & right].mean() > 0.9


def test_words_are_learnt_from_the_documents_alone() -> None:
    one, other, wanted = changed(*sentences(900, 4, numbers=0.3), 5)
    pair = [(document(one), document(other))]
    languages = ("aaa_Latn", "bbb_Latn")
    by_lengths, learnt = (aligned(pair, How(languages, passes=n))[0] for n in (0, 2))
    assert len(both(learnt.beads) & wanted) > 0.97 * len(wanted) > len(both(by_lengths.beads) & wanted)
    again = aligned(pair, How(languages))[0]
    assert (again.beads == learnt.beads).all() and (again.probabilities == learnt.probabilities).all()


def test_a_seed_aligns_a_short_document() -> None:
    one, other, wanted = changed(*sentences(30, 6), 7)
    seed = Seed(*(pl.Series(side) for side in sentences(1500, 1)))
    found = aligned([(document(one), document(other))], How(("aaa_Latn", "bbb_Latn"), seed=seed))[0]
    assert both(found.beads) == wanted


def test_a_bead_over_the_end_of_a_paragraph_costs_more() -> None:
    one, other = ["aaaa bbbb cccc", "dddd eeee ffff"], ["gggg hhhh iiii jjjj kkkk llll"]
    weights = Weights(words=0.0)
    whole = align(document(one), document(other), None, Lengths(), weights)
    assert both(whole.beads) == {(0, 2, 0, 1)}
    apart = align(document(one, [0, 1]), document(other), None, Lengths(), weights._replace(paragraph=20.0))
    assert both(apart.beads) != {(0, 2, 0, 1)}


@pytest.mark.parametrize(("first", "second"), [([], []), (["a"], []), ([], ["b", "c"])])
def test_a_document_without_sentences_has_no_beads_of_both(first: list[str], second: list[str]) -> None:
    found = aligned([(document(first), document(second))], How(("aaa_Latn", "bbb_Latn")))[0]
    assert both(found.beads) == set() and len(found.beads) == len(first) + len(second)


def test_texts_of_beads_are_their_sentences_with_spaces_between() -> None:
    found = joined(pl.Series(["a", "b", "c"]), np.array([0, 2, 1]), np.array([2, 0, 2]))
    assert found.to_list() == ["a b", "", "b c"]


def test_lengths_are_learnt_without_white_space() -> None:
    found = lengths_of(pl.Series(["a b", "cdef"]), pl.Series(["aa bb", "ccddeeff"]))
    assert found.ratio == 2.0 and found.variance == 0.1


def test_longer_beads_are_asked_for() -> None:
    assert (4, 1) not in shapes_up_to(4) and shapes_up_to(5)[4, 1] == alignment.RARE
    assert shapes_up_to(5)[2, 1] == alignment.PRIORS[2, 1]


def test_cuts_are_within_sure_beads() -> None:
    one, other = sentences(700, 8)
    path = align(document(one), document(other), train(one, other, ("aaa_Latn", "bbb_Latn")), Lengths())
    cuts = alignment_passes._cuts(path)
    assert len(cuts) > 4 and (cuts[:, 0] == cuts[:, 1]).all() and cuts[-1].tolist() == [700, 700]
