"""How many rows of multi-way text have both of two languages."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Counts = npt.NDArray[np.int64]


def coverage(table: pl.DataFrame) -> tuple[list[str], Counts]:
    """The languages of a table with a column of texts for each, and (languages, languages) rows that have both.

    The diagonal counts the rows of one language. A null and a text of white space alone are no text. Raises TypeError
    for a column that is no text.
    """
    for name, kind in table.schema.items():
        if kind not in (pl.String, pl.Null):
            raise TypeError(f"column {name} is {kind}; expected text")
    whole = pl.all().cast(pl.String).str.strip_chars()
    # Sums of ones are exact in floats up to 2^53, and matrices of floats multiply faster than those of integers.
    there = table.select((whole != "").fill_null(False).cast(pl.Float64)).to_numpy()
    return table.columns, np.asarray(there.T @ there, np.int64).reshape(table.width, table.width)


class Coverage:
    """Counts of many tables together; languages in the order in which they were met."""

    def __init__(self) -> None:
        self.languages: list[str] = []
        self.counts: Counts = np.zeros((0, 0), np.int64)

    def add(self, languages: list[str], counts: Any) -> None:
        """Take in the counts of a table."""
        self.languages += [code for code in languages if code not in self.languages]
        more = len(self.languages) - len(self.counts)
        self.counts = np.pad(self.counts, (0, more))
        places = [self.languages.index(code) for code in languages]
        self.counts[np.ix_(places, places)] += counts
