"""A model server that a file of its own describes, with the keys of a service in a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from weft.errors import WeftError
from weft.recipe.services import Service


def yaml_of(text: str, file: Path) -> Any:
    """What YAML of a file says. Raises WeftError for what is none."""
    try:
        return YAML(typ="safe").load(text)
    except (YAMLError, ValueError) as error:  # a number of thousands of digits is a ValueError
        raise WeftError(f"{file}: not valid YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise WeftError(
            f"{file}: lists or mappings are nested too deeply; expected a mapping of plain values"
        ) from None


def service_in(
    file: Path, protocols: Sequence[str], expected: str, besides: Sequence[str] = ()
) -> tuple[Service, dict[str, Any]]:
    """The service that a YAML file describes, and what it says under the keys `besides`.

    The first of `protocols` is that of a file that names none. Raises WeftError for what describes no service with one
    of them; `expected` says what a file has to have.
    """
    try:
        held = yaml_of(file.read_text("utf-8"), file)
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "no UTF-8"
        raise WeftError(f"{file}: cannot be read: {said}; expected {expected}") from None
    if not isinstance(held, dict):
        raise WeftError(f"{file}: expected {expected}")
    more = {name: held.pop(name) for name in besides if name in held}
    try:
        service = Service.model_validate({"protocol": protocols[0], **held})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        said = fault["msg"].removeprefix("Value error, ")  # what was given may be a key: it is not repeated
        where = ".".join(map(str, fault["loc"]))
        raise WeftError(f"{file}: {where}: {said}" if where else f"{file}: {said}") from None
    if service.protocol not in protocols:
        raise WeftError(f"{file}: protocol is {service.protocol}; expected {' or '.join(protocols)}")
    return service, more
