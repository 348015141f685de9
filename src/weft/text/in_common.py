"""Words that stand in two texts as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text.jit import F32, I64_IN, U8_IN, U64_IN, kernel, types
from weft.text.tokens import PIECE, WORD, Tokens

_SIDE = types.Tuple((I64_IN, U64_IN, U8_IN))


@kernel(types.void(_SIDE, _SIDE, F32))
def _in_common(source: Any, target: Any, out: Any) -> None:
    starts, hashes, _ = source
    to_starts, to_hashes, to_kinds = target
    for row in range(len(starts) - 1):
        words = same = 0
        for other in range(to_starts[row], to_starts[row + 1]):
            if to_kinds[other] not in (WORD, PIECE):
                continue
            words += 1
            for at in range(starts[row], starts[row + 1]):
                if hashes[at] == to_hashes[other]:
                    same += 1
                    break
        out[row] = same / words if words else 0.0


def in_common(source: Tokens, target: Tokens) -> npt.NDArray[np.float32]:
    """The share of each target's words that its source has too."""
    out = np.empty(len(source.starts) - 1, np.float32)
    sides = [(side.starts, side.hashes, side.kinds) for side in (source, target)]
    _in_common(sides[0], sides[1], out)
    return out
