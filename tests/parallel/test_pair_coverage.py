"""Which languages of multi-way rows meet, and how often."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from weft.parallel.coverage import Coverage, coverage


def test_counts_are_those_of_a_loop_over_rows() -> None:
    random = np.random.default_rng(3)
    codes = ["eng_Latn", "swh_Latn", "khm_Khmr", "ckb_Arab"]
    kinds = (None, "", " \n", "text")
    rows = [{code: kinds[int(random.integers(4))] for code in codes} for _ in range(200)]
    languages, counts = coverage(pl.DataFrame(rows, dict.fromkeys(codes, pl.String)))
    assert languages == codes and counts.dtype == np.int64
    for a, one in enumerate(codes):
        for b, other in enumerate(codes):
            assert counts[a, b] == sum(row[one] == "text" and row[other] == "text" for row in rows)


def test_of_nothing_and_of_columns_without_text() -> None:
    assert coverage(pl.DataFrame())[1].shape == (0, 0)
    assert coverage(pl.DataFrame({"swh_Latn": [None, None]}))[1].tolist() == [[0]]
    with pytest.raises(TypeError, match="column swh_Latn is Int64; expected text"):
        coverage(pl.DataFrame({"swh_Latn": [1]}))


def test_tables_add_up_whatever_their_languages() -> None:
    held = Coverage()
    held.add(*coverage(pl.DataFrame({"eng_Latn": ["a", "b"], "swh_Latn": ["c", None]})))
    held.add(*coverage(pl.DataFrame({"khm_Khmr": ["d"], "eng_Latn": ["e"]})))
    assert held.languages == ["eng_Latn", "swh_Latn", "khm_Khmr"]
    assert held.counts.tolist() == [[3, 1, 1], [1, 1, 0], [1, 0, 1]]
