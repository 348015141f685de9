"""Which languages of multi-way rows meet, and how often."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from weft.parallel.coverage import Tally, coverage


def test_counts_are_those_of_a_loop_over_rows() -> None:
    random = np.random.default_rng(3)
    codes = ["ckb_Arab", "eng_Latn", "khm_Khmr", "swh_Latn"]
    kinds = (None, "", " \n", "text")
    rows = [{code: kinds[int(random.integers(4))] for code in codes} for _ in range(200)]
    found = coverage(pl.DataFrame(rows, dict.fromkeys(codes, pl.String)).select(translation=pl.struct(codes)))
    groups = [there for row in rows if len(there := {code for code in codes if row[code] == "text"}) > 1]
    assert found.languages == tuple(codes) and found.matrix.dtype == np.int64 and found.groups == len(groups)
    for a, one in enumerate(codes):
        for b, other in enumerate(codes):
            assert found.matrix[a, b] == sum({one, other} <= there for there in groups)
            assert found.sizes[a, b] == sum(one in there and len(there) == b + 1 for there in groups)


def test_of_nothing_and_of_columns_without_text() -> None:
    assert Tally().coverage().matrix.shape == (0, 0)
    tally = Tally()
    tally.add(pl.DataFrame({"swh_Latn": [None, None], "hau_Latn": ["a", "b"]}))
    assert tally.coverage().languages == () and tally.coverage().groups == 0
    with pytest.raises(TypeError, match="column swh_Latn is Int64; expected text"):
        tally.add(pl.DataFrame({"swh_Latn": [1]}))


def test_tables_add_up_whatever_their_languages() -> None:
    tally = Tally()
    tally.add(pl.DataFrame({"swh_Latn": ["c", "d", None], "eng_Latn": ["a", "b", "e"]}))
    tally.add(pl.DataFrame({"khm_Khmr": ["d"], "eng_Latn": ["e"], "swh_Latn": ["f"]}))
    tally.add_pairs(("khm_Khmr", "zul_Latn"), 5)
    found = tally.coverage()
    assert found.languages == ("eng_Latn", "khm_Khmr", "swh_Latn", "zul_Latn") and found.groups == 8
    assert found.matrix.tolist() == [[3, 1, 3, 0], [1, 6, 1, 5], [3, 1, 3, 0], [0, 5, 0, 5]]
    assert found.sizes.tolist() == [[0, 2, 1, 0], [0, 5, 1, 0], [0, 2, 1, 0], [0, 5, 0, 0]]
