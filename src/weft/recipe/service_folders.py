"""Services that are a model in a folder: which folder a recipe means, and what is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from weft.operators.model_folder import folder_digest, model_folder
from weft.recipe.services import Service

_CONVERTED = "model.bin"
"""What the converters of CTranslate2 write."""
_EXPECTED = "expected the folder of a translation model: of transformers, or converted for CTranslate2"


def settled(service: Service, base: Path) -> Service:
    """The service with its folder, backend and digest as they are; one of a server as it stands.

    Raises ValueError for a folder that holds no model, or another one than `digest` says.
    """
    if service.protocol != "translate":
        return service
    folder = model_folder(service.path, base)
    if not folder.is_dir():
        raise ValueError(f"path: there is no folder {service.path}; {_EXPECTED}")
    holds = _backend(folder, service.path)
    if service.backend not in ("auto", holds):
        raise ValueError(f"backend is {service.backend}, and {service.path} holds a model of {holds}; expected {holds}")
    if service.precision == "int8" and holds == "transformers":
        raise ValueError("precision is int8, which ctranslate2 alone knows; expected float32, bfloat16 or float16")
    try:
        digest = folder_digest(folder)
    except OSError as error:
        raise ValueError(f"path: {error.filename}: cannot be read: {error.strerror}") from None
    if service.digest not in ("", digest):
        raise ValueError(f"digest is {service.digest}, and that of {service.path} is {digest}; expected its model")
    return service.model_copy(update={"path": str(folder), "backend": holds, "digest": digest})


def _backend(folder: Path, told: str) -> str:
    held = _config(folder)
    if "model_type" in held:
        return "transformers"
    if (folder / _CONVERTED).is_file():
        return "ctranslate2"
    raise ValueError(f"path: {told} has neither a config.json with model_type nor {_CONVERTED}; {_EXPECTED}")


def _config(folder: Path) -> dict[str, Any]:
    try:
        held = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}
