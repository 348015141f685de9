"""Peak memory and CPU of the tasks that join all documents, on made-up pairs of very many (Linux).

python benchmarks/clusters.py [--millions 2,8,32] [--pairs 0.2] [--shard 20000]: for each number of documents so many
pairs for a document, half of them certain and half compared and similar, each of two documents anywhere. A line for
each size and task, which runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
import stage_memory

FILES = 64
IDS = 64
"""Files with ids: shards share them, for what they say does not matter."""


def _write(folder: Path, documents: int, shard: int, pairs: float) -> None:
    from weft.engine.tasks.deduplicate import EDGE, VERIFIED

    draw = np.random.default_rng(1)
    for number in range(FILES):
        count = int(documents * pairs / FILES)
        ends = np.sort(draw.integers(0, documents, (count, 2)), axis=1)
        ends = ends[ends[:, 0] < ends[:, 1]]
        certain = draw.random(len(ends)) < 0.5
        rows = {f"{kind}_{side}": (ends[:, n] // shard if kind == "shard" else ends[:, n] % shard).astype(np.int32)
                for n, side in enumerate("ab") for kind in ("shard", "row")}  # fmt: skip
        flags = {name: np.zeros(len(ends), np.bool_) for name in ("page", "pair", "script")}
        edges = pa.table({**rows, "certain": certain, **flags}).select(EDGE.names).cast(EDGE)
        pq.write_table(edges, folder / f"candidates-{number}.parquet", row_group_size=1 << 17)
        near = edges.filter(pa.array(~certain)).select(VERIFIED.names[:4])
        near = near.append_column("jaccard", pa.array(np.ones(near.num_rows, np.float32)))
        pq.write_table(near.cast(VERIFIED), folder / f"verified-{number}.parquet", row_group_size=1 << 17)
    for number in range(IDS):
        ids = [f"{number:08x}{n:024x}" for n in range(shard)]
        pq.write_table(pa.table({"id": ids}), folder / f"ids-{number}.parquet")


def _run(folder: Path, name: str, documents: int, shard: int) -> None:
    from weft.engine.storage import Storage
    from weft.engine.tasks import FUNCTIONS
    from weft.engine.work import Context, Task, rooms_registry

    context = Context(Storage(folder), rooms_registry())

    def task(few: int) -> Task:
        shards = range(-(-documents // shard))
        candidates, verified = ([f"{kind}-{n}.parquet" for n in range(few)] for kind in ("candidates", "verified"))
        arguments = {
            "files": candidates,
            "script": False,
            "candidates": candidates,
            "verified": verified,
            "romanized": [],
            "semantic": [],
            "documents": {n: f"ids-{n % IDS}.parquet" for n in shards},
            "rows": dict.fromkeys(shards, shard),
        }
        return Task(name, 0, name, f"{few:012d}", {}, arguments)

    FUNCTIONS[name](Task(name, 0, name, "0" * 12, {}, {**task(0).arguments, "rows": {0: shard}}), context)
    stage_memory.forget()
    before, began = stage_memory.peak(), time.process_time()
    (done,) = FUNCTIONS[name](task(FILES), context)
    told = {"task": name, "documents": documents, "rows": done.counts["rows_out"]}
    told |= {"before MB": round(before / 1e6), "peak MB": round(stage_memory.peak() / 1e6)}
    print(json.dumps(told | {"CPU s": round(time.process_time() - began, 1)}), flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--millions", default="2,8,32")
    arguments.add_argument("--pairs", type=float, default=0.2)
    arguments.add_argument("--shard", type=int, default=20_000)
    given = arguments.parse_args()
    for millions in map(float, given.millions.split(",")):
        documents = int(millions * 1e6) // given.shard * given.shard
        folder = Path(tempfile.mkdtemp(prefix="weft-bench-"))
        try:
            _write(folder, documents, given.shard, given.pairs)
            for name in ("components", "clusters"):
                process = multiprocessing.get_context("spawn").Process(
                    target=_run, args=(folder, name, documents, given.shard)
                )
                process.start()
                process.join()
                if process.exitcode:
                    raise SystemExit(f"{name} ended with status {process.exitcode}")
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
