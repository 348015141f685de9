"""Adequacy of translations: the chrF++ of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl


def adequate(items: pl.DataFrame, texts: Sequence[str | None]) -> npt.NDArray[np.float64]:
    """chrF++ of each translation, (items,); NaN where there is none."""
    from weft.evaluate.kinds.translate import answered_rows
    from weft.evaluate.translation import metric

    there, plain, sets = answered_rows(items, texts)
    found = np.full(len(texts), np.nan)
    if there:
        held = metric("chrf++")
        found[there] = held.finish(held.statistics(plain, sets))
    return found
