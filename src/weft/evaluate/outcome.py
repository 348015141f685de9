"""Columns of outcomes: what was answered of each item, and the sums of each measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

Outcome = dict[str, Any]
"""Columns of outcomes by name; `measure.<name>` has the sums of each item, or null."""
SUMS = pl.List(pl.Float64)


def shares(values: Mapping[str, Sequence[Any]]) -> Outcome:
    """Of each item a value and a count of one; null where it was not run."""
    return {
        f"measure.{name}": pl.Series([None if one is None else [float(one), 1.0] for one in held], dtype=SUMS)
        for name, held in values.items()
    }


def counts(values: Mapping[str, Any]) -> Outcome:
    """Of each item what holds and of how many, (items, 2); null where nothing could be told."""
    return {
        f"measure.{name}": pl.Series([row if row[-1] else None for row in np.asarray(held).tolist()], dtype=SUMS)
        for name, held in values.items()
    }
