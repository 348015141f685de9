"""A tokenizer that weft trains treats small languages better than one that lets the large ones have their way.

Five languages have ten times the text of fifteen others, in nine scripts; what is measured are sentences that neither
tokenizer saw, the same in every language.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from weft.tokenizer.fertility import measure, summary
from weft.tokenizer.loaded import from_content, load
from weft.tokenizer.making import Plan, make, written
from weft.tokenizer.texts import Columns, held_out, read_texts

LARGE = ("eng_Latn", "fra_Latn", "rus_Cyrl", "arb_Arab", "hin_Deva")
SMALL = (
    *("swh_Latn", "yor_Latn", "hau_Latn", "quy_Latn", "cym_Latn", "eus_Latn", "uig_Arab", "tat_Cyrl", "npi_Deva"),
    *("amh_Ethi", "khm_Khmr", "mya_Mymr", "tha_Thai", "tam_Taml", "sat_Olck"),
)
TEXTS, VOCABULARY = 40, 8_000
"""Of a small language; of a large one all, some 500."""
SMALL_GAIN, LARGE_LOSS = 0.08, 0.16
"""Tokens that small languages need less at temperature 0.3 than at 1, and large ones more, at least and at most."""
PARITY, GINI = 1.40, 0.10
"""Mean parity and Gini coefficient of the balanced tokenizer, at most."""
BROKEN, OLD_LANGUAGES, NEW_LANGUAGES = 0.015, 0.01, 0.60
"""Tokens that are bytes, at most; change of old languages' tokens after an extension; what new ones must save."""
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def texts(data_dir: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """For training and for measuring, apart by sentence."""
    file = data_dir / "lid" / "sib200_train.tsv.gz"
    rows = read_texts([str(file)], Columns(key="id")).filter(pl.col("language").is_in([*LARGE, *SMALL]))
    apart = held_out(rows, 0.1, 1)
    train = rows.filter(~apart)
    few = pl.col("language").is_in(LARGE) | (pl.int_range(pl.len()).over("language") < TEXTS)
    return train.filter(few), rows.filter(apart)


def trained(rows: pl.DataFrame, **plan: Any) -> dict[str, Any]:
    return make(rows, Plan(**({"vocabulary": VOCABULARY, "hold_out": 0.0} | plan))).content


def tokens(table: pl.DataFrame, name: str, languages: tuple[str, ...]) -> pl.Series:
    part = table.filter(pl.col("tokenizer") == name, pl.col("language").is_in(languages))
    return part.sort("language")["tokens"]


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_small_languages(
    texts: tuple[pl.DataFrame, pl.DataFrame], kind: str, tmp_path: Path, record_property: Record
) -> None:
    train, apart = texts
    held = []
    for name, temperature in (("balanced", 0.3), ("as it is", 1.0)):
        file = tmp_path / f"{name}.json"
        file.write_text(written(trained(train, kind=kind, temperature=temperature)), "utf-8")
        held.append((name, load(file)))
    table = measure(held, apart, "eng_Latn")
    gain = 1 - float((tokens(table, "balanced", SMALL) / tokens(table, "as it is", SMALL)).mean())  # type: ignore[arg-type]
    loss = float((tokens(table, "balanced", LARGE) / tokens(table, "as it is", LARGE)).mean()) - 1  # type: ignore[arg-type]
    found = summary(table)
    balanced, other = found["balanced"], found["as it is"]
    record_property("small_gain", round(gain, 3))
    record_property("large_loss", round(loss, 3))
    record_property("parity", f"{balanced['parity']:.2f} ({other['parity']:.2f})")
    record_property("gini", f"{balanced['gini']:.3f} ({other['gini']:.3f})")
    record_property("broken", round(balanced["broken_share"], 4))
    assert balanced["restored_share"] == 1
    assert gain >= SMALL_GAIN and loss <= LARGE_LOSS
    assert balanced["parity"] <= PARITY and balanced["gini"] <= GINI < other["gini"]
    assert balanced["broken_share"] <= BROKEN


def test_extension(texts: tuple[pl.DataFrame, pl.DataFrame], tmp_path: Path, record_property: Record) -> None:
    train, apart = texts
    new = ("amh_Ethi", "khm_Khmr", "tam_Taml", "yor_Latn")
    first = trained(train.filter(pl.col("language").is_in(LARGE)))
    file = tmp_path / "tokenizer.json"
    file.write_text(written(first), "utf-8")
    before = load(file)
    plan = {"vocabulary": VOCABULARY + 3_000, "extend": before}
    after = from_content(trained(train.filter(pl.col("language").is_in(new)), **plan), file)
    old_ids, new_ids = before.tokenizer.get_vocab(), after.tokenizer.get_vocab()
    assert all(new_ids[piece] == number for piece, number in old_ids.items())
    table = measure([("before", before), ("after", after)], apart)
    ratios = {part: tokens(table, "after", part) / tokens(table, "before", part) for part in (LARGE, new)}
    record_property("old", f"{ratios[LARGE].min():.3f} to {ratios[LARGE].max():.3f}")
    record_property("new", f"{ratios[new].min():.3f} to {ratios[new].max():.3f}")
    assert (ratios[LARGE] - 1).abs().max() <= OLD_LANGUAGES  # type: ignore[operator]
    assert ratios[new].mean() <= 1 - NEW_LANGUAGES  # type: ignore[operator]
    assert table["restored_share"].min() == 1
