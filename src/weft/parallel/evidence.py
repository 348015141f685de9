"""What is known of a pair before anything is decided: numbers that heads weigh."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weft.parallel.expected_length import Lengths
from weft.parallel.lexicon import Lexicon
from weft.text import char_model, linked, pair_signals, translated
from weft.text.buffers import string_buffers
from weft.text.char_model import CharModel
from weft.text.in_common import in_common
from weft.text.tokens import SIGN, Tokens

Floats = npt.NDArray[np.float64]
NAMES = (
    *(f"{name}_forward" for name in translated.FEATURES),
    *(f"{name}_backward" for name in translated.FEATURES),
    *("characters_ratio", "tokens_ratio", "tokens"),
    *("numbers", "copied", "surprise_source", "surprise_target"),
    *linked.FEATURES,
    *("expected_source", "expected_target", "final", "numbers_ratio"),
)
"""Columns of evidence. Ratios are natural logarithms of target to source; `numbers` is the F1 of the numbers of both
sides (1 where none has any), `copied` the share of the target's words that the source has too, surprise is in bits for
a character. `expected` is the logarithm of a side's length to what the other side's words let expect, `final` 1 where
only the target ends in a symbol, -1 where only the source does."""
_NUMBERS = ("source_numbers", "target_numbers", "source_numbers_left", "target_numbers_left")
PLACE = {name: number for number, name in enumerate(NAMES)}


class Languages(NamedTuple):
    """Models of the characters of both languages, and what their words add to the length of a translation."""

    source: CharModel
    target: CharModel
    lengths: tuple[Lengths, Lengths]


def strings(texts: Any) -> pa.Array:
    """Texts as one Arrow array: of a Polars series, an Arrow column or a list."""
    if hasattr(texts, "to_arrow"):
        texts = texts.to_arrow()
    return texts if isinstance(texts, pa.Array | pa.ChunkedArray) else pa.array(texts, pa.large_string())


def _numbers(source: pa.Array, target: pa.Array) -> tuple[Floats, Floats]:
    nothing = pair_signals.known((), np.empty(0, np.uint64))
    seen = pair_signals.measure(pair_signals.texts(source), pair_signals.texts(target), nothing, nothing)
    columns = [seen[:, pair_signals.COLUMNS.index(name)].astype(np.float64) for name in _NUMBERS]
    count = columns[0] + columns[1]
    ratio = np.log((columns[1] + 1) / (columns[0] + 1))
    return np.asarray(1 - (columns[2] + columns[3]) / np.maximum(count, 1)), np.asarray(ratio)


def _signed(found: Tokens) -> Floats:
    """1 for texts whose last token is a symbol or a punctuation mark."""
    last = np.concatenate([found.kinds, [0]])[np.maximum(found.starts[1:] - 1, 0)]
    return np.asarray((last == SIGN) & (np.diff(found.starts) > 0), np.float64)


def evidence(lexicon: Lexicon, languages: Languages, source: Any, target: Any) -> npt.NDArray[np.float32]:
    """NAMES of each pair: (pairs, 29), `source[n]` with `target[n]`."""
    texts = [strings(source), strings(target)]
    held = [string_buffers(side) for side in texts]
    sides = [lexicon.side(n, side) for n, side in enumerate(texts)]
    found = lexicon.linked(sides[0], sides[1])
    out = np.empty((len(found), len(NAMES)), np.float32)
    out[:, :10], out[:, 17:25] = found[:, :10], found[:, 10:]
    sizes = [np.diff(side.offsets) for side in held]
    counts = [np.diff(side.tokens.starts) for side in sides]
    # Five letters and one word more on both sides: of short texts a ratio says little.
    out[:, 10] = np.log((sizes[1] + 5) / (sizes[0] + 5))
    out[:, 11] = np.log((counts[1] + 1) / (counts[0] + 1))
    out[:, 12] = np.log(counts[0] + 1)
    out[:, 13], out[:, 28] = _numbers(texts[0], texts[1])
    out[:, 14] = in_common(sides[0].tokens, sides[1].tokens)
    for column, model, side in zip((15, 16), languages[:2], held, strict=True):
        out[:, column] = char_model.surprise(model, side)
    for n, lengths in enumerate(languages.lengths):
        out[:, 26 - n] = np.log((sizes[1 - n] + 5) / (lengths.expected(sides[n], sizes[n]) + 5))
    out[:, 27] = _signed(sides[1].tokens) - _signed(sides[0].tokens)
    return out
