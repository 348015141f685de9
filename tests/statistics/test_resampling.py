from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.errors import WeftError
from weft.statistics.resampling import bootstrap, clustered, mean, of_values, resampled


def _naive(sums: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """What `resampled` says, a row at a time."""
    draws = np.random.Generator(np.random.PCG64(seed))
    return np.stack([sums[draws.integers(0, len(sums), len(sums))].sum(axis=0) for _ in range(samples)])


@given(st.integers(1, 40), st.integers(1, 4), st.integers(0, 5))
def test_resamples_are_sums_of_drawn_rows(count: int, systems: int, seed: int) -> None:
    sums = np.random.default_rng(seed).normal(size=(count, systems, 3)) * 10.0 ** np.arange(-3, 6, 3)
    found = np.concatenate(list(resampled(sums, 25, seed)))
    assert np.allclose(found, _naive(sums, 25, seed), rtol=1e-9, atol=1e-9)


def test_the_same_bytes_on_any_number_of_threads() -> None:
    code = (
        "import numpy as np, hashlib\n"
        "from weft.statistics.resampling import resampled\n"
        "sums = np.random.default_rng(3).normal(size=(700, 40, 2))\n"
        "print(hashlib.sha256(np.concatenate(list(resampled(sums, 300, 1))).tobytes()).hexdigest())\n"
    )
    told = set()
    for threads in ("1", "2", "3"):
        given = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        told.add(subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, check=True).stdout)
    assert len(told) == 1


def test_an_interval_of_a_mean_is_that_of_the_normal_law() -> None:
    values = np.random.default_rng(4).normal(5, 2, (4_000, 1))
    (found,) = bootstrap(of_values(values), samples=2_000)
    error = 1.96 * values.std() / np.sqrt(len(values))
    assert found.value == pytest.approx(values.mean()) and found.items == 4_000
    assert found.high - found.value == pytest.approx(error, rel=0.1)
    assert found.value - found.low == pytest.approx(error, rel=0.1)


def test_intervals_hold_what_they_say() -> None:
    random, held = np.random.default_rng(5), 0
    for turn in range(300):
        answers = random.random((60, 1)) < 0.7
        (found,) = bootstrap(of_values(answers), samples=400, seed=turn)
        held += found.low <= 0.7 <= found.high
    assert 0.90 <= held / 300 <= 0.98


def test_items_of_a_cluster_are_drawn_together() -> None:
    """Ten copies of each item say nothing new: drawn one by one they seem to."""
    values = np.repeat(np.random.default_rng(6).random((50, 1)) < 0.5, 10, axis=0)
    passages = np.repeat(np.arange(50), 10).astype(str)
    (alone,), (together,) = bootstrap(of_values(values)), bootstrap(of_values(values), clusters=passages)
    assert together.value == alone.value and together.items == 50
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(np.sqrt(10), rel=0.1)


def test_clusters_stand_in_the_order_of_their_first_items() -> None:
    sums = clustered(np.array([[[1.0]], [[2.0]], [[4.0]], [[8.0]]]), ["b", "a", "b", "c"])
    assert sums[:, 0, 0].tolist() == [5.0, 2.0, 8.0]


def test_what_was_not_run_is_no_zero() -> None:
    values = np.array([[1.0, 1.0], [0.0, np.nan], [1.0, np.nan]])
    whole = of_values(values).sum(axis=0)
    assert mean(whole).tolist() == pytest.approx([2 / 3, 1.0])
    assert np.isnan(bootstrap(of_values(np.full((3, 1), np.nan)), samples=10)[0].value)


def test_bad_shapes_are_told() -> None:
    with pytest.raises(WeftError, match=r"expected \(items, systems, sums\)"):
        bootstrap(np.ones((3, 2)))
    with pytest.raises(WeftError, match=r"\(2,\) names for 3 items"):
        bootstrap(np.ones((3, 1, 2)), clusters=["a", "b"])
    with pytest.raises(WeftError, match="no items to draw from"):
        bootstrap(np.ones((0, 1, 2)))
    with pytest.raises(WeftError, match="not finite"):
        bootstrap(np.full((2, 1, 2), np.inf))


def test_draws_that_are_kept_are_those_that_would_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    sums = np.random.default_rng(2).random((40, 2, 3))
    kept = np.concatenate(list(resampled(sums, 500, 9)))
    again = np.concatenate(list(resampled(sums, 500, 9)))
    monkeypatch.setattr("weft.statistics.resampling._KEPT", 0)
    made = np.concatenate(list(resampled(sums, 500, 9)))
    assert kept.tobytes() == again.tobytes() == made.tobytes()
    assert not np.array_equal(made, np.concatenate(list(resampled(sums, 500, 10))))
