"""weft's clustering alone: pairs on disk, as candidates are stored, to the cluster of every document.

Arguments: `write`, a folder and a number of random edges, between half as many documents; or `cluster` and the folder,
which prints what it took, of CPU seconds and of memory, the process and all that it loads included.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.cluster_tables import cluster_table

from weft.deduplicate.candidates import WRITES
from weft.engine.storage import Storage, read_batches

SCHEMA = pa.schema(list(WRITES.items()))
FILE = 5_000_000
Ends = tuple[np.ndarray[tuple[int], np.dtype[np.int32]], np.ndarray[tuple[int], np.dtype[np.int32]]]


def write(folder: str, edges: int) -> None:
    draw = np.random.default_rng(1)
    for start in range(0, edges, FILE):
        size = min(FILE, edges - start)
        ends = {f"row_{side}": draw.integers(0, edges // 2, size, np.int32) for side in "ab"}
        shard = {f"shard_{side}": np.zeros(size, np.int32) for side in "ab"}
        flags = {name: np.zeros(size, np.bool_) for name in ("certain", "page", "pair", "script")}
        columns = {**ends, **shard, **flags}
        table = pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)
        Storage(folder).write_table(f"{start:012d}.parquet", [table], SCHEMA)


def pairs(folder: str) -> Iterator[Ends]:
    for file in sorted(Path(folder).glob("*.parquet")):
        for table in read_batches(file):
            yield table["row_a"].to_numpy(), table["row_b"].to_numpy()


def cluster(folder: str, edges: int) -> None:
    root, size, kind = cluster_table(edges // 2, [], [], pairs(folder), [], [], [])
    clusters = int(((root == np.arange(len(root), dtype=root.dtype)) & (size > 1)).sum())
    used = os.times()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    found = {
        "edges": edges,
        "documents": len(root),
        "clusters": clusters,
        "largest": int(size.max()),
        "near": int((kind == 3).sum()),
    }
    print(json.dumps(found | {"cpu_s": round(used.user + used.system, 2), "peak_gb": round(peak, 2)}))


if __name__ == "__main__":
    {"write": write, "cluster": cluster}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
