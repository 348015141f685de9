"""Random Fourier features (Rahimi and Recht 2007): a linear sum of them comes near to one of Gaussian kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.jit import F32, F32_2, F32_IN, kernel, types

Floats = npt.NDArray[np.float32]
_F32_2_IN = types.Array(types.float32, 2, "C", readonly=True)


@kernel(types.void(_F32_2_IN, _F32_2_IN, F32_IN, F32, F32_2))
def _waves(held: Any, ways: Any, shifts: Any, room: Any, out: Any) -> None:
    """Every sum in one order, whatever else is in a batch."""
    share = np.float32(np.sqrt(2.0 / len(shifts)))
    for row in range(len(out)):
        for k in range(len(room)):
            room[k] = shifts[k]
        for n in range(held.shape[1]):
            value = held[row, n]
            for k in range(len(room)):
                room[k] += value * ways[n, k]
        for k in range(len(room)):
            out[row, k] = share * np.cos(room[k])


def drawn(columns: int, count: int, width: float, seed: int) -> tuple[Floats, Floats]:
    """Ways (columns, count) and shifts (count) of features for the kernel exp(-`width` |x - y|^2 / columns)."""
    random = np.random.Generator(np.random.PCG64(seed))
    spread = np.sqrt(2 * width / max(columns, 1))
    ways = (random.standard_normal((columns, count)) * spread).astype(np.float32)
    return ways, random.uniform(0, 2 * np.pi, count).astype(np.float32)


def waves(held: Floats, ways: Floats, shifts: Floats) -> Floats:
    """sqrt(2 / count) cos(held @ ways + shifts): (rows, count)."""
    out = np.empty((len(held), len(shifts)), np.float32)
    _waves(np.ascontiguousarray(held, np.float32), ways, shifts, np.empty(len(shifts), np.float32), out)
    return out
