"""The schema for editors agrees with the checks of a recipe."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from weft.operators.registry import Registry
from weft.recipe.json_schema import json_schema

from .test_faults import WHOLE


@pytest.fixture(scope="module")
def schema(registry: Registry) -> dict[str, Any]:
    return json_schema(registry)


def _valid(schema: dict[str, Any], text: str) -> bool:
    return Draft202012Validator(schema).is_valid(YAML(typ="safe").load(text))


def test_schema_is_one(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


def test_every_operator_and_parameter_is_in_it(schema: dict[str, Any], registry: Registry) -> None:
    for room in ("parse", "standardize", "label", "deduplicate"):
        for name in registry.names(room):
            named, with_parameters = schema["$defs"][f"{room}_step"]["anyOf"]
            short = registry.get(name).short
            assert short in named["enum"]
            assert short in with_parameters["properties"]
            assert "where" in schema["$defs"][name]["properties"]
    assert "bands" in schema["$defs"]["deduplicate.minhash"]["properties"]


def test_a_good_recipe_is_valid(schema: dict[str, Any]) -> None:
    Draft202012Validator(schema).validate(YAML(typ="safe").load(WHOLE))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("acquire:", "aquire:"),
        ("basis: licence", "basis: license"),
        ("text_field: body", "textfield: body"),
        ("format: jsonl", "format: jsnol"),
        ("- mojibake", "- mojibaek"),
        ("bands: 20", "bands: 0"),
        ("letters: 1000", "leters: 1000"),
        ("tail: 0.1", "tial: 0.1"),
        ("train: 0.8", "trian: 0.8"),
        ("- parquet", "- parket"),
        ("seed: 1", "seed: one"),
        ("epochs: 4", "epoch: 4"),
        ("method: temperature", "method: temprature"),
    ],
)
def test_a_typo_is_not(schema: dict[str, Any], old: str, new: str) -> None:
    assert old in WHOLE
    assert not _valid(schema, WHOLE.replace(old, new, 1))


@pytest.mark.parametrize(
    "stage", ["standardize: false", "deduplicate: false", "label: []", "label: [script, {lid: {}}]"]
)
def test_what_a_stage_may_be(schema: dict[str, Any], stage: str) -> None:
    assert _valid(schema, f"acquire: [{{path: x, redistribute: unknown}}]\n{stage}\n")
