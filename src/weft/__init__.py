"""weft: from whatever text a language has to training data for multilingual language models.

The same things as on the command line: `weft.load`, `weft.run`, `weft.open_build`, `weft.identify`. Imports are lazy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from weft.engine.build import run
    from weft.engine.reading import open_build
    from weft.label.lid import identify
    from weft.recipe import load

_PLACES = {
    "identify": "weft.label.lid",
    "load": "weft.recipe",
    "open_build": "weft.engine.reading",
    "run": "weft.engine.build",
}
__all__ = ["__version__", "identify", "load", "open_build", "run"]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'weft' has no attribute {name!r}")
