"""Connected components of more documents than fit into memory: one range of them at a time.

Ranges are reduced from the last to the first, as R. Dementiev, P. Sanders, D. Schultes and J. Sibeyn, "Engineering an
External Memory Minimum Spanning Tree Algorithm" (2004), reduce nodes: what a component of a range has in lower ranges
is tied to the lowest of it, and the range is done with. Then roots come back from the first range to the last.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from weft.engine.parts import Longs, Parts, Ranges, distinct, packed, unpacked
from weft.text.components import Forest


class Graph:
    """Documents and edges between them; memory is one range, whatever the number of edges."""

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self._edges = Parts(len(ranges))

    def join(self, first: Longs, second: Longs) -> None:
        """Add edges, given the two ends of each."""
        high, low = np.maximum(first, second), np.minimum(first, second)
        self._edges.add(self.ranges.of(high), packed(high, low))

    def roots(self) -> Iterator[tuple[int, Longs]]:
        """The first document of each range in order, and for its documents the lowest of their component.

        Once for a graph: its edges are used up.
        """
        inside, wanted, known = (Parts(len(self.ranges)) for _ in range(3))
        for number in reversed(range(len(self.ranges))):
            self._reduce(number, inside, wanted)
        for number in range(len(self.ranges)):
            start, stop = self.ranges.bounds(number)
            root = np.arange(start, stop)
            for pairs in known.read(number):
                document, found = unpacked(pairs)
                root[document - start] = found
            for pairs in inside.read(number):
                document, local = unpacked(pairs)
                root[document - start] = root[local - start]
            for pairs in wanted.read(number):
                lowest, document = unpacked(pairs)
                known.add(self.ranges.of(document), packed(document, root[lowest - start]))
            yield start, root

    def _reduce(self, number: int, inside: Parts, wanted: Parts) -> None:
        """Tie together what the components of a range have in lower ones.

        `inside` gets documents of the range with the lowest of their component in it, `wanted` by a document of a lower
        range who has to know its root.
        """
        start, stop = self.ranges.bounds(number)
        forest = Forest(stop - start)
        for pairs in self._edges.read(number):
            high, low = unpacked(pairs)
            within = low >= start
            forest.join(high[within] - start, low[within] - start)
        local = forest.roots()
        member = np.flatnonzero(local != np.arange(stop - start))
        inside.add(np.full(len(member), number), packed(start + member, start + local[member].astype(np.int64)))
        lowest = np.full(stop - start, stop)
        for root, below in self._below(number, local):
            first = np.flatnonzero(np.diff(root, prepend=-1))
            lowest[root[first]] = np.minimum(lowest[root[first]], below[first])
        for root, below in self._below(number, local):
            other = below != lowest[root]
            self.join(below[other], lowest[root[other]])
        tied = np.flatnonzero(lowest < stop)
        wanted.add(self.ranges.of(lowest[tied]), packed(lowest[tied], start + tied))

    def _below(self, number: int, local: np.ndarray[tuple[int], np.dtype[np.integer]]) -> Iterator[tuple[Longs, Longs]]:
        """Components of a range and the documents of lower ranges at their edges, sorted, some edges at a time."""
        start, _ = self.ranges.bounds(number)
        for pairs in self._edges.read(number) if number else ():
            high, low = unpacked(pairs)
            under = low < start
            yield unpacked(distinct(packed(local[high[under] - start], low[under])))
