"""Cells in which vectors meet: the neighbourhoods of centres that are drawn from the vectors themselves.

The idea of SemDeDup (Abbas et al. 2023, arXiv 2303.09540), compare only within cells of k-means, with two changes. A
vector visits its nearest cells and not one alone, so that pairs across borders meet. And centres are drawn and then
moved a little, not until they rest: where documents crowd (boilerplate) as many are drawn as the crowd has need of.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.text.buffers import Longs, combined

EXACT = 8_192
"""Documents up to which there is one cell: every pair is compared."""
SAMPLE, MOST_SAMPLED = 32, 1 << 19
"""Vectors for each centre from which centres are averaged, and how many at most in all."""
_ROUNDS = 3
_TOGETHER = 2_048
_A, _B, _C = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))

Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]
Wholes = npt.NDArray[np.int16]


def cell_count(rows: int, probes: int) -> int:
    """Cells for a corpus of so many documents: finding a vector's cells costs as much as comparing it in them."""
    return 1 if rows <= EXACT else round(math.sqrt(rows * probes))


def mixed(values: Keys) -> Keys:
    """SplitMix64's finalizer (Steele, Lea and Flood 2014) of each number."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * _B
        values = (values ^ (values >> np.uint64(27))) * _C
    return values ^ (values >> np.uint64(31))


def drawn(shard: int, rows: int, share: float) -> Longs:
    """Rows of a shard that are drawn: about `share` of them, by a hash of their address; of a smaller share some."""
    address = (np.uint64(shard) << np.uint64(32)) | np.arange(rows, dtype=np.uint64)
    return np.flatnonzero(mixed(address ^ _A) <= np.uint64(min(share, 1.0) * (2**64 - 2**11)))


class Vectors(NamedTuple):
    """Rows of a column that have a vector of a length, and the vectors."""

    row: Longs
    vector: Floats


def vectors_of(column: pa.ChunkedArray | pa.Array) -> Vectors:
    """The vectors of a column of lists of float16; null, empty, zero and infinite ones are left out.

    Raises ValueError when vectors differ in their number of numbers or have more than MOST_NUMBERS.
    """
    from weft.text.cosine import MOST_NUMBERS, lengths

    array = combined(column)
    sizes = np.diff(array.offsets.to_numpy()) * array.is_valid().to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(sizes)
    known = np.unique(sizes[rows])
    if len(known) > 1:
        raise ValueError(f"vectors have {known[0]} and {known[-1]} numbers; expected one model, one number")
    width = int(known[0]) if len(known) else 1
    if width > MOST_NUMBERS:
        raise ValueError(f"vectors have {width} numbers; expected at most {MOST_NUMBERS}")
    held = array.take(pa.array(rows)).flatten().to_numpy(zero_copy_only=False)
    found = np.ascontiguousarray(held.reshape(-1, width), np.float32)
    length = lengths(found)
    good = np.isfinite(length) & (length > 0)
    return Vectors(rows[good], found[good])


def sampled(rows: int, cells: int) -> tuple[float, float]:
    """The share of a corpus from which centres are averaged, and the share that is drawn as centres: some of these."""
    return min(1.0, min(SAMPLE * cells, MOST_SAMPLED) / max(rows, 1)), min(1.0, cells / max(rows, 1))


def whole(vectors: Floats) -> Wholes:
    """Vectors to length one, as whole numbers."""
    from weft.text.cosine import lengths, whole_numbers

    return whole_numbers(vectors / lengths(vectors)[:, None]).astype(np.int16)


def averaged(centres: Wholes, sample: Wholes) -> Wholes:
    """Centres after some rounds of spherical k-means over a sample: different ones, sorted.

    All sums are of whole numbers, so nothing depends on an order.
    """
    from weft.text.cosine import nearest, whole_numbers

    centres = np.unique(centres, axis=0)
    for _ in range(_ROUNDS if len(centres) > 1 else 0):
        held = centres.astype(np.float32).T
        parts = [sample[start : start + _TOGETHER] for start in range(0, len(sample), _TOGETHER)]
        near = np.concatenate([nearest(part.astype(np.float32) @ held, 1)[:, 0] for part in parts])
        order = np.argsort(near, kind="stable")
        known, starts = np.unique(near[order], return_index=True)
        stops = [*starts[1:], len(order)]
        for cell, start, stop in zip(known, starts, stops, strict=True):
            total = sample[order[start:stop]].sum(axis=0, dtype=np.int64).astype(np.float64)
            length = np.sqrt((total**2).sum())
            if length > 0:
                centres[cell] = whole_numbers((total / length).astype(np.float32))
    return np.unique(centres, axis=0)


def _language_keys(lid: pa.ChunkedArray | pa.Array, rows: Longs) -> Keys:
    """A hash of the language of some rows; 0 where it is unknown."""
    from weft.text.buffers import string_buffers
    from weft.text.folded import plain_hashes

    names = pl.DataFrame({"lid": pl.from_arrow(lid)}).unnest("lid")["language"].gather(rows)
    hashes = plain_hashes(string_buffers(names.fill_null("").to_arrow()))
    unknown = names.fill_null("und").str.contains("^(?:und|zxx|mul|mis)(?:_|$)").to_numpy()
    return np.where(unknown, np.uint64(0), hashes | np.uint64(1))


class Visits(NamedTuple):
    """Who visits which cell: `vector` (position), `cell`, and whether it is the vector's nearest."""

    vector: Longs
    cell: Keys
    home: npt.NDArray[np.bool_]


def visits(vectors: Vectors, centres: Wholes, probes: int, lid: Any = None) -> Visits:
    """The `probes` nearest cells of each vector; with `lid` (its column) cells of one language each.

    A vector whose language is unknown then visits none. The key of a cell is 64 bits of its centre and language.
    """
    from weft.text.cosine import nearest

    count = min(probes, len(centres))
    held = centres.astype(np.float32).T
    near = np.empty((len(vectors.row), count), np.int32)
    for start in range(0, len(near), _TOGETHER):
        part = whole(vectors.vector[start : start + _TOGETHER]).astype(np.float32)
        near[start : start + _TOGETHER] = nearest(part @ held, count)
    position = np.repeat(np.arange(len(near)), count)
    cell = mixed(near.ravel().astype(np.uint64) + _A)
    home = np.tile(np.arange(count) == 0, len(near))
    if lid is not None:
        language = np.repeat(_language_keys(lid, vectors.row), count)
        known = language > 0
        position, cell, home = position[known], mixed(cell[known] ^ language[known]), home[known]
    return Visits(position, cell, home)
