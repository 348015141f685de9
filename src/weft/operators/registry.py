"""Finds operators by walking rooms and entry points; nothing registers itself on import."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import pkgutil
import re
import typing
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from weft.errors import WeftError, nearest
from weft.operators.contract import OperatorSpec

ROOMS = ("acquire", "parse", "standardize", "label", "synthesize", "deduplicate", "construct")
"""The rooms of this package that hold operators."""

ENTRY_POINTS = "weft.operators"
"""Entry point group of third-party operators: each names a module or a decorated factory."""


class Registry:
    """Operators by name; built once and never changed."""

    def __init__(self, specs: Iterable[tuple[OperatorSpec, str]]) -> None:
        self._specs: dict[str, OperatorSpec] = {}
        self._places: dict[str, str] = {}
        for spec, place in specs:
            if spec.name in self._specs:
                if self._places[spec.name] == place:
                    continue
                raise WeftError(f"operator {spec.name} is defined twice: in {self._places[spec.name]} and in {place}")
            self._specs[spec.name] = spec
            self._places[spec.name] = place

    @classmethod
    def from_rooms(cls, rooms: Iterable[str], *, entry_points: bool = True) -> Registry:
        """Operators of the named rooms of this package, then those of installed plugins.

        Raises WeftError when two operators share a name or a plugin cannot be loaded.
        """
        found = [pair for room in rooms for pair in _in_room(importlib.import_module(f"weft.{room}"))]
        if entry_points:
            for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
                found += _in_plugin(point)
        return cls(found)

    def get(self, name: str) -> OperatorSpec:
        """The operator of that full name; raises WeftError with the nearest valid name."""
        if name not in self._specs:
            raise WeftError(f"no operator is named {name}{nearest(name, self._specs)}")
        return self._specs[name]

    def names(self, room: str | None = None) -> list[str]:
        """Sorted full names, of one room or of all."""
        return sorted(n for n, s in self._specs.items() if room is None or s.room == room)

    def place(self, name: str) -> str:
        """Module and function that define an operator."""
        return self._places[name]

    def defaults(self, name: str) -> dict[str, Any]:
        """Every parameter of an operator at its default; raises WeftError when one has none."""
        return validate(self.get(name), {})


def _in_room(package: ModuleType) -> list[tuple[OperatorSpec, str]]:
    """Operators are modules of their room; what lies in a folder below is what they use, and is not loaded to look."""
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.ispkg)
    return [pair for name in names for pair in _in_module(importlib.import_module(f"{package.__name__}.{name}"))]


def _in_package(package: ModuleType) -> list[tuple[OperatorSpec, str]]:
    names = [package.__name__]
    names += [m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    return [pair for name in sorted(names) for pair in _in_module(importlib.import_module(name))]


def _in_module(module: ModuleType) -> list[tuple[OperatorSpec, str]]:
    """Operators that a module defines; names it imported from elsewhere are found there."""
    return [
        (value.spec, f"{module.__name__}.{name}")
        for name, value in sorted(vars(module).items())
        if isinstance(getattr(value, "spec", None), OperatorSpec) and value.__module__ == module.__name__
    ]


def _in_plugin(point: importlib.metadata.EntryPoint) -> list[tuple[OperatorSpec, str]]:
    try:
        loaded = point.load()
        if isinstance(loaded, ModuleType):
            found = _in_package(loaded) if hasattr(loaded, "__path__") else _in_module(loaded)
        else:
            spec = getattr(loaded, "spec", None)
            found = [(spec, f"{loaded.__module__}.{loaded.__name__}")] if isinstance(spec, OperatorSpec) else []
    except Exception as error:  # the boundary to code that is not ours
        raise WeftError(f"plugin {point.name} ({point.value}) cannot be loaded: {error}") from error
    if not found:
        raise WeftError(
            f"plugin {point.name} ({point.value}): expected a module with @operator factories, or one of them"
        )
    return found


def parameters_model(spec: OperatorSpec) -> type[BaseModel]:
    """The recipe schema of an operator: the keyword arguments of its factory, extras refused."""
    hints = typing.get_type_hints(spec.build, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(spec.build).parameters.items():
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints.get(name, Any), default)
    model_name = "".join(part.title() for part in spec.name.replace(".", "_").split("_")) + "Parameters"
    config = ConfigDict(extra="forbid", protected_namespaces=(), arbitrary_types_allowed=True)
    model: type[BaseModel] = create_model(model_name, __config__=config, **fields)
    return model


def validate(spec: OperatorSpec, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters checked and completed with defaults, as plain JSON-able data.

    Raises WeftError that names the parameter, what was expected and the nearest valid name.
    """
    try:
        checked = parameters_model(spec)(**parameters)
    except ValidationError as error:
        raise WeftError("; ".join(parameter_faults(spec, error))) from error
    return checked.model_dump(mode="json")


def parameter_faults(spec: OperatorSpec, error: ValidationError) -> list[str]:
    """One sentence for each fault that pydantic found in an operator's parameters."""
    known = inspect.signature(spec.build).parameters
    faults = []
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            faults.append(
                f"{spec.name} has no parameter {where}; expected {', '.join(known) or 'none'}{nearest(where, known)}"
            )
        elif fault["type"] == "missing":
            faults.append(f"{spec.name}, parameter {where}: is missing")
        else:
            faults.append(f"{spec.name}, parameter {where}: {sentence(dict(fault))}")
    return faults


_PLAIN = (
    (r"Value error, ", ""),
    (r"Input should be", "expected"),
    (r", unable to (parse|interpret) .*", ""),
    (r"a valid dictionary( or instance of \w+)?", "a mapping (key: value)"),
    (r"a valid boolean", "true or false"),
    (r"a valid integer", "a whole number"),
    (r"a valid string", "a text"),
    (r"a valid (list|tuple)", "a list"),
    (r"a valid ", "a "),
)


def sentence(fault: Mapping[str, Any]) -> str:
    """`got X; expected Y` of a fault that pydantic found, in words of a recipe, with the nearest of several choices."""
    message = str(fault["msg"])
    for pattern, word in _PLAIN:
        message = re.sub(pattern, word, message)
    if fault["type"] in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'", str(fault["ctx"]["expected"]))
        message += nearest(str(fault["input"]), choices)
    got = shortened(fault["input"])
    told = fault["type"] == "value_error" and (got in message or isinstance(fault["input"], Mapping | list))
    return message if told else f"got {got}; {message}"


def shortened(value: object) -> str:
    """A value of a recipe in a few words."""
    kinds = {dict: "a mapping", list: "a list", tuple: "a list"}
    text = next((word for kind, word in kinds.items() if isinstance(value, kind)), None)
    if value is None:
        return "nothing"
    text = text or repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
