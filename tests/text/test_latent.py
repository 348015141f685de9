"""Latent semantic indexing: the cosines of a full decomposition, and the same numbers every time."""

from __future__ import annotations

import numpy as np

from weft.text.cosine import SCALE
from weft.text.latent import Counts, decomposed, projected, whole_cosines


def counts(dense: np.ndarray) -> Counts:
    rows, terms = np.nonzero(dense)
    starts = np.searchsorted(rows, np.arange(len(dense) + 1)).astype(np.int64)
    return Counts(starts, terms.astype(np.int32), dense[rows, terms].astype(np.float64), dense.shape[1])


def test_projected_terms_have_the_cosines_of_the_singular_vectors() -> None:
    draw = np.random.default_rng(0)
    topics = draw.random((40, 4)) ** 4
    sides = [topics @ draw.random((4, width)) ** 4 + 0.01 * draw.random((40, width)) for width in (25, 30)]
    found = np.concatenate(decomposed((counts(sides[0]), counts(sides[1])), 4))
    _, _, right = np.linalg.svd(np.concatenate(sides, axis=1))
    # Orthonormal columns that span nearly what the first singular vectors span.
    np.testing.assert_allclose(found.T @ found, np.eye(4), atol=1e-6)
    assert np.linalg.svd(right[:4] @ found)[1].min() > 0.99
    again = np.concatenate(decomposed((counts(sides[0]), counts(sides[1])), 4))
    assert found.tobytes() == again.tobytes()


def test_fewer_texts_than_numbers_are_no_error() -> None:
    found = decomposed((counts(np.eye(2)), counts(np.eye(2))), 2)
    assert all(np.isfinite(table).all() for table in found)


def test_texts_are_the_direction_of_the_sum_of_their_terms() -> None:
    table = np.array([[3, 0], [0, 4], [-3, 0]], np.float32)
    starts, terms = np.array([0, 2, 4, 5, 5], np.int64), np.array([0, 1, 2, -1, -1], np.int32)
    found = projected(starts, terms, table)
    assert found.tolist() == [[0.6 * SCALE, 0.8 * SCALE], [-SCALE, 0], [0, 0], [0, 0]]
    rows, columns = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0])
    np.testing.assert_allclose(whole_cosines(found, found, rows, columns), [1, -0.6, 1, 0], atol=1e-6)
