from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.text import components as module
from weft.text.components import Forest, components


def by_flooding(size: int, edges: list[tuple[int, int]]) -> list[int]:
    """Smallest member of each item's component, by spreading labels until nothing changes."""
    label = list(range(size))
    changed = True
    while changed:
        changed = False
        for a, b in edges:
            low = min(label[a], label[b])
            if label[a] != low or label[b] != low:
                label[a] = label[b] = low
                changed = True
    return label


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    size = draw(st.integers(1, 40))
    item = st.integers(0, size - 1)
    return size, draw(st.lists(st.tuples(item, item), max_size=60))


def roots(size: int, edges: list[tuple[int, int]]) -> list[int]:
    ends = np.array(edges, np.int64).reshape(-1, 2)
    return [int(n) for n in components(size, ends[:, 0], ends[:, 1])]


@given(graphs())
def test_agrees_with_flooding(graph: tuple[int, list[tuple[int, int]]]) -> None:
    assert roots(*graph) == by_flooding(*graph)


@given(graphs(), st.randoms())
def test_order_and_direction_of_edges_do_not_matter(graph: tuple[int, list[tuple[int, int]]], random: object) -> None:
    size, edges = graph
    turned = [(b, a) for a, b in reversed(edges)]
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert roots(size, turned) == roots(size, edges)


@pytest.mark.parametrize("turn", [1, -1])
def test_long_chains_are_flattened(turn: int) -> None:
    ends = np.arange(200_000 - 1)[::turn]
    assert not components(200_000, ends, ends + 1).any()


def test_no_items_and_no_edges() -> None:
    none = np.empty(0, np.int64)
    assert components(0, none, none).tolist() == []
    assert components(3, none, none).tolist() == [0, 1, 2]


@pytest.mark.parametrize("narrow", [2**31, 0])
@given(graph=graphs(), step=st.integers(1, 7))
def test_edges_may_come_in_batches_and_numbers_be_of_four_bytes_or_eight(
    narrow: int, graph: tuple[int, list[tuple[int, int]]], step: int
) -> None:
    size, edges = graph
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_NARROW", narrow)
        forest = Forest(size)
    for start in range(0, len(edges), step):
        ends = np.array(edges[start : start + step], np.int64)
        forest.join(ends[:, 0], ends[:, 1])
    expected = by_flooding(size, edges)
    assert forest.roots().dtype == (np.int32 if narrow else np.int64)
    assert forest.roots().tolist() == expected
