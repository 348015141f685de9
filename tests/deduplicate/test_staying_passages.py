"""Whoever stays: no passage is cut in favour of a document that does not, and none stands twice without need."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deduplicate.passage_finding import covered, labels, labels_of_staying
from tests.deduplicate.test_substrings import words


def without(text: str, label: dict[str, object] | None) -> list[str]:
    """The words that are left of a text."""
    gone = covered(label)
    return "".join(" " if n in gone else c for n, c in enumerate(text)).split()


def own(number: int, part: int) -> list[str]:
    """Words of one place of one document, few enough to be no passage."""
    return [f"{word}{number}x{part}" for word in words(12, 1_000 * number + part)]


def planted(number: int, size: int = 90) -> list[str]:
    """Words that no other passage has, and each once."""
    return [f"{word}p{number}n{n}" for n, word in enumerate(words(size, 77 + number))]


def corpus(draw: random.Random, whole: bool) -> tuple[list[list[list[str]]], list[list[str]]]:
    """The pieces of each document, and of them those that were planted: own words, passages (or parts of them)."""
    held = [planted(n) for n in range(draw.randint(1, 4))]
    documents, found = [], []
    for number in range(draw.randint(3, 12)):
        pieces = [own(number, 0)]
        for part in range(draw.randint(0, 4)):
            passage = draw.choice(held)
            begin = 0 if whole else draw.choice([0, 0, 10, 25, 40])
            end = 90 if whole else draw.choice([90, 90, 80, 65])
            pieces += [passage[begin:end], own(number, part + 1)]
            found.append(passage[begin:end])
        documents.append(pieces)
    return documents, found


def written(pieces: list[list[str]], draw: random.Random) -> str:
    """The words in either case, apart by any white space."""
    every = [word.upper() if draw.random() < 0.2 else word for piece in pieces for word in piece]
    return "".join(word + draw.choice([" ", " ", "  ", "\n", "\n\n"]) for word in every)


def outputs(seed: int, whole: bool) -> tuple[list[str], list[bool], list[list[str]], list[list[str]]]:
    """Texts, who stays, the words left of those, and the planted passages."""
    draw = random.Random(seed)
    documents, passages = corpus(draw, whole)
    texts: list[str | None] = [written(pieces, draw) for pieces in documents]
    before = labels(texts)
    stays = [draw.random() < 0.6 for _ in texts]
    plain = [text or "" for text in texts]
    after = labels_of_staying(plain, stays, before)
    for kept, one, other in zip(stays, before, after, strict=True):
        assert covered(other) <= covered(one), "never more than the label says"
        assert kept or one == other
    left = [without(text, label) if kept else [] for text, label, kept in zip(plain, after, stays, strict=True)]
    return plain, stays, [[word.lower() for word in one] for one in left], passages


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_every_word_of_a_document_that_stays_is_there(seed: int, whole: bool) -> None:
    texts, stays, left, _ = outputs(seed, whole)
    there = {word for one in left for word in one}
    for text, kept in zip(texts, stays, strict=True):
        assert not kept or {word.lower() for word in text.split()} <= there


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_a_passage_that_one_who_stays_holds_is_there_once_and_whole(seed: int) -> None:
    texts, stays, left, passages = outputs(seed, True)
    held = [" ".join(text.lower().split()) for text, kept in zip(texts, stays, strict=True) if kept]
    written = [" ".join(one) for one in left]
    for passage in {" ".join(one) for one in passages}:
        times = sum(text.count(passage) for text in written)
        assert times == any(passage in text for text in held)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_nothing_changes_while_all_stay(seed: int, whole: bool) -> None:
    draw = random.Random(seed)
    texts: list[str | None] = [written(pieces, draw) for pieces in corpus(draw, whole)[0]]
    before = labels(texts)
    assert labels_of_staying([text or "" for text in texts], [True] * len(texts), before) == before


@pytest.mark.parametrize("gone", [False, True])
def test_what_is_cut_from_the_keeper_in_any_case_is_not_cut_from_others(gone: bool) -> None:
    passage = " ".join(planted(1))
    texts: list[str | None] = [f"{' '.join(own(n, 0))} {passage} {' '.join(own(n, 1))}" for n in range(3)]
    before = labels(texts)
    keeper = next(n for n, label in enumerate(before) if label and not label["spans"])
    begin = (texts[keeper] or "").index(passage)
    spans = [[(begin, begin + len(passage))] if gone and n == keeper else [] for n in range(3)]
    after = labels_of_staying([text or "" for text in texts], [True] * 3, before, spans)
    assert sum(not (label and label["spans"]) for label in after) == 1 + gone
