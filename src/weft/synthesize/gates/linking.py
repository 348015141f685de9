"""What the words of a source say of its translation, by lexicons of trusted pairs: which are there, how long it is."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from weft.parallel.expected_length import Lengths, learn
from weft.parallel.lexicon import Folding, Lexicon, Vocabulary, train
from weft.text.buffers import string_buffers
from weft.text.ibm1 import Cells, pruned
from weft.text.linked import FEATURES

Key = tuple[str, str]
"""Two languages in the order of their codes."""
_FOLDING = Folding(True, 4)
"""Without marks, by their first four letters: a few hundred pairs show few forms of a word."""
_LEAST = 0.01
_BYTES = 5
"""Added to lengths of which a ratio is taken: of short texts it says little."""
_EXPECTED = ("expected", "expected_short", "expected_source", "expected_over")
INPUTS = (*(f"linked_{name}" for name in FEATURES), *_EXPECTED)
"""FEATURES of the links; then how long a text is for the words of its source, as a logarithm, and the square of that
where it is short; how long its source is for the words of the text, and the same where it is longer."""
_WIDTH = len(INPUTS)
MUTUAL = FEATURES.index("mutual_target")


class Linked(NamedTuple):
    """A lexicon, and how long its words make a translation, first one into the second of its languages."""

    lexicon: Lexicon
    lengths: tuple[Lengths, Lengths]

    def turned(self) -> Linked:
        """The other direction."""
        return Linked(self.lexicon.turned(), self.lengths[::-1])


def key_of(one: str, other: str) -> Key:
    """The key of two languages, whichever is translated."""
    return (one, other) if one < other else (other, one)


def fit(pairs: pl.DataFrame, keys: list[Key]) -> dict[Key, Linked]:
    """Lexicons of the trusted pairs (language, other, text, of) of the languages `keys`, from one direction of each."""
    made = {}
    for key in keys:
        for language, other in (key, key[::-1]):
            own = pairs.filter((pl.col("language") == language) & (pl.col("other") == other))
            if own.height:
                found = train(own["of"], own["text"], (other, language), (_FOLDING, _FOLDING))
                lexicon = Lexicon(
                    found.languages,
                    found.foldings,
                    found.vocabularies,
                    (pruned(found.cells[0], _LEAST), pruned(found.cells[1], _LEAST)),
                )
                made[key] = Linked(lexicon, _lengths(lexicon, own))
                break
    return made


def _lengths(lexicon: Lexicon, own: pl.DataFrame) -> tuple[Lengths, Lengths]:
    sizes = _sizes(own)
    sides = lexicon.side(0, own["of"]), lexicon.side(1, own["text"])
    found = []
    for n, side in enumerate(sides):
        told = learn(side, sizes[n], sizes[1 - n], len(lexicon.vocabularies[n].hashes))
        # Rounded: machines add up in orders of their own.
        found.append(Lengths(round(told.ratio, 6), told.words.round(3)))
    return found[0], found[1]


def _sizes(own: pl.DataFrame) -> list[npt.NDArray[np.int64]]:
    return [np.diff(string_buffers(own[name].to_arrow()).offsets) for name in ("of", "text")]


def inputs(frame: pl.DataFrame, held: Mapping[Key, Linked]) -> npt.NDArray[np.float64]:
    """(texts, INPUTS) of texts (`language`, `text`) beside their sources (`of`, `of_language`); 0 without a lexicon."""
    out = np.zeros((frame.height, _WIDTH))
    numbered = frame.select("language", "of_language", "text", "of").with_row_index("row")
    asked = numbered.drop_nulls().sort("language", "of_language", maintain_order=True)
    for (language, other), own in asked.group_by("language", "of_language", maintain_order=True):
        both = held.get(key_of(str(language), str(other)))
        if both is None:
            continue
        both = both if both.lexicon.languages == (other, language) else both.turned()
        sides = both.lexicon.side(0, own["of"]), both.lexicon.side(1, own["text"])
        found = both.lexicon.linked(*sides)[:, -len(FEATURES) :].astype(np.float64)
        of, text = _sizes(own)
        ahead = np.log((text + _BYTES) / (both.lengths[0].expected(sides[0], of) + _BYTES))
        back = np.log((of + _BYTES) / (both.lengths[1].expected(sides[1], text) + _BYTES))
        more = np.stack([ahead, np.minimum(ahead, 0) ** 2, back, np.maximum(back, 0)], axis=1)
        out[own["row"].to_numpy()] = np.nan_to_num(np.hstack([found, more]))
    return out


def mutual(frame: pl.DataFrame, held: Mapping[Key, Linked]) -> npt.NDArray[np.float64]:
    """How much of each text translates words of its source, from 0; not a number without a lexicon."""
    return np.where(known(frame, held).to_numpy(), inputs(frame, held)[:, MUTUAL], np.nan)


def known(frame: pl.DataFrame, held: Container[Key]) -> pl.Series:
    """Whether there is a lexicon for each text and its source."""
    names = frame.select("language", "of_language").unique(maintain_order=True)
    some = [row for row in names.iter_rows() if None not in row and key_of(*row) in held]
    joined = pl.DataFrame(some, {"language": pl.String, "of_language": pl.String}, orient="row")
    marked = frame.select("language", "of_language").join(
        joined.with_columns(known=pl.lit(True)), on=["language", "of_language"], how="left", maintain_order="left"
    )
    return marked["known"].cast(pl.Boolean).fill_null(False)


def to_arrays(held: Mapping[Key, Linked]) -> tuple[list[list[str]], dict[str, npt.NDArray[Any]]]:
    """Languages of the lexicons, and their arrays by name: the words are hashes."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for number, (lexicon, lengths) in enumerate(held.values()):
        for side, (words, cells, told) in enumerate(zip(lexicon.vocabularies, lexicon.cells, lengths, strict=True)):
            parts: tuple[npt.NDArray[Any], ...] = (words.hashes, words.counts, cells.starts, cells.target, cells.value)
            parts = (*parts, np.array([told.ratio]), told.words)
            arrays |= {f"lexicon-{number}-{side}-{place}": part for place, part in enumerate(parts)}
    return [list(each.lexicon.languages) for each in held.values()], arrays


def from_arrays(languages: list[list[str]], arrays: Mapping[str, npt.NDArray[Any]]) -> dict[Key, Linked]:
    """The lexicons that `to_arrays` gave."""
    made = {}
    for number, (one, other) in enumerate(languages):
        sides, lengths = [], []
        for side in range(2):
            hashes, counts, *cells, ratio, words = (arrays[f"lexicon-{number}-{side}-{place}"] for place in range(7))
            lengths.append(Lengths(float(ratio[0]), words))
            forms = pa.nulls(len(hashes), pa.large_string())
            sides.append((Vocabulary(hashes, counts, forms), Cells(*cells)))
        (first, forward), (second, backward) = sides
        lexicon = Lexicon((one, other), (_FOLDING, _FOLDING), (first, second), (forward, backward))
        made[key_of(one, other)] = Linked(lexicon, (lengths[0], lengths[1]))
    return made
