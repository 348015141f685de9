"""What is installed, writable and compiled."""

from __future__ import annotations

import importlib.util
import os
import time
from typing import Any

from weft.engine.keys import library_version
from weft.engine.local import usable_cores
from weft.engine.work import rooms_registry

LIBRARIES = ("polars", "pyarrow", "numpy", "numba", "FastWARC", "Resiliparse", "icu4py", "chardet", "ftfy")
EXTRAS = {
    "ray": "ray",
    "objects": "obstore",
    "serve": "fastapi",
    "models": "torch",
    "hub": "datasets",
    "docs": "pypdf",
    "identifiers": "pycld2",
    "tokenizers": "tokenizers",
    "operations": "prometheus_client",
}
KERNELS = (
    *("segment", "signals", "scripts", "normal", "folded", "shingles", "minhash", "jaccard", "components", "pairs"),
    *("classify", "coverage", "bayes", "words", "mixing", "unigram", "cosine"),
)


def health(*, warm: bool) -> dict[str, Any]:
    """Versions, cores, the kernel cache, and which extras are there; `warm` compiles every kernel."""
    from weft.text.jit import cache_folder

    folder = os.environ.get("NUMBA_CACHE_DIR") or str(cache_folder())
    held: dict[str, Any] = {
        "cores": usable_cores(),
        "libraries": {name: library_version(name) for name in LIBRARIES},
        "extras": {e: "installed" if importlib.util.find_spec(m) else "not installed" for e, m in EXTRAS.items()},
        "operators": len(rooms_registry().names()),
        "kernel cache": folder,
    }
    if warm:
        began = time.monotonic()
        for name in KERNELS:
            importlib.import_module(f"weft.text.{name}")
        held["kernels"] = f"{len(KERNELS)} modules ready in {time.monotonic() - began:.1f} s"
    return held
