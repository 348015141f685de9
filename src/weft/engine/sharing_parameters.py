"""What holders have to do alike so that they decide alike: texts, labels, keys and rules of a recipe, by name."""

from __future__ import annotations

import json
from typing import Any

from weft.construct.rules import Rules
from weft.engine.keys import operator_identity
from weft.engine.record_rules import record_rules
from weft.operators.registry import Registry
from weft.recipe import Recipe

_OWN = {"deduplicate.earlier": ("index", "release")}
"""Parameters that are of one holder's machine."""


def parameters_of(recipe: Recipe, registry: Registry) -> dict[str, Any]:
    """Parameters by dotted name; sources, parsing, splits, mixtures and formats are each holder's own affair."""
    found: dict[str, Any] = {}
    for stage in ("standardize", "label", "deduplicate"):
        for step in getattr(recipe, stage):
            spec = registry.get(step.operator)
            if spec.name == "deduplicate.shared":
                continue
            own = _OWN.get(spec.name, ())
            given = {name: value for name, value in step.params.items() if name not in own}
            files: dict[str, Any] | None = {} if own else None
            _, version, parameters, where, libraries, assets = operator_identity(spec, given, step.where, files)
            at = f"{stage}.{spec.short}"
            found[f"{at}.version"] = version
            found |= {f"{at}.{name}": value for name, value in dict(parameters).items()}  # type: ignore[call-overload]
            held = {"where": where, "libraries": libraries, "assets": assets}
            found |= {f"{at}.{name}": value for name, value in held.items() if value}
    found["deduplicate.shingle_sets.version"] = registry.get("deduplicate.shingle_sets").version
    rules = recipe.construct.all_rules()
    found |= {"construct.rules": list(rules)} | {f"construct.rules.{name}": sql for name, sql in rules.items()}
    if recipe.records():
        found["construct.rules.of_records"] = record_rules(recipe)
    thresholds = registry.get("construct.thresholds")
    held = registry.defaults(thresholds.name) | dict(recipe.construct.thresholds)
    found |= {f"construct.thresholds.{name}": value for name, value in held.items()}
    found["construct.thresholds.version"] = thresholds.version
    found["construct.cut"] = list(recipe.construct.cut)
    found["construct.redistributable_only"] = recipe.construct.redistributable_only
    # Through JSON once: what is read from a file has lists where parameters have tuples.
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def rules_of(parameters: dict[str, Any]) -> dict[str, str]:
    """The rules of plain text, in their order."""
    return {name: str(parameters[f"construct.rules.{name}"]) for name in parameters["construct.rules"]}


def fields_read(parameters: dict[str, Any]) -> dict[str, set[str]]:
    """Columns that the rules read, and their fields."""
    found = Rules(rules_of(parameters)).fields()
    for column, fields in Rules(parameters.get("construct.rules.of_records", {})).fields().items():
        found.setdefault(column, set()).update(fields)
    return found


def learns(parameters: dict[str, Any]) -> bool:
    """Whether some rule reads a threshold that is learnt from the documents."""
    return "threshold" in fields_read(parameters)
