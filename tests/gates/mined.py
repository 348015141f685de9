"""Mining measured: seeds and tests of TICO-19, P@1 among all held-out lines, F1 where half of each side is unpaired."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from weft.parallel.lexicon import train
from weft.parallel.mining import Plan, candidates, learn, mine

SEED = 2_000


class Measured(NamedTuple):
    """Estimate, low and high end of the 95 % interval of each figure."""

    p_at_1: tuple[float, float, float]
    f1: tuple[float, float, float]
    precision: tuple[float, float, float]


def read(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)


def tico(data_dir: Path, code: str, split: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """2,000 pairs to learn from and 1,071 to test: by `documents` (the first 2,000 lines), or `lines` at random."""
    rows = read(data_dir / "parallel/tico19.tsv.gz").filter(pl.col("lang") == code)
    rows = rows.select(pl.col("english").alias("source"), pl.col("translation").alias("target"))
    if split == "lines":
        rows = rows[np.random.default_rng(0).permutation(rows.height)]
    return rows[:SEED], rows[SEED:]


def oldi(data_dir: Path, code: str) -> pl.DataFrame:
    """2,000 pairs of Wikipedia."""
    rows = read(data_dir / "parallel/oldi_seed.tsv.gz")
    sides = [rows.filter(pl.col("lang") == lang).select("line", "text") for lang in ("eng_Latn", code)]
    held = sides[0].join(sides[1], on="line", maintain_order="left")
    return held.select(pl.col("text").alias("source"), pl.col("text_right").alias("target"))[:SEED]


def storybooks(data_dir: Path, code: str) -> pl.DataFrame:
    """Pages and titles of children's stories that are in English too, at most 2,000; each different pair once."""
    stories = pl.read_ndjson(data_dir / "align/african_storybook.jsonl.gz").filter("same_pages")
    held = []
    for english, other in (("a", "b"), ("b", "a")):
        own = stories.filter(pl.col(f"lang_{english}") == "eng_Latn", pl.col(f"lang_{other}") == code)
        sides = (("source", english), ("target", other))
        held += [
            own.select(pl.col(side).alias(name) for name, side in sides).explode("source", "target"),
            own.select(pl.col(f"title_{side}").alias(name) for name, side in sides),
        ]
    rows = pl.concat(held).with_columns(pl.all().str.strip_chars()).unique(maintain_order=True)
    return rows.filter(pl.all_horizontal(pl.col("source", "target") != ""))[:SEED]


def measured(seed: pl.DataFrame, test: pl.DataFrame, code: str) -> Measured:
    """A third of the test pairs has both sides, a third the source alone, a third the target alone."""
    plan = Plan(("eng_Latn", code))
    count = test.height // 3
    corpora = (test["source"][: 2 * count], pl.concat([test["target"][:count], test["target"][2 * count : 3 * count]]))
    pairs = (seed["source"], seed["target"])
    learnt = learn(pairs, corpora, plan, lambda *_: None)
    lexicon = train(*pairs, plan.languages, learnt.foldings)
    found = mine(corpora, lexicon, learnt, plan, lambda *_: None, learnt.threshold)
    right = (found.rows == found.columns) & (found.rows < count)
    every, value = candidates((test["source"], test["target"]), lexicon, learnt, plan, lambda *_: None)
    order = np.lexsort((every.columns, -value, every.rows))
    first = order[np.unique(every.rows[order], return_index=True)[1]]
    hits = int((every.rows[first] == every.columns[first]).sum())
    return Measured(wilson(hits, test.height), f1(right, found.rows, count), wilson(int(right.sum()), len(right)))


def wilson(hits: int, total: int) -> tuple[float, float, float]:
    """A share with its interval (Wilson 1927)."""
    if not total:
        return 0.0, 0.0, 1.0
    z, p = 1.96, hits / total
    middle, half = p + z * z / (2 * total), z * np.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return p, (middle - half) / (1 + z * z / total), (middle + half) / (1 + z * z / total)


def f1(right: np.ndarray, rows: np.ndarray, there: int) -> tuple[float, float, float]:
    """F1 with a bootstrap interval over the source sentences."""
    size = 2 * there
    good, mined = np.zeros(size), np.zeros(size)
    good[rows[right]], mined[rows] = 1, 1
    true = (np.arange(size) < there).astype(float)
    draw = np.random.default_rng(0).multinomial(size, np.full(size, 1 / size), 1000)
    every = 2 * (draw @ good) / np.maximum(draw @ mined + draw @ true, 1)
    low, high = np.quantile(every, [0.025, 0.975])
    return float(2 * good.sum() / max(mined.sum() + there, 1)), float(low), float(high)
