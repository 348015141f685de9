"""Clusters of documents from certain and verified pairs, and what holds each together: one range of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyarrow as pa

from weft.deduplicate.clusters import EXACT, NEAR, PAGE, PAIR, SCRIPT, SEMANTIC
from weft.engine.connected import Graph
from weft.engine.dividing import by_part
from weft.engine.parts import Longs, Parts, Ranges, distinct, packed, unpacked

Pairs = Iterable[tuple[Longs, Longs]]
"""Batches of the first and the second ends of pairs."""
Names = Callable[[Longs], pa.Array]
"""The names of sorted documents."""
_ROWS, _RUN = 1 << 16, 1 << 8
"""Rows that are divided at once, at least; those of a range that are written at once, on average."""


def clustered(
    ranges: Ranges,
    exact: Pairs,
    page: Pairs,
    near: Pairs,
    script: Pairs,
    pair: Pairs,
    meaning: Pairs,
    *,
    names: Names | None = None,
) -> Iterator[pa.Table]:
    """Rows of `grouped` with `kind`, the place in KINDS of what holds their cluster together.

    `exact`, `page`, `near`, `script`, `pair` and `meaning` are pairs with the same folded text, of the same page, of
    similar text, of the same text in two scripts, with the same sides, and with similar vectors. What has the same text
    is exact, whatever else it shares; vectors of copies are similar too, and only pairs that nothing else holds
    together make a cluster semantic. `exact` is read first, and each once.
    """
    graph, marks = Graph(ranges), Parts(len(ranges))
    for first, second in exact:
        graph.join(first, second)
    graph = _told_apart(graph, {PAGE: page, PAIR: pair}, marks)
    for number, pairs in ((NEAR, near), (SCRIPT, script)):
        for first, second in pairs:
            graph.join(first, second)
            marks.add(ranges.of(first), packed(first, np.full(len(first), number)))
    graph = _told_apart(graph, {SEMANTIC: meaning}, marks)
    yield from grouped(graph, marks, names)


def _told_apart(graph: Graph, told: dict[int, Pairs], marks: Parts) -> Graph:
    """The graph with the pairs of `told`; a document of each pair that it did not hold together is marked."""
    ranges = graph.ranges
    after = Graph(ranges)
    asked = {number: (Parts(len(ranges)), Parts(len(ranges))) for number in told}
    for number, pairs in told.items():
        for first, second in pairs:
            after.join(first, second)
            low, high = np.minimum(first, second), np.maximum(first, second)
            asked[number][0].add(ranges.of(low), packed(low, high))
    if not any(lower.size for lower, _ in asked.values()):
        return graph
    for at, (start, root) in enumerate(graph.roots()):
        tied = np.flatnonzero(root != np.arange(start, start + len(root)))
        after.join(start + tied, root[tied])
        for number, (lower, higher) in asked.items():
            for part in lower.read(at):
                low, high = unpacked(part)
                higher.add(ranges.of(high), packed(high, root[low - start]))
            for part in higher.read(at):
                high, other = unpacked(part)
                high = high[root[high - start] != other]
                marks.add(np.full(len(high), at), packed(high, np.full(len(high), number)))
    return after


def grouped(graph: Graph, marks: Parts | None = None, names: Names | None = None) -> Iterator[pa.Table]:
    """`document`, `root`, `size`, `kind` and `name` of every document that is not alone: a table for each range.

    `root` is the lowest document of the component, `name` that of the root, `kind` the highest mark of its documents,
    at least EXACT. Documents are sorted. Memory is one range.
    """
    ranges = graph.ranges
    members, kinds = Parts(len(ranges)), Parts(len(ranges))
    for at, (start, root) in enumerate(graph.roots()):
        tied = np.flatnonzero(root != np.arange(start, start + len(root)))
        members.add(ranges.of(root[tied]), packed(root[tied], start + tied))
        for part in marks.read(at) if marks else ():
            document, kind = unpacked(part)
            found = distinct(packed(root[document - start], kind))
            kinds.add(ranges.of(unpacked(found)[0]), found)
    tables = (table for at in range(len(ranges)) for table in _tallied(ranges, at, members, kinds, names))
    for table in by_part(
        tables, len(ranges), max(_ROWS, _RUN * len(ranges)), lambda table: ranges.of(table["document"].to_numpy())
    ):
        yield table.take(pa.array(np.argsort(table["document"].to_numpy())))


def _tallied(ranges: Ranges, at: int, members: Parts, kinds: Parts, names: Names | None) -> Iterator[pa.Table]:
    """Rows of `grouped` of the components whose roots are of one range."""
    start, stop = ranges.bounds(at)
    size, kind = np.ones(stop - start, np.int64), np.full(stop - start, EXACT, np.int8)
    for part in members.read(at):
        size += np.bincount(unpacked(part)[0] - start, minlength=stop - start)
    for part in kinds.read(at):
        root, mark = unpacked(distinct(part))
        last = np.flatnonzero(np.diff(root, append=-1))
        kind[root[last] - start] = np.maximum(kind[root[last] - start], mark[last])
    roots = start + np.flatnonzero(size > 1)
    name = names(roots) if names else None

    def rows(root: Longs, document: Longs) -> pa.Table:
        place = root - start
        columns = {"document": document, "root": root, "size": size[place], "kind": kind[place]}
        table = pa.table(columns)
        return table if name is None else table.append_column("name", name.take(pa.array(np.searchsorted(roots, root))))

    yield rows(roots, roots)
    for part in members.read(at):
        yield rows(*unpacked(part))
