"""Recipes without a model, on real text: the language stays where it has to, and other scripts are written right."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from weft.language.identify import identify
from weft.language.model import packaged
from weft.operators.registry import validate
from weft.synthesize.code_switch import code_switch
from weft.synthesize.noise import noise
from weft.synthesize.other_script import other_script

from ..synthesize.made import documents

Record = Callable[[str, object], None]
LANGUAGES = (
    "wol_Latn luo_Latn quy_Latn gug_Latn bam_Latn lug_Latn tir_Ethi asm_Beng mai_Deva shn_Mymr ckb_Arab bod_Tibt"
)
STAYS = 0.9
"""Texts of a language of which the identifier says the same before and after, of those that it was right on."""
MADE = 0.75
"""Share of texts of which a recipe makes a record."""
WRITTEN = 0.86
"""Words of Tamasheq sentences that are written in Tifinagh as a person did."""


@pytest.fixture(scope="module")
def sentences(data_dir: Path) -> pl.DataFrame:
    held = pl.read_csv(data_dir / "lid/sib200_train.tsv.gz", separator="\t", quote_char=None, infer_schema=False)
    return held.filter(pl.col("lang").is_in(LANGUAGES.split()), pl.col("split") == "dev").group_by("lang").head(60)


def batch(rows: pl.DataFrame) -> pa.Table:
    given = rows.select(pl.concat_str("lang", "id").alias("id"), "text", pl.col("lang").alias("language_hint"))
    return documents(given.to_dicts())


def records(factory: Any, rows: pl.DataFrame, **parameters: Any) -> list[dict[str, Any]]:
    made = factory(**validate(factory.spec, parameters))(batch(rows)).to_pylist()
    return [row for row in made if row["parts"]]


def staying(made: list[dict[str, Any]], language: str) -> float:
    """Share of the records whose language is identified as before, of those that it was right of."""
    sides = []
    for side in ("of", "text"):
        texts = pa.array([row["parts"][0][side] for row in made])
        sides.append(identify(packaged("default"), texts)["lid"].to_pylist())
    same = [new["language"] == language for old, new in zip(*sides, strict=True) if old["language"] == language]
    return sum(same) / len(same)


def test_switched_texts_keep_their_matrix_language(
    sentences: pl.DataFrame, data_dir: Path, tmp_path: Path, record_property: Record
) -> None:
    words = pl.read_csv(data_dir / "lexicon/gatitos.tsv.gz", separator="\t", quote_char=None, infer_schema=False)
    for language in LANGUAGES.split():
        own = words.filter(lang=language).select(pl.col("translation").alias(language), eng_Latn="english")
        own.write_csv(tmp_path / f"{language}.tsv", separator="\t", quote_style="never")
        rows = sentences.filter(lang=language)
        made = records(code_switch, rows, lexicon=str(tmp_path / f"{language}.tsv"), into="eng_Latn", most_share=0.3)
        share = staying(made, language)
        record_property(language, f"{share:.3f} of {len(made)}")
        assert share >= STAYS and len(made) >= MADE * rows.height
        assert all(0.1 <= json.loads(row["note"])["share"] <= 0.3 for row in made)


@pytest.mark.parametrize("kind", ["characters", "diacritics"])
def test_noise_leaves_the_language(sentences: pl.DataFrame, kind: str, record_property: Record) -> None:
    for language in LANGUAGES.split():
        made = records(noise, sentences.filter(lang=language), kinds=[kind])
        if kind == "diacritics" and len(made) < 20:
            continue
        share = staying(made, language)
        record_property(language, f"{share:.3f} of {len(made)}")
        assert share >= STAYS


def test_a_script_is_learnt_from_sentences(data_dir: Path, tmp_path: Path, record_property: Record) -> None:
    held = pl.read_csv(data_dir / "parallel/oldi_seed.tsv.gz", separator="\t", quote_char=None)
    sides = [held.filter(lang=code).select("line", pl.col("text").alias(code)) for code in ("taq_Latn", "taq_Tfng")]
    rows = sides[0].join(sides[1], on="line").sort("line").head(480)
    rows.filter(pl.col("line") % 8 > 0).drop("line").write_csv(
        tmp_path / "pairs.tsv", separator="\t", quote_style="never"
    )
    apart = rows.filter(pl.col("line") % 8 == 0)
    given = apart.select(pl.lit("taq_Latn").alias("lang"), pl.col("line").cast(pl.String).alias("id"), text="taq_Latn")
    made = records(other_script, given, script="Tfng", pairs=str(tmp_path / "pairs.tsv"), least_share=0.5)
    gold = dict(apart.select("taq_Latn", "taq_Tfng").iter_rows())
    right = total = 0
    for row in made:
        new, own = row["parts"][0]["text"].split(), gold[row["parts"][0]["of"]].split()
        if len(new) == len(own):
            right, total = right + sum(a == b for a, b in zip(new, own, strict=True)), total + len(own)
    record_property("words", f"{right / total:.3f} of {total}")
    assert right / total >= WRITTEN and total > 700
