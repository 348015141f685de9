"""What is measured of a tokenizer, beside the same by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from weft.errors import WeftError
from weft.tokenizer.fertility import TABLE, count_words, gini, measure, summary
from weft.tokenizer.loaded import from_content, load
from weft.tokenizer.texts import COLUMNS

from .models import EXAMPLE, made

ROWS = pl.DataFrame(
    [
        ("eng_Latn", "the cat", "1"),
        ("eng_Latn", "free and equal", "2"),
        ("eng_Latn", "no translation of it", "3"),
        ("amh_Ethi", "ድመት", "1"),
        ("amh_Ethi", "ነጻና እኩል", "2"),
        ("swh_Latn", "paka", None),
        ("zxx_Zyyy", "🙂", None),
    ],
    COLUMNS,
    orient="row",
)


def test_by_hand() -> None:
    held = load(EXAMPLE)
    table = measure([("one", held)], ROWS)
    assert dict(table.schema) == TABLE and table["language"].to_list() == sorted(set(ROWS["language"]))
    rows = {row["language"]: row for row in table.iter_rows(named=True)}
    size = {text: len(held.tokenizer.encode(text).ids) for text in ROWS["text"]}
    amharic, english = rows["amh_Ethi"], rows["eng_Latn"]
    assert amharic["words"] == 3 and amharic["characters"] == 10 and amharic["bytes"] == 28
    assert amharic["tokens"] == size["ድመት"] + size["ነጻና እኩል"] == 28
    assert amharic["fertility"] == 28 / 3 and amharic["tokens_per_character"] == 2.8
    assert amharic["bytes_per_token"] == 1 and amharic["broken_share"] == 27 / 28  # the space is a piece
    beside = size["the cat"] + size["free and equal"]
    assert amharic["parity"] == 28 / beside and amharic["parity_texts"] == 2
    assert english["parity"] == 1 and english["parity_texts"] == 3
    assert rows["swh_Latn"]["parity"] is None and rows["swh_Latn"]["fertility"] == size["paka"]
    assert rows["zxx_Zyyy"]["fertility"] is None and rows["zxx_Zyyy"]["words"] == 0
    assert table["restored_share"].to_list() == [1.0] * 4


def test_another_pivot_and_none_that_is_there() -> None:
    held = [("one", load(EXAMPLE))]
    table = measure(held, ROWS, "amh_Ethi")
    parity = dict(table.select("language", "parity").iter_rows())
    assert parity["amh_Ethi"] == 1 and parity["eng_Latn"] < 1
    with pytest.raises(WeftError, match=r"--pivot amh_Eti: .*did you mean amh_Ethi"):
        measure(held, ROWS, "amh_Eti")
    assert measure(held, ROWS.filter(pl.col("language") != "eng_Latn"))["parity"].null_count() == 3


def test_a_tokenizer_that_changes_text() -> None:
    held = from_content(made("wordpiece"), Path("w.json"))
    assert measure([("w", held)], ROWS).filter(pl.col("language") == "amh_Ethi")["restored_share"].to_list() == [0.0]


def test_summary_of_several() -> None:
    held = [("one", load(EXAMPLE)), ("other", from_content(made("byte_level"), Path("b.json")))]
    heard: list[int] = []
    table = measure(held, ROWS, tell=heard.append)
    assert heard[-1] == 2 * ROWS.height
    found = summary(table)
    assert list(found) == ["one", "other"] and found["one"]["worst_parity"]["language"] == "amh_Ethi"
    mine = table.filter(pl.col("tokenizer") == "one")
    assert math.isclose(found["one"]["fertility"], mine["fertility"].drop_nulls().mean())  # type: ignore[arg-type]


def test_of_no_texts() -> None:
    assert not measure([("one", load(EXAMPLE))], ROWS.head(0)).height and summary(pl.DataFrame(schema=TABLE)) == {}


def test_words_are_those_of_the_signals() -> None:
    texts = pl.Series(["don't stop - 12!", "ภาษาไทยง่ายมาก", "", "..."])
    counted = count_words(texts).tolist()
    assert counted[0] == 3 and counted[1] >= 3 and counted[2:] == [0, 0]


def test_gini_is_the_mean_difference() -> None:
    values = np.array([1.0, 3.0, 2.5, 8.0])
    direct = np.abs(values[:, None] - values[None]).mean() / (2 * values.mean())
    assert math.isclose(gini(values) or 0, direct)
    assert gini(np.array([2.0, 2.0, 2.0])) == 0 and gini(np.array([1.0])) is None
