"""How well one rater of MQM agrees with two others, and what noise costs: `weft meta-evaluate` on real human scores.

python benchmarks/metric_agreement.py FOLDER; writes raters.tsv (WMT 2023 English-German, three raters of a segment: the
first as a metric, beside lengths) and noisy.tsv (WMT 2020, people's scores with noise as metrics), and says how to ask.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import polars as pl

from weft.evaluate.mqm import weighted


def read(data: Path, name: str) -> pl.DataFrame:
    return pl.read_csv(data / "qe" / name, separator="\t", quote_char=None)


def raters(data: Path) -> pl.DataFrame:
    rated = read(data, "mqm_generalMT2023_sxs_ende.tsv.gz").with_columns(
        segment=pl.concat_str("doc", pl.col("seg_id").cast(pl.String), separator="#")
    )
    length = (pl.col("target_with_v_span").str.replace_all("</?v>", "").str.len_chars()).alias("characters")
    each = (
        weighted(rated)
        .group_by("system", "segment", "rater")
        .agg(score=-pl.col("weight").sum(), characters=length.first())
        .sort("system", "segment", "rater")
    )
    told = each.group_by("system", "segment", maintain_order=True).agg(
        human=pl.col("score").slice(1).mean(),
        one_rater=pl.col("score").first(),
        characters=pl.col("characters").first(),
        raters=pl.len(),
    )
    return told.filter(pl.col("raters") == 3).drop("raters")


def noisy(data: Path) -> pl.DataFrame:
    scored = read(data, "mqm_newstest2020_seg_scores.tsv.gz").rename({"mqm_avg_score": "human", "seg_id": "segment"})
    draws = np.random.default_rng(1)
    people = scored["human"].to_numpy()
    made = {f"noise_{width}": people + draws.normal(0, width, len(people)) for width in (2, 8)}
    return scored.with_columns(**{name: pl.Series(values) for name, values in made.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    data = Path(os.environ["WEFT_DATA"])
    folder.mkdir(parents=True, exist_ok=True)
    raters(data).write_csv(folder / "raters.tsv", separator="\t")
    noisy(data).write_csv(folder / "noisy.tsv", separator="\t")
    left_out = " ".join(f"--without Human-{name}.0" for name in "ABP")
    print(f"weft meta-evaluate {folder}/raters.tsv --lower characters --without refA")
    print(f"weft meta-evaluate {folder}/noisy.tsv --pair pair {left_out}")


if __name__ == "__main__":
    main()
