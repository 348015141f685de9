"""Files that people write in YAML: read with their lines, so that every fault is told with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from weft.errors import WeftError, nearest
from weft.operators.registry import sentence, shortened

Path_ = tuple[str | int, ...]


class RecipeError(WeftError):
    """All faults of one recipe, one line each: `file:line: where: what; expected …`."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = list(faults)


@dataclass(frozen=True)
class Fault:
    """One fault at one place of the file."""

    path: Path_
    message: str


@dataclass(frozen=True)
class Kind:
    """What a file should be, in the words of messages."""

    name: str
    """With its article: `a recipe`."""
    key: str
    """A key that every one has."""
    hint: str
    """Where one comes from."""
    schema: type[BaseModel]


def read_yaml(file: Path, kind: Kind) -> CommentedMap:
    """The mapping of a YAML file, with its lines. Raises WeftError for what cannot be read or is none."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise WeftError(f"{file}: no such file; expected {kind.name} ({kind.hint})") from None
    except IsADirectoryError:
        raise WeftError(
            f"{file}: is a folder; expected {kind.name}, a file such as {file}/{kind.name.split()[-1]}.yaml"
        ) from None
    except UnicodeDecodeError as error:
        raise WeftError(f"{file}: is not UTF-8 text (byte {error.start}); expected {kind.name} in YAML") from None
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror}") from error
    yaml = YAML(typ="rt")
    try:
        tree = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise RecipeError([f"{file}:{line}: not valid YAML: {error.problem or error.context}"]) from None
    except YAMLError as error:
        raise RecipeError([f"{file}:1: not valid YAML: {str(error).splitlines()[0]}"]) from None
    except ValueError as error:  # a number of thousands of digits
        raise RecipeError([f"{file}:1: not valid YAML: {str(error).partition(';')[0]}"]) from None
    except RecursionError:
        raise RecipeError([f"{file}:1: not {kind.name}: lists or mappings are nested too deeply"]) from None
    line = _half_character(tree, 1, set())
    if line:
        raise RecipeError(
            [f"{file}:{line}: holds half a character (such as \\ud83d); expected whole ones: \\U0001f600"]
        )
    if not isinstance(tree, CommentedMap):
        raise RecipeError([f"{file}:1: expected a mapping with the key {kind.key}, got {shortened(tree)}"])
    return tree


def _half_character(value: Any, line: int, seen: set[int]) -> int:
    """Line of a text with a lone surrogate, which an escape can make and no table can hold; 0 when there is none."""
    if isinstance(value, str):
        return line if any("\ud800" <= char <= "\udfff" for char in value) else 0
    if not isinstance(value, CommentedMap | CommentedSeq) or id(value) in seen:
        return 0
    seen.add(id(value))
    items = list(value.items()) if isinstance(value, CommentedMap) else list(enumerate(value))
    for key, item in items:
        at, _ = position(value, (key,))
        found = _half_character(key, at, seen) or _half_character(item, at, seen)
        if found:
            return found
    return 0


def placed(tree: Any, location: tuple[str | int, ...]) -> Path_:
    """The keys and positions of a place that are in the file; pydantic adds names of its own between them."""
    path: list[str | int] = []
    for part in location:
        inside = part in tree if isinstance(tree, Mapping) else isinstance(tree, list) and part in range(len(tree))
        if inside:
            path.append(part)
            tree = tree[part]
    return tuple(path)


SHAPES = ("missing", "extra_forbidden", "invalid_key", "too_short")
"""What pydantic calls the faults of keys that are missing or too many, and of empty lists."""


def of_shape(tree: Any, fault: Mapping[str, Any], schema: type[BaseModel]) -> Fault:
    """A fault that pydantic found in a file of this schema, with its place and what was expected."""
    path = placed(tree, fault["loc"])
    if fault["type"] == "missing":
        return Fault((*path, fault["loc"][-1]), "is missing")
    if fault["type"] in ("extra_forbidden", "invalid_key"):
        name, known = str(fault["loc"][-1]), known_keys(path[:-1], schema)
        return Fault(path, f"unknown key {name}; expected one of {', '.join(known)}{nearest(name, known)}")
    if fault["type"] == "too_short" and not fault["input"]:
        return Fault(path, "is empty; expected one at least")
    return Fault(path, sentence(dict(fault)))


def known_keys(path: Path_, schema: type[BaseModel]) -> list[str]:
    """Keys that a mapping at this place may have."""
    model: Any = schema
    named = False
    for part in path:
        if named:  # their names are free (services), what counts is below
            named = False
            continue
        if isinstance(part, int) or not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        kind = model.model_fields[part].annotation if part in model.model_fields else None
        named = getattr(kind, "__origin__", None) is dict
        arguments = getattr(kind, "__args__", ())[named:]
        model = next((a for a in (kind, *arguments) if isinstance(a, type)), None)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def position(tree: Any, path: Path_) -> tuple[int, int]:
    """Line of a place in the file, counted from 1, or of its nearest parent; and how many parts were found there."""
    line = 1
    for depth, part in enumerate(path):
        try:
            if isinstance(tree, CommentedMap) and part in tree:
                line = tree.lc.key(part)[0] + 1
            elif isinstance(tree, CommentedSeq) and part in range(len(tree)):
                line = tree.lc.item(part)[0] + 1
            else:
                return line, depth
        except (KeyError, TypeError, AttributeError):
            return line, depth  # set from the command line: it has no place in the file
        tree = tree[part]
    return line, len(path)


def told(file: Path, tree: Any, fault: Fault, replaced: Sequence[Path_], whole: str) -> str:
    """The line of a fault; `whole` is the name of what the file describes, for faults of all of it."""
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in fault.path).lstrip(".") or whole
    line, found = position(tree, fault.path)
    for path in replaced:
        below = fault.path[: len(path)] == path
        above = path[: len(fault.path)] == fault.path and found < len(fault.path)
        if below or above:
            return f"--set {where}: {fault.message}"
    return f"{file}:{line}: {where}: {fault.message}"
