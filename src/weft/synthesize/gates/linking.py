"""Which words of a source its translation accounts for, by lexicons of the trusted pairs of two languages."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.parallel.lexicon import Folding, Lexicon, Vocabulary, train
from weft.text.ibm1 import Cells, pruned
from weft.text.linked import FEATURES

Key = tuple[str, str]
"""Two languages in the order of their codes."""
_FOLDING = Folding(True, 4)
"""Without marks, by their first four letters: a few hundred pairs show few forms of a word."""
_LEAST = 0.01
_WIDTH = len(FEATURES)
INPUTS = tuple(f"linked_{name}" for name in FEATURES)


def key_of(one: str, other: str) -> Key:
    """The key of two languages, whichever is translated."""
    return (one, other) if one < other else (other, one)


def fit(pairs: pl.DataFrame, keys: list[Key]) -> dict[Key, Lexicon]:
    """Lexicons of the trusted pairs (language, other, text, of) of the languages `keys`, from one direction of each."""
    made = {}
    for key in keys:
        for language, other in (key, key[::-1]):
            own = pairs.filter((pl.col("language") == language) & (pl.col("other") == other))
            if own.height:
                found = train(own["of"], own["text"], (other, language), (_FOLDING, _FOLDING))
                made[key] = Lexicon(
                    found.languages,
                    found.foldings,
                    found.vocabularies,
                    (pruned(found.cells[0], _LEAST), pruned(found.cells[1], _LEAST)),
                )
                break
    return made


def inputs(frame: pl.DataFrame, held: Mapping[Key, Lexicon]) -> npt.NDArray[np.float64]:
    """(texts, INPUTS) of texts (`language`, `text`) beside their sources (`of`, `of_language`); 0 without a lexicon."""
    out = np.zeros((frame.height, _WIDTH))
    numbered = frame.select("language", "of_language", "text", "of").with_row_index("row")
    asked = numbered.drop_nulls().sort("language", "of_language", maintain_order=True)
    for (language, other), own in asked.group_by("language", "of_language", maintain_order=True):
        lexicon = held.get(key_of(str(language), str(other)))
        if lexicon is None:
            continue
        turned = lexicon if lexicon.languages == (other, language) else lexicon.turned()
        found = turned.linked(turned.side(0, own["of"]), turned.side(1, own["text"]))
        out[own["row"].to_numpy()] = np.nan_to_num(found[:, -_WIDTH:].astype(np.float64))
    return out


def known(frame: pl.DataFrame, held: Container[Key]) -> pl.Series:
    """Whether there is a lexicon for each text and its source."""
    names = frame.select("language", "of_language").unique(maintain_order=True)
    some = [row for row in names.iter_rows() if None not in row and key_of(*row) in held]
    joined = pl.DataFrame(some, {"language": pl.String, "of_language": pl.String}, orient="row")
    marked = frame.select("language", "of_language").join(
        joined.with_columns(known=pl.lit(True)), on=["language", "of_language"], how="left", maintain_order="left"
    )
    return marked["known"].cast(pl.Boolean).fill_null(False)


def to_arrays(held: Mapping[Key, Lexicon]) -> tuple[list[list[str]], dict[str, npt.NDArray[Any]]]:
    """Languages of the lexicons, and their arrays by name: the words are hashes."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for number, lexicon in enumerate(held.values()):
        for side, (words, cells) in enumerate(zip(lexicon.vocabularies, lexicon.cells, strict=True)):
            parts: tuple[npt.NDArray[Any], ...] = (words.hashes, words.counts, cells.starts, cells.target, cells.value)
            arrays |= {f"lexicon-{number}-{side}-{place}": part for place, part in enumerate(parts)}
    return [list(lexicon.languages) for lexicon in held.values()], arrays


def from_arrays(languages: list[list[str]], arrays: Mapping[str, npt.NDArray[Any]]) -> dict[Key, Lexicon]:
    """The lexicons that `to_arrays` gave."""
    made = {}
    for number, (one, other) in enumerate(languages):
        sides = []
        for side in range(2):
            hashes, counts, *cells = (arrays[f"lexicon-{number}-{side}-{place}"] for place in range(5))
            forms = pa.nulls(len(hashes), pa.large_string())
            sides.append((Vocabulary(hashes, counts, forms), Cells(*cells)))
        (first, forward), (second, backward) = sides
        made[key_of(one, other)] = Lexicon((one, other), (_FOLDING, _FOLDING), (first, second), (forward, backward))
    return made
