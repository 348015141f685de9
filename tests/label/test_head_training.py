"""Heads learn what vectors say, and are where their loss is least."""

from __future__ import annotations

import numpy as np
import pytest

from weft.label import head_training
from weft.label.answers import activated


def drawn(rows: int, width: int, seed: int) -> np.ndarray:
    held = np.random.default_rng(seed).standard_normal((rows, width))
    return held / np.linalg.norm(held, axis=1, keepdims=True)


def test_a_classifier_finds_directions_and_is_at_the_least_loss() -> None:
    vectors = drawn(600, 24, 1)
    truth = drawn(3, 24, 2)
    labels = (vectors @ truth.T).argmax(axis=1)
    made = head_training.classifier(vectors[:500], labels[:500], 3, seed=1)
    found = (vectors[500:] @ made.weight.T + made.bias).argmax(axis=1)
    assert (found == labels[500:]).mean() > 0.9 and made.penalty in head_training.PENALTIES
    again = head_training.classifier(vectors[:500], labels[:500], 3, seed=1)
    assert (again.weight == made.weight).all() and (again.bias == made.bias).all()

    # At the least, the slope of the penalised loss over standardised numbers is nothing.
    spread, mean = vectors[:500].std(axis=0), vectors[:500].mean(axis=0)
    held, own = (vectors[:500] - mean) / spread, labels[:500]
    weight = made.weight * spread
    share = activated(held @ weight.T + made.bias + (made.weight @ mean), "single_label_classification")
    each = 500 / np.bincount(own) / 3
    slope = (each[own][:, None] * (share - np.eye(3)[own])).T @ held / 500 + made.penalty * weight
    assert np.abs(slope).max() < 2e-4


def test_rare_labels_count_as_much() -> None:
    vectors = drawn(2_000, 8, 3)
    labels = (vectors[:, 0] > 0.62).astype(np.int64)
    assert 0.01 < labels.mean() < 0.06
    made = head_training.classifier(vectors, labels, 2, seed=1)
    found = (vectors @ made.weight.T + made.bias).argmax(axis=1)
    assert found[labels == 1].mean() > 0.95


def test_a_regression_finds_a_plane() -> None:
    vectors = drawn(400, 12, 4)
    truth = np.arange(12.0)
    made = head_training.regression(vectors, vectors @ truth + 2, seed=1)
    assert (vectors @ made.weight.T + made.bias)[:, 0] == pytest.approx(vectors @ truth + 2, abs=0.05)


def test_a_number_that_never_changes() -> None:
    vectors = np.hstack([drawn(100, 4, 5), np.ones((100, 1))])
    labels = (vectors[:, 0] > 0).astype(np.int64)
    made = head_training.classifier(vectors, labels, 2, seed=1)
    assert np.isfinite(made.weight).all() and np.isfinite(made.bias).all()
