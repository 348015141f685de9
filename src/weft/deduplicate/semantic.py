"""Documents that say the same: pairs whose vectors have at least a given cosine."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from weft.deduplicate.cells import Floats, vectors_of
from weft.operators.contract import BatchFunction, operator
from weft.text.buffers import Longs

WRITES = {
    "shard_a": pa.int32(),
    "row_a": pa.int32(),
    "shard_b": pa.int32(),
    "row_b": pa.int32(),
    "cosine": pa.float32(),
}
VECTOR = pa.list_(pa.float16())
VISIT = pa.schema({"cell": pa.uint64(), "home": pa.bool_(), "shard": pa.int32(), "row": pa.int32(), "vector": VECTOR})
"""A document that visits a cell: the nearest one to its vector (`home`), or one near by."""

CROWD = 16_384
"""Visitors of a cell up to which all pairs are compared; in a larger one documents are compared with leaders."""
_BLOCK = 1_024


def probes_of(threshold: float, probes: int | None) -> int:
    """Cells that a document visits: the less similar two documents may be, the more borders lie between them."""
    return probes if probes is not None else 16 if threshold >= 0.95 else 24


@operator(
    "deduplicate.semantic",
    version=1,
    reads=tuple(VISIT.names),
    writes=WRITES,
    kind="group",
    rows="make",
    group_by=("cell",),
)
def semantic(
    *,
    threshold: Annotated[float, Field(ge=0.5, le=1)] = 0.95,
    within: Literal["language", "all"] = "language",
    probes: Annotated[int, Field(ge=1, le=256)] | None = None,
    vectors: Literal["embedding", "embedding_given", "embedding_served"] = "embedding",
) -> BatchFunction:
    """Pairs whose vectors have a cosine of at least `threshold`: enough of them to join what belongs together.

    The cosine is that of the stored vectors, in float32. `vectors` is the label that has them. With `within: language`
    only documents meet that `lid` takes for the same language, so translations stay; a document of unknown language
    meets none. Up to 8,192 documents all are compared. In larger corpora a document is compared with those of its
    `probes` nearest cells (null: 16 from a threshold of .95 on, else 24): nearly all pairs are found, in a time that
    grows with the power 1.5 of the documents.
    """

    def group(batch: pa.Table) -> pa.Table:
        address = (batch["shard"].to_numpy().astype(np.int64) << 32) | batch["row"].to_numpy().astype(np.int64)
        cell = batch["cell"].to_numpy()
        order = np.lexsort((address, cell))
        batch, cell, address = batch.take(pa.array(order)), cell[order], address[order]
        found = vectors_of(batch["vector"])
        if len(found.row) != len(address):
            raise ValueError("a visitor has no vector: only documents with one visit cells")
        pairs = _similar(found.vector, cell, batch["home"].to_numpy(), threshold)
        first, second = address[pairs[0]], address[pairs[1]]
        columns = {
            "shard_a": (first >> 32).astype(np.int32),
            "row_a": (first & 0xFFFFFFFF).astype(np.int32),
            "shard_b": (second >> 32).astype(np.int32),
            "row_b": (second & 0xFFFFFFFF).astype(np.int32),
            "cosine": pairs[2],
        }
        return pa.table(columns, schema=pa.schema(list(WRITES.items())))

    return group


Joined = tuple[Longs, Longs, Floats]


def _similar(vectors: Floats, cell: np.ndarray, home: np.ndarray, threshold: float) -> Joined:
    """Positions of joined pairs, the smaller first, of rows sorted by cell and address."""
    search = _Search(vectors, threshold)
    bounds = np.flatnonzero(np.append(True, cell[1:] != cell[:-1])) if len(cell) else np.empty(0, np.int64)
    sizes = np.diff(np.append(bounds, len(cell)))
    homes = np.add.reduceat(home.astype(np.int64), bounds) if len(bounds) else sizes
    for start, size in zip(bounds[(sizes > 1) & (homes > 0)], sizes[(sizes > 1) & (homes > 0)], strict=True):
        rows = np.arange(start, start + size)
        search.forget(rows)
        if size > CROWD:
            search.crowd(rows)
        else:
            search.every(rows[home[start : start + size]], rows)
    return search.found()


class _Search:
    """Joins similar vectors; each pair of a cell is compared until its ends are in one set."""

    def __init__(self, vectors: Floats, threshold: float) -> None:
        from weft.text.cosine import least_product, lengths

        self._vectors = vectors
        self._length = lengths(vectors)
        self._threshold = np.float32(threshold)
        self._least = least_product(threshold, vectors.shape[1])
        self._parents = np.arange(len(vectors), dtype=np.int64)
        self._first, self._second = (np.empty(len(vectors), np.int64) for _ in range(2))
        self._cosine = np.empty(len(vectors), np.float32)
        self._count = 0
        self._units: Floats = np.empty((0, vectors.shape[1]), np.float32)
        self._start = 0

    def forget(self, rows: Longs) -> None:
        """Go on with the next cell, whose rows these are."""
        from weft.text.cosine import whole_numbers

        self._start = int(rows[0])
        held = slice(self._start, self._start + len(rows))
        self._units = whole_numbers(self._vectors[held] / self._length[held, None])

    def every(self, homes: Longs, rows: Longs) -> None:
        """Compare those at home with every visitor."""
        for start in range(0, len(homes), _BLOCK):
            self._compare(homes[start : start + _BLOCK], rows)

    def crowd(self, rows: Longs) -> None:
        """Compare with leaders, of which no two are similar: work grows with rows times leaders.

        The first row is one; so is each that is similar to none so far, up to CROWD of them.
        """
        leaders = rows[:0]
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            before = self._count
            for low in range(0, len(leaders), _BLOCK * 4):
                self._compare(block, leaders[low : low + _BLOCK * 4])
            joined = np.union1d(self._first[before : self._count], self._second[before : self._count])
            alone = np.setdiff1d(block, joined, assume_unique=True)
            self._compare(alone, alone)
            own = self._parents[alone] == alone
            leaders = np.append(leaders, alone[own])[:CROWD]

    def _compare(self, rows: Longs, columns: Longs) -> None:
        from weft.text.cosine import join

        if not len(rows) or not len(columns):
            return
        products = self._units[rows - self._start] @ self._units[columns - self._start].T
        self._count = join(
            *(products, self._least, self._threshold, rows, columns, self._vectors, self._length),
            *(self._parents, self._first, self._second, self._cosine, self._count),
        )

    def found(self) -> Joined:
        """Every pair that joined two sets."""
        ends = self._first[: self._count], self._second[: self._count]
        return np.minimum(*ends), np.maximum(*ends), self._cosine[: self._count]
