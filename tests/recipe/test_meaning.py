"""Recipes that compare documents by meaning: what is missing is told before a row is read."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Reads

Faults = Callable[..., list[str]]

MODEL = Path(__file__).parent.parent / "examples" / "label.embedding"
LEAST = "acquire:\n  - path: x\nlabel:\n  - script\n  - lid\n  - signals\n"
GIVEN = "  - embedding_given: {dimensions: 3}\n"


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            LEAST + "deduplicate: [exact, semantic]\n",
            "7: deduplicate[1].semantic.vectors: deduplicate.semantic reads embedding, which no label step writes; "
            "expected it under label, or vectors: embedding_given here",
        ),
        (
            "acquire:\n  - path: x\nlabel: [embedding_given: {dimensions: 3}]\n"
            "construct: {extends: nothing}\ndeduplicate: [{semantic: {vectors: embedding_given}}]\n",
            "5: deduplicate[0].semantic.within: deduplicate.semantic reads lid, which no label step writes; "
            "expected it under label, or within: all here",
        ),
        (
            LEAST + GIVEN + "deduplicate: [{semantic: {vectors: embedding_givn}}]\n",
            "8: deduplicate[0].semantic.vectors: deduplicate.semantic, parameter vectors: got 'embedding_givn'; "
            "expected 'embedding', 'embedding_given' or 'embedding_served'; did you mean embedding_given?",
        ),
        (
            LEAST + GIVEN + "deduplicate: [{semantic: {vectors: embedding_given, where: lid.score > 0.5}}]\n",
            "8: deduplicate[0].semantic.where: deduplicate.semantic compares all documents; "
            "expected no where: here, rules choose later",
        ),
    ],
)
def test_what_is_missing(recipe: str, message: str, faults: Faults) -> None:
    assert message in faults(recipe)


def test_meaning_alone_is_a_way_to_meet(reads: Reads) -> None:
    recipe = reads(LEAST + GIVEN + "deduplicate: [{semantic: {vectors: embedding_given, within: all}}]\n")
    assert recipe.deduplicate[0].params["threshold"] == 0.95


def test_no_rule_reads_a_vector(faults: Faults) -> None:
    (found,) = faults(LEAST + GIVEN + "construct:\n  rules: {has: embedding_given IS NOT NULL}\n")
    assert "embedding_given" in found and found.startswith("9: construct.rules.has: ")


def test_a_model_that_is_not_there(faults: Faults, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    (found,) = faults(LEAST + "  - embedding: {model: intfloat/multilingual-e5-small}\n")
    assert found.startswith("7: label[3].embedding: ") and "intfloat/multilingual-e5-small is not a folder" in found
    assert "weft downloads nothing" in found and "hf download" in found


def test_a_library_that_is_not_installed(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    known = importlib.metadata.version

    def version(name: str) -> str:
        if name == "torch":
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    (found,) = faults(LEAST + f"  - embedding: {{model: {MODEL}}}\n")
    assert "needs the library torch" in found and "pip install 'weft[models]'" in found


@pytest.mark.parametrize(("gpu", "device"), [(True, "cuda"), (False, "cpu")])
def test_the_device_that_auto_means_is_settled_when_the_recipe_is_read(
    gpu: bool, device: str, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    recipe = reads(LEAST + f"  - embedding: {{model: {MODEL}}}\n")
    params = recipe.label[-1].params
    assert params["device"] == device and Path(params["model"]) == MODEL
