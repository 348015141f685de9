"""A language that is added is found, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from weft.language.adding import Added, memory_of, with_language
from weft.language.calibration import calibrated
from weft.language.memory import Memory, load_memory
from weft.language.model import LanguageModel, answers, load_model
from weft.language.recipe import Shape, TrainingRecipe
from weft.language.training import fit, in_their_script

HIDDEN = ("bbb_Latn", "fff_Ethi")


def of(texts: pl.DataFrame, language: str, part: str) -> pl.Series:
    return texts.filter(pl.col("language") == language, pl.col("split") == part)["text"]


@pytest.fixture(scope="module")
def base(texts: pl.DataFrame, shape: Shape) -> tuple[LanguageModel, Memory]:
    """A model of four of the six languages, and what it remembers."""
    seen = texts.filter(~pl.col("language").is_in(HIDDEN))
    recipe = TrainingRecipe.model_validate(
        {"sources": [{"name": "made", "path": "none.tsv", "license": "CC0-1.0"}], "model": shape.model_dump()}
    )
    train = seen.filter(pl.col("split") == "train")
    model, _ = calibrated(fit(train, shape), seen, recipe, lambda done, loss: None)
    return model, memory_of(model, in_their_script(train))


@pytest.fixture(scope="module")
def added(base: tuple[LanguageModel, Memory], texts: pl.DataFrame) -> Added:
    return with_language(*base, "bbb_Latn", of(texts, "bbb_Latn", "train"))


def test_it_is_found_and_the_others_still_are(added: Added, texts: pl.DataFrame) -> None:
    dev = texts.filter(pl.col("split") == "dev", pl.col("language") != "fff_Ethi")
    found = answers(added.model, dev["text"].to_arrow())
    right = np.array(added.model.labels, dtype=object)[found.label[:, 0]] == dev["language"].to_numpy()
    assert right.mean() > 0.98 and found.known[right].mean() > 0.9
    assert added.told["recall"] > 0.95 and added.told["texts"] == 80
    assert {name for name, _ in added.told["taken_for"]} <= {"aaa_Latn", "ccc_Latn"}


def test_no_score_of_another_language_moves(base: tuple[LanguageModel, Memory], added: Added) -> None:
    model, _ = base
    place = added.model.labels.index("bbb_Latn")
    kept = np.delete(added.model.output, place, axis=1)
    assert np.array_equal(kept[:-1], model.output) and not kept[-1].any()
    assert np.array_equal(added.model.embedding[:, :-1], model.embedding)
    assert added.model.families == model.families and added.model.margins == model.margins
    assert added.model.labels == tuple(sorted({*model.labels, "bbb_Latn"}, key=lambda code: (code[4:], code)))


def test_refusals_of_the_others_stay(base: tuple[LanguageModel, Memory], added: Added, texts: pl.DataFrame) -> None:
    model, _ = base
    asked = texts.filter(pl.col("language").is_in(["ddd_Cyrl", "eee_Cyrl", "ccc_Latn"]))["text"].to_arrow()
    before, after = answers(model, asked), answers(added.model, asked)
    names = np.array(model.labels, dtype=object)[before.label[:, 0]]
    same = names == np.array(added.model.labels, dtype=object)[after.label[:, 0]]
    assert same.mean() > 0.98 and (before.known == after.known)[same].mean() > 0.97
    assert model.refusal is not None and added.model.refusal is not None
    place = added.model.labels.index(added.told["language"])
    assert np.array_equal(np.delete(added.model.refusal.threshold, place), model.refusal.threshold)
    nonsense = pl.Series(["zzkw pfft qwx jjvv", "wxyz qqq vvkk zzpp ffjj"]).to_arrow()
    assert not answers(added.model, nonsense).known.any()


def test_a_script_that_the_model_has_not(base: tuple[LanguageModel, Memory], added: Added, texts: pl.DataFrame) -> None:
    made = with_language(added.model, added.memory, "fff_Ethi", of(texts, "fff_Ethi", "train"))
    found = answers(made.model, of(texts, "fff_Ethi", "dev").to_arrow())
    assert {made.model.labels[n] for n in found.label[:, 0]} == {"fff_Ethi"} and found.known.mean() > 0.9
    assert made.told["taken_for"] == [] and made.told["recall"] == 1


def test_a_second_language_of_a_new_script(base: tuple[LanguageModel, Memory], texts: pl.DataFrame) -> None:
    first = of(texts, "fff_Ethi", "train")
    turned = str.maketrans("ሀለሐመሠረሰቀበተ", "ገጠጨጰፀፈፐኘአከ")
    second = pl.Series([text.translate(turned) for text in first])
    one = with_language(*base, "fff_Ethi", first)
    two = with_language(one.model, one.memory, "ggg_Ethi", second)
    assert two.told["recall"] > 0.95 and two.told["taken_for"] == [["fff_Ethi", 1.0]]
    dev = of(texts, "fff_Ethi", "dev")
    asked = pl.concat([dev, pl.Series([text.translate(turned) for text in dev])])
    found = [two.model.labels[n] for n in answers(two.model, asked.to_arrow()).label[:, 0]]
    assert found == ["fff_Ethi"] * 40 + ["ggg_Ethi"] * 40


def test_the_file_holds_it_and_the_same_again(
    base: tuple[LanguageModel, Memory], added: Added, texts: pl.DataFrame, tmp_path: Path
) -> None:
    added.model.save(tmp_path / "one.npz", added.memory)
    again = with_language(*base, "bbb_Latn", of(texts, "bbb_Latn", "train"))
    again.model.save(tmp_path / "two.npz", again.memory)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    held, column = load_model(tmp_path / "one.npz"), texts["text"].to_arrow()
    assert np.array_equal(answers(held, column).known, answers(added.model, column).known)
    assert np.array_equal(answers(held, column).label, answers(added.model, column).label)
    memory = load_memory(tmp_path / "one.npz")
    assert np.array_equal(memory.texts(), added.memory.texts()) and len(memory.owners) == len(held.labels)


def test_a_language_that_is_there(base: tuple[LanguageModel, Memory], texts: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="aaa_Latn: the model has it"):
        with_language(*base, "aaa_Latn", of(texts, "aaa_Latn", "train"))
