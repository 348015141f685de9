"""chrF++ of translations beside sacrebleu: segments per CPU-second, and whether the scores are the same.

python benchmarks/translation_metrics.py [--segments 1000000] [--peer 20000] [--languages swh_Latn,khm_Khmr]
                                        [--metrics chrf++,chrf] [--json]

References are the translations of TICO-19, again and again; what is scored are the same with words left out and
exchanged by lot. weft scores `--segments`, sacrebleu the first `--peer` of them (statistics of each segment, as for an
interval), ten thousand at a time; scores of these are compared. Then intervals: 10,000 resamples of 100 systems, 2,000
segments each.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from weft.evaluate.translation import metric
from weft.statistics.resampling import bootstrap

_SLICE = 10_000
"""Segments that sacrebleu has at once: it keeps the n-grams of all references that it is given."""


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    began = time.process_time()
    found = call()
    return time.process_time() - began, found


def noisy(text: str, draws: np.random.Generator) -> str:
    words = text.split()
    kept = [word for word in words if draws.random() > 0.15]
    for place in np.flatnonzero(draws.random(max(len(kept) - 1, 0)) < 0.1):
        kept[place], kept[place + 1] = kept[place + 1], kept[place]
    return " ".join(kept)


def segments(data: Path, code: str, count: int) -> tuple[list[str], list[str]]:
    file = data / "parallel" / "tico19.tsv.gz"
    held = pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False).filter(pl.col("lang") == code)
    references = held["translation"].drop_nulls().to_list()
    draws = np.random.default_rng(1)
    outputs = [noisy(text, draws) for text in references]
    times = -(-count // len(references))
    return (outputs * times)[:count], (references * times)[:count]


def measured(data: Path, code: str, count: int, peer: int, name: str, words: int) -> dict[str, Any]:
    from sacrebleu.metrics import CHRF

    outputs, references = segments(data, code, count)
    ours = metric(name)
    ours.statistics(outputs[:10], [references[:10]])
    spent, sums = seconds(lambda: ours.statistics(outputs, [references]))
    theirs = CHRF(word_order=words)
    # What its own bootstrap is made of, and the corpus score.
    took, told = 0.0, []
    for start in range(0, peer, _SLICE):
        stop = min(start + _SLICE, peer)
        spent_, held = seconds(
            lambda start=start, stop=stop: theirs._extract_corpus_statistics(
                outputs[start:stop], [references[start:stop]]
            )
        )
        took += spent_
        told.append([sum(column) for column in zip(*held, strict=True)])
    score = theirs._aggregate_and_compute(told).score
    return {
        "language": code,
        "metric": name,
        "segments": count,
        "weft, segments per CPU-second": round(count / spent),
        "sacrebleu, segments per CPU-second": round(peer / took),
        "ratio": round((count / spent) / (peer / took), 1),
        "difference of scores": float(abs(ours.finish(sums[:peer].sum(axis=0)) - score)),
    }


def intervals() -> float:
    draws = np.random.default_rng(2)
    counts = draws.integers(0, 90, (2_000, 100, 24)).astype(np.float64)
    counts[..., 2::3] = np.minimum(counts[..., 0::3], counts[..., 1::3])
    spent, _ = seconds(lambda: bootstrap(counts, metric("chrf++").finish, samples=10_000))
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--peer", type=int, default=20_000)
    parser.add_argument("--languages", default="swh_Latn,khm_Khmr,tir_Ethi")
    parser.add_argument("--metrics", default="chrf++,chrf")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    data = Path(os.environ["WEFT_DATA"])
    rows = [
        measured(data, code, given.segments, given.peer, name, {"chrf++": 2, "chrf": 0}[name])
        for code in given.languages.split(",")
        for name in given.metrics.split(",")
    ]
    told = {"rows": rows, "10,000 resamples of 100 systems, CPU-seconds": round(intervals(), 1)}
    if given.json:
        print(json.dumps(told, indent=1))
        return
    for row in rows:
        print("  ".join(f"{name}: {value}" for name, value in row.items()))
    print(
        "10,000 resamples of 100 systems, 2,000 segments, chrF++:", told["10,000 resamples of 100 systems, CPU-seconds"]
    )


if __name__ == "__main__":
    main()
