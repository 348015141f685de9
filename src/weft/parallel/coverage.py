"""Which languages of multi-way groups have texts together, and in how many groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from weft.text.buffers import Longs

FIELD = "translation"
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


class Tally:
    """Coverage of tables that come one after another, each with languages of its own."""

    def __init__(self) -> None:
        self._languages: list[str] = []
        self._matrix: Longs = np.zeros((0, 0), np.int64)
        self._sizes: Longs = np.zeros((0, 0), np.int64)
        self._groups = 0

    def add(self, table: pl.DataFrame) -> None:
        """Take in a table with a column of texts for each language, a group in each row.

        A null and a text of white space alone are no text; rows with fewer than two texts do not count. Raises
        TypeError for a column that is no text.
        """
        for name, kind in table.schema.items():
            if kind not in (pl.String, pl.Null):
                raise TypeError(f"column {name} is {kind}; expected text")
        places = self._places(table.columns)
        for part in table.iter_slices(_ROWS):
            # Products of floats are faster than those of integers, and exact to 2**53 groups.
            texts = pl.all().cast(pl.String).str.strip_chars()
            there = part.select((texts != "").fill_null(False).cast(pl.Float64)).to_numpy()
            size = there.sum(1).astype(np.int64)
            there, size = there[size > 1], size[size > 1]
            self._groups += len(size)
            self._matrix[np.ix_(places, places)] += (there.T @ there).astype(np.int64)
            for place, column in zip(places, there.T, strict=True):
                self._sizes[place] += np.bincount(size[column > 0] - 1, minlength=len(self._sizes))

    def add_pairs(self, languages: tuple[str, str], count: int) -> None:
        """Take in this many groups of two languages."""
        places = self._places(languages)
        self._groups += count
        self._matrix[np.ix_(places, places)] += count
        self._sizes[places, 1] += count

    def _places(self, languages: Sequence[str]) -> list[int]:
        self._languages += [code for code in languages if code not in self._languages]
        more = len(self._languages) - len(self._matrix)
        self._matrix, self._sizes = np.pad(self._matrix, (0, more)), np.pad(self._sizes, (0, more))
        return [self._languages.index(code) for code in languages]

    def coverage(self) -> Coverage:
        """What was taken in so far; languages without a group are left out."""
        there = [n for n in np.argsort(self._languages).tolist() if self._matrix[n, n]]
        held = tuple(self._languages[n] for n in there)
        return Coverage(held, self._matrix[np.ix_(there, there)], self._sizes[there][:, : len(there)], self._groups)


def coverage(groups: pl.DataFrame | Iterable[pl.DataFrame]) -> Coverage:
    """The coverage of groups, whole or in parts: frames with a struct `translation`, null where a text is missing.

    Pairs are groups of two.
    """
    tally = Tally()
    for part in [groups] if isinstance(groups, pl.DataFrame) else groups:
        tally.add(part[FIELD].struct.unnest())
    return tally.coverage()
