"""Figures of a report, from answers that are made up so that their truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from weft.language.answered import COLUMNS, answered
from weft.language.calibration import COSTS, trade_off
from weft.language.diagnosis import LENGTHS, by_length, clusters, diagnose, refusals, reliability
from weft.language.model import LanguageModel
from weft.language.recipe import RefusalRecipe, Shape, Source, TrainingRecipe
from weft.language.training import fit


def rows(counts: dict[tuple[str, str], int], score: float = 0.9) -> pl.DataFrame:
    """So many texts of a language that are taken for another, all answered."""
    made = [
        ("made", language, 50, best, score, best, False, score)
        for (language, best), count in counts.items()
        for _ in range(count)
    ]
    return pl.DataFrame(made, schema=COLUMNS, orient="row")


def test_clusters_are_found_from_the_answers() -> None:
    counts = {("a", "a"): 90, ("a", "b"): 10, ("b", "b"): 50, ("c", "c"): 95, ("c", "a"): 1, ("c", "und"): 4}
    counts |= {("d", "d"): 10, ("d", "c"): 2, ("e", "e"): 200, ("e", "d"): 5}  # too few, and too small a share
    (found,) = clusters(rows(counts))
    assert found["languages"] == ["a", "b"] and found["texts"] == [100, 50] and found["confused"] == 10
    assert found["shares"] == [[0.9, 0.1], [0.0, 1.0]] and found["elsewhere"] == [0.0, 0.0]


def test_large_clusters_are_divided() -> None:
    """A chain of thirty at 5 %, in which pairs are confused far more."""
    counts: dict[tuple[str, str], int] = {}
    for n in range(30):
        counts[f"l{n:02d}", f"l{n:02d}"] = 100
        counts[f"l{n:02d}", f"l{(n + 1) % 30:02d}"] = 60 if n % 2 == 0 else 6
    found = clusters(rows(counts))
    assert found and all(len(cluster["languages"]) == 2 for cluster in found)
    assert found[0]["languages"] == ["l00", "l01"]


def test_reliability() -> None:
    sure, unsure = rows({("a", "a"): 95, ("a", "b"): 5}, 0.95), rows({("a", "a"): 30, ("b", "a"): 70}, 0.35)
    found = reliability(MODEL, pl.concat([sure, unsure]))["best"]
    assert [(row["score"], row["right"], row["texts"]) for row in found["bins"]] == [
        (pytest.approx(0.35, abs=1e-4), 0.3, 100), (pytest.approx(0.95, abs=1e-4), 0.95, 100)
    ]  # fmt: skip
    assert found["error"] == pytest.approx(0.025, abs=1e-3)
    assert all(row["low"] < row["right"] < row["high"] for row in found["bins"])


def test_a_group_is_right_when_it_holds_the_language() -> None:
    torn = rows({("a", "b"): 4, ("c", "b"): 4}).with_columns(answer=pl.lit("ab"), as_group=pl.lit(True))
    found = reliability(MODEL, torn)
    assert found["answered"]["bins"][0]["right"] == 0.5 and found["best"]["bins"][0]["right"] == 0


MODEL = LanguageModel(
    ("a", "b", "c"), np.zeros((1024, 8), np.int8), np.zeros((8, 3), np.float32), {}, {"ab": ("a", "b")}, {"ab": 0.9}
)


def test_trade_off() -> None:
    right, source = np.arange(1000) / 1000, np.repeat(["checked", "other"], [500, 500])
    other, kind = np.array([0.0, 0.0, 0.0, 0.4]), np.array(["a", "a", "a", "b"])
    found = dict(trade_off(right, source, other, kind, ["checked"]))
    assert list(found) == list(COSTS)
    assert found[0.02] == 0.5  # all of a, nothing of b: each counts the same
    assert list(found.values()) == sorted(found.values())


@pytest.fixture(scope="module")
def model(texts: pl.DataFrame, shape: Shape) -> LanguageModel:
    from weft.language.calibration import calibrated

    source = Source(name="made", path="made.tsv", license="CC0-1.0")
    recipe = TrainingRecipe(sources=(source,), model=shape, refusal=RefusalRecipe(left_out=0.1))
    return calibrated(fit(texts.filter(pl.col("split") == "train"), shape), texts, recipe, lambda done, loss: None)[0]


def test_of_a_real_model(texts: pl.DataFrame, model: LanguageModel) -> None:
    dev = texts.filter(pl.col("split") == "dev")
    # some are said to be what they are not, so that there are wrong answers to refuse
    wrong = dev.head(20).with_columns(language=pl.lit("bbb_Latn"))
    dev = pl.concat([dev.tail(-20), wrong])
    found = diagnose(model, dev, answered(model, dev), ["made"])
    assert set(found) == {"by_length", "clusters", "refusals", "reliability"}
    assert 0 <= found["refusals"]["at"][0] <= 0.05
    assert [cost for cost, _ in found["refusals"]["wrong_answers"]] == list(COSTS)
    assert found["clusters"][0]["languages"] == ["aaa_Latn", "bbb_Latn"]
    assert diagnose(model, dev, answered(model, dev), ["made"]) == found


def test_what_cannot_be_measured_is_left_out(texts: pl.DataFrame, model: LanguageModel) -> None:
    assert refusals(replace(model, refusal=None), texts, ["made"]) == {}
    assert by_length(model, texts.filter(pl.col("language") == "aaa_Latn")) == {}


def test_beginnings_are_asked(texts: pl.DataFrame, model: LanguageModel) -> None:
    joined = texts.group_by("language", pl.col("group").cast(pl.Int64) // 6, maintain_order=True).agg(
        pl.col("text").str.join(" "), pl.col("source", "weight", "split").first()
    )
    other = pl.when(pl.col("language") == "aaa_Latn").then(pl.lit("Schtrenvogmist gul ")).otherwise(pl.lit(""))
    joined = joined.with_columns(pl.concat_str(other, "text").alias("text"))
    found = by_length(model, joined)["made"]
    assert [row["characters"] for row in found] == [*LENGTHS, None]
    assert found[0]["macro_f1"] < 0.85 and found[-1]["macro_f1"] > 0.98 and len({row["texts"] for row in found}) == 1
