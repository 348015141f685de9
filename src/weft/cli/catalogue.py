"""Commands about weft itself: operators, recipe check and schema, doctor."""

from __future__ import annotations

import inspect as introspection
import platform
import textwrap
from pathlib import Path
from typing import Any

from weft import __version__
from weft.cli import show


def operators(name: str | None, as_json: bool) -> int:
    """One operator in full, or the list of all."""
    from weft.engine.work import rooms_registry

    registry = rooms_registry()
    if name is not None:
        described = _described(registry, name)
        show.as_json(described) if as_json else _operator_page(described)
        return 0
    every = [_described(registry, each) for each in registry.names()]
    if as_json:
        show.as_json(every)
    else:
        show.table(("operator", "kind", "gives"), [(d["name"], d["kind"], d["summary"]) for d in every])
    return 0


def _described(registry: Any, name: str) -> dict[str, Any]:
    from weft.operators.registry import parameters_model

    spec = registry.get(name)
    text = introspection.getdoc(spec.build) or ""
    schema = parameters_model(spec).model_json_schema()
    return {
        "name": spec.name,
        "version": spec.version,
        "kind": spec.kind,
        "rows": spec.rows,
        "reads": [*spec.reads, *([f"columns of {spec.columns_in}"] if spec.columns_in else [])],
        "writes": {column: str(kind) for column, kind in spec.writes.items()},
        "summary": text.splitlines()[0] if text else "",
        "description": text,
        "parameters": schema.get("properties", {}),
    }


def _operator_page(described: dict[str, Any]) -> None:
    from weft.operators.catalogue import kind as words
    from weft.operators.catalogue import limits, plain

    show.say(f"{described['name']}  (version {described['version']}, {described['kind']})\n")
    show.say(described["description"] + "\n")
    show.say(f"reads   {', '.join(described['reads'])}")
    for column, kind in described["writes"].items():
        show.say(textwrap.fill(f"{column}: {kind}", 110, initial_indent="writes  ", subsequent_indent=" " * 10))
    show.say("\nparameters" + ("" if described["parameters"] else ": none"))
    for name, field in described["parameters"].items():
        default = "required" if "default" not in field else f"default {plain(field['default'])}"
        show.say(", ".join(filter(None, (f"  {name}: {words(field)}", limits(field), default))))


def check(recipe: Path, as_json: bool) -> int:
    """Say that a recipe is good, or raise what is wrong with it."""
    from weft.recipe import load

    checked = load(recipe)
    if as_json:
        show.as_json(checked.to_json())
    else:
        steps = [
            step.operator
            for stage in ("parse", "standardize", "label", "deduplicate", "synthesize")
            for step in getattr(checked, stage)
        ]
        sources = f"{len(checked.acquire)} source{'s' if len(checked.acquire) > 1 else ''}"
        show.say(f"{recipe}: good. {sources}; {', '.join(steps)}")
    return 0


def schema() -> int:
    """Print the JSON Schema of recipes."""
    from weft.recipe.json_schema import json_schema

    show.as_json(json_schema())
    return 0


def doctor(warm: bool, as_json: bool) -> int:
    """Versions, cache and extras; with `warm`, every kernel compiled."""
    from weft.engine.health import health

    held = health(warm=warm)
    held = {"weft": __version__, "python": platform.python_version(), "platform": platform.platform(), **held}
    if as_json:
        show.as_json(held)
        return 0
    show.table(("what", "state"), [(key, value) for key, value in _flat(held)])
    return 0


def _flat(held: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in held.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{key} ")
        else:
            rows.append((prefix + key, str(value)))
    return rows
