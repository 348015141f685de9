"""The identifier that ships, on texts kept out of its training: sentences, short texts, groups, noise, web documents.

Floors stand a little below what was measured on the part for tuning; the part for tests is not touched here.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import weft.language.recipe as recipes
from weft.label.lid import lid
from weft.label.lid_cld2 import lid_cld2
from weft.label.script import script
from weft.language.evaluation import macro_f1
from weft.language.identify import identify
from weft.language.model import LanguageModel, packaged
from weft.language.noise import noise_texts
from weft.language.texts import read_texts

Record = Callable[[str, object], None]

SENTENCES = {  # source: macro-F1 of the best language, of the default and the small model
    "sib200": (0.968, 0.965),
    "udhr": (0.972, 0.975),
    "afrisenti": (0.976, 0.972),
    "oldi": (0.986, 0.981),
    "persoarabic": (0.953, 0.937),
}
MERGED = (0.996, 0.995)
SHORT = {80: 0.956, 40: 0.922, 20: 0.839, 10: 0.672}
COST = 0.02
"""Right answers of any source that may be refused: the threshold is set so on these texts."""
SINGLE = 0.98
"""Precision of single languages within a group."""
NOISE, NOISE_TAKEN = 0.93, 0.001
"""Noise that is known as noise; texts of languages that are taken for it."""
CLAIMED, INSPECTED = 0.865, 0.988
"""Agreement, groups merged, with claims that nobody checked, and with pages that people say are in their language."""


@functools.cache
def _recipe() -> recipes.TrainingRecipe:
    return recipes.load_recipe(Path(recipes.__file__).with_name("default.yaml"))


@functools.cache
def _dev(folder: Path) -> pl.DataFrame:
    sources = tuple(source for source in _recipe().sources if source.name in SENTENCES)
    texts = read_texts(_recipe().model_copy(update={"sources": sources}), folder)
    return texts.filter(pl.col("split") == "dev")


def _merged(model: LanguageModel, names: Any) -> np.ndarray:
    family = {label: name for name, members in model.families.items() for label in members}
    return np.array([family.get(name, name) for name in names], dtype=object)


def _asked(model: LanguageModel, texts: pl.DataFrame) -> tuple[pl.DataFrame, pa.Table]:
    known = texts.filter(pl.col("language").is_in(model.labels))
    return known, identify(model, known["text"].to_arrow(), most=1)


def _first(found: pa.Table) -> np.ndarray:
    """The most probable label, also where the answer is a group or refused."""
    return np.array([row[0]["language"] if row else "" for row in found["alternatives"].to_pylist()], dtype=object)


@pytest.mark.parametrize("name", ["default", "small"])
def test_sentences(data_dir: Path, record_property: Record, name: Any) -> None:
    model, which = packaged(name), ("default", "small").index(name)
    known, found = _asked(model, _dev(data_dir))
    best, true = _first(found), known["language"].to_numpy()
    source = known["source"].to_numpy()
    scores = {one: macro_f1(true[source == one], best[source == one])["macro_f1"] for one in SENTENCES}
    sib = source == "sib200"
    merged = macro_f1(_merged(model, true[sib]), _merged(model, best[sib]))["macro_f1"]
    for one, score in (scores | {"sib200 merged": merged}).items():
        record_property(f"{name} {one}", score)
    assert all(scores[one] >= floors[which] for one, floors in SENTENCES.items()) and merged >= MERGED[which]


def test_short_texts(data_dir: Path, record_property: Record) -> None:
    sib = _dev(data_dir).filter(pl.col("source") == "sib200")
    for length, floor in SHORT.items():
        known, found = _asked(packaged("default"), sib.with_columns(pl.col("text").str.slice(0, length)))
        score = macro_f1(known["language"].to_numpy(), _first(found))["macro_f1"]
        record_property(f"first {length}", score)
        assert score >= floor


def test_refusals_cost_little_in_every_source_and_single_answers_are_right(
    data_dir: Path, record_property: Record
) -> None:
    model = packaged("default")
    known, found = _asked(model, _dev(data_dir))
    best, true, source = _first(found), known["language"].to_numpy(), known["source"].to_numpy()
    lids = found["lid"].combine_chunks().flatten()
    answer, reason = (lids[n].to_numpy(zero_copy_only=False) for n in (0, 3))
    members = {label for own in model.families.values() for label in own}
    right = best == true
    for one in SENTENCES:
        cost = float((reason[right & (source == one)] == "unknown").mean())
        record_property(f"refused of {one}", round(cost, 4))
        assert cost <= COST
    single = np.array([name in members for name in answer]) & (reason != "group")  # aka_Latn is both
    precision = float((answer[single] == true[single]).mean())
    record_property("single answers in groups", round(precision, 4))
    assert precision >= SINGLE


def test_noise_is_known_and_little_else_is_taken_for_it(data_dir: Path, record_property: Record) -> None:
    recipe, model, texts = _recipe(), packaged("default"), _dev(data_dir)
    assert recipe.noise is not None
    made = noise_texts(texts, recipe.noise, recipe.hold_out, data_dir).filter(pl.col("split") == "dev")
    lids = identify(model, made["text"].to_arrow())["lid"].combine_chunks().flatten()
    caught = np.mean([name.startswith(("zxx_", "und_")) for name in lids[0].to_pylist()])
    answers = identify(model, texts["text"].to_arrow())["lid"].combine_chunks().flatten()[0].to_pylist()
    taken = float(np.mean([name.startswith("zxx") for name in answers]))
    record_property("noise that gets no language", round(float(caught), 4))
    record_property("texts taken for noise", round(taken, 5))
    assert caught >= NOISE and taken <= NOISE_TAKEN


def _agreement(file: Path, only: pl.Expr, record_property: Record) -> float:
    """Share of documents whose language, or group, is the claimed one; CLD2's beside it, for what that changes."""
    with gzip.open(file) as lines:
        rows = pl.read_ndjson(lines.read(), infer_schema_length=None).filter(only)
    table = script()(pa.table({"text": rows["text"].to_arrow(), "language_hint": pa.nulls(rows.height, pa.string())}))
    model = packaged("default")
    claimed, agreed = _merged(model, rows["lang"]), {}
    for column, operator in (("lid", lid()), ("lid_cld2", lid_cld2())):
        found = operator(table)[column].combine_chunks().flatten()[0].to_pylist()
        agreed[column] = float((_merged(model, found) == claimed).mean())
        record_property(column, round(agreed[column], 4))
    assert agreed["lid"] > agreed["lid_cld2"] - 0.01
    return agreed["lid"]


def test_claims_of_web_documents_that_nobody_checked(data_dir: Path, record_property: Record) -> None:
    source = next(source for source in _recipe().sources if source.name == "hplt")
    kept = read_texts(_recipe().model_copy(update={"sources": (source,)}), data_dir).filter(pl.col("split") == "dev")
    only = pl.col("id").cast(pl.String).is_in(kept["group"].implode())
    assert _agreement(data_dir / source.path, only, record_property) >= CLAIMED


def test_pages_that_people_inspected(data_dir: Path, record_property: Record) -> None:
    file = data_dir / "quality/hplt_inspection_train.jsonl.gz"
    assert _agreement(file, pl.col("lang_correct") == 1, record_property) >= INSPECTED
