"""The JSON Schema of recipes, by which editors complete and check them."""

from __future__ import annotations

from typing import Any

from weft.operators.catalogue import sentence
from weft.operators.registry import ROOMS, Registry, parameters_model
from weft.recipe.schema import DEFAULT_STEPS, STAGES, RecipeFile

_WHERE = {"type": "string", "description": "SQL condition over earlier columns; other rows get null."}


def json_schema(registry: Registry | None = None) -> dict[str, Any]:
    """JSON Schema (2020-12) of a recipe file with every operator, also of plugins, and its parameters."""
    registry = registry or Registry.from_rooms(ROOMS)
    schema = RecipeFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "weft recipe"
    definitions: dict[str, Any] = schema["$defs"]
    for stage in (*STAGES, "synthesize"):
        steps = {registry.get(name).short: _parameters(registry, name, definitions) for name in registry.names(stage)}
        named = {"enum": sorted(steps), "description": "A step with its default parameters."}
        with_parameters = {
            "type": "object",
            "properties": steps,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
        }
        definitions[f"{stage}_step"] = {"anyOf": [named, with_parameters]}
        _replace_items(schema["properties"][stage], f"{stage}_step")
        if stage in DEFAULT_STEPS:
            schema["properties"][stage]["default"] = list(DEFAULT_STEPS[stage])
    readers = {registry.get(name).short: name for name in registry.names("acquire")}
    source = definitions["Source"]
    source["properties"]["format"]["enum"] = ["auto", *sorted(readers)]
    source["allOf"] = [
        {
            "if": {"properties": {"format": {"const": short}}, "required": ["format"]},
            "then": {"properties": {"options": _parameters(registry, name, definitions, where=False)}},
        }
        for short, name in sorted(readers.items())
    ]
    thresholds = _parameters(registry, "construct.thresholds", definitions, where=False)
    definitions["Construct"]["properties"]["thresholds"] = thresholds
    return schema


def _parameters(registry: Registry, name: str, definitions: dict[str, Any], *, where: bool = True) -> dict[str, Any]:
    """A reference to the definition of an operator's parameters, which is put among `definitions`."""
    spec = registry.get(name)
    schema = parameters_model(spec).model_json_schema(ref_template="#/$defs/{model}")
    definitions.update(schema.pop("$defs", {}))
    schema["description"] = sentence(spec)
    if where:
        schema.setdefault("properties", {})["where"] = _WHERE
    definitions[name] = schema
    return {"$ref": f"#/$defs/{name}"}


def _replace_items(held: dict[str, Any], definition: str) -> None:
    for part in held.get("anyOf", [held]):
        if part.get("type") == "array":
            part["items"] = {"$ref": f"#/$defs/{definition}"}
