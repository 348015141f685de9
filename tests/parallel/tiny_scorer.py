"""A scorer of made-up languages: `python -m tests.parallel.tiny_scorer tests/examples/label.pair_score/model`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.parallel.bitexts import bitext

LANGUAGES = ("eng_Latn", "swh_Latn")


def write(folder: Path, languages: tuple[str, str] = LANGUAGES, pairs: int = 200) -> Path:
    """Train and save a scorer of `pairs` pairs."""
    from weft.parallel.model_folder import save
    from weft.parallel.scorer import train

    save(train(*bitext(pairs), languages), folder)
    return folder


if __name__ == "__main__":
    write(Path(sys.argv[1]))
