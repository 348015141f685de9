"""weft's operators of deduplication alone, in one process: from Parquet to the cluster of every document.

Arguments: folder of Parquet files, and, to see what was found, an output folder: found.parquet with id, cluster,
removed. What datatrove's three MinHash stages do: nothing is labelled or stored besides.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.cluster_tables import cluster_table

from weft.deduplicate.band_keys import band_keys
from weft.deduplicate.candidates import candidates
from weft.deduplicate.exact import exact
from weft.deduplicate.minhash import minhash
from weft.deduplicate.shingle_sets import shingle_sets
from weft.deduplicate.verify import verify
from weft.label.tokens import tokens
from weft.text.components import components

BATCH = 2_000


def main(folder: str, target: str | None = None) -> None:
    signed, sets, texts, start = [], [], [], 0
    split, hashed, signature = tokens(), exact(), minhash()
    for file in sorted(Path(folder).glob("*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches(batch_size=BATCH, columns=["text"]):
            table = pa.table({"text": batch["text"].cast(pa.large_string())})
            rows = pa.array(np.arange(start, start + table.num_rows, dtype=np.int32))
            table = table.append_column("shard", pa.array(np.zeros(table.num_rows, np.int32))).append_column(
                "row", rows
            )
            start += table.num_rows
            texts.append(table)
            signed.append(band_keys()(signature(hashed(split(table)))))
    met = pl.DataFrame(pl.from_arrow(candidates()(pa.concat_tables(signed).combine_chunks())))
    first, second, certain = (met[name].to_numpy().astype(kind) for name, kind in
                              (("row_a", np.int64), ("row_b", np.int64), ("certain", np.bool_)))  # fmt: skip
    root = components(start, first, second)
    pairs = pl.DataFrame({"row": first[~certain], "partners": second[~certain]}).group_by("row").agg("partners")
    members = np.unique(np.concatenate([first[~certain], second[~certain]]))
    listed = pl.DataFrame({"row": members}).join(pairs, on="row", how="left", maintain_order="left")
    begin = 0
    for table in texts:
        own = members[np.searchsorted(members, begin) : np.searchsorted(members, begin + table.num_rows)]
        if len(own):
            rows = table.take(pa.array(own - begin)).append_column("component", pa.array(root[own]))
            sets.append(shingle_sets()(split(rows)))
        begin += table.num_rows
    near = [np.empty(0, np.int64)] * 2
    if sets:
        partners = listed["partners"].fill_null(pl.lit([], pl.List(pl.Int64))).to_arrow()
        rows = pa.concat_tables(sets).combine_chunks().append_column("partners", partners.cast(pa.list_(pa.int64())))
        found = verify()(rows)
        near = [found[f"row_{side}"].to_numpy().astype(np.int64) for side in "ab"]
    cluster, size, _ = cluster_table(start, [(first[certain], second[certain])], [], [(near[0], near[1])], [], [], [])
    if target:
        ids = pa.concat_arrays(
            [pq.read_table(f, columns=["id"])["id"].combine_chunks() for f in sorted(Path(folder).glob("*.parquet"))]
        )
        Path(target).mkdir(parents=True)
        found = pa.table({"id": ids, "cluster": cluster, "removed": cluster != np.arange(start)})
        pq.write_table(found, Path(target) / "found.parquet")
    print(f"{start} documents, {int((size > 1).sum())} in clusters")


if __name__ == "__main__":
    main(*sys.argv[1:])
