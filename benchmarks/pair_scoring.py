"""What a lexicon and a scorer of pairs cost: pairs per CPU-second that are scored, and learnt from.

python benchmarks/pair_scoring.py [--languages swh_Latn,ckb_Arab,khm_Khmr] [--times 20] [--runs 4] [--json]

Scorers with whole words of the first 2,000 lines of TICO-19 score the other 1,071, `--times` over; a figure for each of
`--runs`. Of the lexicon (IBM Model 1, both ways) pairs per CPU-minute, of all lines of the language. Without a
peer: none was found that learns a scorer from a seed alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.gates.pair_heads import split
from tests.gates.pair_sets import PairSet, pair_sets

from weft.parallel import lexicon, scorer


def seconds(call: Callable[[], object]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def measured(held: PairSet, times: int, runs: int) -> dict[str, object]:
    seed, rest = split(held)
    texts = [pl.Series(side * times) for side in rest]
    made = scorer.train(seed[0], seed[1], held.languages)
    made.score(*(side[:100] for side in texts))
    learnt = seconds(lambda: lexicon.train(held.source.to_list(), held.target.to_list(), held.languages))
    return {
        "scored per CPU-second": [round(len(texts[0]) / seconds(lambda: made.score(*texts))) for _ in range(runs)],
        "characters": [round(side.str.len_chars().mean() or 0) for side in texts],  # type: ignore[arg-type]
        "training, CPU-seconds": round(seconds(lambda: scorer.train(seed[0], seed[1], held.languages)), 1),
        "lexicon, pairs per CPU-minute": round(60 * len(held.source) / learnt),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", default="swh_Latn,ckb_Arab,khm_Khmr")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    every = {held.languages[1]: held for held in pair_sets(Path(os.environ["WEFT_DATA"]), ("tico19",))}
    wanted = given.languages.split(",")
    if strange := [code for code in wanted if code not in every]:
        parser.error(f"--languages {','.join(strange)}: expected some of {', '.join(every)}")
    told = {code: measured(every[code], given.times, given.runs) for code in wanted}
    if given.json:
        print(json.dumps(told, indent=1))
        return
    for code, figures in told.items():
        print(code, *(f"{name} {value}" for name, value in figures.items()), sep="\n    ")


if __name__ == "__main__":
    main()
