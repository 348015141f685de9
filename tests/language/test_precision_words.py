"""Lists of words that are common in one language and hardly found in others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from weft.errors import WeftError
from weft.language.calibration import filters
from weft.language.model import LanguageModel
from weft.language.precision_words import COLUMNS, common_words, exact_lists, list_alone, words_in, write_lists
from weft.language.recipe import RefusalRecipe, Shape
from weft.language.refusal import Refusal
from weft.language.training import fit


def test_words_are_what_the_classifier_reads() -> None:
    texts = pl.Series(["Watu, WATU l’eau!", None, "na 12 % na\u00adna", "", "x" * 41])
    assert words_in(texts).rows() == [("watu", 2), ("l'eau", 1), ("na", 1), ("nana", 1)]
    assert words_in(pl.Series(["", "12"])).height == 0 and words_in(pl.Series([], dtype=pl.String)).height == 0


def test_common_words_are_there_twice() -> None:
    texts = pl.Series([" ".join(f"w{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(400))] + ["waa wab"] * 3)
    assert common_words(texts)["word"].to_list() == ["waa", "wab"]


def test_exact_lists_are_those_of_plain_counts() -> None:
    texts = {
        "aaa_Latn": ["moja mbili tatu"] * 17 + ["na na na"],
        "bbb_Latn": ["na moja"] * 3 + ["uno dos"] * 2 + ["solo"],
    }
    rows = [(language, text) for language, many in texts.items() for text in many]
    found = exact_lists(pl.DataFrame(rows, ["language", "text"], orient="row"))
    every = Counter(word for _, text in rows for word in text.split())
    expected = set()
    for language, many in texts.items():
        for word, count in Counter(" ".join(many).split()).items():
            if count > 1 and count / every[word] >= 0.85:
                expected.add((language, word, count, round(count / every[word], 4)))
    assert set(found.rows()) == expected
    assert {row[1] for row in expected} == {"moja", "mbili", "tatu", "uno", "dos"}
    assert dict(found.schema) == COLUMNS
    assert exact_lists(pl.DataFrame(schema={"language": pl.String, "text": pl.String})).height == 0


@pytest.fixture(scope="module")
def model(texts: pl.DataFrame, shape: Shape) -> LanguageModel:
    made = fit(texts.filter(pl.col("split") == "train"), shape)
    usual = np.full((len(made.labels), 2), 0.5, np.float32)
    refusal = Refusal(
        *filters(texts, made.labels, RefusalRecipe()), usual, usual, np.zeros((30, 30), np.float32), usual[:, 0]
    )
    return LanguageModel(made.labels, made.embedding, made.output, refusal=refusal)


def test_alone_no_word_that_is_common_elsewhere(model: LanguageModel, texts: pl.DataFrame) -> None:
    own = texts.filter(pl.col("language") == "aaa_Latn")["text"]
    other = words_in(texts.filter(pl.col("language") == "bbb_Latn")["text"])["word"][:5].to_list()
    mixed = pl.concat([own, pl.Series([f"{word} {word} {word}" for word in other] * 3)])
    found = list_alone(model, "aaa_Latn", mixed)
    assert set(other) <= set(common_words(mixed)["word"]) and not set(other) & set(found["word"])
    assert found.height > 10 and set(found["word"]) <= set(common_words(mixed)["word"])
    assert found["share"].null_count() == found.height and dict(found.schema) == COLUMNS
    alone = list_alone(model, "fff_Ethi", texts.filter(pl.col("language") == "fff_Ethi")["text"])
    assert alone.height > 10


def test_a_model_without_filters(model: LanguageModel) -> None:
    plain = LanguageModel(model.labels, model.embedding, model.output)
    with pytest.raises(ValueError, match="holds no common words"):
        list_alone(plain, "aaa_Latn", pl.Series(["moja"]))


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(WeftError, match="cannot be written"):
        write_lists(pl.DataFrame(schema=COLUMNS), tmp_path / "none" / "words.tsv")
