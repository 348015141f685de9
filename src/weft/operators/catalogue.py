"""What a person wants to know of an operator: from its declaration, its signature and its docstring alone."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from weft.operators.contract import OperatorSpec
from weft.operators.examples import Example
from weft.operators.registry import parameters_model

_MANY = 6
"""Fields of one type from which they share a row of the table."""


def parameters(spec: OperatorSpec) -> list[dict[str, str]]:
    """Name, type, default and limits of each parameter, as text; the default of a required one is empty."""
    schema = parameters_model(spec).model_json_schema()
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "type": kind(held),
            "default": "" if name in required else plain(held.get("default")),
            "limits": limits(held),
        }
        for name, held in schema["properties"].items()
    ]


def describe(spec: OperatorSpec, place: str) -> dict[str, Any]:
    """Everything that is known of an operator without running it, as plain data."""
    return {
        "name": spec.name,
        "version": spec.version,
        "kind": spec.kind,
        "rows": spec.rows,
        "text": text(spec),
        "reads": list(spec.reads),
        "writes": {name: str(held) for name, held in spec.writes.items()},
        "parameters": parameters(spec),
        "accepts": list(spec.accepts),
        "libraries": list(spec.libraries),
        "protocols": list(spec.protocols),
        "place": place,
    }


def text(spec: OperatorSpec) -> str:
    """The factory's docstring."""
    return inspect.cleandoc(spec.build.__doc__ or "")


def sentence(spec: OperatorSpec) -> str:
    """The first line of the docstring."""
    return text(spec).partition("\n")[0]


def endings(spec: OperatorSpec) -> str:
    """File name endings that a reader accepts; those of compressed files once for all."""
    if spec.accepts == ("",):
        return "with any ending"
    bare = [ending for ending in spec.accepts if not any(ending.startswith(f"{other}.") for other in spec.accepts)]
    packed = sorted({e.removeprefix(b) for b in bare for e in spec.accepts if e.startswith(f"{b}.")})
    more = f", each also with {' '.join(f'`{ending}`' for ending in packed)}" if packed else ""
    return " ".join(f"`{ending}`" for ending in bare) + more


def kind(schema: Mapping[str, Any]) -> str:
    """A JSON Schema type in a word or two."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(part) for part in schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(plain(value) for value in schema["enum"])
    if "const" in schema:
        return plain(schema["const"])
    if schema.get("type") == "array":
        items = schema.get("prefixItems") or [schema.get("items", {})]
        return "list of " + ", ".join(dict.fromkeys(kind(part) for part in items))
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"mapping to {kind(inner)}" if isinstance(inner, Mapping) else "mapping"
    words = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "boolean": "true or false",
        "null": "null",
    }
    return words.get(str(schema.get("type")), "any")


def limits(schema: Mapping[str, Any]) -> str:
    """`1 or more, at most 256`: the numeric limits of a JSON Schema."""
    parts = [(schema, True), *((part, False) for part in schema.get("anyOf", ()))]
    words = {
        "minimum": "{} or more",
        "exclusiveMinimum": "over {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "under {}",
    }
    return ", ".join(form.format(part[key]) for part, _ in parts for key, form in words.items() if key in part)


def plain(value: object) -> str:
    """A value as it is written in a recipe."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(plain(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {plain(item)}" for key, item in value.items()) + "}"
    return str(value) or '""'


def page(spec: OperatorSpec, place: str, examples: Sequence[Example]) -> str:
    """The Markdown page of an operator."""
    facts = [f"version {spec.version}", f"kind {spec.kind}", "makes rows" if spec.rows == "make" else "keeps rows"]
    facts += ["never stored"] if spec.transient else []
    lines = [f"# {spec.name}", "", text(spec), "", f"*{' · '.join(facts)}; `{place}`*", ""]
    if spec.accepts:
        lines += [f"Reads files named {endings(spec)}.", ""]
    else:
        listed = [f"the columns that `{spec.columns_in}` lists"] if spec.columns_in else []
        lines += [f"Reads {', '.join([*(f'`{name}`' for name in spec.reads), *listed]) or 'nothing'}.", ""]
    if spec.protocols:
        told = " or ".join(f"`{name}`" for name in spec.protocols)
        lines += [f"Asks the service that `{spec.service}` names, by {told}.", ""]
    if spec.libraries:
        lines += [f"Another version of {', '.join(spec.libraries)} may change its answers.", ""]
    lines += ["## Parameters", "", *_parameter_table(spec), "", "## Writes", "", *_writes(spec)]
    if examples:
        lines += ["", "## Examples", ""]
    for example in examples:
        lines += [*_example(example), ""]
    return "\n".join(lines).rstrip() + "\n"


def _parameter_table(spec: OperatorSpec) -> list[str]:
    held = parameters(spec)
    if not held:
        return ["None."]
    rows = [[f"`{p['name']}`", p["type"], p["default"] or "required", p["limits"]] for p in held]
    return table(["parameter", "type", "default", "limits"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; bars inside cells are escaped."""
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *cells)]


def _writes(spec: OperatorSpec) -> list[str]:
    rows: list[list[str]] = []
    for name, held in spec.writes.items():
        fields = [held.field(i) for i in range(held.num_fields)] if pa.types.is_struct(held) else []
        if len(fields) > _MANY and len({field.type for field in fields}) == 1:
            rows.append([f"`{name}.` and " + ", ".join(f"`{field.name}`" for field in fields), str(fields[0].type)])
        else:
            rows += [[f"`{name}.{field.name}`", str(field.type)] for field in fields] or [[f"`{name}`", str(held)]]
    return table(["column", "type"], rows)


def _example(example: Example) -> list[str]:
    given = [f"Parameters: `{plain(example.parameters)}`.", ""] if example.parameters else []
    columns = {**{f"{name} (in)": v for name, v in example.input.items()}, **example.output}
    together = len({len(values) for values in columns.values()}) == 1
    body = ["", *given]
    groups = [columns] if together else [example.input, example.output]
    for group in groups:
        count = max((len(values) for values in group.values()), default=0)
        rows = [[_cell(values[row]) if row < len(values) else "" for values in group.values()] for row in range(count)]
        body += [*table(list(group), rows), ""]
    return [f"**{example.title}**", *body[:-1]]


def _cell(value: object) -> str:
    shown = repr(value) if isinstance(value, str) else plain(value)
    shown = shown if len(shown) <= 120 else f"{shown[:119]}…"
    return f"`{shown}`" if "`" not in shown else shown
