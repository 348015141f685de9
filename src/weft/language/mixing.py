"""How much, and how, a text mixes languages: CMI, I-index and M-index of its words.

Words of no language, and those whose language is not known (`und_*`), are language-independent in all three.
"""

from __future__ import annotations

import polars as pl

MEASURES = ("cmi", "i_index", "m_index")


def measures(words: pl.DataFrame, rows: int) -> pl.DataFrame:
    """One row per text, 0 to `rows` - 1: `cmi`, `i_index`, `m_index`; null where no word of it has a language.

    `words` has `row` and `language` of each word, in the order of the texts. With n words, u of them independent,
    n_j of language j, N = n - u, p_j = n_j / N and k languages:

    - CMI = 100 * (1 - max_j n_j / N), from 0 to below 100 (Das and Gambäck 2014, eq. 1, whose max is over languages);
    - I-index = (number of words whose language is another than that of the last such word before) / (N - 1), from 0
      to 1; 0 where N = 1 (Guzmán et al. 2017: the probability of a switch);
    - M-index = (1 - sum_j p_j^2) / ((k - 1) * sum_j p_j^2), from 0 to 1, which k languages in equal parts reach; 0
      where k = 1 (Barnett et al. 2000).
    """
    known = words.lazy().filter(pl.col("language").is_not_null(), ~pl.col("language").str.starts_with("und"))
    turns = known.with_columns((pl.col("language") != pl.col("language").shift().over("row")).alias("turn"))
    turned = turns.group_by("row").agg(pl.len().alias("all"), pl.col("turn").sum().alias("turns"))
    sizes = known.group_by("row", "language").len("n")
    shares = sizes.group_by("row").agg(
        pl.col("n").max().alias("most"),
        pl.len().alias("languages"),
        (pl.col("n").cast(pl.Float64) ** 2).sum().alias("squares"),
    )
    held = turned.join(shares, on="row")
    even = pl.col("squares") / pl.col("all").cast(pl.Float64) ** 2
    found = held.select(
        pl.col("row").cast(pl.Int64),
        (100 * (1 - pl.col("most") / pl.col("all"))).alias("cmi"),
        pl.when(pl.col("all") > 1).then(pl.col("turns") / (pl.col("all") - 1)).otherwise(0.0).alias("i_index"),
        pl.when(pl.col("languages") > 1)
        .then((1 - even) / ((pl.col("languages") - 1) * even))
        .otherwise(0.0)
        .alias("m_index"),
    )
    every = pl.LazyFrame({"row": pl.int_range(rows, dtype=pl.Int64, eager=True)})
    joined = every.join(found, on="row", how="left", maintain_order="left")
    return joined.select(pl.col(name).cast(pl.Float32) for name in MEASURES).collect()
