"""Hashed n-grams, ridge regression on sparse rows, and random features against numpy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.text.buffers import string_buffers
from weft.text.hashed_grams import Rows, chosen, dense, rarity, rows, scaled, side_by_side
from weft.text.sparse_ridge import fitted, product
from weft.text.tokens import tokens
from weft.text.waves import drawn, waves

TEXTS = ["Hello hello", "hello", "", "ሰላም ለዓለም 12", "aaaa"]


def _rows(texts: list[str], bits: int = 16, characters: int = 3, words: int = 2) -> Rows:
    held = string_buffers(pa.array(texts, pa.large_string()))
    return rows(held, tokens(held, fold_marks=True, prefix=0, most=100), bits, characters, words)


def _matrix(held: Rows, width: int) -> np.ndarray:
    made = np.zeros((len(held.starts) - 1, width))
    for row in range(len(made)):
        for at in range(held.starts[row], held.starts[row + 1]):
            made[row, held.columns[at]] += held.values[at]
    return made


def test_rows_hold_each_n_gram_once_with_its_count() -> None:
    held = _rows(TEXTS)
    sizes = np.diff(held.starts)
    # A mark of the beginning, then `hello`: 6 + 5 + 4 n-grams, and a word; of `l` there are two.
    assert sizes[1] == 6 + 5 + 4 - 1 + 1 and sizes[2] <= 1
    for row in range(len(TEXTS)):
        own = held.columns[held.starts[row] : held.starts[row + 1]]
        assert len(np.unique(own)) == len(own)
    assert held.values.min() == 1 and np.isclose(held.values[: sizes[0]].max(), 1 + np.log(4))
    alone = [_rows([text]) for text in TEXTS]
    assert np.array_equal(np.concatenate([one.columns for one in alone]), held.columns)


def test_case_and_digits_are_folded_and_order_counts() -> None:
    one, other = _rows(["AB 12"]), _rows(["ab 99"])
    characters = len(one.columns) - 3  # two words and a pair of words
    assert np.array_equal(one.columns[:characters], other.columns[:characters])
    assert set(_rows(["ab"]).columns) != set(_rows(["ba"]).columns)


def test_scaled_rows_have_length_one_and_rare_ones_weigh_more() -> None:
    held = _rows(TEXTS)
    rare = rarity(held, 16)
    made = _matrix(scaled(held, rare), 1 << 16)
    there = np.diff(held.starts) > 0
    assert np.allclose(np.linalg.norm(made, axis=1)[there], 1, atol=1e-6)
    having = (_matrix(held, 1 << 16) > 0).sum(axis=0)
    assert np.allclose(rare, np.log(6 / (1 + having)) + 1, atol=1e-6)


def test_blocks_stand_side_by_side_and_rows_are_chosen() -> None:
    random = np.random.default_rng(0)
    first, second = random.random((4, 3)).astype(np.float32), random.random((4, 2)).astype(np.float32)
    both = side_by_side([dense(first), dense(second)], [3, 2])
    assert np.allclose(_matrix(both, 5), np.concatenate([first, second], axis=1))
    order = np.array([2, 0, 2])
    assert np.allclose(_matrix(chosen(both, order), 5), np.concatenate([first, second], axis=1)[order])


@pytest.mark.parametrize("penalty", [0.1, 1.0, 30.0])
def test_ridge_is_that_of_the_normal_equations(penalty: float) -> None:
    random = np.random.default_rng(1)
    x = random.standard_normal((40, 25)).astype(np.float32) * (random.random((40, 25)) < 0.3)
    y = random.standard_normal(40)
    held = dense(x.astype(np.float32))
    found = fitted(held, y, penalty, 25, steps=200, least=1e-20)
    expected = np.linalg.solve(x.T @ x + penalty * np.eye(25), x.T @ y)
    assert np.allclose(found, expected, atol=1e-5) and np.allclose(product(held, found), x @ found, atol=1e-6)


def test_waves_come_near_to_a_gaussian_kernel() -> None:
    random = np.random.default_rng(2)
    held = random.standard_normal((6, 5)).astype(np.float32)
    made = waves(held, *drawn(5, 20_000, 0.4, 1)).astype(np.float64)
    distance = ((held[:, None] - held[None]) ** 2).sum(axis=2)
    assert np.abs(made @ made.T - np.exp(-0.4 * distance / 5)).max() < 0.03
    assert np.array_equal(waves(held[2:3], *drawn(5, 64, 0.4, 1))[0], waves(held, *drawn(5, 64, 0.4, 1))[2])
