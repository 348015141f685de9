"""Which languages of multi-way groups have texts together, and in how many groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from weft.parallel.multiway_files import languages_in
from weft.text.buffers import Longs

_ROWS = 1 << 16


@dataclass(frozen=True)
class Coverage:
    """Languages in the order of their codes; `matrix` (languages, languages): groups that have both, on the diagonal
    those that have the language; `sizes` (languages, languages): in column k groups of k + 1 languages that have it;
    `groups` of two languages and more."""

    languages: tuple[str, ...]
    matrix: Longs
    sizes: Longs
    groups: int

    def to_json(self) -> dict[str, Any]:
        """What a machine is told: the same as lists."""
        return {
            "languages": list(self.languages),
            "groups": self.groups,
            "matrix": self.matrix.tolist(),
            "sizes": self.sizes.tolist(),
        }


def coverage(groups: pl.DataFrame | Iterable[pl.DataFrame]) -> Coverage:
    """The coverage of groups, whole or in parts: frames with a struct `translation`, null where a text is missing.

    Pairs are groups of two. Rows with fewer than two texts do not count.
    """
    parts = [groups] if isinstance(groups, pl.DataFrame) else groups
    matrix: dict[tuple[str, str], int] = {}
    sizes: dict[tuple[str, int], int] = {}
    count = 0
    for part in (piece for whole in parts for piece in whole.iter_slices(_ROWS)):
        codes = languages_in(part)
        there = _present(part, codes)
        size = there.sum(1, dtype=np.int64)
        there, size = there[size > 1], size[size > 1]
        both = (there.T @ there).astype(np.int64)
        count += len(size)
        for n, one in enumerate(codes):
            for m, other in enumerate(codes):
                matrix[one, other] = matrix.get((one, other), 0) + int(both[n, m])
            for k, groups_of in enumerate(np.bincount(size[there[:, n] > 0]).tolist()):
                sizes[one, k] = sizes.get((one, k), 0) + groups_of
    languages = tuple(sorted({code for code, _ in matrix if matrix[code, code]}))
    span = range(1, len(languages) + 1)
    return Coverage(
        languages,
        np.array([[matrix.get((a, b), 0) for b in languages] for a in languages], np.int64).reshape(len(languages), -1),
        np.array([[sizes.get((a, k), 0) for k in span] for a in languages], np.int64).reshape(len(languages), -1),
        count,
    )


def _present(part: pl.DataFrame, codes: list[str]) -> npt.NDArray[np.float64]:
    """(rows, languages) of ones where there is a text. Products of floats are fast, and exact to 2**53 groups."""
    texts = part.select(pl.col("translation").struct.field(code).is_not_null().cast(pl.Float64) for code in codes)
    return np.ascontiguousarray(texts.to_numpy())
