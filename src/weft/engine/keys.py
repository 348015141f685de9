"""Content keys: the same operator, parameters and inputs always give the same key, on any machine."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.resources
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xxhash

from weft.errors import WeftError
from weft.operators.contract import OperatorSpec
from weft.operators.model_folder import content, contents
from weft.recipe import Step

FORMAT = 2
"""Version of the build layout: raised when the engine itself writes other bytes."""


def digest(*parts: object) -> str:
    """128-bit key, as 32 hex digits, of JSON-able parts."""
    text = json.dumps([FORMAT, *parts], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return xxhash.xxh3_128_hexdigest(text.encode("utf-8"))


@functools.cache
def library_version(distribution: str) -> str:
    """Installed version of a distribution whose answers an operator relies on."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def mark_of(step: Step) -> str:
    """Name of a step among those of a recipe: one operator may stand there several times, with other parameters."""
    return f"{step.operator} {digest(step.params, step.where)}"


def operator_identity(
    spec: OperatorSpec, parameters: Mapping[str, Any], where: str | None, files: Mapping[str, Any] | None = None
) -> list[object]:
    """Everything about an operator that can change its answer. Raises WeftError for a file of it that is not there.

    `files` are its `digests_of_files` where they are known: then no file is read.
    """
    libraries = {name: library_version(name) for name in spec.libraries}
    held = digests_of_files(spec, parameters) if files is None else files
    assets = [_asset(name) for name in spec.assets]
    # The name of a service says nothing: what it is (Compiler.identity) decides answers.
    named = spec.asking(parameters)
    told = {name: value for name, value in parameters.items() if name not in named}
    return [spec.name, spec.version, {**told, **held}, where, libraries, assets]


def digests_of_files(spec: OperatorSpec, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Digests of the files and folders that an operator's parameters name, by parameter."""
    named = (*spec.files_in, *spec.folders_in)
    given = {name: parameters[name] for name in named if parameters.get(name) is not None}
    try:
        return {name: _files(held) for name, held in given.items()}
    except OSError as error:
        # A recipe is checked before it runs; a build that is read later may have outlived its files.
        message = f"{spec.name}: {error.filename}: cannot be read: {error.strerror}; expected the file that the recipe"
        raise WeftError(f"{message} names, as what was made with it is known by its content") from None


def _files(held: str | Sequence[str]) -> object:
    if isinstance(held, str):
        return _digest(held)
    return [[os.path.basename(file), _digest(file)] for file in held]


def _digest(file: str) -> object:
    """Digest of a file; of a folder those of the files in it that count, by their names."""
    return contents(Path(file)) if os.path.isdir(file) else content(file, os.stat(file).st_mtime_ns)


def content_of(file: str) -> object:
    """Digest of a file that settings name. Raises WeftError where it cannot be read."""
    try:
        return _digest(file)
    except OSError as error:
        raise WeftError(f"{file}: cannot be read: {error.strerror}; expected the file that the recipe names") from None


@functools.cache
def _asset(name: str) -> str:
    """Digest of a file of the package."""
    return hashlib.sha256(importlib.resources.files("weft").joinpath(name).read_bytes()).hexdigest()


def document_ids(source: str, locators: Iterable[str | None], positions: Iterable[int | None]) -> list[str]:
    """Stable ids: 128-bit hash of source, locator and position, 32 hex digits each.

    One short hash per document: measured at about 1 microsecond, under 2 % of what labels cost.
    """
    hashed = xxhash.xxh3_128_hexdigest
    return [
        hashed(f"{source}\0{locator}\0{position}".encode("utf-8", "surrogatepass"))
        for locator, position in zip(locators, positions, strict=True)
    ]
