"""Bounds of shares."""

from __future__ import annotations

import math

Z = 1.959963984540054
"""Of an interval of 95 %, two-sided."""


def wilson(count: int, of: int, z: float = Z) -> tuple[float, float]:
    """Bounds of a share by Wilson's score (1927); 0 and 1 where nothing was looked at."""
    if of <= 0:
        return 0.0, 1.0
    share, square = count / of, z * z / of
    root = z * math.sqrt(share * (1 - share) / of + square / (4 * of))
    low = max(share + square / 2 - root, 0.0) / (1 + square) if count else 0.0  # without a rest of rounding
    return low, min((share + square / 2 + root) / (1 + square), 1.0)
