"""label.pair_score: pairs scored by the model of their languages, either way round, and more than two sides."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.label.test_pair_rules import batch
from tests.parallel.bitexts import bitext
from tests.parallel.tiny_scorer import write

import weft
from weft.engine.keys import digests_of_files
from weft.errors import WeftError
from weft.label.pair_score import pair_score
from weft.parallel.model_folder import load

SOURCE, TARGET = bitext(20, seed=8)
ONE = {"eng_Latn": SOURCE[0], "swh_Latn": TARGET[0]}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("scorer") / "model")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("other") / "model", ("eng_Latn", "hau_Latn"), 150)


def scored(models: list[Path], *pairs: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pair_score(models=tuple(map(str, models)))(batch(*pairs))["pair_score"].to_pylist()
    return found


def test_a_pair_is_scored_as_its_model_scores_it_in_both_directions(model: Path) -> None:
    wrong = {"eng_Latn": SOURCE[0], "swh_Latn": TARGET[1]}
    first, second, third = scored([model], ONE, dict(reversed(ONE.items())), wrong)
    wanted = load(model).score([SOURCE[0], SOURCE[0]], [TARGET[0], TARGET[1]])
    assert first == second and (first["source"], first["target"]) == ("eng_Latn", "swh_Latn")
    assert first["score"] == pytest.approx(wanted["score"][0], abs=1e-4)
    assert first["probability"] > 0.9 and first["keep"] and first["reasons"] == []
    assert not third["keep"] and third["reasons"] == wanted["reasons"][1].to_list() and "mismatch" in third["reasons"]


def test_each_pair_of_languages_has_its_model(model: Path, other: Path) -> None:
    hausa = {"hau_Latn": TARGET[2], "eng_Latn": SOURCE[2]}
    first, second, third = scored([other, model], ONE, hausa, {"eng_Latn": "a tree", "fra_Latn": "un arbre"})
    assert first == scored([model], ONE)[0] and second["source"] == "eng_Latn" and second["score"] > 0.5
    assert (third["source"], third["target"]) == ("eng_Latn", "fra_Latn")
    assert third["score"] is third["probability"] is third["keep"] is third["reasons"] is None
    with pytest.raises(WeftError, match="a second model of eng_Latn and swh_Latn; expected one for each"):
        pair_score(models=(str(model), str(model)))


def test_of_several_sides_the_worst_counts(model: Path, other: Path) -> None:
    sides = {"eng_Latn": SOURCE[3], "hau_Latn": TARGET[4], "swh_Latn": TARGET[3], "fra_Latn": "un arbre"}
    alone = scored([model, other], {name: sides[name] for name in ("eng_Latn", "hau_Latn")})[0]
    assert scored([model, other], sides) == [alone] and not alone["keep"] and alone["target"] == "hau_Latn"
    (known,) = scored([model], sides)
    assert known["keep"] and known["target"] == "swh_Latn"


def test_batches_leave_no_trace(model: Path) -> None:
    pairs = [{"eng_Latn": one, "swh_Latn": two} for one, two in zip(SOURCE, TARGET, strict=True)]
    assert scored([model], *pairs) == [row for pair in pairs for row in scored([model], pair)]


def test_the_models_content_is_in_the_key(model: Path, other: Path, tmp_path: Path) -> None:
    spec = pair_score.spec  # type: ignore[attr-defined]
    copy = shutil.copytree(model, tmp_path / "model")
    keys = [digests_of_files(spec, {"models": [str(one)], "encoders": []}) for one in (model, copy, other)]
    assert keys[0] == keys[1] != keys[2]
    (copy / "vectors").mkdir()
    (copy / "vectors/replies").write_text("what an encoder was asked in training", "utf-8")
    assert digests_of_files(spec, {"models": [str(copy)], "encoders": []}) == keys[0]
    write(copy, pairs=160)
    assert digests_of_files(spec, {"models": [str(copy)], "encoders": []}) != keys[0]


def test_a_recipe_names_folders_beside_it(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "pair-model")
    (tmp_path / "recipe.yaml").write_text(
        "acquire: [{path: pairs.tsv, format: table, kind: pair, options: {sides: {a: eng_Latn, b: swh_Latn}}}]\n"
        "label: [script, lid, tokens, signals, {pair_score: {models: [pair-model]}}]\n"
        "construct: {rules: {translates: 'coalesce(pair_score.probability, 1) >= 0.5'}}\n",
        "utf-8",
    )
    (step,) = [step for step in weft.load(tmp_path / "recipe.yaml").label if step.operator == "label.pair_score"]
    held = {"encoders": [], "no_encoder": False, "device": "cpu"}  # no encoder: no device is needed
    assert step.params == {"models": [str(tmp_path / "pair-model")], **held}
