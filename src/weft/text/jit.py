"""Compiles kernels once per machine: explicit signatures, no interpreter lock, a cache that can be written."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba import types as types  # kernels take their signatures from here

Function = TypeVar("Function", bound=Callable[..., Any])


def cache_folder() -> Path:
    """Where compiled kernels are kept: the user's cache folder, or a temporary one when that cannot be written."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "weft" / f"kernels-{numba.__version__}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.gettempdir()) / f"weft-kernels-{numba.__version__}"


if not os.environ.get("NUMBA_CACHE_DIR"):
    numba.config.CACHE_DIR = str(cache_folder())


def _readonly(kind: Any) -> Any:
    return types.Array(kind, 1, "C", readonly=True)


U8 = types.uint8[::1]
I8 = types.int8[::1]
I32 = types.int32[::1]
I64 = types.int64[::1]
U32 = types.uint32[::1]
U64 = types.uint64[::1]
F32 = types.float32[::1]
F32_2 = types.float32[:, ::1]
U8_2 = types.Array(types.uint8, 2, "C", readonly=True)
U8_IN = _readonly(types.uint8)
U16_IN = _readonly(types.uint16)
I32_IN = _readonly(types.int32)
I64_IN = _readonly(types.int64)
U32_IN = _readonly(types.uint32)
U64_IN = _readonly(types.uint64)


def kernel(signature: Any) -> Callable[[Function], Function]:
    """Compile for exactly this signature when the module is imported; later imports load the compiled code."""
    return numba.njit(signature, cache=True, nogil=True, error_model="numpy")  # type: ignore[no-any-return]


def part(function: Function) -> Function:
    """A function that kernels call; it is compiled into them."""
    return numba.njit(function, nogil=True, error_model="numpy", inline="never")  # type: ignore[no-any-return]
