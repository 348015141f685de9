"""weft: from whatever text a language has to training data for multilingual language models.

The same things as on the command line: `weft.load`, `weft.run`, `weft.open_build`, `weft.identify`. Imports are lazy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pathlib import Path

    from weft.engine.build import RunResult
    from weft.engine.reading import open_build
    from weft.engine.room import Room
    from weft.engine.scheduler import Listener, Runner
    from weft.label.lid import identify
    from weft.recipe import Recipe, load

_PLACES = {
    "identify": "weft.label.lid",
    "load": "weft.recipe",
    "open_build": "weft.engine.reading",
}
__all__ = ["__version__", "identify", "load", "open_build", "run"]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'weft' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def run(
    recipe: Recipe,
    into: str | Path,
    *,
    workers: int | None = None,
    runner: Runner | None = None,
    only: str | None = None,
    dry_run: bool = False,
    listener: Listener | None = None,
    room: Room | None = None,
) -> RunResult:
    """Build a recipe into a folder and write its report; what the ledger has an entry for is not done again.

    Raises WeftError for what a person can mend: no input files, a folder in use, an unknown stage, a disk too small.
    """
    from weft.engine import build
    from weft.engine.reading import open_build
    from weft.report import write

    result = build.run(
        recipe, into, workers=workers, runner=runner, only=only, dry_run=dry_run, listener=listener, room=room
    )
    if result.status == 0 and only is None and not dry_run:
        write(open_build(into))
    return result
