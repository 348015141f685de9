"""Compiles every kernel of weft into this user's cache, on all cores; a second is enough where they are there.

A kernel is compiled when its module is imported, and by each process that imports it before another has finished.
"""

from __future__ import annotations

import importlib
import re
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
KERNEL = re.compile(r"^@(jit\.)?kernel\(", re.MULTILINE)


def modules() -> list[str]:
    """The modules that hold kernels; those with the longest text first, so that no core has a large one left over."""
    found = {}
    for file in sorted((SOURCE / "weft").rglob("*.py")):
        text = file.read_text("utf-8")
        if KERNEL.search(text):
            found[".".join(file.relative_to(SOURCE).with_suffix("").parts)] = len(text)
    return sorted(found, key=lambda name: -found[name])


def compiled(name: str) -> str:
    importlib.import_module(name)
    return name


if __name__ == "__main__":
    with ProcessPoolExecutor() as pool:
        for _ in pool.map(compiled, modules()):
            pass
