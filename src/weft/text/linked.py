"""Where the words that translate each other stand in a pair: which side is accounted for, and up to where."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from weft.text import translated
from weft.text.jit import F32_2, kernel, part, types
from weft.text.translated import LINKS, SIDE, TABLE, Side, Table, meet, scratch, summed

FEATURES = (
    *("accounted_source", "accounted_target", "mutual_source", "mutual_target", "end_source", "end_target"),
    *("shift", "last"),
)
"""What the words of a side get of those of the other, mean of its words: `accounted` by the probability that each word
of the other side was made by it (Brown et al. 1993, equation 17), `mutual` by that times its counterpart of the other
direction. `end` is the share of `mutual` that the last quarter of the side's words has, `shift` how much further in the
target than in the source links stand, as a share of the texts, `last` the probability that the last word of one side is
the translation of the other's."""
_SMALL = np.float32(1e-6)
_QUARTER = np.float32(0.25)
_DIRECTIONS = 2 * len(translated.FEATURES)


@part
def _shared(links: Any, count: int, size: int, others: int, sums: Any, got: Any, out: Any) -> None:
    """FEATURES but the last: `size` words of the target, `others` of the source.

    `sums` begins with what NULL gives each word of the target, then of the source; `got` has no numbers yet.
    """
    place, value = links
    for c in range(count):
        sums[place[1, c]] += value[0, c]
        sums[size + place[0, c]] += value[1, c]
    for z in range(size + others):
        got[z] = np.float32(0.0)
    accounted_source, accounted_target = np.float32(0.0), np.float32(0.0)
    shift, total = np.float32(0.0), np.float32(0.0)
    for c in range(count):
        i, j = place[0, c], place[1, c]
        made, given = value[0, c] / sums[j], value[1, c] / sums[size + i]
        accounted_source += made
        accounted_target += given
        both = made * given
        got[j] += both
        got[size + i] += both
        total += both
        shift += both * ((j + np.float32(0.5)) / np.float32(size) - (i + np.float32(0.5)) / np.float32(others))
    end_source, end_target = np.float32(0.0), np.float32(0.0)
    for z in range(size - (size + 3) // 4, size):
        end_target += got[z]
    for z in range(size + others - (others + 3) // 4, size + others):
        end_source += got[z]
    out[0], out[1] = accounted_source / np.float32(others), accounted_target / np.float32(size)
    out[2], out[3] = total / np.float32(others), total / np.float32(size)
    # One link more that is spread evenly: of two or three links shares say little.
    out[4] = (end_source + _QUARTER) / (total + np.float32(1.0))
    out[5] = (end_target + _QUARTER) / (total + np.float32(1.0))
    out[6] = shift / (total + np.float32(0.5))


@kernel(types.void(TABLE, SIDE, SIDE, F32_2, LINKS, F32_2))
def _score(held: Any, source: Any, target: Any, room: Any, links: Any, out: Any) -> None:
    _, _, _, null_target, null_source, usual_target, usual_source = held
    found, best, sums, got = room[0], room[1], room[2], room[3]
    for n in range(len(out)):
        begin, first = target[0][n], source[0][n]
        size, others = target[0][n + 1] - begin, source[0][n + 1] - first
        count = meet(held, source, target, n, n, found, best, links)
        summed(target[1], begin, size, others, null_target, usual_target, found, best, out[n, :5])
        summed(source[1], first, others, size, null_source, usual_source, found[size:], best[size:], out[n, 5:10])
        out[n, 10:] = np.float32(0.0)
        if size == 0 or others == 0:
            continue
        for j in range(size):
            sums[j] = null_target[target[1][begin + j]] + _SMALL
        for i in range(others):
            sums[size + i] = null_source[source[1][first + i]] + _SMALL
        _shared(links, count, size, others, sums, got, out[n, 10:])
        for c in range(count):
            if links[0][0, c] == others - 1 and links[0][1, c] == size - 1:
                out[n, 17] = max(links[1][0, c], links[1][1, c])


def score(held: Table, source: Side, target: Side) -> npt.NDArray[np.float32]:
    """`translated.FEATURES` of both directions, then FEATURES: (pairs, 18), text `n` of the source with its target."""
    out = np.empty((len(source.starts) - 1, _DIRECTIONS + len(FEATURES)), np.float32)
    _score(tuple(held), tuple(source), tuple(target), *scratch(source, target, 4), out)
    return out
