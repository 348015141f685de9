from __future__ import annotations

import math

import pytest

from weft.statistics.proportions import wilson


def test_bounds_of_a_share() -> None:
    # 107 items at 90 %: about six points to either side, as docs of evaluation say.
    low, high = wilson(96, 107)
    assert (low, high) == pytest.approx((0.8253, 0.9418), abs=2e-3)
    # Wilson's bounds solve (p - share)^2 = z^2 p (1 - p) / n.
    for bound in (low, high):
        assert abs(bound - 96 / 107) == pytest.approx(1.959964 * math.sqrt(bound * (1 - bound) / 107), abs=1e-6)
    assert wilson(5, 10, 1.96) == pytest.approx((0.2366, 0.7634), abs=1e-3)
    assert wilson(0, 10)[0] == 0 and wilson(10, 10)[1] == pytest.approx(1) and wilson(0, 0) == (0, 1)
