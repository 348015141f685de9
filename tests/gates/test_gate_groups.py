"""Gate: in real parallel text what shares a side is small enough for test sets, and what to ask for where it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.construct.group_keys import group_keys
from weft.construct.group_links import group_links
from weft.model.tables import PART
from weft.text.components import components

LARGEST = {
    # documents, largest unit, and that of sides of 15 characters or more: the table of docs/deduplication.md
    "tico19": (82_917, 162, 162),
    "oldi_seed": (88_000, 640, 640),
    "nusax": (6_599, 11, 11),
    "bible_acts": (39_800, 80, 80),
    "storybook": (14_402, 175, 141),
    "gatitos": (715_125, 711_135, 1_192),
}


def table(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, separator="\t", quote_char=None, infer_schema=False)


def joined(texts: pl.DataFrame, key: str, pivot: str) -> pl.DataFrame:
    """Pairs of one language with each other one, by what their rows have in common."""
    own = texts.filter(lang=pivot).unique(key, keep="first", maintain_order=True)
    own = own.select(key, pl.col("lang").alias("lang_a"), pl.col("text").alias("a"))
    others = texts.filter(pl.col("lang") != pivot).join(own, on=key, maintain_order="left")
    return others.rename({"lang": "lang_b", "text": "b"})


def pairs_of(name: str, data: Path) -> pl.DataFrame:
    if name == "storybook":
        stories = pl.read_ndjson(data / "align/african_storybook.jsonl.gz").filter("same_pages")
        stories = stories.filter(pl.col("a").list.len() == pl.col("b").list.len()).explode("a", "b")
        return stories.select("lang_a", "a", "lang_b", "b")
    if name in ("tico19", "gatitos"):
        held = table(data / {"tico19": "parallel/tico19.tsv.gz", "gatitos": "lexicon/gatitos.tsv.gz"}[name])
        return held.select(
            pl.lit("eng_Latn").alias("lang_a"), pl.col("english").alias("a"), lang_b="lang", b="translation"
        )
    file, key, pivot = {
        "oldi_seed": ("parallel/oldi_seed.tsv.gz", "line", "eng_Latn"),
        "nusax": ("parallel/nusax_train.tsv.gz", "row", "ind_Latn"),
        "bible_acts": ("lid/bible_acts.tsv.gz", "verse", "quc_Latn"),
    }[name]
    return joined(table(data / file), key, pivot).select("lang_a", "a", "lang_b", "b")


def batch(pairs: pl.DataFrame) -> pa.Table:
    """The pairs as documents."""
    first, second = (pl.col(name).str.len_chars().cast(pl.Int64) for name in "ab")
    fields = {"field": pl.lit("translation"), "role": pl.lit(None, pl.String)}
    a = pl.struct(**fields, language="lang_a", begin=pl.lit(0, pl.Int64), end=first)
    b = pl.struct(**fields, language="lang_b", begin=first + 2, end=first + 2 + second)
    rows = pairs.select(pl.concat_str("a", pl.lit("\n\n"), "b").alias("text"), pl.concat_list(a, b).alias("parts"))
    size = rows.height
    parts = rows["parts"].to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.list_(PART))
    columns = {"text": rows["text"].to_arrow(), "parts": parts, "record_kind": pa.array(["pair"] * size)}
    columns |= {"group_id": pa.nulls(size, pa.string()), "shard": pa.array(np.zeros(size, np.int32))}
    return pa.table(columns | {"row": pa.array(np.arange(size, dtype=np.int32))})


@pytest.mark.parametrize("name", LARGEST)
def test_units_of_real_pairs(name: str, data_dir: Path, record_property: object) -> None:
    pairs = pairs_of(name, data_dir)
    pairs = pairs.filter(pl.all_horizontal(pl.col("a", "b").fill_null("").str.strip_chars() != ""))
    held, found = batch(pairs), [pairs.height]
    for least in (1, 15):
        links = group_links()(group_keys(least_characters=least)(held))
        ends = (links[f"row_{side}"].to_numpy().astype(np.int64) for side in "ab")
        found.append(int(np.bincount(components(pairs.height, *ends)).max()))
    record_property("largest_of_any_side", found[1])  # type: ignore[operator]
    record_property("largest_from_15_characters", found[2])  # type: ignore[operator]
    assert tuple(found) == LARGEST[name]
