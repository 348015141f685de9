from __future__ import annotations

import numpy as np
import pytest

from weft.text.minhash import _numbers, band_keys


def flat(sets: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    return np.concatenate(sets), np.cumsum([0, *map(len, sets)], dtype=np.int64)


def pairs_of_similarity(jaccard: float, count: int, size: int = 300) -> list[np.ndarray]:  # type: ignore[type-arg]
    """Neighbouring sets 2n and 2n + 1 of `size` random values, of which as many are shared as `jaccard` asks."""
    random = np.random.default_rng(7)
    shared = round(2 * size * jaccard / (1 + jaccard))
    made = []
    for _ in range(count):
        values = random.integers(0, 2**64, 2 * size - shared, np.uint64)
        made += [values[:size], np.concatenate([values[:shared], values[size:]])]
    return made


@pytest.mark.parametrize(("jaccard", "bands", "rows"), [(0.8, 20, 7), (0.5, 20, 3), (0.7, 14, 8), (0.6, 20, 7)])
def test_share_of_pairs_that_meet_is_what_the_formula_says(jaccard: float, bands: int, rows: int) -> None:
    count = 2000
    keys = band_keys(*flat(pairs_of_similarity(jaccard, count)), bands, rows, 1).reshape(count, 2, bands)
    expected = 1 - (1 - jaccard**rows) ** bands
    found = (keys[:, 0] == keys[:, 1]).any(axis=1).mean()
    assert found == pytest.approx(expected, abs=4 * (expected * (1 - expected) / count) ** 0.5 + 0.005)


def test_same_set_has_the_same_keys_in_any_order_and_with_repeats() -> None:
    values = np.random.default_rng(0).integers(0, 2**64, 50, np.uint64)
    first, second = band_keys(*flat([values, np.concatenate([values[::-1], values[:9]])]), 20, 7, 1)
    assert first.tolist() == second.tolist()


def test_bands_of_one_document_never_share_a_key() -> None:
    keys = band_keys(*flat([np.array([5], np.uint64)]), 256, 1, 1)
    assert len(set(keys[0].tolist())) == 256


def test_seed_decides_the_keys() -> None:
    given = flat([np.arange(9, dtype=np.uint64)])
    assert band_keys(*given, 20, 7, 1).tolist() == band_keys(*given, 20, 7, 1).tolist()
    assert not set(band_keys(*given, 20, 7, 1)[0].tolist()) & set(band_keys(*given, 20, 7, 2)[0].tolist())
    assert band_keys(*given, 20, 7, 2**64 + 1).tolist() == band_keys(*given, 20, 7, 1).tolist()


def test_a_document_without_shingles_has_zeros_and_disturbs_nobody() -> None:
    one = np.arange(9, dtype=np.uint64)
    keys = band_keys(*flat([one[:0], one, one[:0]]), 4, 2, 1)
    assert not keys[0].any() and not keys[2].any()
    assert keys[1].tolist() == band_keys(*flat([one]), 4, 2, 1)[0].tolist()


def test_coefficients_are_the_published_stream() -> None:
    # First outputs of SplitMix64 for seed 1234567, from the reference program's published test vector.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert _numbers(1234567, 4).tolist() == expected
