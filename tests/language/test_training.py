"""Training: it learns, it forgets nothing, and it gives the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.errors import WeftError
from weft.language.model import LanguageModel, answers, competitors, load_model
from weft.language.recipe import Shape
from weft.language.training import STEPS, draw, fit, in_their_script, known_labels
from weft.text.unicode import tables


@pytest.fixture(scope="session")
def model(texts: pl.DataFrame, shape: Shape) -> LanguageModel:
    return fit(texts.filter(pl.col("split") == "train"), shape)


def labelled(model: LanguageModel, texts: list[str | None]) -> list[str | None]:
    found = answers(model, pa.array(texts, pa.large_string())).label[:, 0]
    return [model.labels[n] if n >= 0 else None for n in found]


def test_sentences_that_training_never_saw(model: LanguageModel, texts: pl.DataFrame) -> None:
    unseen = texts.filter(pl.col("split") == "dev")
    right = np.array(labelled(model, unseen["text"].to_list())) == unseen["language"].to_numpy()
    assert right.mean() > 0.98


def test_the_same_bytes_each_time(model: LanguageModel, texts: pl.DataFrame, shape: Shape, tmp_path: Path) -> None:
    again = fit(texts.filter(pl.col("split") == "train"), shape)
    model.save(tmp_path / "one.npz")
    again.save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    other = fit(texts.filter(pl.col("split") == "train"), shape.model_copy(update={"seed": 2}))
    assert not np.array_equal(other.embedding, model.embedding)


def test_progress_tells_draws_and_a_falling_loss(texts: pl.DataFrame, shape: Shape) -> None:
    told: list[tuple[int, float]] = []
    wanted = shape.model_copy(update={"draws": 2 * STEPS + 10})
    fit(texts, wanted, lambda done, loss: told.append((done, loss)))
    assert [done for done, _ in told] == [STEPS, 2 * STEPS, 2 * STEPS + 10]
    assert told[0][1] > told[1][1] > 0


def test_labels_compete_within_their_script_only(model: LanguageModel) -> None:
    assert model.labels == ("ddd_Cyrl", "eee_Cyrl", "fff_Ethi", "aaa_Latn", "bbb_Latn", "ccc_Latn")
    groups, bounds = competitors(model.labels)
    assert groups == {"Cyrl": 0, "Ethi": 1, "Latn": 2} and bounds.tolist() == [0, 2, 2, 3, 3, 6]
    found = answers(model, pa.array(["бока томи", "ሀለ ሐመ", "ελληνικά"], pa.large_string()))
    assert {model.labels[n] for n in found.label[0] if n >= 0} == {"ddd_Cyrl", "eee_Cyrl"}
    assert found.label[1].tolist() == [2, -1, -1] and found.chance[1, 0] == 1
    assert found.label[2].tolist() == [-1, -1, -1] and [tables().script_names[n] for n in found.script] == [
        "Cyrl",
        "Ethi",
        "Grek",
    ]


@pytest.mark.parametrize("text", [None, "", " \n", "1234 %", "👍👍", "\u0301", "\x00", "ა", "\u200d\u200d"])
def test_what_is_no_text_of_a_language_gets_no_label(model: LanguageModel, text: str | None) -> None:
    found = answers(model, pa.array([text], pa.large_string()))
    assert found.label[0].tolist() == [-1, -1, -1] and not found.chance.any()


def test_a_text_is_answered_alone_and_by_its_beginning(model: LanguageModel, texts: pl.DataFrame) -> None:
    many = [*texts["text"].to_list(), None, "", "Ж" * 100_000, "x " * 50_000]
    together = answers(model, pa.array(many, pa.large_string()))
    alone = [answers(model, pa.array([text], pa.large_string())) for text in many[-8:]]
    assert np.array_equal(together.label[-8:], np.concatenate([a.label for a in alone]))
    assert np.array_equal(together.chance[-8:], np.concatenate([a.chance for a in alone]))
    assert together.letters[-2:].tolist() == [999, 500]
    column = pa.chunked_array([pa.array(many[:7], pa.string()), pa.array(many[7:], pa.string())])
    assert np.array_equal(answers(model, column).label, together.label)


def test_probabilities_add_up(model: LanguageModel, texts: pl.DataFrame) -> None:
    chance = answers(model, texts["text"].to_arrow(), top=3).chance
    cyrillic_or_latin = ~texts["language"].str.ends_with("Ethi").to_numpy()
    assert chance[cyrillic_or_latin].sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (np.diff(chance, axis=1) <= 0).all()


def test_files(model: LanguageModel, tmp_path: Path) -> None:
    file = tmp_path / "model.npz"
    LanguageModel(model.labels, model.embedding, model.output, {"what": "made ሀ"}).save(file)
    held = load_model(file)
    assert held.labels == model.labels and held.card == {"what": "made ሀ"}
    assert np.array_equal(held.embedding, model.embedding) and np.array_equal(held.output, model.output)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"nothing", b"\x93NUMPY"])
def test_a_file_that_is_no_model(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(WeftError, match="not a language model"):
        load_model(tmp_path / "model.npz")
    with pytest.raises(WeftError, match="cannot be read"):
        load_model(tmp_path / "none.npz")


def test_too_little_text(texts: pl.DataFrame, shape: Shape) -> None:
    few = texts.group_by("language", maintain_order=True).head(11)
    assert known_labels(few, shape) == ()
    with pytest.raises(WeftError, match="0 languages have 12 texts and 500 characters; expected two"):
        fit(few, shape)


def test_texts_in_another_script_are_noise(texts: pl.DataFrame) -> None:
    wrong = texts.head(3).with_columns(pl.lit("aaa_Cyrl").alias("language"))
    assert in_their_script(pl.concat([texts, wrong])).equals(texts)
    chinese = texts.head(1).with_columns(language=pl.lit("jpn_Jpan"), text=pl.lit("漢字"))
    assert in_their_script(chinese).height == 1


def test_draws_are_even_between_languages(texts: pl.DataFrame, shape: Shape) -> None:
    label = np.repeat(np.arange(6, dtype=np.int32), [500, 10, 60, 60, 50, 40])
    rows = texts.with_columns(text=pl.lit("x" * 100))
    even = np.bincount(label[draw(rows, label, shape.model_copy(update={"evenness": 0.0})).row], minlength=6)
    assert even.min() > 0.9 * even.max()
    by_size = np.bincount(label[draw(rows, label, shape.model_copy(update={"evenness": 1.0})).row], minlength=6)
    assert by_size[0] > 40 * by_size[1]
    cut = draw(rows, label, shape).cut
    assert 0.25 < (cut == 0).mean() < 0.35 and 7 <= cut[cut > 0].min() < 12 and cut.max() <= 150
