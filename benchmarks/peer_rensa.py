"""rensa's MinHash over Parquet; in the peers' environment.

Arguments: folder of Parquet files, output folder, and one of
`documented`: its manual's deduplicator, over the words between white space: 128 hashes, threshold .8 of the estimate;
`rho`: its fastest pipeline, which looks at some positions only: 128 hashes in 8 bands, over the same words;
`words` or `characters`: the same work as weft. Five folded words, or twelve folded characters where words are not
spaced; 140 hashes in 20 bands; candidates verified by the true Jaccard similarity; clusters.
Writes found.parquet: id, cluster (null where there are none), removed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from rensa import RMinHash, RMinHashDeduplicator, RMinHashLSH

THRESHOLD, WORDS, CHARACTERS, BATCH = 0.8, 5, 12, 2_000
Found = tuple[list[str | None], list[bool]]


def texts(source: str) -> Iterator[str]:
    for file in sorted(Path(source).glob("*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches(batch_size=BATCH, columns=["text"]):
            yield from batch["text"].to_pylist()


def documented(source: str) -> Found:
    found = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=128, use_lsh=True)
    kept = found.add_pairs((str(number), text.split()) for number, text in enumerate(texts(source)))
    return [None] * len(kept), [not keep for keep in kept]


def rho(source: str) -> Found:
    matrix = RMinHash.digest_matrix_from_token_sets_rho([text.split() for text in texts(source)], 128, 42)
    flags = RMinHashLSH(THRESHOLD, 128, 8).query_duplicate_flags_matrix_one_shot(matrix)
    return [None] * len(flags), [bool(flag) for flag in flags]


def shingles(text: str, unit: str) -> set[str]:
    if unit == "words":
        parts = text.lower().split()
        return {" ".join(parts[n : n + WORDS]) for n in range(max(1, len(parts) - WORDS + 1))}
    parts = "".join(text.lower().split())
    return {parts[n : n + CHARACTERS] for n in range(max(1, len(parts) - CHARACTERS + 1))}


def same(source: str, unit: str) -> Found:
    sets = [shingles(text, unit) for text in texts(source)]
    sketches = RMinHash.from_token_sets(sets, 140, 1)
    index = RMinHashLSH(THRESHOLD, 140, 20)
    index.insert_many(sketches)
    parent = list(range(len(sets)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for one, others in enumerate(index.query_all(sketches)):
        for other in others:
            if one < other and root(one) != root(other):
                common = len(sets[one] & sets[other])
                if common >= THRESHOLD * (len(sets[one]) + len(sets[other]) - common):
                    low, high = sorted((root(one), root(other)))
                    parent[high] = low
    roots = [root(one) for one in range(len(sets))]
    return [str(one) for one in roots], [one != number for number, one in enumerate(roots)]


def main(source: str, target: str, mode: str) -> None:
    Path(target).mkdir(parents=True)
    clusters, removed = (
        {"documented": documented, "rho": rho}[mode](source) if mode in ("documented", "rho") else same(source, mode)
    )
    ids = [one for file in sorted(Path(source).glob("*.parquet")) for one in pq.read_table(file)["id"].to_pylist()]
    held = pa.table({"id": ids, "cluster": pa.array(clusters, pa.string()), "removed": removed})
    pq.write_table(held, Path(target) / "found.parquet")


if __name__ == "__main__":
    main(*sys.argv[1:])
