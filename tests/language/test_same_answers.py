"""The same answers, to the last bit, for any batch, any order, any slice and any number of threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hostile import HOSTILE, made
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.language.identify import identify
from weft.language.model import LanguageModel, answers


@pytest.fixture(scope="module")
def model(texts: pl.DataFrame) -> LanguageModel:
    return made(texts)


@pytest.fixture(scope="module")
def column(texts: pl.DataFrame) -> pa.Array:
    rows = texts.filter(pl.col("split") == "dev").sample(fraction=1, shuffle=True, seed=3)
    return pa.array([*rows["text"].to_list(), *HOSTILE], pa.large_string())


@pytest.fixture(scope="module")
def whole(model: LanguageModel, column: pa.Array) -> pa.Table:
    return identify(model, column)


def test_this_says_something(whole: pa.Table) -> None:
    lid = whole["lid"].combine_chunks()
    reasons = set(lid.field("reason").to_pylist())
    assert {None, "group", "unknown", "no_letters", "too_short"} <= reasons
    assert whole["variety"].null_count < whole.num_rows and whole["variety"].null_count > 0


@settings(max_examples=30, deadline=None)
@given(size=st.integers(1, 400))
def test_any_size_of_batch(model: LanguageModel, column: pa.Array, whole: pa.Table, size: int) -> None:
    begin = size * 7 % len(column)
    part = column.slice(begin, size)
    assert identify(model, part).combine_chunks().equals(whole.slice(begin, size).combine_chunks())


def test_one_by_one(model: LanguageModel, column: pa.Array, whole: pa.Table) -> None:
    single = [identify(model, column.slice(row, 1)) for row in range(len(column))]
    assert pa.concat_tables(single).combine_chunks().equals(whole.combine_chunks())


@settings(max_examples=15, deadline=None)
@given(order=st.randoms(use_true_random=False))
def test_any_order(model: LanguageModel, column: pa.Array, whole: pa.Table, order: object) -> None:
    place = np.arange(len(column))
    order.shuffle(place)  # type: ignore[attr-defined]
    assert identify(model, column.take(place)).combine_chunks().equals(whole.take(place).combine_chunks())


@settings(max_examples=15, deadline=None)
@given(top=st.integers(1, 20))
def test_the_first_answers_do_not_depend_on_how_many_are_asked(
    model: LanguageModel, column: pa.Array, top: int
) -> None:
    few, many = answers(model, column, top=top), answers(model, column, top=20)
    assert np.array_equal(few.label, many.label[:, :top]) and np.array_equal(few.chance, many.chance[:, :top])
    assert np.array_equal(few.mass, many.mass) and np.array_equal(few.known, many.known)


def test_threads_at_once(model: LanguageModel, column: pa.Array, whole: pa.Table) -> None:
    """Kernels let other threads run: what they write to must be each one's own."""
    ready = Barrier(4)

    def ask(number: int) -> list[bool]:
        ready.wait()
        rows = np.roll(np.arange(len(column)), 13 * number)
        mine, wanted = column.take(rows), whole.take(rows).combine_chunks()
        return [identify(model, mine).combine_chunks().equals(wanted) for _ in range(6)]

    with ThreadPoolExecutor(4) as pool:
        assert all(all(found) for found in pool.map(ask, range(4)))


def test_threads_that_begin_with_a_model_just_read(texts: pl.DataFrame, column: pa.Array, whole: pa.Table) -> None:
    """What a model works out once may be worked out by two threads at the same time."""
    fresh, ready = made(texts), Barrier(4)

    def ask(_: int) -> bool:
        ready.wait()
        return bool(identify(fresh, column).combine_chunks().equals(whole.combine_chunks()))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(4)))
