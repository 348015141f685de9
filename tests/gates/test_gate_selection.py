"""Default rules keep text that people found good, in small languages as in large ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from weft.construct.defaults import DEFAULT_RULES
from weft.construct.rules import Rules
from weft.construct.thresholds import apply, thresholds
from weft.label.signals import signals
from weft.label.tokens import tokens

FALSE_REJECTS = 0.035
FALSE_REJECTS_OF_A_LANGUAGE = 0.065
REMOVED = 0.07
LANGUAGES_OVER_A_FIFTH = 8


def judged(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with `rule`, under thresholds learned from the same rows, their given language taken as certain."""
    lid = pl.struct(pl.col("lang").alias("language"), pl.lit(0.95, pl.Float32).alias("score"))
    table = rows.with_columns(lid.alias("lid")).to_arrow(compat_level=pl.CompatLevel.oldest())
    table = signals()(tokens()(table)).drop_columns(["tokens"])
    fold = thresholds()
    frame = pl.DataFrame(pl.from_arrow(table))
    frame = apply(frame, fold.finish(fold.merge([fold.partial(table)])))
    return frame.with_columns(Rules(DEFAULT_RULES).first_failing(frame))


@pytest.fixture(scope="module")
def documents(data_dir: Path) -> pl.DataFrame:
    """Both collections together, as a build would see them: 7,068 crawled documents and 1,958 judged by people."""
    crawled = pl.read_ndjson(gzip.decompress((data_dir / "docs" / "hplt_web_docs.jsonl.gz").read_bytes()))
    checked = pl.read_ndjson(gzip.decompress((data_dir / "quality" / "hplt_inspection_train.jsonl.gz").read_bytes()))
    good = (pl.col("lang_correct") == 1) & (pl.col("unnatural") == 0) & (pl.col("porn") == 0)
    parts = [
        crawled.select("lang", "text", pl.lit(None, pl.Boolean).alias("good")),
        checked.select("lang", "text", good.alias("good")),
    ]
    return judged(pl.concat(parts))


def test_good_text_is_kept(documents: pl.DataFrame) -> None:
    good = documents.filter(pl.col("good"))
    bad = documents.filter(~pl.col("good"))
    rejected = pl.col("rule").is_not_null().mean()
    assert good.height > 1500
    assert good.select(rejected).item() <= FALSE_REJECTS
    worst = good.group_by("lang").agg(rejected.alias("share"), pl.len()).filter(pl.col("len") >= 50)["share"].max()
    assert isinstance(worst, float) and worst <= FALSE_REJECTS_OF_A_LANGUAGE
    assert bad.select(rejected).item() >= 4 * good.select(rejected).item()


def test_small_languages_lose_little(documents: pl.DataFrame) -> None:
    crawled = documents.filter(pl.col("good").is_null())
    rejected = pl.col("rule").is_not_null().mean()
    by_language = crawled.group_by("lang").agg(rejected.alias("share"))
    assert crawled.select(rejected).item() <= REMOVED
    assert by_language.filter(pl.col("share") > 0.2).height <= LANGUAGES_OVER_A_FIFTH


def test_a_declaration_in_400_languages_is_kept(data_dir: Path) -> None:
    content = gzip.decompress((data_dir / "lid" / "udhr_train.tsv.gz").read_bytes())
    lines = pl.read_csv(content, separator="\t", quote_char=None, infer_schema_length=0)
    texts = lines.group_by("file", "lang", maintain_order=True).agg(pl.col("text").str.join("\n"))
    found = judged(texts.select("lang", "text"))
    assert isinstance(found["rule"], pl.Series) and found.height > 400
    assert found["rule"].is_null().mean() >= 0.94  # type: ignore[operator]


def test_table_types(data_dir: Path) -> None:
    empty = pl.DataFrame({"lang": [], "text": []}, schema={"lang": pl.String, "text": pl.String})
    assert isinstance(judged(empty).to_arrow(), pa.Table)
