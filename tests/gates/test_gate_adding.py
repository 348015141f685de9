"""A language that is added is found, does not hurt the others, and leaves refusals as they are; lists of words filter.

The model is trained here, of a third of the languages, and small: what is asked is how it changes, not how good it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from weft.label.precision_words import precision_words
from weft.language import recipe as recipes
from weft.language.adding import memory_of, with_language
from weft.language.calibration import calibrated
from weft.language.evaluation import by_language
from weft.language.memory import Memory, load_memory
from weft.language.model import LanguageModel, answers, load_model
from weft.language.precision_words import exact_lists, write_lists
from weft.language.recipe import Shape, TrainingRecipe
from weft.language.texts import place_of, read_texts
from weft.language.training import fit, in_their_script

HIDDEN = ("hau_Latn", "swh_Latn", "ukr_Cyrl", "ckb_Arab", "amh_Ethi", "tam_Taml", "nso_Latn", "fao_Latn")
"""Languages with relatives that the model knows, and without; in a script with many languages, with one, with none."""
RELATIVES = ("tsn_Latn", "sot_Latn", "rus_Cyrl", "bel_Cyrl", "tir_Ethi", "isl_Latn", "nob_Latn", "nno_Latn")
ADDED, OTHERS, ANSWERED = 0.97, -0.001, 0.01
"""Mean F1 of the added ones; macro-F1 that the others may lose; share of unseen texts that may be answered now."""
PRECISION, KEPT = 0.06, 0.8
"""What a list of words must add to the precision of labels that unseen texts are taken for, and leave of the right."""
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def texts(data_dir: Path) -> pl.DataFrame:
    """Texts to train on and for tuning; the part for tests is left out."""
    recipe = recipes.load_recipe(Path(recipes.__file__).with_name("default.yaml"))
    chosen = [source for source in recipe.sources if source.name in ("sib200", "udhr", "bible")]
    rows = read_texts(recipe.model_copy(update={"sources": tuple(chosen)}), data_dir)
    return in_their_script(rows.filter(pl.col("split") != "test"))


@pytest.fixture(scope="module")
def model_file(texts: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a third of the languages, those of lowest hash, and of RELATIVES, with its refusal and memory."""
    third = {name for name in texts["language"].unique() if place_of("gate", name) < 0.33}
    seen = texts.filter(pl.col("language").is_in(sorted({*third, *RELATIVES} - {*HIDDEN})))
    recipe = TrainingRecipe.model_validate(
        {
            "sources": [{"name": name, "path": "none", "license": "none"} for name in ("sib200", "udhr", "bible")],
            "model": Shape(bits=16, width=32, draws=250_000).model_dump(),
        }
    )
    train = seen.filter(pl.col("split") == "train")
    model, _ = calibrated(fit(train, recipe.model), seen, recipe, lambda done, loss: None)
    file = tmp_path_factory.mktemp("gate") / "model.npz"
    model.save(file, memory_of(model, train))
    return file


@pytest.fixture(scope="module")
def known(model_file: Path) -> tuple[LanguageModel, Memory]:
    return load_model(model_file), load_memory(model_file)


def told(model: LanguageModel, texts: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The language of each text, and whether it is an answer."""
    found = answers(model, texts["text"].to_arrow(), top=1)
    return np.array([*model.labels, "und"], dtype=object)[found.label[:, 0]], found.known


def test_adding_a_language_does_not_hurt_the_others(
    known: tuple[LanguageModel, Memory], texts: pl.DataFrame, record_property: Record
) -> None:
    model, memory = known
    dev = texts.filter(pl.col("split") == "dev")
    others = dev.filter(pl.col("language").is_in(model.labels))
    true = others["language"].to_numpy()
    before = by_language(true, told(model, others)[0])["f1"].to_numpy().mean()
    scores, changes, more = [], [], []
    for language in HIDDEN:
        given = texts.filter(pl.col("language") == language, pl.col("split") == "train")["text"][:500]
        made = with_language(model, memory, language, given).model
        asked = dev.filter(pl.col("language").is_in([*model.labels, language]))
        table = by_language(asked["language"].to_numpy(), told(made, asked)[0])
        scores.append(table.filter(pl.col("language") == language)["f1"].item())
        changes.append(float(by_language(true, told(made, others)[0])["f1"].to_numpy().mean() - before))
        unseen = dev.filter(~pl.col("language").is_in([*model.labels, language]))
        more.append(float(told(made, unseen)[1].mean() - told(model, unseen)[1].mean()))
    record_property("F1 of the added", round(float(np.mean(scores)), 4))
    record_property("worst change of the others", round(min(changes), 5))
    record_property("more unseen texts answered", round(max(more), 4))
    assert np.mean(scores) >= ADDED and min(changes) >= OTHERS and max(more) <= ANSWERED


def test_lists_of_words_take_out_what_is_of_unseen_languages(
    known: tuple[LanguageModel, Memory], texts: pl.DataFrame, tmp_path: Path, record_property: Record
) -> None:
    model, _ = known
    dev = texts.filter(pl.col("split") == "dev")
    train = texts.filter(pl.col("split") == "train", pl.col("language").is_in(model.labels))
    write_lists(exact_lists(train), tmp_path / "words.tsv")
    found, sure = told(model, dev)
    lid = pl.DataFrame({"language": found.astype(str), "score": 1.0, "script": "", "reason": ""})
    asked = pa.table({"text": dev["text"].to_arrow(), "lid": lid.to_struct().to_arrow()})
    hits = precision_words(words=str(tmp_path / "words.tsv"))(asked)["precision_words"].to_pylist()
    kept = np.array([row is None or row["hits"] > 0 for row in hits]) & sure
    right = found == dev["language"].to_numpy()
    unseen = ~dev["language"].is_in(model.labels).to_numpy()
    taken = [name for name in model.labels if (sure & unseen & (found == name)).sum() >= 5]
    own = [found == name for name in taken]
    with_list = np.array([right[rows & kept].mean() if (rows & kept).any() else 0.0 for rows in own])
    gain = with_list - np.array([right[rows & sure].mean() for rows in own])
    left = [(rows & kept & right).sum() / (rows & sure & right).sum() for rows in own if (rows & sure & right).any()]
    record_property("labels", len(taken))
    record_property("precision gained", round(float(np.mean(gain)), 3))
    record_property("right answers kept", round(float(np.mean(left)), 3))
    assert len(taken) >= 3 and np.mean(gain) >= PRECISION and np.mean(left) >= KEPT
