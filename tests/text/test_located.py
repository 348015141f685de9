"""Places of hashes among sorted ones."""

from __future__ import annotations

import numpy as np
import pytest

from weft.text.located import located


@pytest.mark.parametrize("size", [0, 1, 2, 1_000])
@pytest.mark.parametrize("most", [50, 2**64 - 1])
def test_places_are_those_of_the_hashes(size: int, most: int) -> None:
    random = np.random.default_rng(size)
    hashes = np.unique(random.integers(0, most, size, np.uint64, endpoint=True))
    others = random.integers(0, most, 500, np.uint64, endpoint=True)
    wanted = np.concatenate([others, hashes[::-1], np.array([0, 2**64 - 1], np.uint64)])
    place = {held: at for at, held in enumerate(hashes.tolist())}
    assert located(hashes, wanted).tolist() == [place.get(key, -1) for key in wanted.tolist()]
