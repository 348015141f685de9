"""The sample crawl that `weft demo` builds; `CARD.md` says what is in it."""

from __future__ import annotations

from pathlib import Path


def path() -> Path:
    """The folder with the crawl's WARC files, `recipe.yaml` and `inventory.json`.

    Installers unpack wheels, so the files lie beside this module.
    """
    return Path(__file__).resolve().parent
