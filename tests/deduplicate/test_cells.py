"""Which cells vectors visit: the measured part of similar pairs that meet, and who meets nobody."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from weft.deduplicate.cells import (
    EXACT,
    Floats,
    Vectors,
    averaged,
    cell_count,
    drawn,
    sampled,
    vectors_of,
    visits,
    whole,
)
from weft.deduplicate.semantic import VISIT, semantic
from weft.text.components import components
from weft.text.cosine import cosines, lengths

LISTS = pa.list_(pa.float16())


def column(rows: list[list[float] | None]) -> pa.Array:
    return pa.array(rows, LISTS)


def planted(rows: int, numbers: int, threshold: float, crowd: bool) -> tuple[Floats, np.ndarray, np.ndarray]:
    """Vectors in no order, or a fifth of them around one centre, and pairs with cosines from the threshold to .99."""
    draw = np.random.default_rng(6)
    base = draw.standard_normal((rows, numbers)).astype(np.float32)
    if crowd:
        base[: rows // 5] = 3 * base[0] + base[: rows // 5]
    base /= lengths(base)[:, None]
    count = rows // 10
    of = draw.permutation(rows // 2)[:count]
    cosine = draw.uniform(threshold, 0.99, count).astype(np.float32)[:, None]
    noise = draw.standard_normal((count, numbers)).astype(np.float32)
    noise -= (noise * base[of]).sum(axis=1, keepdims=True) * base[of]
    base[rows - count :] = cosine * base[of] + np.sqrt(1 - cosine**2) * noise / lengths(noise)[:, None]
    return base, of, np.arange(rows - count, rows)


@pytest.mark.parametrize("crowd", [False, True])
@pytest.mark.parametrize("threshold", [0.9, 0.95])
def test_nearly_all_similar_pairs_end_in_one_group(threshold: float, crowd: bool) -> None:
    rows, probes = 20_000, 12
    vectors, first, second = planted(rows, 64, threshold, crowd)
    many, few = (drawn(0, rows, share) for share in sampled(rows, cell_count(rows, probes)))
    assert 0.8 < len(few) / cell_count(rows, probes) < 1.2 and set(few) < set(many)
    centres = averaged(whole(vectors[few]), whole(vectors[many]))
    made = visits(Vectors(np.arange(rows), vectors), centres, probes)
    # No cell is crowded, even where a fifth of all vectors are alike.
    assert np.unique(made.cell, return_counts=True)[1].max() < 0.1 * rows
    columns = [made.cell, made.home, np.zeros(len(made.cell), np.int32), made.vector.astype(np.int32)]
    offsets = np.arange(len(made.cell) + 1, dtype=np.int32) * 64
    lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors[made.vector].astype(np.float16).ravel()))
    pairs = semantic(threshold=threshold)(pa.table([*columns, lists.cast(LISTS)], schema=VISIT))
    ends = [pairs[name].to_numpy().astype(np.int64) for name in ("row_a", "row_b")]
    group = components(rows, *ends)
    assert (group[first] == group[second]).mean() >= 0.985
    others = cosines(vectors, *ends)  # in float16 a pair may be a little more similar than it was
    assert others.min() >= threshold - 1e-3 and len(np.unique(group)) > 0.7 * rows


def test_few_documents_have_one_cell_and_many_have_cells_in_proportion_to_the_root() -> None:
    assert cell_count(EXACT, 12) == 1 and cell_count(0, 12) == 1
    assert cell_count(1_000_000, 12) == 3464


def test_cells_of_one_language_each_and_none_of_an_unknown_one() -> None:
    vectors = Vectors(np.array([0, 2, 3, 4, 5]), np.ones((5, 3), np.float32))
    names = ["swh_Latn", "hin_Deva", "swh_Latn", "hin_Deva", "und_Latn", None]
    lid = pa.array([{"language": name} if name else None for name in names], pa.struct({"language": pa.string()}))
    centres = averaged(whole(vectors.vector), whole(vectors.vector))
    made = visits(vectors, centres, 4, lid)
    cell = dict(zip(made.vector.tolist(), made.cell.tolist(), strict=True))
    assert sorted(cell) == [0, 1, 2] and cell[0] == cell[1] != cell[2] and made.home.all()
    assert len(np.unique(visits(vectors, centres, 4).cell)) == 1


def test_rows_that_have_no_vector() -> None:
    found = vectors_of(column([[1.0, 0.0], None, [], [0.0, 0.0], [float("inf"), 1.0], [float("nan"), 1.0], [0.0, 2.0]]))
    assert found.row.tolist() == [0, 6] and found.vector.tolist() == [[1, 0], [0, 2]]
    assert vectors_of(column([[1.0, 0.0], None, [0.0, 3.0]]).slice(1)).row.tolist() == [1]
    assert len(vectors_of(column([])).row) == 0 and len(vectors_of(column([None])).row) == 0


def test_vectors_of_two_models_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 3 numbers"):
        vectors_of(column([[1.0, 0.0], [1.0, 0.0, 1.0]]))
    with pytest.raises(ValueError, match="at most 8192"):
        vectors_of(column([[1.0] * 8193]))


def test_what_is_drawn_depends_on_addresses_alone() -> None:
    assert drawn(3, 1000, 0.1).tolist() == [row for row in drawn(3, 2000, 0.1).tolist() if row < 1000]
    assert drawn(3, 1000, 0.1).tolist() != drawn(4, 1000, 0.1).tolist()
    assert len(drawn(0, 50, 1.0)) == 50 and len(drawn(0, 50, 3.0)) == 50 and len(drawn(0, 0, 0.5)) == 0


def test_centres_do_not_depend_on_the_order_of_a_sample_and_an_empty_cell_keeps_its_own() -> None:
    vectors = planted(3_000, 16, 0.9, True)[0]
    sample, first = whole(vectors), whole(vectors[:50])
    centres = averaged(first, sample)
    order = np.random.default_rng(1).permutation(3_000)
    np.testing.assert_array_equal(averaged(first[::-1], sample[order]), centres)
    assert len(centres) == 50 and not np.array_equal(centres, np.unique(first, axis=0))
    near = (sample.astype(np.float64) @ centres.T.astype(np.float64)).max(axis=1).mean()
    assert near > 1.1 * (sample.astype(np.float64) @ first.T.astype(np.float64)).max(axis=1).mean()
    alone = whole(np.array([[1.0, 0.0], [0.0, 1.0]], np.float32))
    np.testing.assert_array_equal(averaged(alone, alone[:1]), np.unique(alone, axis=0))
