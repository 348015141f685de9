"""Components and clusters of more documents than are in memory at once are those of all documents together."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weft.engine import parts
from weft.engine.clustering import grouped
from weft.engine.connected import Graph
from weft.engine.parts import Parts, Ranges, packed, unpacked
from weft.text.components import components


@pytest.fixture(autouse=True, scope="module")
def few_at_once() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "DOCUMENTS_TOGETHER", 5)
        patch.setattr(parts, "_BUFFERED", 7)
        yield


def graph_of(sizes: list[int], edges: list[tuple[int, int]]) -> Graph:
    graph = Graph(Ranges(np.cumsum([0, *sizes])))
    for start in range(0, len(edges), 3):
        graph.join(*np.array(edges[start : start + 3], np.int64).T)
    return graph


SHARDS = st.lists(st.integers(0, 9), max_size=12)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[int], list[tuple[int, int]]]:
    sizes = draw(SHARDS)
    document = st.integers(0, max(sum(sizes) - 1, 0))
    return sizes, draw(st.lists(st.tuples(document, document), max_size=60 if sum(sizes) else 0))


@given(graphs())
@settings(max_examples=300)
def test_components_are_those_of_a_forest_of_all(case: tuple[list[int], list[tuple[int, int]]]) -> None:
    sizes, edges = case
    graph = graph_of(sizes, edges)
    found = list(graph.roots())
    assert [start for start, _ in found] == graph.ranges.starts[:-1].tolist()
    ends = np.array(edges, np.int64).reshape(-1, 2)
    whole = components(sum(sizes), ends[:, 0].copy(), ends[:, 1].copy())
    assert np.concatenate([np.empty(0, np.int64), *(root for _, root in found)]).tolist() == whole.tolist()


@pytest.mark.parametrize("shape", ["path", "star", "ends", "random"])
def test_components_that_lie_over_all_ranges(shape: str) -> None:
    count = 3_000
    draw = np.random.default_rng(4)
    first = np.arange(1, count)
    second = {
        "path": first - 1,
        "star": np.zeros(count - 1, np.int64),
        "ends": np.where(first == count - 1, 0, count - 1),
        "random": draw.integers(0, first),
    }[shape]
    order = draw.permutation(count - 1)
    graph = Graph(Ranges(np.arange(0, count + 1, 4)))
    assert len(graph.ranges) > 500
    graph.join(first[order], second[order])
    assert all(not root.any() for _, root in graph.roots())


def test_a_graph_without_documents() -> None:
    for offsets in ([0], [0, 0, 0]):
        graph = Graph(Ranges(np.array(offsets)))
        assert list(graph.roots()) == [] and list(grouped(Graph(Ranges(np.array(offsets))))) == []


def test_documents_come_sorted_and_those_that_are_alone_not_at_all() -> None:
    sizes, edges = [4] * 9, [(0, 35), (35, 20), (8, 9), (30, 31), (30, 30), (17, 17)]
    tables = list(grouped(graph_of(sizes, edges)))
    found = [row for table in tables for row in table.select(["document", "root", "size"]).to_pylist()]
    assert len(tables) > 2 and [tuple(row.values()) for row in found] == [
        *((0, 0, 3), (8, 8, 2), (9, 8, 2), (20, 0, 3), (30, 30, 2), (31, 30, 2), (35, 0, 3))
    ]


def test_numbers_come_back_by_part_in_their_order() -> None:
    held = Parts(4)
    for start in range(0, 100, 5):
        values = np.arange(start, start + 5, dtype=np.uint64)
        held.add((values % np.uint64(3)).astype(np.int64), values)
    reading = held.read(2)
    first = next(reading)
    held.add(np.full(9, 2), np.arange(9, dtype=np.uint64))
    assert np.concatenate([first, *reading]).tolist() == list(range(2, 100, 3))
    assert list(held.read(3)) == [] and held.size == 109


def test_pairs_up_to_the_largest_number() -> None:
    first, second = np.array([0, 2**32 - 1, 7]), np.array([2**32 - 1, 0, 2**31])
    assert [one.tolist() for one in unpacked(packed(first, second))] == [first.tolist(), second.tolist()]


def most_bytes(documents: int) -> int:
    """The most that the components of so many documents, with an edge for each, take at once."""
    draw = np.random.default_rng(6)
    graph = Graph(Ranges(np.arange(0, documents + 1, 1_000)))
    tracemalloc.start()
    for _ in range(documents // 1_000):
        graph.join(draw.integers(0, documents, 1_000), draw.integers(0, documents, 1_000))
    for _ in graph.roots():
        pass
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return held


def test_memory_does_not_grow_with_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DOCUMENTS_TOGETHER": 5_000, "_BUFFERED": 10_000, "_READ": 10_000, "_RUN": 100}.items():
        monkeypatch.setattr(parts, name, value)
    assert most_bytes(400_000) < 1.5 * most_bytes(50_000)
