"""MB of text per CPU-second of finding repeated passages, weft beside a suffix array, one process each, in turn.

python benchmarks/substrings.py --peer PYTHON [--megabytes 24] [--languages …]: PYTHON has pydivsufsort. Documents are
those of `corpora.py`, with copies and near copies. weft: fingerprints, places to compare, comparison of every
character, labels, at 100 characters for all languages; the suffix array: passages of 100 bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).parent))
import corpora

from weft.deduplicate.passage_pairs import passage_pairs
from weft.deduplicate.passages import Least, passages, substring_label
from weft.deduplicate.substrings import substrings

BATCH = 2_000
PEER = Path(__file__).parent / "peer_suffix_array.py"


def table_of(texts: list[str]) -> pa.Table:
    size = len(texts)
    return pa.table(
        {
            "id": [hashlib.md5(str(n).encode()).hexdigest() for n in range(size)],
            "text": pa.array(texts, pa.large_string()),
            "priority": pa.array(np.zeros(size, np.int32)),
            "shard": pa.array(np.zeros(size, np.int32)),
            "row": pa.array(np.arange(size, dtype=np.int32)),
        }
    )


def found(table: pa.Table) -> pa.Table:
    """The labels of all documents, batch by batch."""
    step, least = substrings(), Least(50, 100)
    keys = pa.concat_tables([step(table.slice(n, BATCH)) for n in range(0, table.num_rows, BATCH)])
    pairs = pl.DataFrame(pl.from_arrow(passage_pairs()(keys))).sort("row_b")
    labels = []
    for start in range(0, table.num_rows, BATCH):
        later = table.slice(start, BATCH)
        here = pairs.filter(pl.col("row_b").is_between(start, start + BATCH - 1))
        here = here.with_columns(pl.col("row_b") - start)
        used = here["row_a"].unique().sort()
        here = here.with_columns(
            a=pl.col("row_a").replace_strict(used, pl.int_range(len(used), eager=True)), b=pl.col("row_b")
        )
        rows = passages(here, table.take(used.to_arrow()), later, least)
        labels.append(substring_label(rows, later["text"].combine_chunks()))
    return pa.chunked_array(labels)


def measure(language: str, megabytes: float, peer: str, folder: Path) -> dict[str, object]:
    texts = corpora.documents(language, megabytes)
    table = table_of(texts)
    size = sum(len(text.encode()) for text in texts)
    found(table.slice(0, 50))
    start = time.process_time()
    label = found(table)
    seconds = time.process_time() - start
    cut = pc.sum(pc.struct_field(label, "cut")).as_py()
    path = folder / "texts"
    path.write_bytes(b"".join(text.encode().replace(b"\0", b" ") + b"\0" for text in texts))
    done = subprocess.run([peer, str(PEER), str(path), "100"], capture_output=True, text=True, check=True)
    other = json.loads(done.stdout)
    rate, beside = size / 1e6 / seconds, other["bytes"] / 1e6 / other["seconds"]
    return {
        "language": language,
        "weft": round(rate, 1),
        "suffix array": round(beside, 1),
        "ratio": round(rate / beside, 1),
        "share found": round(cut / sum(map(len, texts)), 3),
        "share found by the peer": round(other["covered"] / size, 3),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peer", required=True)
    arguments.add_argument("--megabytes", type=float, default=24)
    arguments.add_argument("--languages", nargs="*", default=corpora.LANGUAGES)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for language in given.languages:
            print(json.dumps(measure(language, given.megabytes, given.peer, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
