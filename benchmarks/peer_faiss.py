"""Similar pairs by FAISS on one thread: python peer_faiss.py VECTORS.npy THRESHOLD flat|ivf CELLS PROBES PAIRS.npy

Vectors of length one; all pairs of at least the threshold by range search, of a flat index (exact) or of an inverted
file (k-means cells). Writes the pairs, prints the CPU seconds of index and search.
"""

from __future__ import annotations

import json
import sys
import time

import faiss
import numpy as np


def main() -> None:
    file, threshold, kind, cells, probes, target = sys.argv[1:]
    faiss.omp_set_num_threads(1)
    vectors = np.load(file)
    began = time.process_time()
    if kind == "flat":
        index = faiss.IndexFlatIP(vectors.shape[1])
    else:
        coarse = faiss.IndexFlatIP(vectors.shape[1])
        index = faiss.IndexIVFFlat(coarse, vectors.shape[1], int(cells), faiss.METRIC_INNER_PRODUCT)
        index.train(vectors)
        index.nprobe = int(probes)
    index.add(vectors)
    found = []
    for start in range(0, len(vectors), 4096):
        limits, _, others = index.range_search(vectors[start : start + 4096], float(threshold))
        rows = start + np.repeat(np.arange(len(limits) - 1), np.diff(limits).astype(np.int64))
        low, high = np.minimum(rows, others), np.maximum(rows, others)
        found.append(np.unique(np.stack([low, high], axis=1)[low < high], axis=0))
    seconds = time.process_time() - began
    np.save(target, np.unique(np.concatenate(found), axis=0))
    print(json.dumps({"cpu_s": round(seconds, 1)}))


if __name__ == "__main__":
    main()
