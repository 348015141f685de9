"""Packing: every token in its place, no document cut that fits, the same bytes twice."""

from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text.best_fit import best_fit
from weft.tokenizer.packing import Integers, Pieces, fitted, in_order, stream

LENGTHS = st.lists(st.integers(1, 40), max_size=60).map(lambda held: np.array(held, np.int64))


def check_whole(pieces: Pieces, lengths: Integers, length: int) -> None:
    """Each document's pieces cover it from end to end, and no sequence holds more than it may."""
    assert np.all(np.bincount(pieces.sequence, pieces.length) <= length)
    assert np.array_equal(np.unique(pieces.sequence), np.arange(pieces.sequences))
    for document, size in enumerate(lengths.tolist()):
        own = np.flatnonzero(pieces.reading == document)
        own = own[np.argsort(pieces.start[own])]
        ends = pieces.start[own] + pieces.length[own]
        assert pieces.start[own].tolist() == [0, *ends[:-1].tolist()] and ends[-1] == size


@given(LENGTHS, st.integers(2, 30))
def test_a_stream_holds_every_token_once_and_in_order(lengths: Integers, length: int) -> None:
    pieces = stream(lengths, length, keep_last=True)
    check_whole(pieces, lengths, length)
    assert np.all(np.diff(pieces.reading) >= 0) and pieces.dropped == 0
    filled = np.bincount(pieces.sequence, pieces.length)
    assert np.all(filled[:-1] == length)
    full = stream(lengths, length, keep_last=False)
    assert full.dropped == lengths.sum() % length and full.length.sum() + full.dropped == lengths.sum()
    assert full.sequences == lengths.sum() // length and full.cut == pieces.cut


@given(LENGTHS, st.integers(2, 30), st.integers(1, 3))
def test_best_fit_cuts_no_document_that_fits(lengths: Integers, length: int, times: int) -> None:
    copies = np.arange(lengths.size, dtype=np.int64) % times + 1
    pieces = fitted(lengths, copies, length)
    check_whole(pieces, lengths, length)
    count = np.bincount(pieces.reading, minlength=lengths.size)
    assert count.tolist() == np.maximum(-(-lengths // length), 1).tolist()
    assert pieces.cut == np.count_nonzero(lengths > length)
    assert pieces.sequences <= count.sum()  # one piece in each sequence, padded
    for sequence in range(pieces.sequences):
        own = pieces.reading[pieces.sequence == sequence]
        assert len(set(copies[own].tolist())) == 1 and np.all(np.diff(own) > 0)


def slow_best_fit(sizes: list[int], capacity: int) -> list[int]:
    """Free space of every bin, found by looking at all of them."""
    free: list[int] = []
    for size in sizes:
        fits = [(space, number) for number, space in enumerate(free) if space >= size]
        if fits:
            free[min(fits)[1]] -= size
        else:
            free.append(capacity - size)
    return sorted(free)


@given(LENGTHS, st.integers(40, 90))
def test_the_tree_finds_what_a_scan_finds(lengths: Integers, capacity: int) -> None:
    sizes = -np.sort(-lengths)
    bins = best_fit(sizes, capacity)
    free = capacity - np.bincount(bins, sizes)
    assert sorted(free.astype(int).tolist()) == slow_best_fit(sizes.tolist(), capacity)


def test_sizes_that_do_not_fall_are_refused() -> None:
    for sizes in ([1, 2], [9], [1, 0]):
        with pytest.raises(ValueError, match="sizes must fall"):
            best_fit(np.array(sizes), 8)


def padded_stream(lengths: Integers, length: int) -> int:
    """Sequences where documents follow one another and what does not fit whole begins the next one."""
    sequences, room = 0, 0
    for size in lengths.tolist():
        for piece in [length] * (size // length) + [size % length] * (size % length > 0):
            if piece > room:
                sequences, room = sequences + 1, length
            room -= piece
    return sequences


@pytest.mark.parametrize("mean", [5.0, 6.5, 8.0])
def test_two_hundred_thousand_documents_in_a_moment_and_with_less_waste(mean: float) -> None:
    lengths = np.maximum(np.random.default_rng(7).lognormal(mean, 1.0, 200_000).astype(np.int64), 1)
    started = time.process_time()
    pieces = fitted(lengths, np.ones_like(lengths), 2048)
    assert time.process_time() - started < 30
    assert pieces.length.sum() == lengths.sum() and np.bincount(pieces.sequence, pieces.length).max() <= 2048
    assert pieces.sequences <= padded_stream(lengths, 2048)
    assert pieces.sequences * 2048 <= lengths.sum() * 1.01 + 2048
    assert np.all(np.bincount(pieces.reading)[lengths <= 2048] == 1)


def test_a_sequence_stands_where_its_longest_document_stands() -> None:
    pieces = fitted(np.array([2, 5, 9, 3, 7]), np.ones(5, np.int64), 10)
    held = [pieces.reading[pieces.sequence == n].tolist() for n in range(pieces.sequences)]
    assert held == [[0, 1], [2], [3, 4]]


def test_orders() -> None:
    ids = pl.Series(["a", "b", "c"])
    repeats, copies = np.array([1, 3, 2]), np.array([1, 1, 1])
    release = in_order(repeats, copies, "release", ids=ids, seed=1)
    assert release.document.tolist() == [0, 1, 2, 1, 2, 1] and release.copy.tolist() == [1, 1, 1, 2, 2, 3]
    values = np.array([2.0, np.nan, 1.0])
    assert in_order(repeats, copies, "curriculum", ids=ids, seed=1, values=values).document.tolist() == [
        *(2, 2, 0),
        *(1, 1, 1),
    ]
    # Places of two phases: copies lie where a release that holds them as rows has them, and not side by side.
    places, both = np.array([0.0, 0.5, 1.0]), pl.Series(["swh_Latn"] * 3)
    repeats = np.array([2, 1, 2])
    phased = in_order(repeats, copies, "curriculum", ids=ids, seed=1, values=places, languages=both)
    assert phased.document.tolist() == [0, 1, 0, 2, 2] and phased.copy.tolist() == [1, 1, 2, 1, 2]
    assert phased.value is not None and phased.value.tolist() == [0, 1 / 3, 2 / 3, 1, 1.5]
    many = pl.Series([str(n) for n in range(500)])
    ones = np.ones(500, np.int64)
    drawn = [in_order(ones, ones, "shuffle", ids=many, seed=seed).document for seed in (1, 1, 2)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    assert sorted(drawn[2].tolist()) == list(range(500))
    turned = in_order(ones, ones, "shuffle", ids=many.reverse(), seed=1).document
    assert (499 - turned).tolist() == drawn[0].tolist()  # by id, whatever the order of the files
