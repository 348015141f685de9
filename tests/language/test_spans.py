"""Languages of words of mixed texts, by a model of invented languages."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.language.families import with_families
from weft.language.model import LanguageModel, load_model
from weft.language.recipe import Shape
from weft.language.spans import span_lists, spans_of, tag_words
from weft.language.training import fit
from weft.language.words import blocks_of, with_single_words
from weft.model.tables import SPAN

Sentence = Callable[[str, random.Random], str]


@pytest.fixture(scope="module")
def model(texts: pl.DataFrame, shape: Shape) -> LanguageModel:
    train = texts.filter(pl.col("split") == "train")
    return with_single_words(with_families(fit(train, shape), {}, train), train)


def column(*texts: str | None) -> pa.Array:
    return pa.array(texts, pa.large_string())


def languages(model: LanguageModel, text: str, among: list[str] | None = None) -> list[tuple[str, str]]:
    found = tag_words(model, column(text), among=among)
    return [(text[row["begin"] : row["end"]], row["language"]) for row in found.iter_rows(named=True)]


def test_two_languages_of_one_script(model: LanguageModel, sentence: Sentence) -> None:
    draw, right, all_words = random.Random(5), 0, 0
    for _ in range(60):
        first, second = draw.sample(["aaa_Latn", "bbb_Latn", "ccc_Latn"], 2)
        one, two = sentence(first, draw), sentence(second, draw)
        found = [code for _, code in languages(model, f"{one} {two}")]
        expected = [first] * len(one.split()) + [second] * len(two.split())
        right += sum(a == b for a, b in zip(found, expected, strict=True))
        all_words += len(expected)
    assert right / all_words > 0.95


def test_a_text_in_one_language_does_not_fall_apart(model: LanguageModel, texts: pl.DataFrame) -> None:
    rows = texts.filter(pl.col("split") == "dev")
    found = spans_of(tag_words(model, rows["text"].to_arrow()))
    spans = np.bincount(found["row"].to_numpy(), minlength=rows.height)
    assert (spans > 1).mean() < 0.02
    first = found.unique("row", maintain_order=True)
    assert (first["language"] == rows["language"].gather(first["row"])).mean() > 0.98


def test_scripts_in_one_sentence(model: LanguageModel) -> None:
    text = "Bakato минера sune 12 ሀለሐመ бокато — ελληνικά."
    assert languages(model, text) == [
        ("Bakato", "aaa_Latn"),
        ("минера", "ddd_Cyrl"),
        ("sune", "aaa_Latn"),
        ("ሀለሐመ", "fff_Ethi"),
        ("бокато", "ddd_Cyrl"),
        ("ελληνικά", "und_Grek"),
    ]


def test_among(model: LanguageModel) -> None:
    text = "bakato mineso schtren gulvog xochwa"
    pair = ["aaa_Latn", "bbb_Latn"]
    assert [code for _, code in languages(model, text, pair)][:4] == ["aaa_Latn"] * 2 + ["bbb_Latn"] * 2
    assert {code for _, code in languages(model, text, pair)} == set(pair)
    only = languages(model, "bakato минера", ["aaa_Latn"])
    assert only == [("bakato", "aaa_Latn"), ("минера", "und_Cyrl")]
    with pytest.raises(WeftError, match=r"among: the model has no language 'aab_Latn'.*did you mean aaa_Latn"):
        tag_words(model, column(text), among=["aab_Latn"])


def test_spans_scores_and_lists(model: LanguageModel) -> None:
    texts = ("Bakato mine, 7 sura! Vogmist schtren gul fel hart.", None, "12", "Bakato mine sura lo.")
    words = tag_words(model, column(*texts))
    spans = spans_of(words)
    assert spans.select("row", "begin", "end", "language", "words").rows() == [
        (0, 0, 19, "aaa_Latn", 3),
        (0, 21, 49, "bbb_Latn", 5),
        (3, 0, 19, "aaa_Latn", 4),
    ]
    assert words["score"].is_between(0, 1).all() and (spans["score"] > 0.5).all()
    lists = span_lists(spans, len(texts))
    assert lists.type == pa.list_(SPAN) and [len(row) for row in lists.to_pylist()] == [2, 0, 0, 1]


def test_what_is_said_does_not_depend_on_other_texts(model: LanguageModel, sentence: Sentence) -> None:
    draw = random.Random(9)
    texts = [" ".join(sentence(draw.choice(model.labels), draw) for _ in range(draw.randint(0, 60))) for _ in range(12)]
    whole = tag_words(model, column(*texts))
    for row, text in enumerate(texts):
        alone = tag_words(model, column(text))
        assert whole.filter(pl.col("row") == row).drop("row").equals(alone.drop("row"))


def test_decomposed_text_keeps_its_places(model: LanguageModel) -> None:
    text = "ñexo quiñe waxo tzañe bakato mineso"
    apart = unicodedata.normalize("NFD", text)
    assert [code for _, code in languages(model, apart)] == [code for _, code in languages(model, text)]
    assert [unicodedata.normalize("NFC", word) for word, _ in languages(model, apart)] == text.split()


@pytest.mark.parametrize(
    "text", ["", "👍 12", "x" * 300_000, "ខ្ញុំចូលចិត្ត" * 9_000, "\x00\x01 bakato", "\u202e" * 100, "\ufffd" * 40, "a"]
)
def test_strange_text_never_raises(model: LanguageModel, text: str) -> None:
    found = tag_words(model, column(text, text))
    assert found.filter(pl.col("row") == 0).height * 2 == found.height
    assert (found["end"] <= len(text)).all() and (found["begin"] < found["end"]).all()


def test_relatives_are_dearer(texts: pl.DataFrame, shape: Shape) -> None:
    """Two names for one language: its words are taken for each other's, and its texts stay whole."""
    rows = texts.filter(pl.col("language") == "aaa_Latn", pl.col("split") == "train")
    twin = rows.with_columns(pl.lit("abb_Latn").alias("language"))
    train = pl.concat([texts.filter(pl.col("split") == "train"), twin])
    twins = with_single_words(fit(train, shape), train)
    assert twins.words is not None
    pairs = [{twins.labels[n] for n in pair} for pair in twins.words.relatives]
    assert {"aaa_Latn", "abb_Latn"} in pairs and {"aaa_Latn", "ddd_Cyrl"} not in pairs
    held = texts.filter(pl.col("language") == "aaa_Latn", pl.col("split") == "dev")
    found = spans_of(tag_words(twins, held["text"].to_arrow()))
    assert found.group_by("row").len()["len"].max() == 1


def test_a_model_keeps_what_single_words_need(model: LanguageModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model.npz")
    read = load_model(tmp_path / "model.npz")
    assert read.words is not None and model.words is not None
    assert (read.words.bias == model.words.bias).all() and (read.words.relatives == model.words.relatives).all()


def test_blocks_are_of_one_text_and_script_and_of_equal_size() -> None:
    row, group = np.repeat([0, 0, 3], [600, 2, 256]).astype(np.int32), np.repeat([1, 2, 1], [600, 2, 256])
    starts, groups = blocks_of(row, group.astype(np.int32))
    assert starts.tolist() == [0, 200, 400, 600, 602, 858] and groups.tolist() == [1, 1, 1, 2, 1]
    starts, groups = blocks_of(row[:0], row[:0])
    assert starts.tolist() == [0] and not len(groups)
