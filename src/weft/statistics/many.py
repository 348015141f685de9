"""Many tests at once: over languages, slices or systems, some would be significant by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.errors import WeftError

Doubles = npt.NDArray[np.float64]


def holm(p: Any) -> Doubles:
    """p-values adjusted by Holm (1979): below a level, the chance of one false finding among all is below it."""
    held, order = _ordered(p)
    steps = held[order] * np.arange(len(held), 0, -1)
    return _back(np.minimum(np.maximum.accumulate(steps), 1.0), order)


def benjamini_hochberg(p: Any) -> Doubles:
    """p-values adjusted by Benjamini and Hochberg (1995): of those below a level, that share at most is expected false.

    Holds for tests that are independent or positively dependent.
    """
    held, order = _ordered(p)
    count = len(held)
    steps = held[order] * count / np.arange(1, count + 1)
    return _back(np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0), order)


def _ordered(p: Any) -> tuple[Doubles, npt.NDArray[np.int64]]:
    held = np.asarray(p, np.float64)
    if held.ndim != 1 or not ((held >= 0) & (held <= 1)).all():
        raise WeftError("p-values: expected one row of numbers from 0 to 1; a test that was not run is left out")
    return held, np.argsort(held, kind="stable")


def _back(sorted_values: Doubles, order: npt.NDArray[np.int64]) -> Doubles:
    found = np.empty_like(sorted_values)
    found[order] = sorted_values
    return found
