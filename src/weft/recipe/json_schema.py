"""JSON Schema of recipes, so that editors complete and check them."""

from __future__ import annotations

from typing import Any

from weft.operators.registry import Registry, parameters_model
from weft.recipe.schema import STAGES, RecipeFile


def json_schema(registry: Registry | None = None) -> dict[str, Any]:
    """The schema of a recipe file, with the parameters of every operator at the steps of its stage."""
    found = registry or Registry.from_rooms(("acquire", "parse", "standardize", "label", "deduplicate", "construct"))
    schema = RecipeFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "weft recipe"
    for stage in STAGES:
        names = found.names(stage)
        choices: list[dict[str, Any]] = [{"enum": [found.get(name).short for name in names]}]
        choices += [_step(found, name) for name in names]
        steps = {"type": "array", "items": {"anyOf": choices}}
        optional = stage in ("standardize", "deduplicate")
        schema["properties"][stage] = {"anyOf": [steps, {"const": False}]} if optional else steps
    return schema


def _step(registry: Registry, name: str) -> dict[str, Any]:
    spec = registry.get(name)
    parameters = parameters_model(spec).model_json_schema()
    parameters.get("properties", {})["where"] = {"type": "string", "description": "SQL condition on earlier labels."}
    return {
        "type": "object",
        "properties": {spec.short: parameters},
        "required": [spec.short],
        "additionalProperties": False,
    }
