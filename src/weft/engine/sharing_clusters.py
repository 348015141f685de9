"""Clusters over the shares of several holders: keys meet, what met is compared, and all that holds together is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.deduplicate.clusters import KINDS
from weft.deduplicate.share_contents import Share
from weft.engine import exchange, index_files
from weft.engine.apply import ready
from weft.engine.clustering import clustered
from weft.engine.parts import Ranges
from weft.engine.sharing import CLUSTERS
from weft.engine.storage import Storage
from weft.engine.tasks.deduplicate import MEMBER, SETS_TOGETHER
from weft.engine.work import Call, Context, rooms_registry

Longs = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
_BAND, _TEXT, _PAGE = 0, 1, 2
_HIGH, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_SETS = pa.schema([*MEMBER, ("shard", pa.int32()), ("shingles", pa.large_list(pa.uint64()))])


class Found(NamedTuple):
    """For each document of all shares, in order of holders: its cluster's first document, size and kind (KINDS)."""

    root: npt.NDArray[Any]
    size: npt.NDArray[Any]
    kind: npt.NDArray[np.int8]
    compared: int
    """Pairs of two holders that were compared."""
    alike: int
    """Those that are similar enough."""


class Shares(NamedTuple):
    """Shares in order of their holders' names, and the number of the first document of each among all."""

    folders: list[Path]
    held: list[Share]
    offsets: Longs

    def steps(self) -> set[str]:
        """Short names of the steps by which documents meet."""
        names = self.held[0].parameters
        return {step for step in ("exact", "minhash", "url_key") if f"deduplicate.{step}.version" in names}


def clusters(shares: Shares, work: Path) -> Found:
    """Connected components over own clusters and over what documents of different holders have in common.

    Memory: some thirty bytes for each document, sixteen for each pair that is compared, and one destination of keys or
    sets.
    """
    same, page, near = _met(shares)
    alike = _verified(shares, near, work) if len(near) else np.empty(0, np.uint64)
    own = _own(shares)

    def ends(pairs: Keys) -> list[tuple[Longs, Longs]]:
        return [((pairs >> _HIGH).astype(np.int64), (pairs & _LOW).astype(np.int64))] if len(pairs) else []

    told = {"exact": ends(same), "page": ends(page), "near": ends(alike)}
    of_kind = [[*own.get(kind, []), *told.get(kind, [])] for kind in KINDS[1:] if kind is not None]
    total = int(shares.offsets[-1])
    root, size, kind = np.arange(total), np.ones(total, np.int64), np.zeros(total, np.int8)
    for table in clustered(Ranges(shares.offsets), *of_kind):
        document = table["document"].to_numpy()
        root[document], size[document], kind[document] = (table[n].to_numpy() for n in ("root", "size", "kind"))
    return Found(root, size, kind, len(near), len(alike))


def _own(shares: Shares) -> dict[str, list[tuple[Longs, Longs]]]:
    """Pairs that hold each holder's own clusters together, by kind."""
    found: dict[str, list[tuple[Longs, Longs]]] = {}
    for folder, first in zip(shares.folders, shares.offsets[:-1], strict=True):
        every = pl.read_parquet(folder / CLUSTERS)
        for (kind,), rows in every.filter(pl.col("first") != pl.col("number")).group_by("kind"):
            ends = rows["first"].to_numpy() + first, rows["number"].to_numpy() + first
            found.setdefault(str(kind), []).append(ends)
    return found


def _met(shares: Shares) -> tuple[Keys, Keys, Keys]:
    """Pairs (first << 32 | second) of the same text, of the same page, and to be compared: these of two holders."""
    (step,) = ready([Call("deduplicate.candidates", {})], Context(Storage(shares.folders[0]), rooms_registry()))
    texts = _texts(shares)
    steps = shares.steps()
    kinds = [k for k, name in ((_TEXT, "exact"), (_BAND, "minhash"), (_PAGE, "url_key")) if name in steps]
    pages = all((folder / index_files.KEYS[_PAGE]).exists() for folder in shares.folders)
    found: dict[str, list[Keys]] = {"same": [], "page": [], "near": []}
    for destination in range(exchange.PARTITIONS):
        for kind in kinds if pages else [k for k in kinds if k != _PAGE]:
            rows = _shared_keys(shares, kind, destination)
            if not rows.height:
                continue
            number = rows["number"].to_numpy()
            own = texts[number] if kind == _BAND else rows["key"].to_numpy()
            shard = np.searchsorted(shares.offsets, number, side="right") - 1
            table = {
                "key": rows["key"].to_numpy(),
                "text_hash": own,
                "page": np.full(len(number), kind == _PAGE),
                "pair": np.zeros(len(number), np.bool_),
                "script": np.zeros(len(number), np.int16),
                "shard": shard.astype(np.int32),
                "row": (number - shares.offsets[shard]).astype(np.int32),
            }
            edges = pl.DataFrame(pl.from_arrow(step.function(pa.table(table))))
            certain = edges.filter(pl.col("certain"))
            found["page" if kind == _PAGE else "same"].append(_packed(certain, shares.offsets))
            others = edges.filter(~pl.col("certain") & (pl.col("shard_a") != pl.col("shard_b")))
            found["near"].append(_packed(others, shares.offsets))
    return tuple(np.unique(np.concatenate([np.empty(0, np.uint64), *found[n]])) for n in ("same", "page", "near"))  # type: ignore[return-value]


def _texts(shares: Shares) -> Keys:
    """The key of each document's text; where texts do not meet, one that no two documents have."""
    if "exact" not in shares.steps():
        return np.arange(shares.offsets[-1], dtype=np.uint64)
    found = np.zeros(int(shares.offsets[-1]), np.uint64)
    for folder, first in zip(shares.folders, shares.offsets[:-1], strict=True):
        for destination in range(exchange.PARTITIONS):
            rows = index_files.keys_at(folder, _TEXT, destination)
            found[rows["number"].to_numpy() + first] = rows["key"].to_numpy()
    return found


def _shared_keys(shares: Shares, kind: int, destination: int) -> pl.DataFrame:
    """Rows (key, number among all) of a destination whose key documents of several holders have."""
    parts = []
    for holder, folder in enumerate(shares.folders):
        rows = pl.DataFrame(pl.from_arrow(index_files.keys_at(folder, kind, destination)))
        number = pl.col("number").cast(pl.Int64) + int(shares.offsets[holder])
        parts.append(rows.select("key", number.alias("number"), pl.lit(holder, pl.Int32).alias("holder")))
    several = pl.concat([part.select("key", "holder").unique("key") for part in parts])
    several = several.group_by("key").len().filter(pl.col("len") > 1).select("key")
    return pl.concat([part.join(several, on="key", how="semi") for part in parts]).select("key", "number")


def _packed(edges: pl.DataFrame, offsets: Longs) -> Keys:
    first, second = (
        (offsets[edges[f"shard_{side}"].to_numpy()] + edges[f"row_{side}"].to_numpy()).astype(np.uint64)
        for side in ("a", "b")
    )
    return np.asarray((first << _HIGH) | second, np.uint64)


def _verified(shares: Shares, pairs: Keys, work: Path) -> Keys:
    """The pairs whose true Jaccard similarity is enough: sets travel to where their component is compared."""
    from weft.text.components import Forest

    forest = Forest(int(shares.offsets[-1]))
    first, second = (pairs >> _HIGH).astype(np.int64), (pairs & _LOW).astype(np.int64)
    forest.join(first, second)
    root = forest.roots()
    member = np.unique(np.concatenate([first, second]))
    storage = Storage(work)
    exchange.write(storage, "sets.arrow", _SETS, _sets(shares, member, root, pairs))
    threshold = shares.held[0].parameters.get("deduplicate.verify.threshold")
    registry = rooms_registry()
    given = registry.defaults("deduplicate.verify") if threshold is None else {"threshold": threshold}
    (step,) = ready([Call("deduplicate.verify", given)], Context(storage, registry))
    found = [np.empty(0, np.uint64)]
    for rows in exchange.groups(storage, ["sets.arrow"], range(exchange.PARTITIONS), SETS_TOGETHER):
        found.append(_packed(pl.DataFrame(pl.from_arrow(step.function(rows))), shares.offsets))
    return np.unique(np.concatenate(found))


def _sets(
    shares: Shares, member: Longs, root: npt.NDArray[Any], pairs: Keys
) -> Iterator[tuple[pa.Table, npt.NDArray[np.int64]]]:
    """Shingles of the documents to compare, a row group of a share at a time, with their partners."""
    bounds = np.searchsorted(pairs, member.astype(np.uint64) << _HIGH)
    ends = np.searchsorted(pairs, (member + 1).astype(np.uint64) << _HIGH)
    for holder, (folder, (start, stop)) in enumerate(zip(shares.folders, pairwise(shares.offsets), strict=True)):
        low, high = np.searchsorted(member, [start, stop])
        chunks = index_files.chunks([folder])
        number = member[low:high] - start
        of = chunks.of(np.zeros(len(number), np.int64), number)
        for chunk in np.unique(of):
            at = low + np.flatnonzero(of == chunk)
            sets = chunks.read(int(chunk)).take(pa.array(member[at] - start - chunks.first[chunk]))
            component = root[member[at]].astype(np.int64)
            columns = {
                "row": (member[at] - start).astype(np.int32),
                "component": component,
                "partners": _partners(shares, pairs, bounds[at], ends[at]),
                "shard": np.full(len(at), holder, np.int32),
                "shingles": sets,
            }
            yield pa.table(columns).cast(_SETS), exchange.by_number(component)


def _partners(shares: Shares, pairs: Keys, bounds: Longs, ends: Longs) -> pa.ListArray:
    """Addresses (holder << 32 | number) of the second ends of pairs, in runs of the sorted pairs."""
    sizes = ends - bounds
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    place = np.repeat(bounds - offsets[:-1], sizes) + np.arange(offsets[-1])
    other = (pairs[place] & _LOW).astype(np.int64)
    holder = np.searchsorted(shares.offsets, other, side="right") - 1
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array((holder << 32) | (other - shares.offsets[holder])))


def opened(folders: Sequence[Path], held: Sequence[Share]) -> Shares:
    """Shares in order of their holders' names."""
    order = sorted(range(len(held)), key=lambda n: held[n].holder)
    sizes = [held[n].documents for n in order]
    return Shares([folders[n] for n in order], [held[n] for n in order], np.cumsum([0, *sizes]).astype(np.int64))
