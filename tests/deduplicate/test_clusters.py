from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from weft.deduplicate.clusters import KINDS, cluster_table
from weft.text.components import components

Edges = list[tuple[int, int]]


def clusters(
    rows: int, exact: Edges, page: Edges, near: Edges, script: Edges, meaning: Edges
) -> list[tuple[int, int, str | None]]:
    every = exact, page, near, script, meaning
    ends = [tuple(np.array([edge[n] for edge in edges], np.int64) for n in (0, 1)) for edges in every]
    root, size, kind = cluster_table(rows, *ends)  # type: ignore[arg-type]
    return list(zip(root.tolist(), size.tolist(), [KINDS[n] for n in kind], strict=True))


def test_kinds() -> None:
    found = clusters(8, [(5, 1), (2, 6)], [], [(6, 7)], [], [])
    assert found == [
        *((0, 1, None), (1, 2, "exact"), (2, 3, "near"), (3, 1, None)),
        *((4, 1, None), (1, 2, "exact"), (2, 3, "near"), (2, 3, "near")),
    ]


def test_a_page_that_changed_and_one_that_did_not() -> None:
    found = clusters(7, [(0, 1)], [(0, 1), (2, 3), (4, 5)], [(5, 6)], [], [])
    assert [kind for _, _, kind in found] == ["exact", "exact", "page", "page", "near", "near", "near"]


def test_vectors_that_say_nothing_new() -> None:
    found = clusters(5, [(0, 1)], [], [], [], [(0, 1), (2, 3)])
    assert [kind for _, _, kind in found] == ["exact", "exact", "semantic", "semantic", None]


def test_no_rows_and_no_edges() -> None:
    assert clusters(0, [], [], [], [], []) == []
    assert clusters(2, [], [], [], [], []) == [(0, 1, None), (1, 1, None)]


EDGES = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda edge: edge[0] != edge[1]), max_size=15)


@given(EDGES, EDGES, EDGES, EDGES, EDGES, st.randoms())
def test_clusters_are_the_components_of_all_edges_in_any_order(
    exact: Edges, page: Edges, near: Edges, script: Edges, meaning: Edges, random: object
) -> None:
    found = clusters(20, exact, page, near, script, meaning)
    ends = np.array(exact + page + near + script + meaning, np.int64).reshape(-1, 2)
    root = components(20, ends[:, 0], ends[:, 1]).tolist()
    copies = components(20, *np.array(exact, np.int64).reshape(-1, 2).T)
    written = components(20, *np.array(exact + page + near + script, np.int64).reshape(-1, 2).T)
    assert [row[0] for row in found] == root
    for member, size, kind in found:
        members = [n for n in range(20) if root[n] == member]
        changed = any(edge[0] in members and copies[edge[0]] != copies[edge[1]] for edge in page)
        similar = any(edge[0] in members for edge in near)
        romanized = any(edge[0] in members for edge in script)
        said = any(edge[0] in members and written[edge[0]] != written[edge[1]] for edge in meaning)
        held = "semantic" if said else "script" if romanized else "near" if similar else "page" if changed else "exact"
        assert (size, kind) == (len(members), None if len(members) == 1 else held)
    for edges in (exact, page, near, script, meaning):
        random.shuffle(edges)  # type: ignore[attr-defined]
    assert clusters(20, exact, page, near, script, meaning) == found
