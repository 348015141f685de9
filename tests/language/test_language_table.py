"""The table of languages: rates worked out by hand, groups and refusals, and what is written and read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from weft.errors import WeftError
from weft.language.answered import COLUMNS, answered
from weft.language.language_table import (
    expected_precision,
    language_table,
    load_table,
    rate_and_bound,
    save_table,
)
from weft.language.model import LanguageModel
from weft.language.recipe import Shape
from weft.language.training import fit

LABELS = ("aaa_Latn", "bbb_Latn", "ccc_Latn")


@pytest.fixture
def model() -> LanguageModel:
    """No weights are asked: aaa and bbb are a group whose code is also a label."""
    empty = np.zeros((1024, 8), np.int8), np.zeros((8, 3), np.float32)
    return LanguageModel(LABELS, *empty, families={"aaa_Latn": ("aaa_Latn", "bbb_Latn")}, margins={"aaa_Latn": 0.7})


def rows(*said: tuple[str, str, str, bool]) -> pl.DataFrame:
    """Language, best, answer, whether that is a group."""
    made = [("made", language, 50, best, 0.9, answer, group, 0.9) for language, best, answer, group in said]
    return pl.DataFrame(made, schema=COLUMNS, orient="row")


SAID = rows(
    ("aaa_Latn", "aaa_Latn", "aaa_Latn", False),
    ("aaa_Latn", "aaa_Latn", "aaa_Latn", True),  # the group, whose code is the same
    ("aaa_Latn", "bbb_Latn", "bbb_Latn", False),
    ("aaa_Latn", "aaa_Latn", "und", False),
    ("bbb_Latn", "aaa_Latn", "aaa_Latn", True),
    ("bbb_Latn", "bbb_Latn", "bbb_Latn", False),
    ("ccc_Latn", "ccc_Latn", "ccc_Latn", False),
    ("zzz_Latn", "ccc_Latn", "ccc_Latn", False),  # a language that the model does not have
)


def test_languages_and_groups(model: LanguageModel) -> None:
    table = language_table(model, SAID)
    found = {(row["language"], row["kind"]): row for row in table.to_dicts()}
    assert set(found) == {(label, "language") for label in LABELS} | {("aaa_Latn", "group")}
    one = found["aaa_Latn", "language"]
    assert (one["texts"], one["answered"], one["refused"]) == (4, 0.25, 0.25)
    assert (one["false_positives"], one["texts_of_others"], one["recall"]) == (0, 4, 0.75)
    assert one["taken_for"] == "bbb_Latn" and one["margin"] == 0.7
    assert found["bbb_Latn", "language"]["false_positives"] == 1
    other = found["ccc_Latn", "language"]
    assert (other["false_positives"], other["texts_of_others"], other["false_positive_rate"]) == (1, 7, 0.1429)
    assert other["group"] is None and other["margin"] is None
    group = found["aaa_Latn", "group"]
    assert (group["texts"], group["false_positives"]) == (6, 0)
    assert group["answered"] == pytest.approx(5 / 6, abs=1e-4) and group["f1"] == group["f1_merged"] == 1
    assert one["f1_merged"] == 1 and one["f1"] < 1


def test_expected_precision() -> None:
    assert expected_precision(0.5, 1e-4, 1e-4) == pytest.approx(0.5 / (0.5 + 0.9999))
    assert expected_precision(1, 0, 1e-4) == 1 and expected_precision(0, 0, 1e-4) == 0
    rate, bound = rate_and_bound(0, 30_000)
    assert rate == pytest.approx(0.5 / 30_001) and bound == pytest.approx(2.7055 / 30_000, rel=1e-3)
    assert rate_and_bound(0, 0) == (0.5, 1.0)


def test_it_uses_the_prior_and_the_bound(model: LanguageModel) -> None:
    low, high = (language_table(model, SAID, prior) for prior in (1e-4, 0.5))
    row, other = (table.filter(language="ccc_Latn").to_dicts()[0] for table in (low, high))
    assert row["expected_precision"] == pytest.approx(expected_precision(1, 1.5 / 8, 1e-4), rel=1e-3)
    assert row["expected_precision_at_least"] < row["expected_precision"] < other["expected_precision"]


def test_written_and_read_again(model: LanguageModel, tmp_path: Path) -> None:
    table = language_table(model, SAID)
    save_table(table, tmp_path / "languages.tsv")
    assert load_table(tmp_path / "languages.tsv").equals(table)
    assert '"' not in (tmp_path / "languages.tsv").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "says"),
    [("language\ttexts\naaa_Latn\t1\n", "not a table of languages"), ("", "not a table of languages")],
)
def test_another_table(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "languages.tsv").write_text(content, "utf-8")
    with pytest.raises(WeftError, match=says):
        load_table(tmp_path / "languages.tsv")
    with pytest.raises(WeftError, match="cannot be read"):
        load_table(tmp_path / "none.tsv")


def test_answers_of_a_real_model(texts: pl.DataFrame, shape: Shape) -> None:
    real = fit(texts.filter(pl.col("split") == "train"), shape)
    dev = pl.concat([texts.filter(pl.col("split") == "dev"), texts.head(1).with_columns(text=pl.lit("12 34"))])
    found = answered(real, dev)
    assert found.schema == pl.Schema(COLUMNS) and found.height == dev.height
    assert found["language"].equals(dev["language"]) and (found["best"] == found["language"]).mean() > 0.9
    assert found.tail(1).select("best", "chance", "answer", "as_group").row(0) == ("und", 0.0, "und", False)
    group = replace(real, families={"xxx_Latn": ("aaa_Latn", "bbb_Latn")}, margins={"xxx_Latn": 1.01})
    torn = answered(group, dev.filter(pl.col("language") == "aaa_Latn"))
    assert torn["as_group"].mean() > 0.9 and set(torn.filter("as_group")["answer"]) == {"xxx_Latn"}
