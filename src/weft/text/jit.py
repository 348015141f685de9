"""Compiles kernels once per machine: explicit signatures, no interpreter lock, a cache that can be written."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba import types as types  # kernels take their signatures from here

Function = TypeVar("Function", bound=Callable[..., Any])


SHARED = (
    *("jit.py", "cosine.py", "decode.py", "hashing.py", "dictionary.py", "ngrams.py", "repeats.py", "shingles.py"),
    *("unicode.py", "tokens.py", "translated.py", "units.py", "vectors.py"),
    *("pair_characters.py", "pair_counts.py", "pair_markup.py", "pair_numbers.py"),
)
"""Modules whose functions and constants are compiled into kernels of others, which numba's own check cannot see."""


def cache_folder() -> Path:
    """Where compiled kernels are kept: below $NUMBA_CACHE_DIR, or the user's cache folder, or a temporary one."""
    name = f"kernels-{numba.__version__}-{_sources_digest()}"
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen) / name
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "weft" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return _temporary_folder(name)


def _sources_digest() -> str:
    here, digest = Path(__file__).parent, hashlib.blake2b(digest_size=6)
    for file in SHARED:
        digest.update((here / file).read_bytes())
    return digest.hexdigest()


def _temporary_folder(name: str) -> Path:
    """A folder that is this user's own: what lies in the cache is code, so nobody else may have put it there."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"weft-{user}-{name}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and (os.name == "nt" or (found.st_uid == user and not found.st_mode & 0o022)):
            return folder
    except OSError:
        pass  # a file of that name, or one that cannot be made: a fresh folder serves
    return Path(tempfile.mkdtemp(prefix="weft-kernels-"))


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
I32_2 = types.int32[:, ::1]
U8_2 = types.Array(types.uint8, 2, "C", readonly=True)
U8_IN = _readonly(types.uint8)
U16_IN = _readonly(types.uint16)
I32_IN = _readonly(types.int32)
I64_IN = _readonly(types.int64)
U32_IN = _readonly(types.uint32)
U64_IN = _readonly(types.uint64)
F32_IN = _readonly(types.float32)


def kernel(signature: Any, *, allocates: bool = False) -> Callable[[Function], Function]:
    """Compile for exactly this signature when the module is imported; later imports load the compiled code.

    A kernel that makes arrays must say so: the others are compiled without reference counts, up to three times as
    fast.
    """

    def compiled(function: Function) -> Function:
        made = numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=allocates)(function)
        _load_without_compiler(made)
        made.compile(signature)
        made.disable_compile()
        return made  # type: ignore[no-any-return]

    return compiled


def _load_without_compiler(made: Any) -> None:
    """Let a kernel that is in the cache load without all that compiling needs: half of what starting weft took.

    numba makes its compiler ready before it looks into the cache, and again where it has to compile.
    """
    cache: Any = getattr(made, "_cache", None)
    if not all(
        hasattr(cache, name) for name in ("load_overload", "_load_overload", "_guard_against_spurious_io_errors")
    ):
        return

    def load(signature: Any, context: Any) -> Any:
        with cache._guard_against_spurious_io_errors():
            return cache._load_overload(signature, context)

    cache.load_overload = load


def part(function: Function) -> Function:
    """A function that kernels call; it is compiled into them and makes no arrays."""
    return numba.njit(function, nogil=True, error_model="numpy", inline="never", _nrt=False)  # type: ignore[no-any-return]
