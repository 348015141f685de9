"""Answers with reasons."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.language.families import with_families
from weft.language.identify import identify
from weft.language.model import LanguageModel
from weft.language.recipe import Shape
from weft.language.refusal import Refusal
from weft.language.training import fit
from weft.text.coverage import empty_filter


@pytest.fixture(scope="module")
def model(texts: pl.DataFrame) -> LanguageModel:
    shape = Shape(bits=14, width=16, draws=12_000, min_characters=500)
    train = texts.filter(pl.col("split") == "train")
    return with_families(fit(train, shape), {"xyz_Cyrl": ("ddd_Cyrl", "eee_Cyrl")}, train)


def answered(model: LanguageModel, *given: str | None) -> list[dict[str, object] | None]:
    return identify(model, pa.array(given, pa.large_string()))["lid"].to_pylist()


def test_languages_scripts_and_scores(model: LanguageModel, texts: pl.DataFrame) -> None:
    rows = texts.filter(pl.col("split") == "dev")
    table = identify(model, rows["text"].to_arrow())
    lid = pl.from_arrow(table["lid"].combine_chunks())
    assert isinstance(lid, pl.Series)
    found = lid.struct.unnest()
    assert (found["language"] == rows["language"]).mean() > 0.98
    assert found["script"].to_list() == rows["language"].str.split("_").list.last().to_list()
    first = table["alternatives"].to_pylist()
    assert all(row[0]["language"] == code for row, code in zip(first, found["language"], strict=True))
    assert all(row == sorted(row, key=lambda item: -item["score"]) for row in first)


def test_reasons(model: LanguageModel) -> None:
    rows = answered(model, None, "", "12 %", "👍", "ba", "ελληνικά", "bakato mikato")
    assert rows[0] is None
    assert [row["reason"] for row in rows[1:] if row] == [
        "no_letters", "no_letters", "no_letters", "too_short", "unknown_script", None
    ]  # fmt: skip
    assert [row["language"] for row in rows[4:] if row] == ["und_Latn", "und_Grek", "aaa_Latn"]


def test_a_group_is_answered_where_its_languages_are_not_told_apart(model: LanguageModel) -> None:
    careful = replace(model, margins={"xyz_Cyrl": 1.01})
    (row,) = answered(careful, "бока томи нере")
    assert row is not None and row["language"] == "xyz_Cyrl" and row["reason"] == "group"
    assert row["score"] == pytest.approx(1, abs=1e-3)
    (plain,) = answered(model, "бока томи нере")
    assert plain is not None and plain["language"] == "ddd_Cyrl" and plain["reason"] is None


def test_what_is_not_sure_enough_is_unknown(model: LanguageModel) -> None:
    nothing = np.zeros((len(model.labels), 2), np.float32)
    never = Refusal(
        empty_filter(10), empty_filter(10), nothing, nothing + 1, np.zeros((30, 30), np.float32), nothing[:, 0] + 1
    )
    (row,) = answered(replace(model, refusal=never), "bakato mikato")
    assert row is not None and row["language"] == "und_Latn" and row["reason"] == "unknown"


def test_letters_and_marks_apart_are_the_same_letters(model: LanguageModel) -> None:
    whole = "ñexo quiñe waxo tzañe"
    assert answered(model, unicodedata.normalize("NFD", whole)) == answered(model, whole)
    assert answered(model, whole)[0]["language"] == "ccc_Latn"  # type: ignore[index]


def test_no_rows(model: LanguageModel) -> None:
    table = identify(model, pa.array([], pa.large_string()))
    assert table.num_rows == 0 and table.column_names == ["lid", "alternatives", "variety"]


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, "\x00\x01" * 50 + "hello", "\u202e" * 100, "\ufffd" * 40, "ߒߞߏ " * 9]
)
def test_strange_text_never_raises(model: LanguageModel, text: str) -> None:
    assert answered(model, text)[0] is not None
