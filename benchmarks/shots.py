"""How long retrieval takes of a pool of 500,000 texts, beside BM25 of other libraries on the same terms.

python benchmarks/shots.py [--texts 500000] [--queries 500] [--kinds many,one] [--units words,characters]
    [--peer PYTHON] [--peer-queries 40] [--json FILE]

Queries are texts of the pool of which a third of the words are left out and the rest stand in another order, so that
none is in the pool as it is. One thread; milliseconds of CPU for one query at a time: median, 95th percentile, mean.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import tempfile
import time
from itertools import pairwise
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402  # the number of threads is read when it is imported
import pyarrow as pa  # noqa: E402
from shots_pool import pool  # noqa: E402

from weft.parallel.retrieval import Index, terms_of  # noqa: E402
from weft.text.buffers import string_buffers  # noqa: E402

PEERS = ("bm25s", "bm25s-numba", "rank_bm25")


def queries(texts: list[str], count: int) -> list[str]:
    draw, found = random.Random(2), []
    for text in draw.sample(texts, count):
        parts = text.split() if " " in text else list(text)
        kept = [part for part in parts if draw.random() > 1 / 3] or parts
        draw.shuffle(kept)
        found.append((" " if " " in text else "").join(kept))
    return found


def told(spent: list[float]) -> dict[str, float]:
    values = np.array(spent)
    found = {"median_ms": np.median(values), "p95_ms": np.percentile(values, 95), "mean_ms": values.mean()}
    return {name: round(float(value), 3) for name, value in found.items()}


def measured(index: Index, asked: list[str], wanted: int) -> dict[str, float]:
    spent, work, whole = [], 0, 0
    for number, text in enumerate([asked[0], *asked]):
        query = pa.array([text])
        began = time.process_time()
        index.search(query, wanted)
        if number:
            spent.append(1e3 * (time.process_time() - began))
    starts, terms = index.terms(pa.array(asked))
    work = index.sums(starts, terms, wanted)[2]
    for n in range(len(asked)):
        own = np.unique(terms[starts[n] : starts[n + 1]])
        whole += int(np.diff(index.by_term.starts)[own[own >= 0]].sum())
    return told(spent) | {"postings_read": round(work / max(whole, 1), 3), "postings": whole // len(asked)}


def peer(python: str, kind: str, units: str, texts: list[str], asked: list[str], wanted: int) -> dict[str, object]:
    """The same terms as weft's, by their hashes."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, given in (("texts", texts), ("queries", asked)):
            starts, hashes = terms_of(string_buffers(pa.array(given, pa.large_string())), units)  # type: ignore[arg-type]
            named = np.array([f"{value:x}" for value in hashes.tolist()], object)
            file = Path(folder) / f"{name}.json"
            with file.open("w") as out:
                json.dump([named[a:b].tolist() for a, b in pairwise(starts)], out)
            files.append(str(file))
        command = [python, str(Path(__file__).with_name("peer_bm25.py")), kind, *files, str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    held = json.loads(done.stdout.splitlines()[-1])
    return told(held["ms"]) | {"build_cpu_s": held["build_cpu_s"]}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--texts", type=int, default=500_000)
    arguments.add_argument("--queries", type=int, default=500)
    arguments.add_argument("--kinds", default="many,one")
    arguments.add_argument("--units", default="words,characters")
    arguments.add_argument("--wanted", default="10,50")
    arguments.add_argument("--peer")
    arguments.add_argument("--peers", default=",".join(PEERS))
    arguments.add_argument("--peer-queries", type=int, default=40)
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    rows = []
    for kind in given.kinds.split(","):
        texts, real = pool(kind, given.texts)
        asked = queries(texts, given.queries)
        for units in given.units.split(","):
            began = time.process_time()
            index = Index.build(pa.array(texts, pa.large_string()), units)
            built = round(time.process_time() - began, 1)
            facts = {"pool": kind, "texts": len(texts), "real": real, "units": units}
            for wanted in map(int, given.wanted.split(",")):
                rows.append(facts | {"by": "weft", "k": wanted, "build_cpu_s": built} | measured(index, asked, wanted))
                print(json.dumps(rows[-1]), flush=True)
            del index
            for name in given.peers.split(",") if given.peer else ():
                found = peer(given.peer, name, units, texts, asked[: given.peer_queries], 10)
                rows.append(facts | {"by": name, "k": 10} | found)
                print(json.dumps(rows[-1]), flush=True)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
