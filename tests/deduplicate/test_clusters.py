from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from weft.deduplicate.clusters import cluster_table
from weft.text.components import components

Edges = list[tuple[int, int]]


def clusters(rows: int, exact: Edges, near: Edges) -> list[tuple[int, int, int]]:
    ends = [np.array([edge[n] for edge in edges], np.int64) for edges in (exact, near) for n in (0, 1)]
    root, size, kind = cluster_table(rows, *ends)
    return [tuple(int(n) for n in row) for row in zip(root, size, kind, strict=True)]  # type: ignore[misc]


def test_kinds() -> None:
    found = clusters(8, [(5, 1), (2, 6)], [(6, 7)])
    assert found == [(0, 1, 0), (1, 2, 1), (2, 3, 2), (3, 1, 0), (4, 1, 0), (1, 2, 1), (2, 3, 2), (2, 3, 2)]


def test_no_rows_and_no_edges() -> None:
    assert clusters(0, [], []) == []
    assert clusters(2, [], []) == [(0, 1, 0), (1, 1, 0)]


EDGES = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda edge: edge[0] != edge[1]), max_size=20)


@given(EDGES, EDGES, st.randoms())
def test_clusters_are_the_components_of_all_edges_in_any_order(exact: Edges, near: Edges, random: object) -> None:
    found = clusters(20, exact, near)
    ends = np.array(exact + near, np.int64).reshape(-1, 2)
    root = components(20, ends[:, 0], ends[:, 1]).tolist()
    assert [row[0] for row in found] == root
    for member, size, kind in found:
        members = [n for n in range(20) if root[n] == member]
        certain = not any(edge[0] in members for edge in near)
        assert (size, kind) == (len(members), 0 if len(members) == 1 else 1 if certain else 2)
    random.shuffle(exact)  # type: ignore[attr-defined]
    random.shuffle(near)  # type: ignore[attr-defined]
    assert clusters(20, exact, near) == found
