"""Reads a recipe file; every fault of it is reported together, with line, expectation and nearest valid name."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from weft.errors import WeftError, nearest
from weft.operators.registry import ROOMS, Registry, sentence, shortened
from weft.recipe.schema import STAGES, Recipe, RecipeFile

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


def load(path: str | Path, overrides: Iterable[str] = (), registry: Registry | None = None) -> Recipe:
    """The checked recipe of a YAML file; `overrides` are `a.b=value` texts that replace single values.

    Raises RecipeError (a WeftError) that holds every fault of the recipe.
    """
    from weft.recipe.checks import resolve

    file = Path(path)
    tree = _read(file)
    replaced = [_override(tree, text) for text in overrides]
    shape, faults = _shape(tree)
    recipe = None
    checked = shape or _rest(tree, faults)
    if checked is not None:
        recipe, more = resolve(checked, file, registry or Registry.from_rooms(ROOMS))
        faults += more
    if faults or recipe is None:
        raise RecipeError([_line(file, tree, fault, replaced) for fault in _ordered(tree, faults)])
    return recipe


def from_json(content: Mapping[str, Any], base: Path) -> Recipe:
    """The recipe that `Recipe.to_json` wrote; raises WeftError when another version of weft wrote it."""
    try:
        return Recipe.model_validate({**content, "base": base})
    except ValidationError as error:
        raise WeftError(f"the recipe stored in this build cannot be read by this version of weft: {error}") from error


def _read(file: Path) -> CommentedMap:
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise WeftError(f"{file}: no such file; expected a recipe (weft init DIR writes one)") from None
    except IsADirectoryError:
        raise WeftError(f"{file}: is a folder; expected a recipe file such as {file}/recipe.yaml") from None
    except UnicodeDecodeError as error:
        raise WeftError(f"{file}: is not UTF-8 text (byte {error.start}); expected a YAML recipe") from None
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
    except RecursionError:
        raise RecipeError([f"{file}:1: not a recipe: lists or mappings are nested too deeply"]) from None
    line = _half_character(tree, 1, set())
    if line:
        raise RecipeError(
            [f"{file}:{line}: holds half a character (such as \\ud83d); expected whole ones: \\U0001f600"]
        )
    if not isinstance(tree, CommentedMap):
        raise RecipeError([f"{file}:1: expected a mapping with the key acquire, got {shortened(tree)}"])
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
        at, _ = _position(value, (key,))
        found = _half_character(key, at, seen) or _half_character(item, at, seen)
        if found:
            return found
    return 0


def _override(tree: CommentedMap, text: str) -> Path_:
    """Set one value in place; raises WeftError when the text is not `key.key=value`."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise WeftError(f"--set {text}: expected key=value, such as construct.split.test=0.05")
    path: list[str | int] = [int(part) if part.isdigit() else part for part in key.split(".")]
    target: Any = tree
    for part in path[:-1]:
        try:
            if isinstance(target, dict) and target.get(part) is None:
                target[part] = CommentedMap()
            target = target[part]
        except (KeyError, IndexError, TypeError):
            raise WeftError(f"--set {text}: the recipe has nothing at {part}") from None
    try:
        parsed = YAML(typ="safe").load(value)
        target[path[-1]] = parsed
    except (YAMLError, IndexError, TypeError) as error:
        raise WeftError(f"--set {text}: cannot be set: {error}") from None
    return tuple(path)


def _shape(tree: CommentedMap) -> tuple[RecipeFile | None, list[Fault]]:
    try:
        return RecipeFile.model_validate(tree), []
    except ValidationError as error:
        found = [_shape_fault(tree, dict(fault)) for fault in error.errors()]
        # A list without its faulty items may be too short; that is no fault of its own.
        below = {fault.path[:depth] for fault in found for depth in range(1, len(fault.path))}
        return None, [fault for fault in dict.fromkeys(found) if fault.path not in below]


def _shape_fault(tree: CommentedMap, fault: dict[str, Any]) -> Fault:
    path = _place(tree, fault["loc"])
    if fault["type"] == "missing":
        return Fault((*path, fault["loc"][-1]), "is missing")
    if fault["type"] in ("extra_forbidden", "invalid_key"):
        name = str(fault["loc"][-1])
        known = _known_keys(path[:-1])
        return Fault(path, f"unknown key {name}; expected one of {', '.join(known)}{nearest(name, known)}")
    if fault["type"] == "too_short" and not fault["input"]:
        return Fault(path, "is empty; expected one at least")
    if len(path) == 1 and path[0] in STAGES:
        empty = " or false" if path[0] in ("standardize", "deduplicate") else ""
        return Fault(path, f"got {shortened(fault['input'])}; expected a list of steps{empty}")
    if path[:1] == ("services",) and fault["type"] == "value_error":
        # Where a name is expected some write the key itself, or an address with a password: it is not repeated.
        return Fault(path, str(fault["msg"]).removeprefix("Value error, "))
    return Fault(path, sentence(fault))


def _place(tree: Any, location: tuple[str | int, ...]) -> Path_:
    """The keys and positions of a place that are in the file; pydantic adds names of its own between them."""
    path: list[str | int] = []
    for part in location:
        inside = part in tree if isinstance(tree, Mapping) else isinstance(tree, list) and part in range(len(tree))
        if inside:
            path.append(part)
            tree = tree[part]
    return tuple(path)


def _rest(tree: CommentedMap, faults: list[Fault]) -> RecipeFile | None:
    """The recipe without its faulty parts, so that one run reports what is wrong with the others too."""
    rest: Any = copy.deepcopy(tree)
    if any(fault.path[:1] == ("acquire",) and len(fault.path) < 3 for fault in faults):
        rest["acquire"] = [{"path": "unknown"}]
    for fault in faults:
        depth = 3 if fault.path[:1] == ("acquire",) else _first_number(fault.path)
        parent = rest
        for part in fault.path[: depth - 1]:
            parent = parent[part] if _place(parent, (part,)) else {}
        if isinstance(parent, dict):
            for key in fault.path[depth - 1 : depth] or [key for key in parent if not isinstance(key, str)]:
                parent.pop(key, None)
            if depth == 3 and fault.path[2:] == ("path",):
                parent["path"] = "unknown"
    return _shape(rest)[0]


def _first_number(path: Path_) -> int:
    """How much of a path leads to the innermost value that can be left out without moving others."""
    return next((depth for depth, part in enumerate(path) if isinstance(part, int)), len(path))


def _known_keys(path: Path_) -> list[str]:
    """Keys that a mapping at this place may have."""
    model: Any = RecipeFile
    named = False
    for part in path:
        if named:  # services: their names are free, what counts is below
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


def _position(tree: Any, path: Path_) -> tuple[int, int]:
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


def _ordered(tree: Any, faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: _position(tree, fault.path)[0])


def _line(file: Path, tree: Any, fault: Fault, replaced: list[Path_]) -> str:
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in fault.path).lstrip(".") or "recipe"
    line, found = _position(tree, fault.path)
    for path in replaced:
        below = fault.path[: len(path)] == path
        above = path[: len(fault.path)] == fault.path and found < len(fault.path)
        if below or above:
            return f"--set {where}: {fault.message}"
    return f"{file}:{line}: {where}: {fault.message}"
