"""Example files of operators: input and expected output, written by hand, run by the conformance suite."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from weft.errors import WeftError, nearest

CLOSE = 1e-4
"""How far a float may be from the expected one."""


class Example(BaseModel):
    """One case: columns given, columns expected. Struct fields and columns that are not listed are not compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    parameters: dict[str, Any] = {}
    input: dict[str, list[Any]]
    replies: dict[str, Any] = {}
    """Services: the answer to a request that holds this text, the first that fits; null: the server refuses it."""
    output: dict[str, list[Any]] = Field(min_length=1)


def load_examples(file: Path, operator: str) -> list[Example]:
    """The examples of an operator's file; raises WeftError that names the file and the fault."""
    try:
        content = YAML(typ="safe").load(file.read_text("utf-8"))
    except FileNotFoundError:
        raise WeftError(f"{file}: missing; every operator has an example file") from None
    except YAMLError as error:
        raise WeftError(f"{file}: not valid YAML: {error}") from error
    if not isinstance(content, dict) or set(content) != {"operator", "examples"}:
        raise WeftError(f"{file}: expected the keys operator and examples")
    if content["operator"] != operator:
        raise WeftError(f"{file}: is for {content['operator']}; expected {operator}")
    if not isinstance(content["examples"], list) or not content["examples"]:
        raise WeftError(f"{file}: expected a list of one example or more")
    return [_example(file, number, item) for number, item in enumerate(content["examples"])]


def _example(file: Path, number: int, item: object) -> Example:
    try:
        return Example.model_validate(item)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        close = nearest(place, Example.model_fields)
        raise WeftError(f"{file}: example {number}: {place}: {fault['msg']}{close}") from error


def difference(expected: Any, got: Any, place: str) -> str | None:
    """Where and how a value differs from the expected one, or None when it does not."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        for key, value in expected.items():
            if key not in got:
                return f"{place} has no field {key}; it has {', '.join(map(str, got))}"
            found = difference(value, got[key], f"{place}.{key}")
            if found:
                return found
        return None
    if isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            return f"{place} has {len(got)} values; expected {len(expected)}: got {_short(got)}"
        pairs = enumerate(zip(expected, got, strict=True))
        return next(filter(None, (difference(e, g, f"{place}[{n}]") for n, (e, g) in pairs)), None)
    return None if _same(expected, got) else f"{place} is {_short(got)}; expected {_short(expected)}"


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or got is None:
        return expected is got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        if isinstance(expected, int) and isinstance(got, int):
            return expected == got
        return math.isclose(expected, got, rel_tol=0, abs_tol=CLOSE) or (expected != expected and got != got)
    if isinstance(got, bytes) and isinstance(expected, str):
        return got == expected.encode()
    if isinstance(got, datetime.datetime):
        return got == moment(expected)
    return bool(expected == got)


def moment(value: Any) -> datetime.datetime:
    """A time with its zone; UTC where none is written."""
    found = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(found, datetime.datetime):
        found = datetime.datetime(found.year, found.month, found.day)
    return found.replace(tzinfo=datetime.UTC) if found.tzinfo is None else found


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
