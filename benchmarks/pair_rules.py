"""The rule stage beside OpusFilter: pairs per CPU-second of the same filters, and how often their answers agree.

python benchmarks/pair_rules.py [--peer PYTHON] [--pairs N] [--json]

PYTHON is that of an environment with opusfilter 3.3.1; without it, only weft is measured. Texts are the 27 languages of
TICO-19, shuffled together and repeated. Each side is read into memory first; CPU time is that of all threads.
"""

from __future__ import annotations

import argparse
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
import corpora

from weft.engine.pair_blocks import layout
from weft.engine.pair_filter import Job, filter_pairs
from weft.language.model import packaged
from weft.parallel.rule_learning import learn
from weft.parallel.rule_profiles import PROFILES
from weft.parallel.rules import Bound, Rules, judge, refused
from weft.parallel.side_languages import labels
from weft.text.pair_signals import texts

SHARED = (
    *("LengthFilter", "LengthRatioFilter", "LongWordFilter", "AverageWordLengthFilter", "HtmlTagFilter"),
    *("AlphabetRatioFilter", "TerminalPunctuationFilter", "NonZeroNumeralsFilter"),
)
"""Filters that both run."""
_RUNS = 3


def seconds(run: Callable[[], object]) -> float:
    """CPU-seconds of the fastest of some runs."""
    found = []
    for _ in range(_RUNS):
        started = time.process_time()
        run()
        found.append(time.process_time() - started)
    return min(found)


def shared_bounds() -> tuple[Bound, ...]:
    """The bounds of the profile that stand for SHARED."""
    return tuple(b for b in PROFILES["opusfilter"] if b.name.removeprefix("source_").removeprefix("target_") in SHARED)


def peer(python: str, rows: pl.DataFrame) -> tuple[float, dict[str, list[bool]]]:
    """CPU-seconds of all filters over the rows, and what each filter says of them."""
    with tempfile.TemporaryDirectory() as folder:
        rows.write_ndjson(Path(folder) / "pairs.jsonl")
        script = str(Path(__file__).with_name("peer_opusfilter.py"))
        done = subprocess.run(
            [python, script, f"{folder}/pairs.jsonl", *SHARED], check=True, capture_output=True, text=True, cwd=folder
        )
    held = json.loads(done.stdout.splitlines()[-1])
    return held["seconds"], held["accepted"]


def agreement(rows: pl.DataFrame, accepted: dict[str, list[bool]]) -> dict[str, float]:
    """Share of pairs of which the profile says what OpusFilter does, by filter."""
    found = judge(Rules(("", ""), PROFILES["opusfilter"]), texts(rows["source"]), texts(rows["target"])).signals
    made = {}
    for name in SHARED:
        names = (name, f"source_{name}", f"target_{name}")
        own = tuple(bound for bound in PROFILES["opusfilter"] if bound.name in names)
        made[name] = float((np.asarray(accepted[name]) == (refused(own, found) == 0)).mean())
    return made


def of_files(rows: pl.DataFrame, rules: Rules) -> dict[str, dict[str, Any]]:
    """Wall-clock rates of `weft pairs filter` over files, by format and number of threads."""
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        rows.write_csv(base / "in.tsv", separator="\t", include_header=False, quote_style="never")
        rows.write_ndjson(base / "in.jsonl")
        rows.write_parquet(base / "in.parquet")
        for ending in ("tsv", "jsonl", "parquet"):
            held = layout(base / f"in.{ending}", (), False)
            for workers in (1, 2):
                job = Job(held, rules, base / f"out.{ending}", base / f"rest.{ending}", workers=workers)
                started = time.process_time()
                done = filter_pairs(job)
                cpu = time.process_time() - started
                made[f"{ending}, {workers} threads"] = {
                    "wall": done["pairs_per_second"],
                    "cpu": round(done["read"] / cpu),
                }
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="Python of an environment with opusfilter")
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    every: Any = pl.read_csv(
        corpora.data_folder() / "parallel" / "tico19.tsv.gz", separator="\t", quote_char=None, infer_schema=False
    )
    every = every.select("lang", source=pl.col("english").fill_null(""), target=pl.col("translation").fill_null(""))
    seed = every.filter(pl.col("lang") == "swh_Latn").head(2_000)
    rules = learn(texts(seed["source"]), texts(seed["target"]), ("eng_Latn", "swh_Latn"))
    rows = every.drop("lang").sample(given.pairs, with_replacement=True, seed=1)
    sides = texts(rows["source"]), texts(rows["target"])
    identified = functools.partial(labels, packaged("default"))
    with_languages = learn(texts(seed["source"]), texts(seed["target"]), ("eng_Latn", "swh_Latn"), answered=identified)
    same = Rules(("", ""), shared_bounds())
    told: dict[str, Any] = {
        "characters of a pair": float(rows.select(pl.all().str.len_chars()).sum_horizontal().mean()),  # type: ignore[arg-type]
        "all learnt rules, pairs per CPU-second": given.pairs / seconds(lambda: judge(rules, *sides)),
        "and languages": given.pairs / seconds(lambda: judge(with_languages, *sides, answered=identified)),
        "filters of OpusFilter": given.pairs / seconds(lambda: judge(same, *sides)),
        "files": of_files(rows, rules),
    }
    if given.peer:
        some = rows.head(min(given.pairs, 20_000))
        cpu, accepted = peer(given.peer, some)
        told["OpusFilter"] = some.height / cpu
        told["ratio"] = told["filters of OpusFilter"] / told["OpusFilter"]
        told["ratio of all learnt rules"] = told["all learnt rules, pairs per CPU-second"] / told["OpusFilter"]
        told["agreement"] = agreement(some, accepted)
    if given.json:
        print(json.dumps(told, indent=1))
        return
    for name, value in told.items():
        print(f"{name:40} {value:,.1f}" if isinstance(value, float) else f"{name:40} {json.dumps(value)}")


if __name__ == "__main__":
    main()
