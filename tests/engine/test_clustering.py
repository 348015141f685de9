from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.deduplicate.clusters import KINDS
from weft.engine import parts
from weft.engine.clustering import clustered
from weft.engine.parts import Ranges
from weft.text.components import components

Edges = list[tuple[int, int]]


@pytest.fixture(autouse=True, params=[6, 100], ids=["several ranges", "one range"], scope="module")
def together(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "DOCUMENTS_TOGETHER", request.param)
        yield


def batches(edges: Edges) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Edges, three at a time."""
    for start in range(0, len(edges), 3):
        ends = np.array(edges[start : start + 3], np.int64)
        yield ends[:, 0], ends[:, 1]


def clusters(
    rows: int,
    exact: Edges,
    page: Edges,
    near: Edges,
    script: Edges,
    pair: Edges | None = None,
    meaning: Edges | None = None,
) -> list[tuple[int, int, str | None]]:
    every = exact, page, near, script, pair or [], meaning or []
    found: list[tuple[int, int, str | None]] = [(n, 1, None) for n in range(rows)]
    ranges = Ranges(np.append(np.arange(0, rows, 3), rows))
    for table in clustered(ranges, *(batches(edges) for edges in every)):
        for row in table.to_pylist():
            found[row["document"]] = row["root"], row["size"], KINDS[row["kind"]]
    return found


def test_kinds() -> None:
    found = clusters(8, [(5, 1), (2, 6)], [], [(6, 7)], [], [])
    assert found == [
        *((0, 1, None), (1, 2, "exact"), (2, 3, "near"), (3, 1, None)),
        *((4, 1, None), (1, 2, "exact"), (2, 3, "near"), (2, 3, "near")),
    ]


def test_a_page_that_changed_and_one_that_did_not() -> None:
    found = clusters(7, [(0, 1)], [(0, 1), (2, 3), (4, 5)], [(5, 6)], [], [])
    assert [kind for _, _, kind in found] == ["exact", "exact", "page", "page", "near", "near", "near"]


def test_sides_hold_together_what_is_not_the_same_text() -> None:
    found = clusters(6, [(0, 1)], [], [(2, 3)], [], [(0, 1), (3, 4)])
    assert [kind for _, _, kind in found] == ["exact", "exact", "pair", "pair", "pair", None]


def test_vectors_that_say_nothing_new() -> None:
    found = clusters(5, [(0, 1)], [], [], [], [], [(0, 1), (2, 3)])
    assert [kind for _, _, kind in found] == ["exact", "exact", "semantic", "semantic", None]


def test_no_rows_and_no_edges() -> None:
    assert clusters(0, [], [], [], [], []) == []
    assert clusters(2, [], [], [], [], []) == [(0, 1, None), (1, 1, None)]


EDGES = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda edge: edge[0] != edge[1]), max_size=15)


@given(EDGES, EDGES, EDGES, EDGES, EDGES, EDGES, st.randoms())
def test_clusters_are_the_components_of_all_edges_in_any_order(
    exact: Edges, page: Edges, near: Edges, script: Edges, pair: Edges, meaning: Edges, random: object
) -> None:
    found = clusters(20, exact, page, near, script, pair, meaning)
    every = exact + page + near + script + pair
    ends = np.array(every + meaning, np.int64).reshape(-1, 2)
    root = components(20, ends[:, 0], ends[:, 1]).tolist()
    copies = components(20, *np.array(exact, np.int64).reshape(-1, 2).T)
    written = components(20, *np.array(every, np.int64).reshape(-1, 2).T)
    assert [row[0] for row in found] == root
    for member, size, kind in found:
        members = [n for n in range(20) if root[n] == member]
        changed = any(edge[0] in members and copies[edge[0]] != copies[edge[1]] for edge in page)
        similar = any(edge[0] in members for edge in near)
        romanized = any(edge[0] in members for edge in script)
        sides = any(edge[0] in members and copies[edge[0]] != copies[edge[1]] for edge in pair)
        said = any(edge[0] in members and written[edge[0]] != written[edge[1]] for edge in meaning)
        kinds = {"semantic": said, "pair": sides, "script": romanized, "near": similar, "page": changed}
        held = next((name for name, true in kinds.items() if true), "exact")
        assert (size, kind) == (len(members), None if len(members) == 1 else held)
    for edges in (exact, page, near, script, pair, meaning):
        random.shuffle(edges)  # type: ignore[attr-defined]
    assert clusters(20, exact, page, near, script, pair, meaning) == found
