"""Where keys stand among sorted ones: by their first bits, which are as good as random in a hash."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from weft.text.buffers import Longs
from weft.text.decode import item
from weft.text.jit import I32, I64_IN, U64_IN, kernel, types


@kernel(types.void(U64_IN, I64_IN, types.uint64, U64_IN, I32))
def _located(hashes: Any, starts: Any, shift: Any, wanted: Any, out: Any) -> None:
    for n in range(len(wanted)):
        key = item(wanted, n)
        part = key >> shift
        out[n] = -1
        for at in range(item(starts, part), item(starts, part + np.uint64(1))):
            if item(hashes, at) == key:
                out[n] = at
                break


class Places(NamedTuple):
    """Hashes (ascending), and where those with each of the first bits begin: made once where one asks often."""

    hashes: npt.NDArray[np.uint64]
    starts: Longs
    shift: np.uint64


def places(hashes: npt.NDArray[np.uint64]) -> Places:
    """What `located_in` reads of hashes (ascending)."""
    bits = len(hashes).bit_length()
    shift = np.uint64(64 - max(bits, 1))
    counts = np.bincount((hashes >> shift).astype(np.int64), minlength=1 << max(bits, 1))
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Places(np.ascontiguousarray(hashes), starts, shift)


def located_in(held: Places, wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """The place of each hash that is wanted, -1 of one that is not there."""
    out = np.empty(len(wanted), np.int32)
    _located(held.hashes, held.starts, held.shift, np.ascontiguousarray(wanted), out)
    return out


def located(hashes: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """The place of each hash that is wanted among `hashes` (ascending), -1 of one that is not there."""
    return located_in(places(hashes), wanted)
