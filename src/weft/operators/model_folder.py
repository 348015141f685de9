"""The folder of a model that a recipe names: one of the user's, or one in the local cache of the Hugging Face Hub.

A model is known by the content of its files, wherever they are.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from pathlib import Path

import xxhash

_NOT_READ = ("onnx", "openvino", "vectors")
"""Folders beside a model that hold it once more for other programs; and what `weft train pairs` asked an encoder, which
is deleted when nobody needs it."""
_FOREIGN = (".h5", ".msgpack", ".onnx", ".ot", ".md", ".gguf", ".py")


def model_folder(name: str, base: Path) -> Path:
    """The folder `name` below `base`; else that of the model of this name in the Hub's cache; else the first, absent.

    Nothing is downloaded.
    """
    own = base / Path(name).expanduser()
    return own if own.is_dir() else cached(name) or own


def cached(name: str) -> Path | None:
    """The folder of the model `organisation/name` in the cache that the Hub's own tools fill, if it is there."""
    if name.count("/") > 1 or name.startswith(("/", ".")):
        return None
    held = cache() / f"models--{name.replace('/', '--')}"
    try:
        commit = (held / "refs" / "main").read_text("utf-8").strip()
    except OSError:
        return None
    found = held / "snapshots" / commit
    return found if found.is_dir() else None


def cache() -> Path:
    """Where the Hub's own tools keep models, by the variables that they look at."""
    if own := os.environ.get("HF_HUB_CACHE"):
        return Path(own).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"


def model_files(folder: Path) -> list[Path]:
    """The files by which a model is known, sorted: all but hidden ones and those that other programs read."""
    found = []
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if not file.is_file() or any(part.startswith(".") for part in parts) or parts[0] in _NOT_READ:
            continue
        if file.suffix not in _FOREIGN:
            found.append(file)
    return found


def contents(folder: Path) -> list[list[str]]:
    """Name below the folder and SHA-256 of each of its `model_files`. Raises OSError."""
    return [
        [str(file.relative_to(folder)), content(str(file), file.stat().st_mtime_ns)] for file in model_files(folder)
    ]


@functools.cache  # gigabytes, and asked for with every shard
def content(file: str, changed: int) -> str:
    """SHA-256 of a file as it is since `changed`, in nanoseconds. Raises OSError."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """128-bit key of a model's folder, 32 hex digits: the same for the same files in any place."""
    return xxhash.xxh3_128_hexdigest(json.dumps(contents(folder)).encode())
