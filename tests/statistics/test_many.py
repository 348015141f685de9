from __future__ import annotations

import numpy as np
import pytest

from weft.errors import WeftError
from weft.statistics.many import benjamini_hochberg, holm


def test_adjusted_as_by_hand() -> None:
    p = [0.01, 0.04, 0.03, 0.005]
    assert holm(p).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert benjamini_hochberg(p).tolist() == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert holm([]).tolist() == [] and benjamini_hochberg([1.0]).tolist() == [1.0]


def test_the_family_error_of_holm_is_kept() -> None:
    random = np.random.default_rng(2)
    wrong = np.mean([(holm(random.random(50)) <= 0.05).any() for _ in range(2_000)])
    assert 0.03 <= wrong <= 0.065


def test_what_is_no_p_value_is_refused() -> None:
    for bad in ([0.5, float("nan")], [1.2], [[0.1]]):
        with pytest.raises(WeftError, match="p-values"):
            holm(bad)
