"""The three measures, by hand."""

from __future__ import annotations

import polars as pl
import pytest

from weft.language.mixing import measures

CASES = [
    # n 5, N 5: 1 - 3/5; 2 turns of 4; squares 9/25 + 4/25 = 13/25, (12/25) / (13/25)
    ("e e s s e", 40.0, 0.5, 12 / 13),
    # independent words do not count and do not part: N 4, one turn of 3, even halves
    ("e u e - s u s", 50.0, 1 / 3, 1.0),
    # three languages: 1 - 2/4; 2 turns of 3; squares (4 + 1 + 1) / 16 = 6/16, (10/16) / (2 * 6/16)
    ("e e s f", 50.0, 2 / 3, 10 / 12),
    ("e e e", 0.0, 0.0, 0.0),
    ("e", 0.0, 0.0, 0.0),
    ("e s", 50.0, 1.0, 1.0),
    ("u -", None, None, None),
    ("", None, None, None),
]
NAMES = {"e": "eng_Latn", "s": "swh_Latn", "f": "fra_Latn", "u": "und_Latn", "-": None}


@pytest.mark.parametrize(("tags", "cmi", "i_index", "m_index"), CASES)
def test_by_hand(tags: str, cmi: float | None, i_index: float | None, m_index: float | None) -> None:
    words = pl.DataFrame({"row": [0] * len(tags.split()), "language": [NAMES[tag] for tag in tags.split()]}, _SCHEMA)
    (row,) = measures(words, 1).rows()
    assert row == (cmi, i_index, m_index) if cmi is None else pytest.approx(row, abs=1e-6) == (cmi, i_index, m_index)


def test_texts_stay_apart() -> None:
    rows = [(n, NAMES[tag]) for n, (tags, *_) in enumerate(CASES) for tag in tags.split()]
    found = measures(pl.DataFrame(rows, _SCHEMA, orient="row"), len(CASES))
    for row, (_, *expected) in zip(found.rows(), CASES, strict=True):
        assert list(row) == expected if None in expected else pytest.approx(row, abs=1e-5) == tuple(expected)


_SCHEMA = {"row": pl.Int64, "language": pl.String}
