"""text-dedup's MinHash as its command runs it; in the peers' environment.

Arguments: folder of Parquet files, output folder, `documented` (the command of its manual: 250 hashes, threshold .7) or
`same` (20 bands of 7, and the faster of its two hashes). Writes found.parquet: id, cluster, removed.
"""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SETTINGS = {
    "documented": [],
    "same": ["--num_perm", "140", "--b", "20", "--r", "7", "--hash_func", "xxh3"],
}


def main(source: str, target: str, mode: str) -> None:
    folder = Path(target)
    folder.mkdir(parents=True)
    os.environ["HF_HOME"] = str(folder / "home")
    os.environ["HF_HUB_OFFLINE"] = "1"
    from text_dedup import minhash

    files = ["--path", "parquet", "--data_files", f"{source}/*.parquet", "--split", "train", "--num_proc", "1"]
    places = ["--cache_dir", str(folder / "cache"), "--output", str(folder / "out")]
    columns = ["--column", "text", "--idx_column", "id", "--batch_size", "10000"]
    given = [*files, *places, *columns, "--debug", *SETTINGS[mode]]
    minhash.main.main(given, standalone_mode=False)
    parents = pickle.loads((folder / "out/uf.pkl").read_bytes())
    ids = [one for file in sorted(Path(source).glob("*.parquet")) for one in pq.read_table(file)["id"].to_pylist()]
    known = set(parents.parent)
    clusters = [parents.find(one) if one in known else one for one in ids]
    seen: set[str] = set()
    removed = []
    for cluster in clusters:
        removed.append(cluster in seen)
        seen.add(cluster)
    pq.write_table(pa.table({"id": ids, "cluster": clusters, "removed": removed}), folder / "found.parquet")


if __name__ == "__main__":
    main(*sys.argv[1:])
