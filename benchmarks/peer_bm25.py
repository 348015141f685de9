"""BM25 by bm25s or rank_bm25 on one thread: python peer_bm25.py bm25s|bm25s-numba|rank_bm25 TEXTS.json QUERIES.json K

Texts come as lists of terms, so that all index the same. Prints CPU seconds of the index and milliseconds of CPU of
each query, one query at a time; the first one is not counted.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np


def main() -> None:
    kind, texts, queries, wanted = sys.argv[1:]
    corpus, asked = (json.loads(Path(file).read_text("utf-8")) for file in (texts, queries))
    began = time.process_time()
    if kind == "rank_bm25":
        from rank_bm25 import BM25Okapi

        index = BM25Okapi(corpus, k1=1.2, b=0.75)

        def search(query: list[str]) -> object:
            scores = index.get_scores(query)
            return np.argpartition(-scores, int(wanted))[: int(wanted)]

    else:
        import bm25s

        backend = {"backend": "numba"} if kind == "bm25s-numba" else {}
        held = bm25s.BM25(k1=1.2, b=0.75, **backend)
        held.index(corpus, show_progress=False)

        def search(query: list[str]) -> object:
            return held.retrieve([query], k=int(wanted), show_progress=False, n_threads=0)

    built = time.process_time() - began
    spent = []
    for number, query in enumerate(asked):
        began = time.process_time()
        search(query)
        if number:
            spent.append(1e3 * (time.process_time() - began))
    print(json.dumps({"build_cpu_s": round(built, 1), "ms": [round(one, 3) for one in spent]}))


if __name__ == "__main__":
    main()
